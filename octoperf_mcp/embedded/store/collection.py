"""Removes what nobody can reach any more: old revisions, and blobs that nothing names.

A blob goes in one transaction with the proof that no document, no kept revision and no project
file names it; there is one writer at a time, so none can begin to meanwhile. Whatever a killed
process leaves behind is collected by the next.
"""

import asyncio
from dataclasses import dataclass

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.store import revisions, rows
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.revisions import Retention
from octoperf_mcp.embedded.store.schema import (
    blob,
    blob_part,
    blob_use,
    document_revision,
    now_ms,
    project_file,
)

log = structlog.get_logger()

EVERY_S = 3600.0
GRACE_MS = 3600 * 1000
"""A blob stays so long after it was last put, whether or not something names it yet."""

_DAY_MS = 24 * 3600 * 1000
_AT_ONCE = 50
"""Blobs of one transaction, so that other writers wait little."""


@dataclass(frozen=True, slots=True)
class Collected:
    """How many went."""

    revisions: int
    blobs: int


class Collection:
    """Collects at the start and every hour; one replica at a time."""

    def __init__(self, database: Database, retention: Retention) -> None:
        self._database = database
        self._retention = retention
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin in the background."""
        self._running = asyncio.create_task(self._run(), name="collection")

    async def close(self) -> None:
        """Stop; a transaction under way ends."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def once(self, *, grace_ms: int = GRACE_MS) -> Collected:
        """Collect now."""
        async with self._database.alone():
            old = sum([await self._prune(*place) for place in await self._aged()])
            blobs = 0
            while gone := await self._database.write(lambda writer: _sweep(writer, grace_ms)):
                blobs += gone
        return Collected(old, blobs)

    async def _run(self) -> None:
        while True:
            try:
                collected = await self.once()
            except Exception:  # the top of a task: the next hour tries again
                log.exception("collection_failed")
            else:
                if collected != Collected(0, 0):
                    log.info("collected", revisions=collected.revisions, blobs=collected.blobs)
            await asyncio.sleep(EVERY_S)

    async def _aged(self) -> list[tuple[str, str]]:
        """Kinds and ids of documents with revisions beyond the age that is kept."""
        table = document_revision.c
        since = now_ms() - self._retention.days * _DAY_MS
        query = sa.select(table.kind, table.id).where(table.replaced < since).distinct()
        async with self._database.reading() as reader:
            return [(kind, owner) for kind, owner in await reader.execute(query)]

    async def _prune(self, kind: str, document_id: str) -> int:
        async def work(writer: AsyncConnection) -> int:
            current = await rows.current(writer, kind, document_id, lock=True)
            if current is None:
                return 0
            return await revisions.prune(writer, current, self._retention)

        return await self._database.write(work)


async def _sweep(writer: AsyncConnection, grace_ms: int) -> int:
    """Delete some blobs that nothing names; answers how many."""
    unnamed = (
        sa.select(blob.c.key)
        .where(
            blob.c.created <= now_ms() - grace_ms,
            ~sa.exists().where(blob_use.c.key == blob.c.key),
            ~sa.exists().where(project_file.c.blob_key == blob.c.key),
        )
        .limit(_AT_ONCE)
    )
    keys = list(await writer.scalars(unnamed))
    if keys:
        await writer.execute(blob_part.delete().where(blob_part.c.key.in_(keys)))
        await writer.execute(blob.delete().where(blob.c.key.in_(keys)))
    return len(keys)
