"""Runs: start, watch to the end, stop."""

from typing import Any

import pytest

from octoperf_bench import run_tools as tools
from octoperf_bench.runs import LISTED_BY, Facts, Memory
from octoperf_mcp.errors import ConflictError, InvalidDocumentError, NotFoundError

PLUGIN = "octoperf_bench"
PROJECT = "https://octoperf.test/ui/workspace/w1/project/p1"
RUN = "GET /runtime/bench-results/res1"
PROGRESS = "GET /runtime/bench-results/progress/res1"
STOP = "POST /runtime/bench-results/stop/res1"
REPORTS = "GET /analysis/bench-reports/by-project/p1"
OF_RES1 = {"benchResultId": "res1"}
VALIDATION = {
    "id": "res1",
    "scenarioId": "",
    "virtualUserId": "vu1",
    "designProjectId": "p1",
    "state": "RUNNING",
}


async def test_a_started_run_names_report_results_and_next_step(
    context: Any, scenario: Any
) -> None:
    line = "POST /runtime/scenarios/run/sc1?name=Night&templateId=t1"
    report = {"id": "rep1", "projectId": "p1", "name": "Night", "benchResultIds": ["res1"]}
    fake = context(PLUGIN, {"GET /runtime/scenarios/sc1": scenario, line: report})
    result = await fake.run(
        tools.run_scenario, {"scenarioId": "sc1", "name": "Night", "templateId": "t1"}
    )
    assert fake.body_of(line) == {}
    assert result["benchReportId"] == "rep1"
    assert result["benchResultIds"] == ["res1"]
    assert (result["users"], result["plannedDurationSec"]) == (20, 600)
    assert result["nextPollSec"] == 60
    assert "get_bench_status" in result["next"]
    assert result["url"] == f"{PROJECT}/analysis/report/rep1"


async def test_the_name_of_a_run_is_optional(context: Any, scenario: Any) -> None:
    report = {"id": "rep1", "projectId": "p1", "name": "Checkout", "benchResultIds": ["res1"]}
    line = "POST /runtime/scenarios/run/sc1"
    fake = context(PLUGIN, {"GET /runtime/scenarios/sc1": scenario, line: report})
    assert (await fake.run(tools.run_scenario, {"scenarioId": "sc1"}))["name"] == "Checkout"


async def test_a_refused_run_says_that_nothing_was_started(context: Any, scenario: Any) -> None:
    refusal = InvalidDocumentError("No plan matches.", status=400)
    fake = context(
        PLUGIN,
        {"GET /runtime/scenarios/sc1": scenario, "POST /runtime/scenarios/run/sc1": refusal},
    )
    error = await fake.refuse(tools.run_scenario, {"scenarioId": "sc1"})
    assert error.message == "No plan matches."
    assert "Nothing was started" in error.next_step


async def test_an_unknown_scenario_starts_nothing(context: Any) -> None:
    fake = context(PLUGIN, {"GET /runtime/scenarios/nope": NotFoundError("no", status=404)})
    error = await fake.refuse(tools.run_scenario, {"scenarioId": "nope"})
    assert error.details["field"] == "scenarioId"
    assert fake.lines == ["GET /runtime/scenarios/nope"]


async def test_progress_is_told_on_both_scales(context: Any, run: Any) -> None:
    fake = context(PLUGIN, {RUN: run, PROGRESS: {"value": 42.5}})
    result = await fake.run(tools.get_bench_status, OF_RES1)
    assert (result["progress"], result["percent"]) == (0.425, 42.5)
    assert (result["state"], result["finished"]) == ("RUNNING", False)
    assert result["nextPollSec"] == 60
    assert result["url"] == f"{PROJECT}/analysis/report/rep1"


async def test_what_speaks_against_the_figures_is_told_with_the_state(
    context: Any, run: Any
) -> None:
    doubtful = {**run, "caveats": ["The load generator local-1 was overloaded for 2 s"]}
    fake = context(PLUGIN, {RUN: doubtful, PROGRESS: {"value": 42.5}})
    for tool in (tools.get_bench_status, tools.get_bench_result):
        assert (await fake.run(tool, OF_RES1))["caveats"] == doubtful["caveats"]
    fake = context(PLUGIN, {RUN: run, PROGRESS: {"value": 42.5}})
    assert "caveats" not in await fake.run(tools.get_bench_status, OF_RES1)


