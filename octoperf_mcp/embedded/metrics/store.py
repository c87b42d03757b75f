"""The metrics of all runs: lines of spool files in, figures out."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.metrics import ingest, rollup, values
from octoperf_mcp.embedded.metrics.ingest import Line, RunIndex
from octoperf_mcp.embedded.metrics.labels import Labels
from octoperf_mcp.embedded.metrics.reading import RunView, open_run
from octoperf_mcp.embedded.metrics.tables import (
    bench_error,
    generator_second,
    metric_block,
    metric_generator,
    metric_line,
    metric_run,
    metric_series,
)
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.rows import Document

log = structlog.get_logger()

_LINES_AT_ONCE = 200
_BY_RUN = (
    metric_line,
    metric_block,
    metric_series,
    bench_error,
    metric_generator,
    metric_run,
)
_Waiting = tuple[str, Line, asyncio.Future[None]]


class MetricStore:
    """Takes in what load workers recorded, each line exactly once.

    Lines that arrive while a transaction is under way share the next one.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None
        self._indexes: dict[str, RunIndex] = {}

    async def describe(
        self,
        run_id: str,
        scenario: Mapping[str, Any],
        virtual_users: Sequence[Mapping[str, Any]],
    ) -> None:
        """Keep the names of a run's actions, virtual users and profiles, as they are now.

        To be called when a run starts; rows and filters by name need it, figures do not.
        """
        labels = Labels.of_plan(scenario, virtual_users).as_json()

        async def work(connection: AsyncConnection) -> None:
            done = await connection.execute(
                metric_run.update().where(metric_run.c.run_id == run_id).values(labels=labels)
            )
            if not done.rowcount:
                await ingest.found_run(connection, run_id, labels)

        await self.database.write(work)

    async def ingest(self, run_id: str, line: bytes) -> bool:
        """Take in one line of a spool file; it is durable when this returns.

        Returns:
            False when the line is torn or of another version, and nothing was taken.
        """
        decoded = ingest.decode(line)
        if decoded is None:
            log.warning("metric_line_unreadable", run_id=run_id, size_bytes=len(line))
            return False
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((run_id, decoded, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_waiting())
        await asyncio.shield(done)
        return True

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch = self._waiting[:_LINES_AT_ONCE]
            del self._waiting[:_LINES_AT_ONCE]
            if await self._write(batch) is not None:
                for each in batch:
                    error = await self._write([each])
                    if error is not None:
                        each[2].set_exception(error)

    async def _write(self, batch: Sequence[_Waiting]) -> Exception | None:
        """Write lines in one transaction; their futures are resolved unless it failed."""

        async def work(connection: AsyncConnection) -> None:
            by_run: dict[str, list[Line]] = {}
            for run_id, line, _ in batch:
                by_run.setdefault(run_id, []).append(line)
            for run_id, lines in by_run.items():
                if run_id not in self._indexes:
                    self._indexes[run_id] = await ingest.run_index(connection, run_id)
                await ingest.take_in(connection, self._indexes[run_id], lines)

        try:
            await self.database.write(work)
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for the line
            for run_id, _, _ in batch:
                self._indexes.pop(run_id, None)
            return error
        for _, _, done in batch:
            if not done.done():
                done.set_result(None)
        return None

    async def seal(self, run_id: str) -> None:
        """The run is over and its lines are in: sum it up, which makes reading it cheap.

        A line that comes later still is taken in, and the sums are made again.
        """
        if self._writer is not None:
            await asyncio.shield(self._writer)

        async def work(connection: AsyncConnection) -> None:
            row = (
                await connection.execute(
                    sa.select(metric_run.c.run_no, metric_run.c.rolled).where(
                        metric_run.c.run_id == run_id, metric_run.c.sealed.is_(False)
                    )
                )
            ).one_or_none()
            if row is not None:
                await rollup.seal(connection, row.run_no, row.rolled)

        await self.database.write(work)
        self._indexes.pop(run_id, None)

    @asynccontextmanager
    async def views(self, run_ids: Iterable[str]) -> AsyncIterator[dict[str, RunView]]:
        """Runs to read from, by id, all in one consistent state."""
        async with self.database.reading() as connection:
            yield {run_id: await open_run(connection, run_id) for run_id in run_ids}

    async def totals(self, run_id: str) -> dict[str, Any]:
        """Counts of a run so far.

        Returns:
            hits, errors, containers, cutOff, sentBytes, receivedBytes (of hits), and seconds from
            the first sample to the last.
        """
        async with self.views([run_id]) as views:
            return await values.totals(views[run_id])

    async def forget(self, run_id: str, *, connection: AsyncConnection | None = None) -> None:
        """Delete everything about a run."""

        async def work(writer: AsyncConnection) -> None:
            run_no = await writer.scalar(
                sa.select(metric_run.c.run_no).where(metric_run.c.run_id == run_id)
            )
            if run_no is None:
                return
            generators = sa.select(metric_generator.c.generator_no).where(
                metric_generator.c.run_no == run_no
            )
            await writer.execute(
                generator_second.delete().where(generator_second.c.generator_no.in_(generators))
            )
            for table in _BY_RUN:
                await writer.execute(table.delete().where(table.c.run_no == run_no))

        await self.database.write(work, connection=connection)
        self._indexes.pop(run_id, None)

    async def on_delete(self, connection: AsyncConnection, document: Document) -> None:
        """Listener for `Documents.on_delete`: the metrics go with their bench result."""
        if document.kind == "bench_result":
            await self.forget(document.id, connection=connection)
