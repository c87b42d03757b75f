"""Scheduled jobs as an agent meets them."""

from typing import Any

from octoperf_bench import schedule_tools as tools
from octoperf_mcp.errors import NotFoundError

PLUGIN = "octoperf_bench"
JOB = {
    "id": "j1",
    "userId": "u1",
    "projectId": "p1",
    "scenarioId": "sc1",
    "name": "Nightly",
    "trigger": {"@type": "UnixCronTrigger", "expression": "0 3 * * *"},
    "enabled": True,
    "nextRun": 5000,
    "runs": [
        {
            "due": 4000,
            "at": 4001,
            "outcome": "STARTED",
            "benchReportId": "rep1",
            "benchResultId": "res1",
        }
    ],
}
SCENARIO = "GET /runtime/scenarios/sc1"
CREATE = "POST /runtime/scheduled-jobs"


async def test_a_cron_job_is_made_and_its_next_run_told(context: Any, scenario: Any) -> None:
    fake = context(PLUGIN, {SCENARIO: scenario, CREATE: JOB})
    found = await fake.run(
        tools.schedule_scenario_cron,
        {"scenarioId": "sc1", "expression": "0 3 * * *", "name": "Nightly"},
    )
    assert fake.body_of(CREATE)["trigger"] == JOB["trigger"]
    assert (found["id"], found["nextRun"], found["enabled"]) == ("j1", 5000, True)
    assert found["trigger"] == "cron 0 3 * * * (UTC)"
    assert "local time" in found["next"]
    assert found["url"].endswith("/project/p1/runtime/scheduled-job")


async def test_one_run_is_scheduled_at_its_moment(context: Any, scenario: Any) -> None:
    moment = "2027-06-15T03:00:00+02:00"
    once = {**JOB, "trigger": {"@type": "DateTrigger", "date": moment}, "runs": []}
    fake = context(PLUGIN, {SCENARIO: scenario, CREATE: once})
    found = await fake.run(
        tools.schedule_scenario_once, {"scenarioId": "sc1", "runAt": moment, "name": "Once"}
    )
    sent = fake.body_of(CREATE)
    assert sent["trigger"] == once["trigger"]
    assert (sent["name"], sent["scenarioId"], sent["projectId"]) == ("Once", "sc1", "p1")
    assert found["trigger"] == f"once at {moment}"
    assert "lastRun" not in found


async def test_jobs_are_listed_the_next_first_with_their_last_start(context: Any) -> None:
    paused = {**JOB, "id": "j2", "enabled": False, "nextRun": None, "runs": []}
    later = {**JOB, "id": "j3", "nextRun": 9000}
    fake = context(PLUGIN, {"GET /runtime/scheduled-jobs/by-project/p1": [paused, later, JOB]})
    found = await fake.run(tools.list_scheduled_jobs_by_project, {"projectId": "p1"})
    assert [job["id"] for job in found["scheduledJobs"]] == ["j1", "j3", "j2"]
    assert found["scheduledJobs"][0]["lastRun"] == {
        "due": 4000,
        "outcome": "STARTED",
        "benchReportId": "rep1",
        "benchResultId": "res1",
    }


async def test_a_job_is_paused_armed_and_deleted(context: Any) -> None:
    base = "/runtime/scheduled-jobs"
    fake = context(
        PLUGIN,
        {
            f"POST {base}/disable/j1": {**JOB, "enabled": False, "nextRun": None},
            f"POST {base}/enable/j1": JOB,
            f"GET {base}/j1": JOB,
            f"DELETE {base}/j1": None,
        },
    )
    paused = await fake.run(tools.disable_scheduled_job, {"jobId": "j1"})
    assert (paused["enabled"], "nextRun" in paused) == (False, False)
    armed = await fake.run(tools.enable_scheduled_job, {"jobId": "j1"})
    assert armed["nextRun"] == 5000
    gone = await fake.run(tools.delete_scheduled_job, {"jobId": "j1"})
    assert (gone["id"], gone["name"]) == ("j1", "Nightly")


async def test_a_job_is_deleted_where_one_cannot_be_read(context: Any) -> None:
    """The original may lack the route."""
    fake = context(
        PLUGIN,
        {
            "GET /runtime/scheduled-jobs/j1": NotFoundError("no", status=404),
            "DELETE /runtime/scheduled-jobs/j1": None,
        },
    )
    assert (await fake.run(tools.delete_scheduled_job, {"jobId": "j1"}))["url"].endswith(
        "/ui/workspace"
    )
