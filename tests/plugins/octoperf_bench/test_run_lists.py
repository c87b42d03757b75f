"""Runs of a project: newest first, with their causes, those without a report too."""

from typing import Any

from octoperf_bench.run_lists import list_bench_results_by_project

PLUGIN = "octoperf_bench"
LIST = "GET /runtime/bench-results/by-project/p1"


def failed(run: dict[str, Any]) -> dict[str, Any]:
    cause = "No load generator answered"
    return {
        **run,
        "id": "res2",
        "created": 5000,
        "state": "ERROR",
        "cause": cause,
        "benchReportId": "",
        "scenarioId": "sc2",
    }


async def test_the_newest_run_comes_first_with_its_cause(context: Any, run: Any) -> None:
    found = await context(PLUGIN, {LIST: [run, failed(run)]}).run(
        list_bench_results_by_project, {"projectId": "p1"}
    )
    newest, oldest = found["benchResults"]
    assert (newest["id"], newest["state"], newest["finished"]) == ("res2", "ERROR", True)
    assert newest["cause"] == "No load generator answered"
    assert newest["url"].endswith("/analysis/bench-result/res2")
    assert (oldest["id"], oldest["benchReportId"], oldest["finished"]) == ("res1", "rep1", False)
    assert oldest["url"].endswith("/analysis/report/rep1")
    assert found["total"] == 2


async def test_runs_of_one_scenario_can_be_picked(context: Any, run: Any) -> None:
    found = await context(PLUGIN, {LIST: [run, failed(run)]}).run(
        list_bench_results_by_project, {"projectId": "p1", "scenarioId": "sc1", "limit": 1}
    )
    assert [row["id"] for row in found["benchResults"]] == ["res1"]
    assert found["total"] == 1
