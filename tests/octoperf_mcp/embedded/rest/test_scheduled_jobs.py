"""Scheduled jobs over HTTP, with a clock and a starter of our own."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from octoperf_mcp.embedded.failures import Forbidden
from octoperf_mcp.embedded.platform import Platform
from octoperf_mcp.embedded.schedules.fires import Fire
from octoperf_mcp.embedded.schedules.schedules import Schedules
from octoperf_mcp.embedded.store.documents import Document
from tests.octoperf_mcp.embedded.conftest import on_both
from tests.octoperf_mcp.embedded.rest.conftest import Home, Rest

NOW = round(datetime(2026, 11, 23, 10, 30, tzinfo=UTC).timestamp() * 1000)
MINUTE = 60_000
JOBS = "/runtime/scheduled-jobs"
NIGHTLY = {"@type": "UnixCronTrigger", "expression": "0 3 * * *"}
SOON = {"@type": "DateTrigger", "date": "2026-11-23T10:40:00Z"}


class Stand:
    """Schedules whose clock is set by hand and whose starts are only noted."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.now = NOW
        self.fired: list[Fire] = []
        self.failure: Exception | None = None
        self.begin = asyncio.Event()
        self.begin.set()

    def schedules(self, instance: str = "here") -> Schedules:
        return Schedules(
            self.platform.database,
            self.platform.documents,
            self._start,
            instance=instance,
            clock=lambda: self.now,
        )

    async def _start(self, fire: Fire) -> Document:
        self.fired.append(fire)
        await self.begin.wait()
        if self.failure is not None:
            raise self.failure
        return Document("bench_report", "rep", "", "", 1, {"benchResultIds": ["res"]})

    async def pass_time(self, minutes: float) -> None:
        self.now += round(minutes * MINUTE)
        await self.platform.schedules.tick()
        await self.platform.schedules.settled()


@pytest.fixture
async def stand(platform: Platform) -> Stand:
    made = Stand(platform)
    platform.schedules = made.schedules()
    return made


@pytest.fixture
async def scenario(ada: Rest, example: Any) -> dict[str, Any]:
    made: dict[str, Any] = await ada.post("/runtime/scenarios", example("scenario"))
    return made


def job(scenario: dict[str, Any], trigger: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": "",
        "userId": "",
        "projectId": scenario["projectId"],
        "scenarioId": scenario["id"],
        "name": "Nightly",
        "templateId": None,
        "trigger": trigger,
        "enabled": True,
        **more,
    }


@on_both
async def test_a_cron_job_starts_its_scenario_as_its_owner_again_and_again(
    ada: Rest, stand: Stand, scenario: dict[str, Any], home: Home
) -> None:
    made = await ada.post(JOBS, job(scenario, NIGHTLY))
    assert (made["userId"], made["projectId"]) == ("ada", home.project_id)
    three = round(datetime(2026, 11, 24, 3, tzinfo=UTC).timestamp() * 1000)
    assert (made["enabled"], made["nextRun"]) == (True, three)
    await stand.pass_time(16 * 60)
    assert stand.fired == []
    await stand.pass_time(31)
    (fire,) = stand.fired
    assert (fire.owner_id, fire.due) == ("ada", three)
    (listed,) = await ada.get(f"{JOBS}/by-project/{home.project_id}")
    assert listed["nextRun"] == three + 24 * 60 * MINUTE
    (run,) = listed["runs"]
    assert (run["outcome"], run["benchReportId"], run["benchResultId"]) == ("STARTED", "rep", "res")
    await stand.pass_time(24 * 60)
    assert len(stand.fired) == 2


@on_both
async def test_two_replicas_start_a_job_once(
    ada: Rest, stand: Stand, scenario: dict[str, Any]
) -> None:
    await ada.post(JOBS, job(scenario, SOON))
    stand.now += 11 * MINUTE
    replicas = [stand.schedules(f"replica {number}") for number in range(3)]
    await asyncio.gather(*(replica.tick() for replica in replicas))
    for replica in replicas:
        await replica.settled()
        await replica.close()
    assert len(stand.fired) == 1


async def test_a_job_for_one_moment_is_over_after_it(
    ada: Rest, stand: Stand, scenario: dict[str, Any]
) -> None:
    made = await ada.post(JOBS, job(scenario, SOON))
    await stand.pass_time(11)
    await stand.pass_time(60)
    assert len(stand.fired) == 1
    now = await ada.get(f"{JOBS}/{made['id']}")
    assert (now["enabled"], now["nextRun"]) == (False, None)
    await ada.post(f"{JOBS}/enable/{made['id']}", None, status=409)


