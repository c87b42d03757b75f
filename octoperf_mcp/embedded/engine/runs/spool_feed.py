"""From the spool files of a run into the metrics, every line once."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from octoperf_mcp.embedded.engine.processes.locks import is_held
from octoperf_mcp.embedded.metrics.journal import left_over
from octoperf_mcp.embedded.metrics.recorder import Recorder
from octoperf_mcp.embedded.metrics.spool import SpoolLine, read_lines

Ingest = Callable[[str, bytes], Awaitable[bool]]

_LINES_AT_ONCE = 100
_ENDED_S = 30.0
"""How long the writers of a run may still write after the service lost them."""


class SpoolFeed:
    """Reads the spool files of one run.

    Where it stands is kept in memory only: a line that is read again is known by its generator and
    sequence number and counts once.
    """

    def __init__(self, run_id: str, directory: Path, ingest: Ingest) -> None:
        self._run_id = run_id
        self._directory = directory
        self._ingest = ingest
        self._offsets: dict[Path, int] = {}

    async def pump(self) -> None:
        """Take in all complete lines that are new."""
        for path in sorted((self._directory / "spool").glob("*.jsonl")):
            while lines := await asyncio.to_thread(self._new_lines, path):
                await asyncio.gather(*(self._ingest(self._run_id, line.data) for line in lines))
                self._offsets[path] = lines[-1].next_offset

    def _new_lines(self, path: Path) -> list[SpoolLine]:
        found: list[SpoolLine] = []
        for line in read_lines(path, self._offsets.get(path, 0)):
            found.append(line)
            if len(found) >= _LINES_AT_ONCE:
                break
        return found

    async def finish(self) -> None:
        """Complete what dead generators left, then take in the rest.

        Raises:
            TimeoutError: a generator is still writing.
        """
        for path in sorted((self._directory / "spool").glob("*.jsonl*")):
            spool = path.with_name(path.name.partition(".jsonl")[0] + ".jsonl")
            if not is_remote(spool):
                await complete(self._run_id, self._directory, spool)
        await self.pump()


async def complete(run_id: str, directory: Path, spool: Path) -> None:
    """Wait for the writer of a spool file, and write the last lines of one that was killed.

    Raises:
        TimeoutError: a generator is still writing.
    """
    async with asyncio.timeout(_ENDED_S):
        while is_held(spool):  # noqa: ASYNC110 - the lock of another process
            await asyncio.sleep(0.05)
    await asyncio.to_thread(_complete, run_id, directory, spool)


def mark_remote(spool: Path) -> None:
    """Say that a spool file is the copy of one on another machine: only that one completes it."""
    _mark_of(spool).touch(mode=0o600)


def is_remote(spool: Path) -> bool:
    """Whether it is such a copy."""
    return _mark_of(spool).exists()


def _mark_of(spool: Path) -> Path:
    return spool.with_suffix(".remote")


def _complete(run_id: str, directory: Path, spool: Path) -> None:
    if _is_final(spool) and not left_over(spool):
        return
    generator = spool.name.removesuffix(".jsonl")
    jtl = directory / "files" / f"{generator}.jtl.gz"
    Recorder(
        run_id, generator, generator.rpartition("-")[0], spool, jtl if jtl.exists() else None
    ).close()


def _is_final(spool: Path) -> bool:
    last: SpoolLine | None = None
    for last in read_lines(spool):  # noqa: B007 - only the last one matters
        pass
    return last is not None and bool(json.loads(last.data).get("final"))
