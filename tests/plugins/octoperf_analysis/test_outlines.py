"""What a report is read without, and that nothing that tells items apart goes with it."""

from typing import Any

from octoperf_analysis import report_tools
from octoperf_analysis.outlines import outlined
from octoperf_mcp.cli.tools import token_counts
from octoperf_mcp.embedded.metrics.default_report import default_report

PLUGIN = "octoperf_analysis"
OWN = {"@type": "SingleTermFilter", "field": "actionId", "term": "a1"}


async def test_a_report_of_a_run_is_outlined(context: Any, answers: Any, report: Any) -> None:
    run = {"id": "qBwXyJm3t0c9Vn5RkZsa", "designProjectId": "p1", "name": "Checkout"}
    made = {**report, **default_report(run, {}), "id": "rep1", "projectId": "p1"}
    made["benchResultIds"] = [run["id"]]
    fake = context(PLUGIN, {**answers, "GET /analysis/bench-reports/rep1": made})
    which = {"reportId": "rep1"}
    read = await fake.run(report_tools.get_bench_report, which)
    full = await fake.run(report_tools.get_bench_report, {**which, "view": "full"})
    assert full["items"] == made["items"]
    assert read["readWith"] == full["readWith"]
    assert "view full before you patch" in read["leftOut"]
    assert "leftOut" not in full
    named = [[each[key] for key in ("@type", "id", "name")] for each in made["items"]]
    assert [[each[key] for key in ("@type", "id", "name")] for each in read["items"]] == named
    assert read["items"][1]["metrics"][:2] == [{"id": "USERLOAD"}, {"id": "HITS_TOTAL"}]
    tokens, of_all = token_counts([read, full])
    assert tokens <= 1600
    assert tokens * 2 < of_all


def test_what_tells_metrics_apart_stays() -> None:
    metrics = [
        {"id": "HITS_TOTAL", "type": "BASIC", "benchResultId": run, "filters": [OWN], "configs": []}
        for run in ("r1", "r2")
    ]
    item = {"@type": "TopReportItem", "id": "i", "name": "Top", "size": 0, "width": "FULL"}
    (read,) = outlined({"benchResultIds": ["r1", "r2"], "items": [{**item, "metrics": metrics}]})
    assert read == {
        "@type": "TopReportItem",
        "id": "i",
        "name": "Top",
        "size": 0,
        "metrics": [
            {"id": "HITS_TOTAL", "benchResultId": run, "filters": [OWN]} for run in ("r1", "r2")
        ],
    }


def test_a_text_keeps_its_words() -> None:
    item = {"@type": "TextReportItem", "id": "i", "name": "", "description": "# Why", "width": None}
    assert outlined({"benchResultIds": ["r1"], "items": [item]}) == [
        {"@type": "TextReportItem", "id": "i", "name": "", "description": "# Why"}
    ]
