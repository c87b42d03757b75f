"""Wishes to end runs, left in the database for whichever process plays them.

A replica, the command line and a page may each want a run to end that another process plays; that
one looks twice a second while it plays anything.
"""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.engine.runs.tables import active_run, stop_request
from octoperf_mcp.embedded.store.database import Database

LOOK_S = 0.5


class StopRequests:
    """The wishes that are open."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(self, run_id: str, by: str) -> None:
        """Want a run to end, unless it is over."""
        await self._insert(active_run.c.run_id == run_id, by)

    async def ask_all(self, by: str) -> list[str]:
        """Want every run and validation to end; answers which are under way."""
        return await self._insert(sa.true(), by)

    async def of(self, run_ids: Iterable[str]) -> dict[str, str]:
        """Which of these runs somebody wants to end, and who."""
        query = sa.select(stop_request.c.run_id, stop_request.c.by).where(
            stop_request.c.run_id.in_(list(run_ids))
        )
        async with self._database.reading() as reader:
            return {row.run_id: row.by for row in await reader.execute(query)}

    async def under_way(self) -> list[str]:
        """Every run and validation that is not over, on any replica."""
        async with self._database.reading() as reader:
            return list(await reader.scalars(sa.select(active_run.c.run_id)))

    async def _insert(self, which: "sa.ColumnElement[bool]", by: str) -> list[str]:
        async def work(writer: AsyncConnection) -> list[str]:
            found = list(await writer.scalars(sa.select(active_run.c.run_id).where(which)))
            if found:
                rows = [{"run_id": run_id, "by": by} for run_id in found]
                await writer.execute(
                    self._database.insert(stop_request).values(rows).on_conflict_do_nothing()
                )
            return found

        return await self._database.write(work)
