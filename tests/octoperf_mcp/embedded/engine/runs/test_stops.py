"""Runs that somebody elsewhere ends, and how long their files stay."""

import asyncio
from pathlib import Path

from octoperf_mcp.config import EmbeddedSettings
from octoperf_mcp.embedded.engine.runs.directory import RunDirectory
from octoperf_mcp.embedded.engine.runs.retention import remove_old
from octoperf_mcp.embedded.engine.runs.runs import Runs
from octoperf_mcp.embedded.store.schema import now_ms
from tests.octoperf_mcp.embedded.engine.players import request
from tests.octoperf_mcp.embedded.engine.stage import ADA, Stage, ramp, think

DAY_MS = 24 * 3600 * 1000


def another_replica(stage: Stage, data_dir: Path) -> Runs:
    """A process of its own on the same database, as far as runs can tell."""
    data_dir.mkdir()
    return Runs(
        settings=EmbeddedSettings(),
        data_dir=data_dir,
        database=stage.database,
        documents=stage.documents,
        blobs=stage.blobs,
        metrics=stage.metrics,
    )


async def test_a_run_is_stopped_from_another_replica(stage: Stage, tmp_path: Path) -> None:
    virtual_user = await stage.virtual_user(request("/", thinktime=think(20)))
    run_id = await stage.started(
        await stage.scenario(stage.profile(virtual_user, ramp(1, 0, 60_000)))
    )
    other = another_replica(stage, tmp_path / "other")
    answered = await other.stop(run_id, ADA, by="ada@example.com")
    assert answered.body["state"] not in {"FINISHED", "ERROR"}
    async with asyncio.timeout(30):
        await stage.runs.settled(run_id)
    result = await stage.result(run_id)
    assert (result["state"], result["cause"]) == ("ABORTED", "ada@example.com aborted the test")
    assert await stage.runs.stops.under_way() == []
    assert await stage.runs.stops.of([run_id]) == {}


async def test_the_switch_ends_everything_that_is_under_way(stage: Stage) -> None:
    virtual_user = await stage.virtual_user(request("/", thinktime=think(20)))
    scenario = await stage.scenario(stage.profile(virtual_user, ramp(1, 0, 60_000)))
    run_ids = [await stage.started(scenario) for _ in range(2)]
    asked = await stage.runs.stops.ask_all("The command line")
    assert sorted(asked) == sorted(run_ids)
    async with asyncio.timeout(30):
        for run_id in run_ids:
            await stage.runs.settled(run_id)
    for run_id in run_ids:
        result = await stage.result(run_id)
        assert (result["state"], result["cause"]) == (
            "ABORTED",
            "The command line aborted the test",
        )
    assert await stage.runs.stops.ask_all("The command line") == []


async def test_files_of_a_run_go_after_their_days_and_its_values_stay(stage: Stage) -> None:
    """Logs are erased 7 days after the run (semantics 23)."""
    ended = {"state": "FINISHED", "designProjectId": stage.project_id}
    kept = await stage.create("bench_result", {**ended, "endedAt": now_ms() - 6 * DAY_MS})
    old = await stage.create("bench_result", {**ended, "endedAt": now_ms() - 8 * DAY_MS})
    going_on = await stage.create("bench_result", {**ended, "state": "RUNNING", "endedAt": None})
    for run_id in (kept.id, old.id, going_on.id, "deleted-run"):
        RunDirectory(stage.data_dir, run_id).create()
    await remove_old(stage.data_dir, stage.documents, days=0)
    assert (stage.data_dir / "runs" / old.id).is_dir()
    await remove_old(stage.data_dir, stage.documents, days=7)
    left = {path.name for path in (stage.data_dir / "runs").iterdir()}
    assert left == {kept.id, going_on.id}
    assert (await stage.runs.directory(old.id, ADA)).names() == []
