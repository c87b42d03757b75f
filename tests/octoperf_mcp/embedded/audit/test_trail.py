"""The audit trail: appended, never changed, bounded."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from octoperf_mcp.embedded.audit.tables import audit_entry
from octoperf_mcp.embedded.audit.trail import Entry, Trail
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import now_ms
from tests.octoperf_mcp.embedded.conftest import KINDS

DAY_MS = 24 * 3600 * 1000


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.open(database_url)
    yield database
    await database.close()


@pytest.fixture
async def trail(database: Database) -> AsyncIterator[Trail]:
    trail = Trail(database, keep_days=30)
    yield trail
    await trail.close()


def entry(action: str, user_id: str = "ada", at: int | None = None) -> Entry:
    when = now_ms() if at is None else at
    return Entry(user_id=user_id, username=user_id, action=action, entities=("p1",), at=when)


async def test_what_is_recorded_is_kept_at_once(trail: Trail, database: Database) -> None:
    await trail.record(entry("PUT /x"))
    other = Trail(database, keep_days=30)
    assert [each.action for each in await other.find()] == ["PUT /x"]


async def test_the_newest_come_first_and_each_user_sees_his_own(trail: Trail) -> None:
    now = now_ms()
    for number in range(5):
        trail.add(entry(f"a{number}", "ada" if number % 2 else "eve", now + number))
    assert [each.action for each in await trail.find()] == ["a4", "a3", "a2", "a1", "a0"]
    assert [each.action for each in await trail.find(user_id="ada")] == ["a3", "a1"]
    assert [each.action for each in await trail.find(since_ms=now + 3)] == ["a4", "a3"]
    assert [each.action for each in await trail.find(limit=1)] == ["a4"]


async def test_an_entry_comes_back_as_it_went_in(trail: Trail) -> None:
    made = Entry(
        user_id="u",
        username="Ada",
        action="PUT /design/projects/{id}",
        token_id="g",
        client="Claude Code 2.1",
        tool="update_project",
        entities=("p1", "p2"),
        digest="0123",
        arguments={"projectId": "p1", "name": "[4 characters]"},
        status=403,
        duration_ms=1.25,
        request_id="r1",
    )
    await trail.record(made)
    assert await trail.find() == [made]
    assert made.outcome == "refused"


async def test_nobody_changes_an_entry(trail: Trail, database: Database) -> None:
    await trail.record(entry("PUT /x"))
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        async with database.writing() as connection:
            await connection.execute(audit_entry.update().values(username="somebody else"))
    assert [each.username for each in await trail.find()] == ["ada"]


async def test_old_entries_and_too_many_go(database: Database) -> None:
    trail = Trail(database, keep_days=30, most=3)
    now = now_ms()
    await trail.record(entry("old", at=now - 31 * DAY_MS))
    for number in range(5):
        await trail.record(entry(f"a{number}", at=now + number))
    assert await trail.tidy() == 3
    assert [each.action for each in await trail.find()] == ["a4", "a3", "a2"]
    assert await trail.tidy() == 0


async def test_many_at_once_share_transactions_and_none_is_lost(trail: Trail) -> None:
    await asyncio.gather(*(trail.record(entry(f"a{number}")) for number in range(50)))
    assert {each.action for each in await trail.find()} == {f"a{number}" for number in range(50)}


async def test_a_trail_that_cannot_be_written_stops_nobody_and_is_written_later(
    trail: Trail, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(database, "write", broken)
        await trail.record(entry("PUT /x"))
    await trail.record(entry("PUT /y"))
    assert [each.action for each in await trail.find()] == ["PUT /y", "PUT /x"]
