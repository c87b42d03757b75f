"""compare_runs, as the agent sees it."""

from typing import Any

import pytest

from octoperf_analysis import comparison_tools as tools
from octoperf_mcp.errors import NotFoundError

BOTH = {"baselineId": "res1", "candidateId": "res2"}
LINE = (
    "GET /analysis/statistics/comparison/res1/res2?metric=RESPONSE_TIME&minEffectPct=5&warmUpSec=0"
)


def row(number: int) -> dict[str, Any]:
    side = {"hits": 100, "errorPct": 0.0, "medianMs": 100.0, "p95Ms": 250.5}
    return {
        "actionId": f"a{number}", "actionName": "Search", "verdict": "regress", "reason": "Slow.",
        "baseline": side, "candidate": {"hits": 12, "errorPct": 50.0},
        "effectPct": 20.0, "lowPct": 18.0, "highPct": 22.0, "probabilitySlower": 0.6,
        "pValue": 1e-9,
    }  # fmt: skip


@pytest.fixture
def fake(context: Any) -> Any:
    load = {"unit": "users", "baseline": 20.0, "candidate": 20.0, "differencePct": 0.0}
    return context(
        "octoperf_analysis",
        {
            "GET /runtime/bench-results/res1": {"id": "res1", "designProjectId": "p1"},
            "GET /runtime/bench-results/res2": {
                "id": "res2", "designProjectId": "p1", "benchReportId": "rep2",
            },
            LINE: {
                "verdict": "regress", "reason": "1 of 1.", "comparedSec": 60, "load": load,
                "actions": [row(number) for number in range(3)],
            },
        },
    )  # fmt: skip


async def test_the_verdict_comes_with_reason_figures_and_the_candidates_report(fake: Any) -> None:
    found = await fake.run(tools.compare_runs, BOTH)
    assert (found["verdict"], found["total"], found["comparedSec"]) == ("regress", 3, 60)
    assert found["actions"][0]["baseline"]["p95Ms"] == 250.5
    assert "medianMs" not in found["actions"][0]["candidate"]
    assert found["url"].endswith("/analysis/report/rep2")


async def test_a_regression_names_the_tools_that_find_its_cause(fake: Any) -> None:
    following = (await fake.run(tools.compare_runs, BOTH))["next"]
    assert "explain_slowdown with benchResultId res2" in following
    assert "get_bench_report with reportId rep2" in following


async def test_many_actions_come_in_pages(fake: Any) -> None:
    first = await fake.run(tools.compare_runs, {**BOTH, "limit": 2})
    second = await fake.run(tools.compare_runs, {**BOTH, "cursor": first["nextCursor"]})
    assert [each["actionId"] for each in second["actions"]] == ["a2"]


async def test_a_wrong_id_is_named(fake: Any) -> None:
    fake.answers["GET /runtime/bench-results/res2"] = NotFoundError("gone", status=404)
    refusal = await fake.refuse(tools.compare_runs, BOTH)
    assert refusal.details["field"] == "candidateId"
    assert "list_bench_results_by_project" in refusal.next_step
