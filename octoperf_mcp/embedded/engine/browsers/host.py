"""The process that holds one browser user: its way to the network, its runner, its browser.

    {"prepare": {…}}, then {"play": {…}} for each iteration, as lines on standard input;
    events of the runner as lines on standard output, the last of each iteration `done`.

The end of its input is its end, and with it that of every process below it: no browser outlives the
generator that it plays for, however that one ended.
"""

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from octoperf_mcp.embedded.engine.browsers.descendants import adopt, end_all
from octoperf_mcp.embedded.engine.browsers.results import Results
from octoperf_mcp.embedded.engine.browsers.socks import Socks
from octoperf_mcp.embedded.engine.wire.reach import Reach

RUNNER = Path(__file__).parent / "runner"
_LINE_LIMIT = 1 << 24
_LOOK_S = 0.05
_MOST_REFUSALS = 20
_PROXIED = (
    "--proxy-bypass-list=<-loopback>",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
)

Json = dict[str, Any]


def tell(event: str, **facts: Any) -> None:
    """Send an event to the generator; one that is gone does not matter here."""
    with contextlib.suppress(OSError):
        sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
        sys.stdout.flush()


class Host:
    """One browser user."""

    def __init__(self, order: Json, folder: Path) -> None:
        self._order = order
        self._folder = folder
        self._spec_folder = folder / "spec"
        self._refused: set[str] = set()
        self._socks = Socks(self._on_refusal, Reach.of(order["reach"]))
        self._iterations = 0
        self._proxy = ""
        self.results = Results(Path(order["files"]), order["secrets"])

    def _on_refusal(self, place: str, reason: str) -> None:
        if place not in self._refused and len(self._refused) < _MOST_REFUSALS:
            self._refused.add(place)
            tell("refused", place=place, reason=reason)

    async def open(self) -> None:
        """Write the files of the spec, and open the way to the network."""
        self._proxy = f"socks5://127.0.0.1:{await self._socks.open()}"
        await asyncio.to_thread(self._write, self._order["sources"])

    def _write(self, sources: dict[str, str]) -> None:
        for folder in (self._spec_folder, self._folder / "home"):
            folder.mkdir(exist_ok=True)
        for name, content in sources.items():
            path = self._spec_folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8")
        modules = self._spec_folder / "node_modules"
        if not modules.is_symlink():
            modules.symlink_to(Path(self._order["modules"]))
        for data in sorted(Path(self._order["resources"]).glob("*")):
            beside = self._spec_folder / data.name
            if not beside.exists():
                beside.symlink_to(data)

    async def play(self, order: Json) -> None:
        """One iteration of one spec."""
        self._iterations += 1
        self._refused.clear()
        output = self._folder / f"play-{self._iterations}"
        await asyncio.to_thread(output.mkdir)
        await asyncio.to_thread(self._write, order.get("sources") or {})
        run = self._run(order, output)
        path = output / "run.json"
        await asyncio.to_thread(_begin, path, run)
        status = await self._played(run, path, order.get("environment") or {})
        kept = await asyncio.to_thread(self.results.keep, order, output)
        await asyncio.to_thread(shutil.rmtree, output, ignore_errors=True)
        tell("done", status=status, files=kept)

    def _run(self, order: Json, output: Path) -> Json:
        tools = self._order
        arguments = [*_PROXIED, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        return {
            "folder": str(self._spec_folder),
            "spec": str(self._spec_folder / order["spec"]),
            "playwright": str(Path(tools["modules"]) / "@playwright" / "test"),
            "chromium": tools["chromium"],
            "args": arguments,
            "proxy": {"server": self._proxy},
            "output": str(output),
            "events": str(output / "events.jsonl"),
            **order["options"],
        }

    async def _played(self, run: Json, path: Path, environment: dict[str, str]) -> int:
        """Start the runner and pass its events on; its exit status."""
        events, home = Path(run["events"]), self._folder / "home"
        cli = Path(run["playwright"]) / "cli.js"
        process = await asyncio.create_subprocess_exec(
            self._order["node"],
            str(cli),
            "test",
            "--config",
            str(RUNNER / "config.cjs"),
            cwd=self._spec_folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={
                **environment,
                "PATH": os.environ.get("PATH", os.defpath),
                "HOME": str(home),
                "TMPDIR": str(home),
                "LANG": "C.UTF-8",
                "OCTOPERF_BROWSER_RUN": str(path),
            },
        )
        complaint = asyncio.create_task(_last_words(process))
        ended = asyncio.create_task(process.wait())
        offset = 0
        try:
            async with asyncio.timeout(run["limitMs"] / 1000 + 10):
                while not ended.done():
                    await asyncio.wait([ended], timeout=_LOOK_S)
                    offset = _pass_on(events, offset)
        except TimeoutError:
            tell("error", message="The spec did not end in time")
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        status = await ended
        _pass_on(events, offset)
        if status and (words := await complaint):
            tell("words", text=words)
        complaint.cancel()
        return status


def _begin(path: Path, run: Json) -> None:
    """Write down what the runner reads, and an empty file for what it tells."""
    path.write_text(json.dumps(run), "utf-8")
    Path(run["events"]).touch()


async def _last_words(process: asyncio.subprocess.Process) -> str:
    """What the runner wrote itself, for want of a reporter; the end of it."""
    assert process.stdout is not None  # noqa: S101 - it was asked for
    kept = b""
    while data := await process.stdout.read(1 << 16):
        kept = (kept + data)[-4096:]
    return kept.decode("utf-8", "replace").strip()


def _pass_on(events: Path, offset: int) -> int:
    """Whole lines from an offset on, to standard output; answers the next offset."""
    with events.open("rb") as file:
        file.seek(offset)
        data = file.read()
    whole = data[: data.rfind(b"\n") + 1]
    if whole:
        with contextlib.suppress(OSError):
            sys.stdout.write(whole.decode("utf-8", "replace"))
            sys.stdout.flush()
    return offset + len(whole)


async def _serve(folder: Path) -> None:
    reader = asyncio.StreamReader(limit=_LINE_LIMIT)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    line = await reader.readline()
    if not line:
        return
    host = Host(json.loads(line), folder)
    await host.open()
    tell("ready")
    plays: asyncio.Queue[Json] = asyncio.Queue()

    async def listen() -> None:
        while line := await reader.readline():
            plays.put_nowait(json.loads(line))

    listening = asyncio.create_task(listen())
    while not listening.done():
        following = asyncio.create_task(plays.get())
        await asyncio.wait([listening, following], return_when=asyncio.FIRST_COMPLETED)
        if not following.done():
            break
        order = following.result()
        playing = asyncio.create_task(host.play(order))
        await asyncio.wait([listening, playing], return_when=asyncio.FIRST_COMPLETED)
        if playing.done():
            playing.result()


def main() -> None:
    """Serve until the input ends; leave nothing behind."""
    adopt()
    folder = Path(tempfile.mkdtemp(prefix="octoperf-browser-"))
    try:
        asyncio.run(_serve(folder))
    finally:
        end_all()
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)  # pipes of killed processes have no loop any more to be closed in


if __name__ == "__main__":
    main()
