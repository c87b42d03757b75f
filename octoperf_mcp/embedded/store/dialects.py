"""All that differs between SQLite and PostgreSQL."""

import functools
import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from octoperf_mcp.errors import ConfigError

_BUSY_TIMEOUT_MS = 30_000
_READERS = 4
_WRITER_LOCK = 8_091_001
_ALONE_LOCK = 8_091_002
_DRIVERS = {"sqlite": "aiosqlite", "postgresql": "asyncpg"}
_EXTRAS = {"sqlite": "embedded", "postgresql": "postgres"}


def engines(address: str) -> tuple[AsyncEngine, AsyncEngine]:
    """The writer, a pool of one, and the readers of a database address.

    Raises:
        ConfigError: an address of another kind, or its driver is not installed.
    """
    url = _url(address)
    if url.get_backend_name() == "sqlite":
        return _sqlite_engines(url)
    return _postgresql_engines(url)


async def hold_alone(connection: AsyncConnection) -> None:
    """Keep other replicas from doing the same until the transaction ends; they may write."""
    if connection.dialect.name == "postgresql":
        await connection.exec_driver_sql(_lock(_ALONE_LOCK))


async def require_connection(engine: AsyncEngine) -> None:
    """Connect to a PostgreSQL server once.

    Raises:
        ConfigError: it does not answer, or refuses.
    """
    if engine.dialect.name != "postgresql":
        return
    driver = importlib.import_module("asyncpg")
    try:
        async with engine.connect():
            pass
    except (OSError, driver.InterfaceError, sa.exc.DBAPIError) as error:
        reason = getattr(error, "orig", error)
        raise ConfigError(f"[embedded] database_url: no connection: {reason}") from error


def insert(dialect: str, table: sa.Table) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT that knows `on_conflict_do_update` and `on_conflict_do_nothing`."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


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
        raise ConfigError(
            f"[embedded] database_url needs the package {driver}: "
            f"pip install 'octoperf-mcp[{_EXTRAS[backend]}]'."
        )
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


def _postgresql_engines(url: sa.URL) -> tuple[AsyncEngine, AsyncEngine]:
    """The driver reads the address itself, so that it may say all that libpq's addresses say."""
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    connect = functools.partial(importlib.import_module("asyncpg").connect, address)
    engine = functools.partial(
        create_async_engine,
        f"{url.get_backend_name()}+{_DRIVERS['postgresql']}://",
        async_creator=connect,
        pool_pre_ping=True,
        max_overflow=0,
    )
    snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    writer, readers = (
        engine(pool_size=1),
        engine(pool_size=_READERS, execution_options=snapshot),
    )
    event.listen(writer.sync_engine, "begin", _become_the_writer)
    for each in (writer, readers):
        event.listen(each.sync_engine, "before_cursor_execute", _without_nul, retval=True)
    return writer, readers


def _become_the_writer(connection: sa.Connection) -> None:
    """Wait until no other process writes, as BEGIN IMMEDIATE does on SQLite."""
    connection.exec_driver_sql(_lock(_WRITER_LOCK))


def _lock(number: int) -> str:
    """A lock of this database and schema, held until the transaction ends."""
    return f"SELECT pg_advisory_xact_lock({number}, hashtext(current_schema()))"


def _without_nul(
    _connection: sa.Connection,
    _cursor: Any,
    statement: str,
    parameters: Any,
    _context: Any,
    executemany: bool,
) -> tuple[str, Any]:
    """PostgreSQL's text holds no U+0000: the replacement character stands for it."""
    if executemany:
        return statement, [_replaced(row) for row in parameters]
    return statement, _replaced(parameters)


def _replaced(row: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(
        value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row
    )