@pytest.mark.parametrize("value", [None, {"value": "NaN"}, {"value": None}, {"value": "?"}])
async def test_a_run_that_has_not_begun_is_at_zero(context: Any, run: Any, value: Any) -> None:
    fake = context(PLUGIN, {RUN: {**run, "state": "CREATED"}, PROGRESS: value})
    result = await fake.run(tools.get_bench_status, OF_RES1)
    assert (result["progress"], result["percent"]) == (0, 0)


async def test_full_progress_is_not_the_end_and_an_aborted_run_is(context: Any, run: Any) -> None:
    full = context(PLUGIN, {RUN: run, PROGRESS: {"value": 100.4}})
    result = await full.run(tools.get_bench_status, OF_RES1)
    assert (result["percent"], result["finished"]) == (100, False)
    aborted = context(PLUGIN, {RUN: {**run, "state": "ABORTED"}, PROGRESS: {"value": 12}})
    result = await aborted.run(tools.get_bench_status, OF_RES1)
    assert (result["percent"], result["finished"]) == (12, True)
    assert "nextPollSec" not in result
    assert "rep1" in result["next"]


@pytest.mark.usefixtures("no_pauses")
async def test_it_waits_for_the_next_state_with_progress(context: Any, run: Any) -> None:
    left = iter([("RUNNING", 0), ("RUNNING", 50), ("FINISHED", 100)])
    now: dict[str, Any] = {}

    def next_state(_: Any) -> dict[str, Any]:
        now["state"], now["percent"] = next(left)
        return {**run, "state": now["state"]}

    fake = context(PLUGIN, {RUN: next_state, PROGRESS: lambda _: {"value": now["percent"]}})
    result = await fake.run(tools.get_bench_status, {**OF_RES1, "waitSec": 25})
    assert result["finished"] is True
    assert [message for _, _, message in fake.reported] == ["RUNNING, 0 %", "RUNNING, 50 %"]


async def test_a_wait_beyond_the_limit_is_refused(context: Any) -> None:
    error = await context(PLUGIN).refuse(tools.get_bench_status, {**OF_RES1, "waitSec": 26})
    assert error.details["field"] == "waitSec"


async def test_the_report_of_a_run_is_looked_up_once(context: Any, run: Any, scenario: Any) -> None:
    bare = {name: run[name] for name in ("id", "scenarioId", "designProjectId", "state")}
    fake = context(
        PLUGIN,
        {
            RUN: bare,
            PROGRESS: {"value": 1},
            "GET /runtime/scenarios/sc1": scenario,
            REPORTS: [
                {"id": "cmp", "benchResultIds": ["res0", "res1"], "created": 1},
                {"id": "own", "benchResultIds": ["res1"], "created": 3},
                {"id": "trend", "benchResultIds": ["res1"], "created": 4},
                {"id": "other", "benchResultIds": ["res2"], "created": 2},
            ],
        },
    )
    first = await fake.run(tools.get_bench_status, OF_RES1)
    second = await fake.run(tools.get_bench_status, OF_RES1)
    assert first["url"] == second["url"] == f"{PROJECT}/analysis/report/own"
    assert first["nextPollSec"] == 60
    assert fake.lines.count(REPORTS) == 1


async def test_a_run_without_report_and_scenario_has_its_own_page(context: Any, run: Any) -> None:
    bare = {name: run[name] for name in ("id", "scenarioId", "designProjectId", "state")}
    gone = NotFoundError("no", status=404)
    fake = context(
        PLUGIN,
        {RUN: {**bare, "state": "ERROR"}, "GET /runtime/scenarios/sc1": gone, REPORTS: gone},
    )
    result = await fake.run(tools.get_bench_result, OF_RES1)
    assert result["url"] == f"{PROJECT}/analysis/bench-result/res1"
    assert "benchReportId" not in result
    assert "list_bench_docker_logs" in result["next"]


async def test_a_whole_run_is_read(context: Any, run: Any) -> None:
    result = await context(PLUGIN, {RUN: run}).run(tools.get_bench_result, OF_RES1)
    assert result == {
        "id": "res1",
        "name": "Checkout",
        "description": "",
        "state": "RUNNING",
        "finished": False,
        "projectId": "p1",
        "resultProjectId": "rp1",
        "scenarioId": "sc1",
        "batchId": "b1",
        "benchReportId": "rep1",
        "tags": ["nightly"],
        "users": 20,
        "durationSec": 600,
        "created": 1000,
        "lastModified": 2000,
        "next": "Call get_bench_status with waitSec until finished is true.",
        "url": f"{PROJECT}/analysis/report/rep1",
    }


