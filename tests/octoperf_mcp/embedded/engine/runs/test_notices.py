"""Who is told of ended runs, and that nothing they do disturbs anybody."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer

from octoperf_mcp.embedded.engine.runs.notices import Notices, Pace
from octoperf_mcp.embedded.engine.runs.outbox import FAILED, PENDING, SENT, Notice, Outbox
from octoperf_mcp.entities.extensions import Deliver, EndedRun, Listener
from tests.octoperf_mcp.embedded.engine.players import request
from tests.octoperf_mcp.embedded.engine.runs.test_ended_runs import ended_runs
from tests.octoperf_mcp.embedded.engine.stage import ADA, Stage, ramp, think
from tests.octoperf_mcp.embedded.engine.target import Target

Tell = Callable[[EndedRun, Deliver], Coroutine[Any, Any, None]]
QUICK = Pace(first_s=0.01, longest_s=0.05, look_s=0.02, failures=1000, grace_s=60.0)
PATIENCE_S = 30


class Hook(TestServer):
    """A receiver that answers these statuses one after the other, then 200; 0: not at all."""

    def __init__(self) -> None:
        app = web.Application()
        app.router.add_post("/hook", self.take)
        super().__init__(app, host="127.0.0.1")
        self.statuses: list[int] = []
        self.fields: dict[str, str] = {}
        self.keys: list[str] = []
        self.changed = asyncio.Condition()

    async def take(self, asked: web.Request) -> web.Response:
        self.keys.append(asked.headers["Idempotency-Key"])
        async with self.changed:
            self.changed.notify_all()
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 0:
            await asyncio.Event().wait()
        return web.Response(status=status, headers=self.fields)

    async def until(self, times: int) -> None:
        async with asyncio.timeout(PATIENCE_S), self.changed:
            await self.changed.wait_for(lambda: len(self.keys) >= times)

    async def tell(self, run: EndedRun, deliver: Deliver) -> None:
        await deliver(f"http://127.0.0.1:{self.port}/hook", {"run": run.run_id})


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    made = Hook()
    async with made:
        yield made


async def noticing(
    stage: Stage,
    *tells: Tell,
    pace: Pace = QUICK,
    timeout_s: float = 60.0,
    instance: str = "here",
) -> Notices:
    listeners = tuple(Listener("acme", tell.__name__, tell, timeout_s) for tell in tells)
    notices = Notices(
        Outbox(stage.database, instance),
        lambda: listeners,
        stage.documents,
        ended_runs(stage),
        allowed=("127.0.0.1",),
        pace=pace,
    )
    stage.runs.on_end(notices.owe)
    await notices.open()
    return notices


async def ended_run(stage: Stage) -> str:
    """A run that ended, as far as listeners can tell."""
    body = {"name": "R", "state": "FINISHED", "startedAt": 1, "endedAt": 2}
    return (await stage.create("bench_result", body)).id


async def owed(stage: Stage, notices: Notices, *names: str) -> str:
    """The id of a run of which these are to be told."""
    run_id = await ended_run(stage)

    async def work(writer: Any) -> None:
        await notices.outbox.owe(writer, run_id, [("acme", name) for name in names])

    await stage.database.write(work)
    notices.look()
    return run_id


async def settled(notices: Notices, run_id: str, state: str) -> Notice:
    """The only notice of a run, once it is in a state."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            (found,) = await notices.outbox.of_runs([run_id])
            if found.state == state:
                return found


