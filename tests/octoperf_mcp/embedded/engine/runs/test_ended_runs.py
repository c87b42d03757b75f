"""How a run went, as notices tell it: the figures of its report and the verdict of its SLO."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from octoperf_mcp.embedded.engine.runs.ended_runs import MISSING, EndedRuns
from octoperf_mcp.embedded.engine.runs.outbox import Outbox
from octoperf_mcp.embedded.engine.runs.tables import run_headline
from octoperf_mcp.embedded.metrics.items import Asked
from octoperf_mcp.embedded.metrics.reading import Limits
from octoperf_mcp.embedded.metrics.selection import Selection
from octoperf_mcp.embedded.metrics.store import MetricStore
from octoperf_mcp.embedded.metrics.values import single
from octoperf_mcp.embedded.store.blobs import Blobs
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Document, Documents
from octoperf_mcp.embedded.store.project_files import ProjectFiles
from tests.octoperf_mcp.embedded.conftest import on_both
from tests.octoperf_mcp.embedded.engine.players import request
from tests.octoperf_mcp.embedded.engine.stage import ADA, Stage, ramp, think
from tests.octoperf_mcp.embedded.engine.target import Target

SLO = """
[[thresholds]]
metric = "RESPONSE_TIME_PERCENTILE_95"
max = 60000
[[thresholds]]
name = "Busy enough"
metric = "HITS_TOTAL"
min = 1000000
[[thresholds]]
metric = "RESPONSE_TIME_AVG"
max = 1
action = "Nowhere"
"""


def ended_runs(stage: Stage, **options: Any) -> EndedRuns:
    files = ProjectFiles(stage.database, stage.blobs)
    return EndedRuns(stage.database, stage.metrics, files, origin="https://o.example", **options)


async def put(stage: Stage, name: str, text: str) -> None:
    await ProjectFiles(stage.database, stage.blobs).put(
        stage.project_id, name, io.BytesIO(text.encode()), content_type="text/plain", user_id=ADA
    )


async def played(stage: Stage) -> Document:
    """A short run of two users, which ended."""
    virtual_user = await stage.virtual_user(request("/", thinktime=think(20)))
    scenario = await stage.scenario(stage.profile(virtual_user, ramp(2, 100, 1400)))
    run_id = (await stage.played(scenario))["id"]
    return await stage.documents.get("bench_result", run_id, user_id=ADA)


async def never_played(stage: Stage) -> Document:
    body = {"name": "R", "state": "ERROR", "cause": "No generator", "startedAt": None, "endedAt": 2}
    return await stage.create("bench_result", body)


async def test_figures_are_those_of_the_report(stage: Stage, target: Target) -> None:
    result = await played(stage)
    run = await ended_runs(stage).of(result)
    async with stage.metrics.views([result.id]) as views:
        view = views[result.id]
        in_report = {
            name: await single(view, Asked(name, result.id, Selection(), None), Limits())
            for name in ("RESPONSE_TIME_AVG", "RESPONSE_TIME_PERCENTILE_95", "HITS_RATE")
        }
    assert run.average_ms == pytest.approx(in_report["RESPONSE_TIME_AVG"] * 1000, abs=0.001)
    assert run.p95_ms == pytest.approx(in_report["RESPONSE_TIME_PERCENTILE_95"] * 1000, abs=0.001)
    assert run.requests_per_sec == pytest.approx(in_report["HITS_RATE"], abs=0.001)
    assert (run.hits, run.errors, run.error_percent) == (target.count, 0, 0.0)
    assert (run.peak_users, run.stopped_early, run.planned_sec) == (2, False, 1.5)
    assert run.duration_sec == (run.ended_at - run.started_at) / 1000
    assert (run.slo, run.missing) == (None, "")


async def test_the_verdict_names_what_was_not_kept(stage: Stage, target: Target) -> None:
    await put(stage, "slo.toml", SLO)
    await put(stage, "slo.json", "it is the other one that counts")
    run = await ended_runs(stage).of(await played(stage))
    assert run.slo
    assert (run.slo.file, run.slo.verdict) == ("slo.toml", "fail")
    assert run.slo.reason == "1 of 3 thresholds hold, 1 do not."
    first, second = run.slo.broken
    assert (first.name, first.bound, first.value) == ("Busy enough", ">= 1e+06", target.count)
    assert (first.verdict, second.verdict) == ("fail", "not_evaluated")
    assert second.action == "Nowhere"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("slo.toml", "thresholds = [", "no TOML"),
        ("slo.json", "[]", "must hold an object"),
        ("slo.toml", "#" * 70_000, "more than"),
        ("slo.toml", SLO, "could not be evaluated"),
    ],
)
async def test_what_cannot_be_judged_is_not_kept_and_not_broken(
    stage: Stage, name: str, text: str, says: str
) -> None:
    await put(stage, name, text)
    run = await ended_runs(stage).of(await never_played(stage))
    assert run.slo
    assert (run.slo.file, run.slo.verdict) == (name, "not_evaluated")
    assert says in run.slo.reason
    assert (run.hits, run.p95_ms, run.duration_sec, run.missing) == (0, None, None, "")


async def test_it_is_computed_once_and_stays(stage: Stage) -> None:
    """Each listener and each attempt is told the same, whatever happened to the files since."""
    result = await never_played(stage)
    first, *others = await asyncio.gather(*(ended_runs(stage).of(result) for _ in range(3)))
    await put(stage, "slo.toml", SLO)
    others.append(await ended_runs(stage).of(result))
    assert others == [first] * 3


async def test_figures_that_cannot_be_had_are_told_to_be_missing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def broken(_self: MetricStore, _runs: object) -> AsyncIterator[None]:
        if _runs:
            raise OSError("/very/secret")
        yield

    result = await never_played(stage)
    with monkeypatch.context() as patch, structlog.testing.capture_logs() as logs:
        patch.setattr(MetricStore, "views", broken)
        run = await ended_runs(stage).of(result)
    assert run.missing == f"{MISSING} (OSError)."
    assert (run.hits, run.errors, run.peak_users, run.slo) == (None, None, None, None)
    assert (run.state, run.cause) == ("ERROR", "No generator")
    assert [one["event"] for one in logs] == ["headline_not_computed"]
    assert (await ended_runs(stage).of(result)).missing == "", "the next attempt computes them"


async def test_no_notice_waits_for_its_figures_for_ever(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def stuck(_self: MetricStore, _runs: object) -> AsyncIterator[None]:
        await asyncio.Event().wait()
        yield

    monkeypatch.setattr(MetricStore, "views", stuck)
    run = await ended_runs(stage, limit_s=0.01).of(await never_played(stage))
    assert run.missing == f"{MISSING} (TimeoutError)."


async def test_what_was_kept_goes_with_the_run(stage: Stage) -> None:
    result = await never_played(stage)
    stage.documents.on_delete.append(Outbox(stage.database, "here").on_delete)
    await ended_runs(stage).of(result)
    query = sa.select(sa.func.count()).select_from(run_headline)
    async with stage.database.reading() as reader:
        assert await reader.scalar(query) == 1
    await stage.documents.delete("bench_result", result.id, user_id=ADA)
    async with stage.database.reading() as reader:
        assert await reader.scalar(query) == 0


@on_both
async def test_two_replicas_tell_the_same(database_url: str) -> None:
    """Whoever computed later tells what the other one kept."""
    first, second = await Database.open(database_url), await Database.open(database_url)
    documents, files = Documents(first), ProjectFiles(first, Blobs(first))
    try:
        workspace = await documents.create("workspace", {"name": "W"}, user_id=ADA, workspace_id="")
        make = partial(documents.create, user_id=ADA, workspace_id=workspace.id)
        project = await make("project", {"name": "P", "type": "DESIGN"})
        body = {"name": "R", "state": "FINISHED", "startedAt": 1, "endedAt": 2}
        result = await make("bench_result", body, project_id=project.id)
        each = [EndedRuns(one, MetricStore(one), files, origin="") for one in (first, second)]
        told = await asyncio.gather(*(runs.of(result) for runs in each for _ in range(4)))
        assert {run.missing for run in told} == {""}
        assert len(set(told)) == 1
    finally:
        await first.close()
        await second.close()
