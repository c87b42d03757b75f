"""The database: one writer at a time, readers beside it, a schema with a version."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from octoperf_mcp.embedded.store import dialects
from octoperf_mcp.embedded.store.migrations import MIGRATIONS
from octoperf_mcp.embedded.store.schema import metadata, schema_version
from octoperf_mcp.errors import ConfigError

SCHEMA_VERSION = 5

T = TypeVar("T")


class Database:
    """SQLite (WAL, every commit synced) or PostgreSQL, behind the same two doors.

    `write(work)` is the door for requests: the transaction runs in a task of its own, so that a
    caller who is cancelled cannot interrupt it. `writing()` is the same transaction as a context
    manager; a cancelled body rolls back. Both are serialised: there is one writer.
    """

    def __init__(self, writer: AsyncEngine, readers: AsyncEngine) -> None:
        self._writer = writer
        self._readers = readers
        self._lock = asyncio.Lock()
        self._holder: asyncio.Task[Any] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    @classmethod
    async def open(cls, url: str) -> Self:
        """Connect, and create or migrate the schema.

        Args:
            url: `sqlite:///path` or `postgresql://…`; the asynchronous driver is added.

        Raises:
            ConfigError: the address is impossible, nobody answers there, or a later version wrote
                the database.
        """
        database = cls(*dialects.engines(url))
        try:
            await dialects.require_connection(database._writer)
            async with database.writing() as connection:
                await connection.run_sync(metadata.create_all)
                await _migrate(connection)
        except BaseException:
            await database.close()
            raise
        return database

    async def close(self) -> None:
        """Let transactions under way end, then disconnect."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._writer.dispose()
        await self._readers.dispose()

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._writer.dialect.name

    def insert(self, table: sa.Table) -> "sqlite.Insert | postgresql.Insert":
        """An INSERT of this database that knows `on_conflict_do_update`."""
        return dialects.insert(self.dialect, table)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees one consistent state and cannot write."""
        async with self._readers.connect() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed at the end, rolled back on any error.

        Raises:
            RuntimeError: the same task is already writing; it would wait for itself for ever.
        """
        task = asyncio.current_task()
        if task is not None and self._holder is task:
            raise RuntimeError("A write inside a write: pass `connection=` on instead.")
        async with self._lock:
            self._holder = task
            try:
                async with self._writer.begin() as connection:
                    yield connection
            finally:
                self._holder = None

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Keep other replicas out of the same block, for what is done once for all of them.

        On SQLite there is one process.
        """
        async with self._readers.connect() as connection:
            await dialects.hold_alone(connection)
            yield

    async def write(
        self,
        work: Callable[[AsyncConnection], Awaitable[T]],
        *,
        connection: AsyncConnection | None = None,
    ) -> T:
        """Run `work` in one transaction that the caller's cancellation cannot interrupt.

        Args:
            work: Given the connection; its result is returned.
            connection: A transaction to take part in instead of an own one.
        """
        if connection is not None:
            return await work(connection)
        if self._holder is not None and self._holder is asyncio.current_task():
            raise RuntimeError("A write inside a write: pass `connection=` on instead.")
        task = asyncio.create_task(self._transact(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def read(
        self,
        work: Callable[[AsyncConnection], Awaitable[T]],
        *,
        connection: AsyncConnection | None = None,
    ) -> T:
        """Run `work` on a reading connection, or on the transaction given."""
        if connection is not None:
            return await work(connection)
        async with self.reading() as reader:
            return await work(reader)

    async def _transact(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async with self.writing() as connection:
            return await work(connection)


async def _migrate(connection: AsyncConnection) -> None:
    found = (await connection.execute(sa.select(schema_version.c.version))).scalar_one_or_none()
    if found is None:
        await connection.execute(schema_version.insert().values(id=1, version=SCHEMA_VERSION))
        return
    if found > SCHEMA_VERSION:
        raise ConfigError(
            f"The database was written by a later version (schema {found}, this one knows "
            f"{SCHEMA_VERSION}): install that version or restore a backup."
        )
    for version in range(found + 1, SCHEMA_VERSION + 1):
        if version in MIGRATIONS:
            await MIGRATIONS[version](connection)
    await connection.execute(schema_version.update().values(version=SCHEMA_VERSION))
