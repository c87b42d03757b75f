"""Reports: find them, read them, see which tool reads what."""

from typing import Any

import octoperf_analysis
from octoperf_analysis import report_tools as tools
from octoperf_analysis.error_tools import get_report_errors
from octoperf_mcp.errors import NotFoundError

PLUGIN = "octoperf_analysis"
LIST = "GET /analysis/bench-reports/by-project/p1"
PAGE = "https://octoperf.test/ui/workspace/w1/project/p1/analysis/report"
FOUND = [
    {"id": "b", "name": "Night", "benchResultIds": ["r1"], "created": 10, "tags": ["z", "a"]},
    {"id": "a", "name": "Trend of nights", "benchResultIds": ["r1", "r2"], "created": 20},
    {"id": "c", "name": "Day", "benchResultIds": ["r3"], "created": 10},
]


def test_the_plugin_keeps_the_contract(check_contract: Any) -> None:
    check_contract(PLUGIN)


def test_every_tool_that_reads_values_is_registered() -> None:
    tools_there = {tool.name for tool in octoperf_analysis.register_tools()}
    assert set(octoperf_analysis.items.VALUE_TOOLS.values()) <= tools_there


async def test_reports_come_newest_first_each_with_its_page(context: Any) -> None:
    result = await context(PLUGIN, {LIST: FOUND}).run(
        tools.list_bench_reports_by_project, {"projectId": "p1"}
    )
    assert [row["id"] for row in result["benchReports"]] == ["a", "b", "c"]
    assert result["benchReports"][1] == {
        "id": "b",
        "name": "Night",
        "description": "",
        "tags": ["a", "z"],
        "created": 10,
        "benchResultIds": ["r1"],
        "url": f"{PAGE}/b",
    }
    assert (result["total"], result["url"]) == (3, PAGE)


async def test_the_report_of_a_run_is_found(context: Any) -> None:
    result = await context(PLUGIN, {LIST: FOUND}).run(
        tools.list_bench_reports_by_project,
        {"projectId": "p1", "benchResultId": "r1", "nameContains": "NIGHT"},
    )
    assert [row["id"] for row in result["benchReports"]] == ["a", "b"]


async def test_long_listings_page(context: Any) -> None:
    fake = context(PLUGIN, {LIST: FOUND})
    seen, cursor = [], ""
    for _ in FOUND:
        result = await fake.run(
            tools.list_bench_reports_by_project,
            {"projectId": "p1", "limit": 1, "cursor": cursor},
        )
        seen += [row["id"] for row in result["benchReports"]]
        cursor = result.get("nextCursor", "")
    assert seen == ["a", "b", "c"]
    assert cursor == ""


async def test_a_project_without_reports_has_an_empty_list(context: Any) -> None:
    result = await context(PLUGIN, {LIST: None}).run(
        tools.list_bench_reports_by_project, {"projectId": "p1"}
    )
    assert (result["benchReports"], result["total"]) == ([], 0)


async def test_a_report_says_which_tool_reads_each_item(
    context: Any, answers: Any, report: Any
) -> None:
    which = {"reportId": "rep1", "view": "full"}
    result = await context(PLUGIN, answers).run(tools.get_bench_report, which)
    assert result["items"] == report["items"]
    assert result["configs"] == report["configs"]
    assert [(row["itemId"], row.get("tool")) for row in result["readWith"]] == [
        ("i0", None),
        ("i1", "get_report_summary_values"),
        ("i2", "get_report_table_values"),
        ("i3", "get_report_line_chart_values"),
        ("i4", "get_report_line_chart_values"),
        ("i5", "get_report_errors"),
        ("i6", "get_report_tree_values"),
        ("i7", "get_report_top_values"),
        ("i8", "get_report_stacked_chart_values"),
        ("i9", "get_report_pie_values"),
        ("i10", "get_report_threshold_alarms"),
        ("i11", "list_bench_load_generators"),
    ]
    assert result["url"] == f"{PAGE}/rep1"


async def test_the_older_name_of_the_argument_is_understood(context: Any, answers: Any) -> None:
    result = await context(PLUGIN, answers).run(tools.get_bench_report, {"benchReportId": "rep1"})
    assert result["id"] == "rep1"


async def test_an_unknown_report_says_where_ids_come_from(context: Any) -> None:
    no = NotFoundError("no", status=404)
    gone = {"GET /analysis/bench-reports/nope": no, "GET /runtime/bench-results/nope": no}
    error = await context(PLUGIN, gone).refuse(tools.get_bench_report, {"reportId": "nope"})
    assert error.details["field"] == "reportId"
    assert "list_bench_reports_by_project" in error.next_step


async def test_the_id_of_a_run_is_answered_with_its_report(context: Any, report: Any) -> None:
    """run_scenario answers both ids at once."""
    found = {
        "GET /analysis/bench-reports/res1": NotFoundError("no", status=404),
        "GET /runtime/bench-results/res1": {"id": "res1", "designProjectId": "p1"},
        "GET /analysis/bench-reports/by-project/p1": [{"id": "other"}, report],
    }
    error = await context(PLUGIN, found).refuse(tools.get_bench_report, {"reportId": "res1"})
    assert (error.details["field"], error.details["didYouMean"]) == ("reportId", "rep1")
    assert "run" in error.message


async def test_without_an_item_the_first_of_its_kind_is_read(
    context: Any, answers: Any, report: Any
) -> None:
    fake = context(PLUGIN, {**answers, "POST /analysis/bench-errors": []})
    result = await fake.run(get_report_errors, {"reportId": "rep1"})
    assert result["item"]["itemId"] == "i5"
    bare = {**answers, "GET /analysis/bench-reports/rep1": {**report, "items": []}}
    error = await context(PLUGIN, bare).refuse(get_report_errors, {"reportId": "rep1"})
    assert error.details["field"] == "itemId"
