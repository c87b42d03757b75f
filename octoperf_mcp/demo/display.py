"""What a person sees while the demo runs: a bar on a terminal, plain lines elsewhere."""

import sys
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


class Display(Protocol):
    """Shows where the demo is."""

    def step(self, number: int, of: int, title: str) -> None:
        """A step begins."""
        ...

    def fraction(self, done: float, text: str) -> None:
        """How far the current step is, 0 to 1."""
        ...

    def check(self, claim: str, *, held: bool) -> None:
        """A claim was checked."""
        ...

    def note(self, text: str) -> None:
        """Something worth a line."""
        ...


class PlainDisplay:
    """One line an event, for logs and pipes."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def step(self, number: int, of: int, title: str) -> None:
        """See `Display`."""
        _line(f"[{number}/{of}] {title}")

    def fraction(self, done: float, text: str) -> None:
        """See `Display`."""
        _line(f"      {done:4.0%} {text}")

    def check(self, claim: str, *, held: bool) -> None:
        """See `Display`."""
        _line(f"      {'ok    ' if held else 'FAILED'} {claim}")

    def note(self, text: str) -> None:
        """See `Display`."""
        _line(f"      {text}")


class TerminalDisplay:
    """A progress bar below the lines of finished checks."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[text]}"),
            TimeElapsedColumn(),
            console=self._console,
        )
        self._bar = self._progress.add_task("starting", total=1.0, text="")
        self._number, self._of = 0, 1

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._progress.update(self._bar, completed=1.0, description="done", text="")
        self._progress.stop()

    def step(self, number: int, of: int, title: str) -> None:
        """See `Display`."""
        self._number, self._of = number, of
        self._console.print(f"[bold]{number:>2}/{of}[/bold] {title}")
        self._progress.update(self._bar, completed=(number - 1) / of, description=title, text="")

    def fraction(self, done: float, text: str) -> None:
        """See `Display`."""
        self._progress.update(self._bar, completed=(self._number - 1 + done) / self._of, text=text)

    def check(self, claim: str, *, held: bool) -> None:
        """See `Display`."""
        mark = "[green]✓[/green]" if held else "[bold red]✗[/bold red]"
        self._console.print(f"      {mark} {claim}")

    def note(self, text: str) -> None:
        """See `Display`."""
        self._console.print(f"      {text}", markup=False)


def display_for_output() -> PlainDisplay | TerminalDisplay:
    """The display that fits standard output."""
    return TerminalDisplay() if sys.stdout.isatty() else PlainDisplay()


def _line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
