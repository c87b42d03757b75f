"""explain_slowdown, as the agent sees it."""

from typing import Any

from octoperf_analysis import slowdown_tools as tools
from octoperf_mcp.errors import NotFoundError


def onset(metric: str, at_ms: int, **more: Any) -> dict[str, Any]:
    figures = {"before": 10.0, "after": 30.0, "unit": "users", "changePct": 200.0}
    return {"metric": metric, "name": metric, "atMs": at_ms, "pValue": 0.0, **figures, **more}


async def test_suspects_come_with_the_charts_that_show_them(context: Any, answers: Any) -> None:
    run = {"id": "res1", "designProjectId": "p1", "benchReportId": "rep1"}
    line = "GET /analysis/statistics/slowdown/res1"
    onsets = [onset("USERLOAD", 5000), onset("RESPONSE_TIME_MEDIAN", 9000, unit="ms")]
    fake = context("octoperf_analysis", {
        **answers, "GET /runtime/bench-results/res1": run,
        line: {"reason": "Users first.", "onsets": onsets, "suspects": [0]},
    })  # fmt: skip
    found = await fake.run(tools.explain_slowdown, {"benchResultId": "res1"})
    assert [each["metric"] for each in found["suspects"]] == ["USERLOAD"]
    assert [each["metric"] for each in found["onsets"]] == ["RESPONSE_TIME_MEDIAN"]
    assert [(each["itemId"], each["tool"]) for each in found["charts"]] == [
        ("i3", "get_report_line_chart_values"),
        ("i7", "get_report_top_values"),
    ]
    fake.answers["GET /analysis/bench-reports/rep1"] = NotFoundError("gone", status=404)
    found = await fake.run(tools.explain_slowdown, {"benchResultId": "res1"})
    assert found["charts"] == []
