"""Worker processes as the service sees them: events in, commands out, none left behind."""

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from typing import Any

from octoperf_mcp.embedded.engine.processes.order import Order

_MODULE = "octoperf_mcp.embedded.engine.processes.worker"
_LINE_LIMIT = 1 << 20
_STARTED_ONLY_HERE = ("OCTOPERF_MCP_", "LOCUST_")
"""Environment variables that workers do not inherit: settings of the service, some secret."""

OnEvent = Callable[[str, dict[str, Any]], None]
"""Takes the name of an event and its facts."""
OnStderr = Callable[[str], None]


class WorkerProcess:
    """One process of the load engine; it ends at the latest when its standard input does."""

    def __init__(self, name: str, process: Process, on_event: OnEvent, on_stderr: OnStderr) -> None:
        self.name = name
        self._process = process
        self._readers = [
            asyncio.create_task(self._read_events(on_event)),
            asyncio.create_task(self._read_errors(on_stderr)),
        ]

    @classmethod
    async def start(
        cls, role: str, order: Order, on_event: OnEvent, on_stderr: OnStderr
    ) -> "WorkerProcess":
        """Start a process and give it its order."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            _MODULE,
            role,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            limit=_LINE_LIMIT,
            env=_environment(),
            start_new_session=True,
        )
        made = cls(order.generator or role, process, on_event, on_stderr)
        made.tell(order.message())
        return made

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def tell(self, command: dict[str, Any]) -> None:
        """Send a command; a process that is gone does not matter here."""
        stdin = self._process.stdin
        if stdin is None or stdin.is_closing():
            return
        with contextlib.suppress(OSError, RuntimeError):
            stdin.write(json.dumps(command).encode() + b"\n")

    @property
    def where(self) -> str:
        """What the start-up log says of it."""
        return f"process {self.pid}"

    def connect(self, port: int) -> None:
        """Let it join the master of its run."""
        self.tell({"port": port})

    def release(self) -> None:
        """Close its standard input: it writes everything down and ends."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def wait(self) -> int:
        """Its exit status, after its last event was delivered."""
        await asyncio.wait(self._readers)
        return await self._process.wait()

    async def end(self, within_s: float) -> None:
        """Release it, and kill it if it takes longer than `within_s`."""
        self.release()
        try:
            async with asyncio.timeout(within_s):
                await self.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self.wait()

    async def _read_events(self, on_event: OnEvent) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        async for line in self._process.stdout:
            try:
                message = json.loads(line)
                on_event(str(message.pop("event")), message)
            except (ValueError, KeyError, TypeError):
                continue

    async def _read_errors(self, on_stderr: OnStderr) -> None:
        assert self._process.stderr is not None  # noqa: S101 - it was asked for
        async for line in self._process.stderr:
            text = line.decode("utf-8", "replace").rstrip()
            if text:
                on_stderr(text)


def _environment() -> dict[str, str]:
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(_STARTED_ONLY_HERE)
    }
    # Locust waits so long for its workers' reports whenever it has handed out users.
    return {**inherited, "LOCUST_WAIT_FOR_WORKERS_REPORT_AFTER_RAMP_UP": "0.3"}
