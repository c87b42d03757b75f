"""All that differs between SQLite and PostgreSQL."""

import importlib.util
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from octoperf_mcp.errors import ConfigError

_BUSY_TIMEOUT_MS = 30_000
_READERS = 4
_SCHEMA_LOCK = 8_091_001
_DRIVERS = {"sqlite": "aiosqlite", "postgresql": "asyncpg"}


def engines(address: str) -> tuple[AsyncEngine, AsyncEngine]:
    """The writer, a pool of one, and the readers of a database address.

    Raises:
        ConfigError: an address of another kind, or its driver is not installed.
    """
    url = _url(address)
    if url.get_backend_name() == "sqlite":
        return _sqlite_engines(url)
    writer = create_async_engine(url, pool_size=1, max_overflow=0, pool_pre_ping=True)
    readers = create_async_engine(url, pool_size=_READERS, pool_pre_ping=True)
    return writer, readers


def insert(dialect: str, table: sa.Table) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT that knows `on_conflict_do_update` and `on_conflict_do_nothing`."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


async def hold_schema(connection: AsyncConnection) -> None:
    """Keep other replicas from creating or migrating tables until the transaction ends.

    SQLite's writer is alone anyway.
    """
    if connection.dialect.name == "postgresql":
        lock = sa.func.pg_advisory_xact_lock(_SCHEMA_LOCK)
        await connection.execute(sa.select(lock))


def _url(address: str) -> sa.URL:
    try:
        url = sa.make_url(address)
    except sa.exc.ArgumentError as error:
        raise ConfigError("[embedded] database_url is not a database address.") from error
    backend = url.get_backend_name()
    driver = _DRIVERS.get(backend)
    if driver is None:
        raise ConfigError(f"[embedded] database_url: {backend!r} is neither sqlite nor postgresql.")
    if importlib.util.find_spec(driver) is None:
        raise ConfigError(f"[embedded] database_url needs the package {driver}: install it.")
    if backend == "sqlite" and url.database in (None, "", ":memory:"):
        raise ConfigError("[embedded] database_url: SQLite needs a file.")
    return url.set(drivername=f"{backend}+{driver}")


def _sqlite_engines(url: sa.URL) -> tuple[AsyncEngine, AsyncEngine]:
    path = Path(url.database or "")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    writer = create_async_engine(url, pool_size=1, max_overflow=0)
    readers = create_async_engine(url, pool_size=_READERS, max_overflow=0)
    _prepare(writer, "IMMEDIATE", query_only=False)
    _prepare(readers, "DEFERRED", query_only=True)
    return writer, readers


def _prepare(engine: AsyncEngine, begin: str, *, query_only: bool) -> None:
    """Take transactions out of the driver's hands.

    A deferred BEGIN that turns into a write raises "database is locked" whatever the time-out,
    so the writer begins immediately.
    """
    pragmas = (
        f"busy_timeout={_BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"query_only={'ON' if query_only else 'OFF'}",
    )

    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def on_begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {begin}")

    event.listen(engine.sync_engine, "connect", on_connect)
    event.listen(engine.sync_engine, "begin", on_begin)
