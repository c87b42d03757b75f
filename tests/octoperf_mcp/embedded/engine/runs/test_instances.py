"""Processes that share a database: what they are called, and who ends the runs of the lost."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from octoperf_mcp.embedded.engine.runs import runs
from octoperf_mcp.embedded.engine.runs.instances import LOST_MS, Instances, instance_of
from octoperf_mcp.embedded.engine.runs.tables import active_run, instance_seen
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import now_ms
from tests.octoperf_mcp.embedded.conftest import on_both
from tests.octoperf_mcp.embedded.engine.stage import Stage


@dataclass
class Clock:
    """Epoch milliseconds that a test turns on."""

    at: int = 1_000_000

    def __call__(self) -> int:
        return self.at


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await Database.open(database_url)
    yield opened
    await opened.close()


def test_a_directory_that_is_missing_is_made(tmp_path: Path) -> None:
    """On PostgreSQL, with the key of secrets given, nothing else has made it before."""
    data = tmp_path / "new" / "data"
    assert instance_of(data) == instance_of(data)


def test_a_directory_keeps_its_name_wherever_it_goes(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    name = instance_of(first)
    assert instance_of(first) == name != instance_of(second)
    moved = first.rename(tmp_path / "moved")
    assert instance_of(moved) == name
    assert [path.name for path in moved.iterdir()] == ["instance"]


def test_processes_that_start_at_once_agree_on_the_name(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(lambda _: instance_of(tmp_path), range(32)))
    assert len(names) == 1


@on_both
async def test_runs_of_an_instance_that_fell_silent_go_to_one_other(database: Database) -> None:
    clock = Clock()
    lost, first, second = (Instances(database, name, clock) for name in ("lost", "a", "b"))
    await lost.beat()
    rows = [
        {"run_id": "run", "instance": "lost", "is_validation": False},
        {"run_id": "check", "instance": "lost", "is_validation": True},
        {"run_id": "other", "instance": "b", "is_validation": False},
    ]
    await database.write(lambda writer: writer.execute(active_run.insert(), rows))

    clock.at += LOST_MS
    await first.beat()
    await second.beat()
    assert await first.inherited() == []
    clock.at += 1
    assert sorted(await first.inherited()) == [("check", True), ("run", False)]
    assert await second.inherited() == []
    assert await first.inherited() == []


async def test_a_run_whose_platform_never_comes_back_is_closed_by_another(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await stage.create("bench_result", {"state": "RUNNING", "startedAt": now_ms()})
    lost = {"run_id": run.id, "instance": "of a machine that burnt", "is_validation": False}
    await stage.database.write(lambda writer: writer.execute(active_run.insert(), lost))

    monkeypatch.setattr(runs, "BEAT_S", 0.01)
    other = await stage.other_runs()
    async with asyncio.timeout(30):
        while (result := await stage.result(run.id))["state"] == "RUNNING":  # noqa: ASYNC110 - polls the database
            await asyncio.sleep(0.01)
    await other.settled(run.id)
    assert result["state"] == "ABORTED"
    assert result["cause"] == "The platform ended unexpectedly while it ran"
    async with stage.database.reading() as reader:
        assert list(await reader.scalars(sa.select(active_run.c.run_id))) == []
        seen = list(await reader.scalars(sa.select(instance_seen.c.instance)))
    assert seen == [instance_of(stage.data_dir)]
