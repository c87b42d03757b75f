"""Who is told of ended runs, and that nothing they do disturbs anybody."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from octoperf_mcp.embedded.engine.notices import Notices
from octoperf_mcp.entities.extensions import Deliver, EndedRun, Listener
from tests.octoperf_mcp.embedded.engine.players import request
from tests.octoperf_mcp.embedded.engine.stage import ADA, Stage, ramp, think
from tests.octoperf_mcp.embedded.engine.target import Target

Tell = Callable[[EndedRun, Deliver], Coroutine[Any, Any, None]]


def noticing(stage: Stage, *tells: Tell, grace_s: float = 60.0, timeout_s: float = 60.0) -> Notices:
    listeners = tuple(Listener("acme", tell.__name__, tell, timeout_s) for tell in tells)
    notices = Notices(
        lambda: listeners, stage.metrics, origin="https://o.example", allowed=(), grace_s=grace_s
    )
    stage.runs.on_end(notices.begin)
    return notices


async def test_a_run_is_told_once_with_its_counts(stage: Stage, target: Target) -> None:
    told: list[EndedRun] = []

    async def remember(run: EndedRun, _deliver: Deliver) -> None:
        told.append(run)

    notices = noticing(stage, remember)
    virtual_user = await stage.virtual_user(request("/", thinktime=think(20)))
    assert (await stage.validated(virtual_user))["state"] == "FINISHED"
    before = target.count
    scenario = await stage.scenario(stage.profile(virtual_user, ramp(2, 100, 400)))
    result = await stage.played(scenario, name="Tuesday")
    await notices.close()
    (run,) = told
    assert (run.run_id, run.name, run.state) == (result["id"], "Tuesday", "FINISHED")
    assert (run.started_at, run.ended_at) == (result["startedAt"], result["endedAt"])
    assert (run.workspace_id, run.project_id) == (stage.workspace_id, stage.project_id)
    assert (run.hits, run.errors, run.user_load) == (target.count - before, 0, 2)
    assert run.cause == "The planned end is reached"
    page = f"/ui/workspace/{stage.workspace_id}/project/{stage.project_id}/analysis/report/"
    assert run.report_url == f"https://o.example{page}{result['benchReportId']}"


async def test_broken_listeners_are_logged_without_what_they_say(
    stage: Stage, target: Target
) -> None:
    """Those that raise, leave or take for ever change neither the run nor the others."""
    told: list[str] = []

    async def raises(_run: EndedRun, _deliver: Deliver) -> None:
        raise ValueError("https://hooks.example/T0-very-secret")

    async def leaves(_run: EndedRun, _deliver: Deliver) -> None:
        raise SystemExit(3)

    async def hangs(_run: EndedRun, _deliver: Deliver) -> None:
        await asyncio.Event().wait()

    async def refused(_run: EndedRun, deliver: Deliver) -> None:
        await deliver("http://127.0.0.1/T0-very-secret", {})

    async def works(run: EndedRun, _deliver: Deliver) -> None:
        told.append(run.state)

    with structlog.testing.capture_logs() as logs:
        notices = noticing(stage, raises, leaves, hangs, refused, works, timeout_s=0.2)
        virtual_user = await stage.virtual_user(request("/"))
        scenario = await stage.scenario(stage.profile(virtual_user, ramp(1, 100, 100)))
        assert (await stage.played(scenario))["state"] == "FINISHED"
        await notices.close()
    failed = {one["notifier"]: one["reason"] for one in logs if one["event"] == "notice_failed"}
    assert failed["refused"].startswith("This platform does not send there")
    assert {**failed, "refused": ""} == {
        "raises": "ValueError",
        "leaves": "SystemExit",
        "hangs": "TimeoutError",
        "refused": "",
    }
    assert told == ["FINISHED"]
    assert "very-secret" not in str(logs)


async def test_the_end_of_the_platform_gives_up_what_takes_too_long(
    stage: Stage, target: Target
) -> None:
    begun = asyncio.Event()

    async def hangs(_run: EndedRun, _deliver: Deliver) -> None:
        begun.set()
        await asyncio.Event().wait()

    with structlog.testing.capture_logs() as logs:
        notices = noticing(stage, hangs, grace_s=0.01)
        virtual_user = await stage.virtual_user(request("/"))
        scenario = await stage.scenario(stage.profile(virtual_user, ramp(1, 100, 60_000)))
        run_id = await stage.started(scenario)
        await stage.runs.stop(run_id, ADA)
        await stage.runs.settled(run_id)
        assert (await stage.result(run_id))["state"] == "ABORTED"
        await begun.wait()
        await notices.close()
    assert {"event": "notices_given_up", "count": 1, "log_level": "warning"} in logs