async def test_a_run_is_told_once_with_its_counts(stage: Stage, target: Target) -> None:
    told: list[EndedRun] = []

    async def remember(run: EndedRun, _deliver: Deliver) -> None:
        told.append(run)

    notices = await noticing(stage, remember)
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
    assert await notices.outbox.of_runs([result["id"]]) == []  # it had nothing to post


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
        await deliver("http://127.0.0.2/T0-very-secret", {})

    async def works(run: EndedRun, _deliver: Deliver) -> None:
        told.append(run.state)

    pace = replace(QUICK, attempts=1)
    with structlog.testing.capture_logs() as logs:
        notices = await noticing(
            stage, raises, leaves, hangs, refused, works, timeout_s=0.2, pace=pace
        )
        virtual_user = await stage.virtual_user(request("/"))
        scenario = await stage.scenario(stage.profile(virtual_user, ramp(1, 100, 100)))
        result = await stage.played(scenario)
        assert result["state"] == "FINISHED"
        await notices.close()
    failed = {one["notifier"]: one["reason"] for one in logs if one["event"] == "notice_given_up"}
    assert failed["refused"].startswith("This platform does not send there")
    assert {**failed, "refused": ""} == {
        "raises": "ValueError",
        "leaves": "SystemExit",
        "hangs": "TimeoutError",
        "refused": "",
    }
    assert told == ["FINISHED"]
    assert {one.state for one in await notices.outbox.of_runs([result["id"]])} == {FAILED}
    assert (await notices.outbox.standing()).failed == 4
    assert "very-secret" not in str(logs)


async def test_the_end_of_the_platform_leaves_to_the_next_start_what_takes_too_long(
    stage: Stage, target: Target, hook: Hook
) -> None:
    hook.statuses = [0]
    with structlog.testing.capture_logs() as logs:
        notices = await noticing(stage, hook.tell, pace=replace(QUICK, grace_s=0.01))
        virtual_user = await stage.virtual_user(request("/"))
        scenario = await stage.scenario(stage.profile(virtual_user, ramp(1, 100, 60_000)))
        run_id = await stage.started(scenario)
        await stage.runs.stop(run_id, ADA)
        await stage.runs.settled(run_id)
        assert (await stage.result(run_id))["state"] == "ABORTED"
        await hook.until(1)
        await notices.close()
    assert {"event": "notices_left_for_later", "count": 1, "log_level": "warning"} in logs
    after = await noticing(stage, hook.tell)
    assert (await settled(after, run_id, SENT)).attempts == 2
    await after.close()
    assert len(hook.keys) == 2
    assert len(set(hook.keys)) == 1


@pytest.mark.parametrize("statuses", [[500, 503], [429, 408], [500, 0, 425]])
async def test_it_is_told_again_until_it_is_taken(
    stage: Stage, hook: Hook, statuses: list[int]
) -> None:
    hook.statuses, hook.fields = list(statuses), {"Retry-After": "0"}
    notices = await noticing(stage, hook.tell, timeout_s=0.3)
    run_id = await owed(stage, notices, "tell")
    found = await settled(notices, run_id, SENT)
    await notices.close()
    assert found.attempts == len(statuses) + 1
    assert len(hook.keys) == len(statuses) + 1
    assert len(set(hook.keys)) == 1


@pytest.mark.parametrize(("status", "attempts"), [(302, 1), (404, 1), (410, 1), (503, 3)])
async def test_what_nobody_takes_is_given_up_and_can_be_told_anew(
    stage: Stage, hook: Hook, status: int, attempts: int
) -> None:
    hook.statuses, hook.fields = [status] * attempts, {"Location": "http://127.0.0.1/elsewhere"}
    notices = await noticing(stage, hook.tell, pace=replace(QUICK, attempts=3))
    run_id = await owed(stage, notices, "tell")
    found = await settled(notices, run_id, FAILED)
    assert (found.attempts, len(hook.keys)) == (attempts, attempts)
    assert found.reason == f"127.0.0.1 did not take it: it answers {status}."
    assert await notices.outbox.open(10) == [found]
    assert await notices.outbox.again() == 1
    notices.look()
    await settled(notices, run_id, SENT)
    await notices.close()
    assert len(set(hook.keys)) == 1


async def test_a_receiver_says_how_long_to_wait(stage: Stage, hook: Hook) -> None:
    hook.statuses, hook.fields = [429], {"Retry-After": "120"}
    notices = await noticing(stage, hook.tell, pace=replace(QUICK, longest_s=3600))
    run_id = await owed(stage, notices, "tell")
    await hook.until(1)
    async with asyncio.timeout(PATIENCE_S):
        while not (found := (await notices.outbox.of_runs([run_id]))[0]).reason:
            pass
    await notices.close()
    assert found.state == PENDING
    assert 119_000 < found.next_at - found.created < 180_000