async def test_a_disabled_job_waits_until_it_is_enabled(
    ada: Rest, stand: Stand, scenario: dict[str, Any]
) -> None:
    made = await ada.post(JOBS, job(scenario, {**NIGHTLY, "expression": "*/10 * * * *"}))
    paused = await ada.post(f"{JOBS}/disable/{made['id']}", None, status=200)
    assert (paused["enabled"], paused["nextRun"]) == (False, None)
    await stand.pass_time(30)
    assert stand.fired == []
    armed = await ada.post(f"{JOBS}/enable/{made['id']}", None, status=200)
    assert armed["nextRun"] == NOW + 40 * MINUTE
    await stand.pass_time(10)
    assert len(stand.fired) == 1


async def test_starts_that_nobody_was_there_for_are_reported_as_missed(
    ada: Rest, stand: Stand, scenario: dict[str, Any]
) -> None:
    made = await ada.post(JOBS, job(scenario, {**NIGHTLY, "expression": "0 * * * *"}))
    await stand.pass_time(3 * 60)
    assert stand.fired == []
    (run,) = (await ada.get(f"{JOBS}/{made['id']}"))["runs"]
    assert (run["outcome"], run["missed"]) == ("MISSED", 3)
    assert run["message"] == "The platform was not running: 3 starts were missed."
    await stand.pass_time(30)
    assert len(stand.fired) == 1


async def test_a_start_that_is_refused_says_why(
    ada: Rest, stand: Stand, scenario: dict[str, Any]
) -> None:
    made = await ada.post(JOBS, job(scenario, SOON))
    stand.failure = Forbidden("ada, who scheduled this job, is locked out.")
    await stand.pass_time(11)
    (run,) = (await ada.get(f"{JOBS}/{made['id']}"))["runs"]
    assert (run["outcome"], run["message"]) == ("REFUSED", stand.failure.message)


async def test_a_start_that_a_crash_interrupted_is_reported(
    ada: Rest, stand: Stand, platform: Platform, scenario: dict[str, Any]
) -> None:
    """The moment was taken before anything started: the next process does not start it again."""
    made = await ada.post(JOBS, job(scenario, SOON))
    stand.begin.clear()
    stand.now += 11 * MINUTE
    await platform.schedules.tick()
    async with asyncio.timeout(5):
        while not stand.fired:  # noqa: ASYNC110 - the start is noted in a task
            await asyncio.sleep(0)
    await platform.schedules.close()
    (run,) = (await ada.get(f"{JOBS}/{made['id']}"))["runs"]
    assert run["outcome"] == "STARTING"
    platform.schedules = stand.schedules()
    await platform.schedules.open()
    (run,) = (await ada.get(f"{JOBS}/{made['id']}"))["runs"]
    assert (run["outcome"], run["missed"]) == ("MISSED", 1)
    assert len(stand.fired) == 1


async def test_a_job_goes_with_its_scenario(
    ada: Rest, stand: Stand, scenario: dict[str, Any], home: Home
) -> None:
    await ada.post(JOBS, job(scenario, NIGHTLY))
    await stand.schedules().open()
    await ada.delete(f"/runtime/scenarios/{scenario['id']}")
    assert await ada.get(f"{JOBS}/by-project/{home.project_id}") == []
    await stand.pass_time(24 * 60)
    assert stand.fired == []


async def test_others_neither_see_nor_touch_a_job(
    ada: Rest, eve: Rest, stand: Stand, scenario: dict[str, Any], home: Home
) -> None:
    made = await ada.post(JOBS, job(scenario, NIGHTLY))
    for method, path in (
        ("GET", f"by-project/{home.project_id}"),
        ("GET", made["id"]),
        ("POST", f"enable/{made['id']}"),
        ("POST", f"disable/{made['id']}"),
        ("DELETE", made["id"]),
    ):
        assert (await eve.call(method, f"{JOBS}/{path}")).status == 404
    assert (await eve.call("POST", JOBS, json=job(scenario, NIGHTLY))).status == 404
    await ada.delete(f"{JOBS}/{made['id']}")
    assert (await ada.call("GET", f"{JOBS}/{made['id']}")).status == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"trigger": {"@type": "UnixCronTrigger", "expression": "0 0 3 * * ?"}},
        {"trigger": {"@type": "DateTrigger", "date": "2020-01-01T00:00:00Z"}},
        {"trigger": None},
        {"name": ""},
        {"name": None},
        {"name": "n" * 81},
        {"templateId": "t"},
    ],
)
async def test_an_impossible_job_is_refused(
    ada: Rest, stand: Stand, scenario: dict[str, Any], wrong: dict[str, Any]
) -> None:
    """Six fields are a 400, as in the original (semantics 12)."""
    await ada.post(JOBS, {**job(scenario, NIGHTLY), **wrong}, status=400)
