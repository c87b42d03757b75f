"""From the capture file of a validation into the database, every line once."""

import asyncio
import json
from pathlib import Path
from typing import Any

from octoperf_mcp.embedded.engine.processes.locks import is_held
from octoperf_mcp.embedded.engine.runs.directory import CAPTURED_BODIES, CAPTURES
from octoperf_mcp.embedded.engine.runs.tables import validation_body, validation_sample
from octoperf_mcp.embedded.metrics.spool import read_lines
from octoperf_mcp.embedded.store.database import Database

_LINES_AT_ONCE = 20
_ENDED_S = 30.0

Json = dict[str, Any]


class CaptureFeed:
    """Reads the captures of one validation; a line is known by its number and counts once."""

    def __init__(self, database: Database, run_id: str, directory: Path) -> None:
        self._database = database
        self._run_id = run_id
        self._directory = directory
        self._offset = 0
        self._seq = 0

    async def pump(self) -> None:
        """Take in all complete lines that are new."""
        while batch := await asyncio.to_thread(self._next_batch):
            entries, bodies, offset = batch
            await self._write(entries, bodies)
            self._offset = offset
            self._seq += len(entries)

    async def finish(self) -> None:
        """Take in the rest, once nobody writes any more.

        Raises:
            TimeoutError: the worker is still writing.
        """
        async with asyncio.timeout(_ENDED_S):
            while is_held(self._directory / CAPTURES):  # noqa: ASYNC110 - the lock of another process
                await asyncio.sleep(0.05)
        await self.pump()

    def _next_batch(self) -> tuple[list[Json], dict[str, bytes], int] | None:
        entries: list[Json] = []
        bodies: dict[str, bytes] = {}
        offset = self._offset
        for line in read_lines(self._directory / CAPTURES, self._offset):
            entry: Json = json.loads(line.data)
            entries.append(entry)
            offset = line.next_offset
            for side in ("request", "response"):
                key = (entry.get(side) or {}).get("bodyRef")
                if key:
                    bodies[key] = (self._directory / CAPTURED_BODIES / key).read_bytes()
            if len(entries) >= _LINES_AT_ONCE:
                break
        return (entries, bodies, offset) if entries else None

    async def _write(self, entries: list[Json], bodies: dict[str, bytes]) -> None:
        samples = [
            {
                "run_id": self._run_id,
                "seq": self._seq + number,
                "action_id": entry["actionId"],
                "timestamp": entry["timestamp"],
                "ok": entry["ok"],
                "entry": entry,
            }
            for number, entry in enumerate(entries)
        ]
        kept = [{"run_id": self._run_id, "key": key, "data": data} for key, data in bodies.items()]
        async with self._database.writing() as writer:
            insert = self._database.insert(validation_sample).on_conflict_do_nothing()
            await writer.execute(insert, samples)
            if kept:
                insert = self._database.insert(validation_body).on_conflict_do_nothing()
                await writer.execute(insert, kept)