async def test_a_validation_run_points_at_its_virtual_user(context: Any) -> None:
    fake = context(PLUGIN, {RUN: VALIDATION})
    result = await fake.run(tools.get_bench_result, OF_RES1)
    assert result["url"] == f"{PROJECT}/design/virtual-user/vu1/validation"
    assert "get_virtual_user_validation" in result["next"]
    done = context(PLUGIN, {RUN: {**VALIDATION, "state": "FINISHED"}})
    result = await done.run(tools.get_bench_result, OF_RES1)
    assert "get_virtual_user_validation_index" in result["next"]


async def test_an_unknown_run_says_where_ids_come_from(context: Any) -> None:
    fake = context(PLUGIN, {RUN: NotFoundError("no", status=404)})
    error = await fake.refuse(tools.get_bench_result, OF_RES1)
    assert error.details["field"] == "benchResultId"


async def test_stopping_is_to_be_polled(context: Any, run: Any) -> None:
    fake = context(PLUGIN, {STOP: run})
    result = await fake.run(tools.stop_bench_result, OF_RES1)
    assert (result["state"], result["finished"], result["nextPollSec"]) == ("RUNNING", False, 3)
    assert "ABORTED" in result["next"]


@pytest.mark.parametrize("answer", [None, ConflictError("It is over.", status=409)])
async def test_stopping_what_is_over_changes_nothing(context: Any, run: Any, answer: Any) -> None:
    fake = context(PLUGIN, {STOP: answer, RUN: {**run, "state": "FINISHED"}})
    result = await fake.run(tools.stop_bench_result, OF_RES1)
    assert (result["state"], result["finished"]) == ("FINISHED", True)
    assert "nextPollSec" not in result


@pytest.mark.parametrize("asked", [tools.stop_bench_result, tools.get_bench_result])
async def test_the_id_of_an_unknown_run_is_to_be_taken_from_a_list(
    context: Any, asked: Any
) -> None:
    """Never from a tool that sends load."""
    gone = NotFoundError("404", status=404)
    error = await context(PLUGIN, {STOP: gone, RUN: gone}).refuse(asked, OF_RES1)
    assert error.next_step == f"Take benchResultId from {LISTED_BY}."
    assert "run_scenario" not in LISTED_BY


def test_one_users_memory_is_not_anothers(context: Any) -> None:
    memory = Memory(limit=2)
    mine = context(PLUGIN)
    memory.put(mine, "a", Facts("rep", 1))
    memory.put(mine, "b", Facts("rep", 1))
    memory.put(mine, "c", Facts("rep", 1))
    assert memory.get(mine, "a") is None
    assert memory.get(mine, "c") == Facts("rep", 1)
    other = type("Other", (), {"caller": type("Caller", (), {"subject": "u2"})})()
    assert memory.get(other, "c") is None


@pytest.mark.usefixtures("no_pauses")
async def test_a_client_that_knows_tasks_gets_the_end_of_all_runs_and_can_stop_them(
    context: Any, run: Any, scenario: Any
) -> None:
    report = {"id": "rep1", "projectId": "p1", "name": "N", "benchResultIds": ["res1", "res2"]}
    left = iter(["RUNNING", "FINISHED"])
    second = {**run, "id": "res2", "state": "FINISHED"}
    fake = context(
        PLUGIN,
        {
            "GET /runtime/scenarios/sc1": scenario,
            "POST /runtime/scenarios/run/sc1": report,
            RUN: lambda _: {**run, "state": next(left)},
            "GET /runtime/bench-results/res2": second,
            PROGRESS: {"value": 50},
            "GET /runtime/bench-results/progress/res2": {"value": 100},
            "POST /runtime/bench-results/stop/res1": {**run, "state": "ABORTED"},
            "POST /runtime/bench-results/stop/res2": ConflictError("over", status=409),
        },
        knows_tasks=True,
    )
    result = await fake.run(tools.run_scenario, {"scenarioId": "sc1"})
    assert result["states"] == ["FINISHED", "FINISHED"]
    assert "rep1" in result["next"]
    assert "nextPollSec" not in result
    assert fake.became == [f"The run has started: {result['url']}"]
    assert fake.reported[0][2] == "RUNNING, 50 %; FINISHED, 100 %"
    await fake.on_cancel()
    assert [line for line in fake.lines if "/stop/" in line] == [
        "POST /runtime/bench-results/stop/res1",
        "POST /runtime/bench-results/stop/res2",
    ]