async def test_what_has_waited_too_long_is_given_up(stage: Stage, hook: Hook) -> None:
    """As of a plugin that was turned off, or of a platform that was away for days."""
    with structlog.testing.capture_logs() as logs:
        notices = await noticing(stage, hook.tell, pace=replace(QUICK, age_s=0.05))
        run_id = await owed(stage, notices, "somebody_else")
        found = await settled(notices, run_id, FAILED)
        await notices.close()
    assert found.reason == "Its notifier is not there."
    assert [one["notifier"] for one in logs if one["event"] == "notice_given_up"] == [
        "somebody_else"
    ]


async def test_a_receiver_that_is_down_is_left_alone_and_the_others_are_told(
    stage: Stage, hook: Hook
) -> None:
    other = 0

    async def works(run: EndedRun, deliver: Deliver) -> None:
        nonlocal other
        other += 1
        await deliver(f"http://127.0.0.1:{hook.port}/hook", {})

    async def down(run: EndedRun, deliver: Deliver) -> None:
        raise OSError

    pace = replace(QUICK, failures=3, pause_s=3600.0, at_once=1, grace_s=0.0)
    with structlog.testing.capture_logs() as logs:
        notices = await noticing(stage, down, works, pace=pace)
        runs = [await owed(stage, notices, "down", "works") for _ in range(6)]
        await hook.until(6)
        async with asyncio.timeout(PATIENCE_S):
            while not [one for one in logs if one["event"] == "notifier_left_alone"]:
                await notices.outbox.standing()
        await notices.close()
    assert other == 6
    assert len([one for one in logs if one["event"] == "notice_failed"]) == 3
    left = [one for one in await notices.outbox.of_runs(runs) if one.notifier == "down"]
    assert {one.state for one in left} == {PENDING}


async def test_who_says_that_nobody_is_told_is_asked_no_further(stage: Stage) -> None:
    async def tell(_run: EndedRun, _deliver: Deliver) -> None:
        pytest.fail("it was told")

    notices = Notices(
        Outbox(stage.database, "here"),
        lambda: (Listener("acme", "tell", tell, 1.0, str),),
        stage.documents,
        ended_runs(stage),
        allowed=(),
        pace=QUICK,
    )
    await notices.open()
    run_id = await owed(stage, notices, "tell")
    async with asyncio.timeout(PATIENCE_S):
        while await notices.outbox.of_runs([run_id]):
            pass
    await notices.close()


async def test_two_replicas_tell_it_once(stage: Stage, hook: Hook) -> None:
    first = await noticing(stage, hook.tell, instance="first")
    second = await noticing(stage, hook.tell, instance="second")
    runs = [await owed(stage, each, "tell") for _ in range(5) for each in (first, second)]
    for run_id in runs:
        await settled(first, run_id, SENT)
    await first.close()
    await second.close()
    assert len(hook.keys) == len(set(hook.keys)) == 10


async def test_another_replica_tells_what_a_lost_one_held(stage: Stage, hook: Hook) -> None:
    now = 1_000_000
    lost = Outbox(stage.database, "lost", lambda: now)
    other = Outbox(stage.database, "other", lambda: now)
    run_id = await ended_run(stage)

    async def work(writer: Any) -> None:
        await lost.owe(writer, run_id, [("acme", "tell")])

    await stage.database.write(work)
    (held,) = await lost.hold(("acme", "tell"), 5, 1_000)
    assert await other.hold(("acme", "tell"), 5, 1_000) == []
    now += 1_001
    (taken,) = await other.hold(("acme", "tell"), 5, 1_000)
    assert (held.attempts, taken.attempts) == (1, 2)
    await lost.failed(held, "too late to say")
    assert (await other.of_runs([run_id]))[0].state == PENDING


async def test_nobody_is_told_of_a_deleted_run(stage: Stage, hook: Hook) -> None:
    notices = await noticing(stage, hook.tell)
    stage.documents.on_delete.append(notices.outbox.on_delete)
    run_id = await ended_run(stage)

    async def work(writer: Any) -> None:
        await notices.outbox.owe(writer, run_id, [("acme", "somebody_else")])

    await stage.database.write(work)
    await stage.documents.delete("bench_result", run_id, user_id=ADA)
    assert await notices.outbox.of_runs([run_id]) == []
    await notices.close()
