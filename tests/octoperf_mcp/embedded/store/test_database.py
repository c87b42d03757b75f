"""One writer, readers beside it, a schema with a version, nothing half written."""

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.store import dialects
from octoperf_mcp.embedded.store.database import SCHEMA_VERSION, Database
from octoperf_mcp.embedded.store.schema import blob, schema_version
from octoperf_mcp.errors import ConfigError
from tests.octoperf_mcp.embedded.conftest import on_sqlite


def row(key: str) -> dict[str, object]:
    return {"key": key, "size": 1, "created": 0, "data": b"x"}


async def keys(database: Database) -> list[str]:
    async with database.reading() as connection:
        return list(await connection.scalars(sa.select(blob.c.key).order_by(blob.c.key)))


@on_sqlite
async def test_sqlite_runs_as_decided(database: Database) -> None:
    """Decisions 21 and 22: WAL, every commit synced, foreign keys, readers that cannot write."""
    found = {}
    async with database.writing() as connection:
        for pragma in ("journal_mode", "synchronous", "foreign_keys", "query_only"):
            found[pragma] = (await connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar_one()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "query_only": 0}
    async with database.reading() as connection:
        with pytest.raises(sa.exc.OperationalError, match="readonly"):
            await connection.execute(blob.insert().values(row("a")))


async def test_a_failing_transaction_leaves_nothing(database: Database) -> None:
    async def work(connection: AsyncConnection) -> None:
        await connection.execute(blob.insert().values(row("a")))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(work)
    assert await keys(database) == []


async def test_a_cancelled_caller_does_not_interrupt_its_write(database: Database) -> None:
    """Decision 23: a client that goes away never leaves half a write."""
    half, go_on = asyncio.Event(), asyncio.Event()

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(blob.insert().values(row("a")))
        half.set()
        await go_on.wait()
        await connection.execute(blob.insert().values(row("b")))

    caller = asyncio.create_task(database.write(work))
    async with asyncio.timeout(5):
        await half.wait()
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert await keys(database) == []
        go_on.set()
        await database.close()
    assert await keys(database) == ["a", "b"]
    await database.close()


async def test_a_cancelled_writing_body_rolls_back_and_frees_the_writer(database: Database) -> None:
    half = asyncio.Event()

    async def body() -> None:
        async with database.writing() as connection:
            await connection.execute(blob.insert().values(row("a")))
            half.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(body())
    async with asyncio.timeout(5):
        await half.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with database.writing() as connection:
            await connection.execute(blob.insert().values(row("b")))
    assert await keys(database) == ["b"]


async def test_a_reader_is_not_held_up_by_a_writer(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(blob.insert().values(row("a")))
        async with asyncio.timeout(5):
            assert await keys(database) == []
    assert await keys(database) == ["a"]


async def test_many_writers_take_turns(database: Database) -> None:
    async def count_up(connection: AsyncConnection) -> None:
        found = (await connection.execute(sa.select(sa.func.count()).select_from(blob))).scalar()
        await asyncio.sleep(0)
        await connection.execute(blob.insert().values(row(f"{found:02}")))

    await asyncio.gather(*(database.write(count_up) for _ in range(20)))
    assert await keys(database) == [f"{number:02}" for number in range(20)]


async def test_a_write_inside_a_write_is_refused_instead_of_waiting_for_ever(
    database: Database,
) -> None:
    async def nothing(connection: AsyncConnection) -> None: ...

    async with database.writing() as connection:
        with pytest.raises(RuntimeError, match="connection="):
            await database.write(nothing)
        with pytest.raises(RuntimeError, match="connection="):
            async with database.writing():
                pass
        await database.write(nothing, connection=connection)


async def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/deep/er/octoperf.db"
    first = await Database.open(url)
    async with first.writing() as connection:
        await connection.execute(blob.insert().values(row("a")))
    await first.close()
    second = await Database.open(url)
    assert await keys(second) == ["a"]
    await second.close()
    assert (tmp_path / "deep/er/octoperf.db").stat().st_mode & 0o077 == 0


async def test_a_database_of_a_later_version_is_refused(
    database: Database, database_url: str
) -> None:
    async with database.writing() as connection:
        await connection.execute(schema_version.update().values(version=SCHEMA_VERSION + 1))
    with pytest.raises(ConfigError, match="later version"):
        await Database.open(database_url)


async def test_an_older_database_is_migrated_step_by_step(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def rename(connection: AsyncConnection) -> None:
        await connection.execute(blob.insert().values(row("migrated")))

    monkeypatch.setattr("octoperf_mcp.embedded.store.database.SCHEMA_VERSION", SCHEMA_VERSION + 1)
    monkeypatch.setattr(
        "octoperf_mcp.embedded.store.database.MIGRATIONS", {SCHEMA_VERSION + 1: rename}
    )
    for _ in range(2):
        later = await Database.open(database_url)
        assert await keys(later) == ["migrated"]
        await later.close()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://host/name", "neither sqlite nor postgresql"),
        ("no address", "not a database address"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
async def test_an_impossible_address_is_a_configuration_error(url: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        await Database.open(url)


async def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"asyncpg.*\[postgres\]"):
        await Database.open("postgresql://user:word@localhost/name")


def test_each_dialect_has_an_upsert() -> None:
    for dialect in ("sqlite", "postgresql"):
        statement = dialects.insert(dialect, blob).values(row("a"))
        assert "ON CONFLICT" in str(statement.on_conflict_do_nothing())
