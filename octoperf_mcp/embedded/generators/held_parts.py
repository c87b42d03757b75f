"""Parts of runs on the machine of a generator: their processes, and files that go home."""

import asyncio
import contextlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from octoperf_mcp.embedded.engine.load.fleet import LEFT
from octoperf_mcp.embedded.engine.processes.order import Order
from octoperf_mcp.embedded.engine.processes.worker_process import WorkerProcess
from octoperf_mcp.embedded.engine.runs.log import NAME
from octoperf_mcp.embedded.engine.runs.spool_feed import complete
from octoperf_mcp.embedded.generators.frames import CHUNK, JTL, LOG, SPOOL
from octoperf_mcp.embedded.metrics.journal import left_over

_FOLDERS = ("spool", "files")
_CARD = "part.json"
_END_S = 30.0

OnEvent = Callable[["HeldPart", str, dict[str, Any]], None]


class HeldPart:
    """One generator of one run, from its order until everything has come home.

    It outlives connections and this process: what is in its folder is enough to deliver it.
    """

    def __init__(self, folder: Path, run_id: str, generator: str) -> None:
        self.run_id = run_id
        self.generator = generator
        self.arrived: dict[str, int] = {}
        """Bytes of each file that the platform has."""
        self.receipts = 0
        """Pieces that the platform has answered."""
        self.news = asyncio.Event()
        """Something arrived, or the process ended."""
        self.status: int | None = None
        """Exit status, once nothing more will be written."""
        self._folder = folder
        self._spool = folder / "spool" / f"{generator}.jsonl"
        self._files = {
            SPOOL: self._spool,
            JTL: folder / "files" / f"{generator}.jtl.gz",
            LOG: folder / "files" / NAME,
        }
        self._process: WorkerProcess | None = None
        self._listener: asyncio.Server | None = None
        self._watching: asyncio.Task[None] | None = None
        self._left = False

    @classmethod
    def left_in(cls, runs: Path) -> "list[HeldPart]":
        """Those that an earlier process of this machine left."""
        found = []
        for card in sorted(runs.glob(f"*/*/{_CARD}")):
            facts = json.loads(card.read_text("utf-8"))
            found.append(cls(card.parent, str(facts["run"]), str(facts["generator"])))
        return found

    @property
    def key(self) -> tuple[str, str]:
        """Run and generator."""
        return self.run_id, self.generator

    @property
    def plays(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self.status is None

    def facts(self) -> dict[str, str]:
        """What messages about it say."""
        return {"run": self.run_id, "generator": self.generator}

    async def play(self, order: Order, resources: Path, on_event: OnEvent) -> None:
        """Start its process."""
        await asyncio.to_thread(self._make_folders, resources)
        message = order.message() | {"directory": str(self._folder)}
        self._process = await WorkerProcess.start(
            "worker",
            Order.of(message),
            lambda event, facts: on_event(self, event, facts),
            lambda text: on_event(self, "stderr", {"text": text}),
        )
        on_event(self, "started", {"pid": self._process.pid})
        self._watching = asyncio.create_task(self._watch(self._process))

    def _make_folders(self, resources: Path) -> None:
        for name in _FOLDERS:
            (self._folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        resources.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._folder / "resources").symlink_to(resources, target_is_directory=True)
        (self._folder / _CARD).write_text(json.dumps(self.facts()), "utf-8")

    async def _watch(self, process: WorkerProcess) -> None:
        status = await process.wait()
        await self._ended(LEFT if self._left else status)

    async def finish(self) -> None:
        """Complete what an earlier process of this machine left; its generator may still write."""
        await self._ended(LEFT)

    async def _ended(self, status: int) -> None:
        if self._spool.exists() or left_over(self._spool):
            await self._complete()
        if self._listener is not None:
            self._listener.close()
        self.status = status
        self.news.set()

    async def _complete(self) -> None:
        """Wait for the process, however long it takes: its last samples count."""
        while True:
            with contextlib.suppress(TimeoutError):
                await complete(self.run_id, self._folder, self._spool)
                return

    async def listen(
        self, on_connection: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]
    ) -> None:
        """Open the door to the master of the run for the process, on loopback only."""
        if self._listener is not None or self._process is None:
            return
        self._listener = await asyncio.start_server(on_connection, "127.0.0.1", 0)
        self._process.connect(self._listener.sockets[0].getsockname()[1])

    def release(self, *, leaving: bool = False) -> None:
        """Let the process write everything down and end; `leaving`: the platform did not ask."""
        if self._process is not None and self.plays:
            self._left = self._left or leaving
            self._process.release()

    async def kill(self) -> None:
        """End the process now."""
        if self._process is not None:
            await self._process.end(0)

    async def settled(self) -> None:
        """Wait until nothing more will be written; a process that does not end is killed."""
        if self._process is not None:
            await self._process.end(_END_S)
        if self._watching is not None:
            await self._watching

    def next_chunk(self) -> tuple[str, int, bytes] | None:
        """What the platform has not: file, offset, bytes. None when it has everything for now."""
        for kind, path in self._files.items():
            offset = self.arrived.get(kind, 0)
            if data := _new_bytes(path, offset, whole_lines=kind == SPOOL):
                return kind, offset, data
        return None

    def remove(self) -> None:
        """Everything is home, or not wanted any more."""
        shutil.rmtree(self._folder, ignore_errors=True)
        run_folder = self._folder.parent
        if run_folder.is_dir() and not any(run_folder.glob(f"*/{_CARD}")):
            shutil.rmtree(run_folder, ignore_errors=True)


def _new_bytes(path: Path, offset: int, *, whole_lines: bool) -> bytes:
    """Bytes from `offset` on, some at a time; a last line without its end may still be cut off."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return b""
    with file:
        size = file.seek(0, 2)
        end = _last_line_end(file, offset, size) if whole_lines else size
        file.seek(offset)
        return file.read(min(CHUNK, end - offset)) if end > offset else b""


def _last_line_end(file: Any, start: int, size: int) -> int:
    """Where the last complete line after `start` ends, else `start`."""
    end = size
    while end > start:
        begin = max(start, end - CHUNK)
        file.seek(begin)
        found = file.read(end - begin).rfind(b"\n")
        if found >= 0:
            return int(begin + found + 1)
        end = begin
    return start
