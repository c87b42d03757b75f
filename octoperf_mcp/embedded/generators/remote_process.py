"""A generator process on another machine, as the engine sees it."""

import asyncio
from typing import Any

from octoperf_mcp.embedded.engine.load.fleet import LOST, OnEvent, OnStderr
from octoperf_mcp.embedded.generators.wire import Wire

LOST_S = 5.0
"""A machine that was out of reach for so long is lost for its runs."""


class RemoteProcess:
    """Follows one part of a run from connection to connection of its machine."""

    def __init__(
        self, run_id: str, name: str, machine: str, on_event: OnEvent, on_stderr: OnStderr
    ) -> None:
        self.name = name
        self.where = f"on machine {machine}"
        self.port: int | None = None
        """Where the master of its run listens; nothing else can be reached through the wire."""
        self.delivered = False
        """All that it wrote has arrived."""
        self._part = {"run": run_id, "generator": name}
        self._on_event = on_event
        self._on_stderr = on_stderr
        self._wire: Wire | None = None
        self._released = False
        self._status: int | None = None
        self._over = asyncio.Event()
        self._giving_up: asyncio.TimerHandle | None = None

    @property
    def is_over(self) -> bool:
        """It has ended, or is lost."""
        return self._over.is_set()

    def attach(self, wire: Wire) -> None:
        """Its machine is connected; what it may have missed is said again."""
        if self._giving_up is not None:
            self._giving_up.cancel()
        self._wire = wire
        if self.port is not None:
            wire.post("listen", **self._part)
        if self._released:
            wire.post("release", **self._part)

    def detach(self) -> None:
        """Its machine is out of reach."""
        self._wire = None
        loop = asyncio.get_running_loop()
        self._giving_up = loop.call_later(LOST_S, self.ended, LOST)

    def connect(self, port: int) -> None:
        """Open the way to the master of its run."""
        if self.port is None:
            self.port = port
            self._post("listen")

    def event(self, name: str, facts: dict[str, Any]) -> None:
        """The process said something."""
        self._on_event(name, facts)

    def stderr(self, text: str) -> None:
        """The process wrote a line to standard error."""
        self._on_stderr(text)

    def ended(self, status: int) -> None:
        """The process is gone; only the first status counts."""
        if self._status is None:
            self._status = status
        self._over.set()

    async def wait(self) -> int:
        """Its exit status."""
        await self._over.wait()
        return self._status or 0

    async def end(self, within_s: float) -> None:
        """Release it, and give it up when that takes longer than `within_s`."""
        self._released = True
        self._post("release")
        try:
            async with asyncio.timeout(within_s):
                await self._over.wait()
        except TimeoutError:
            self._post("kill")
            self.ended(LOST)

    def _post(self, kind: str) -> None:
        if self._wire is not None:
            self._wire.post(kind, **self._part)
