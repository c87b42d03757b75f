"""Tells who keeps the event loop: nothing else can while a step of somebody's code never ends.

A thread looks whether the loop still turns. Code that holds the interpreter's lock, as an extension
in C may, stops that thread, too, and is told of when it lets go.
"""

import asyncio
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Iterable, Mapping
from importlib.metadata import packages_distributions
from types import FrameType
from typing import Any, Final

import structlog

log = structlog.get_logger(__name__)

LOOK_S: Final = 1.0
LOOKS: Final = 5
"""Without a turn of the loop between them; a suspended machine suspends looking, too."""

_FRAMES: Final = 12
_OWN: Final = frozenset({"octoperf_mcp", "asyncio"})


class Watchdog:
    """Logs once, with the stack of the loop's thread, that the loop stands still.

    Args:
        others: Names of third-party plugins by their distributions.
        look_s: Seconds between two looks.
        looks: How many in a row without a turn count as standing still.
    """

    def __init__(
        self, others: Mapping[str, str], *, look_s: float = LOOK_S, looks: int = LOOKS
    ) -> None:
        self._others = others
        self._look_s = look_s
        self._looks = looks
        self._turns = 0
        self._end = threading.Event()
        self._thread_id = 0

    async def run(self, _app: Any = None) -> AsyncIterator[None]:
        """Watch the running loop, as long as the application lives."""
        self._thread_id = threading.get_ident()
        turning = asyncio.create_task(self._turn())
        thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        thread.start()
        yield
        self._end.set()
        turning.cancel()
        await asyncio.gather(turning, return_exceptions=True)
        thread.join()

    async def _turn(self) -> None:
        while True:
            self._turns += 1
            await asyncio.sleep(self._look_s / 2)

    def _watch(self) -> None:
        seen, still = -1, 0
        while not self._end.wait(self._look_s):
            turns = self._turns
            if turns != seen:
                if still >= self._looks:
                    log.warning("event_loop_goes_on", stood_s=round(still * self._look_s, 1))
                seen, still = turns, 0
                continue
            still += 1
            if still == self._looks:
                self._tell(still * self._look_s)

    def _tell(self, stood_s: float) -> None:
        frame = sys._current_frames().get(self._thread_id)  # noqa: SLF001 - documented so
        frames = list(traceback.walk_stack(frame)) if frame else []
        log.error(
            "event_loop_stands_still",
            stood_s=round(stood_s, 1),
            plugin=self._plugin_of(frame for frame, _ in frames),
            stack=[
                f"{each.f_globals.get('__name__', '')}.{each.f_code.co_name}:{line}"
                for each, line in frames[:_FRAMES]
            ],
        )

    def _plugin_of(self, frames: Iterable[FrameType]) -> str:
        """The third-party plugin that is innermost on the stack; empty when none is."""
        if not self._others:
            return ""
        packages = packages_distributions()
        for frame in frames:
            if name := self._named(frame, packages):
                return name
        return ""

    def _named(self, frame: FrameType, packages: Mapping[str, list[str]]) -> str:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package in _OWN:
            return ""
        found = (self._others.get(one, "") for one in packages.get(package, ()))
        return next(filter(None, found), "")
