"""Figures: milliseconds, units beside them, refusals that name the right tool."""

from typing import Any

import pytest

from octoperf_analysis import chart_tools
from octoperf_analysis import table_tools as tools
from octoperf_mcp.errors import NotFoundError, UnavailableError

PLUGIN = "octoperf_analysis"
SUMMARY = "POST /analysis/metrics/summary"
TABLE = "POST /analysis/metrics/table"
TREE = "POST /analysis/metrics/tree"
RUN = "GET /runtime/bench-results/res1"
VIRTUAL_USERS = "GET /design/virtual-users/by-project/p1"
PAGE = "https://octoperf.test/ui/workspace/w1/project/p1/analysis/report/rep1"
FIGURES = [1200.0, 0.3456789, 0.0125, 0.87654321, 1.5, 20480.0, 50, "NaN"]
START = 1_763_856_000_000


def of(item_id: str, **more: Any) -> dict[str, Any]:
    return {"reportId": "rep1", "itemId": item_id, **more}


async def test_each_figure_of_a_summary_has_its_unit_and_times_are_ms(
    context: Any, answers: Any, report: Any
) -> None:
    fake = context(PLUGIN, {**answers, SUMMARY: FIGURES})
    result = await fake.run(tools.get_report_summary_values, of("i1"))
    assert [(row["metric"], row.get("value"), row["unit"]) for row in result["values"]] == [
        ("HITS_TOTAL", 1200, "hits"),
        ("RESPONSE_TIME_PERCENTILE_95", 345.679, "ms"),
        ("RESPONSE_TIME_VAR", 12500, "ms²"),
        ("RESPONSE_TIME_APDEX", 0.8765, "apdex, 0 to 1"),
        ("ERRORS_PERCENT", 1.5, "%"),
        ("THROUGHPUT_RATE", 20480, "bytes/s"),
        ("USERLOAD", 50, "users"),
        ("RESPONSE_TIME_AVG", None, "ms"),
    ]
    assert result["values"][0]["filters"] == ["subSampleType=Hit"]
    assert fake.body_of(SUMMARY) == report["items"][1]
    assert result["item"] == {
        "reportId": "rep1",
        "itemId": "i1",
        "itemName": "Summary",
        "itemType": "SummaryReportItem",
        "runs": [{"benchResultId": "res1", "state": "FINISHED"}],
        "partial": False,
    }
    assert result["url"] == PAGE


async def test_a_summary_comes_as_text_with_its_units(context: Any, answers: Any) -> None:
    result = await context(PLUGIN, {**answers, SUMMARY: FIGURES}).run(
        tools.get_report_summary_values, of("i1", format="markdown")
    )
    assert "values" not in result
    assert result["text"].startswith(
        "| metric | value |\n| --- | --- |\n| HITS_TOTAL (hits) subSampleType=Hit | 1200 |\n"
    )
    assert result["text"].endswith("| RESPONSE_TIME_AVG (ms) |  |\n")
    assert result["total"] == 8


async def test_figures_of_a_run_that_goes_on_are_partial(context: Any, answers: Any) -> None:
    fake = context(PLUGIN, {**answers, SUMMARY: FIGURES, RUN: {"id": "res1", "state": "RUNNING"}})
    result = await fake.run(tools.get_report_summary_values, of("i1"))
    assert result["item"]["partial"] is True


async def test_figures_outlive_a_deleted_run(context: Any, answers: Any) -> None:
    fake = context(PLUGIN, {**answers, SUMMARY: FIGURES, RUN: NotFoundError("no", status=404)})
    result = await fake.run(tools.get_report_summary_values, of("i1"))
    assert (result["item"]["runs"], result["item"]["partial"]) == ([], False)


async def test_an_item_over_several_runs_names_the_run_of_each_figure(
    context: Any, answers: Any, report: Any
) -> None:
    second = {**report["items"][1]["metrics"][0], "benchResultId": "res2"}
    report["items"][1]["metrics"] = [report["items"][1]["metrics"][0], second]
    fake = context(
        PLUGIN,
        {
            **answers,
            SUMMARY: [1, 2],
            "GET /runtime/bench-results/res2": {"id": "res2", "state": "ABORTED"},
        },
    )
    result = await fake.run(tools.get_report_summary_values, of("i1"))
    assert [row["benchResultId"] for row in result["values"]] == ["res1", "res2"]
    assert len(result["item"]["runs"]) == 2


async def test_a_window_is_passed_on(context: Any, answers: Any) -> None:
    line = f"{SUMMARY}?from={START}&to={START + 60_000}"
    fake = context(PLUGIN, {**answers, line: FIGURES})
    await fake.run(
        tools.get_report_summary_values, of("i1", **{"from": START, "to": START + 60_000})
    )
    assert line in fake.lines


@pytest.mark.parametrize(
    ("window", "field"),
    [
        ({"from": 1_763_856_000}, "from"),
        ({"to": 60}, "to"),
        ({"from": START, "to": START}, "to"),
    ],
)
async def test_a_window_that_makes_no_sense_is_refused(
    context: Any, answers: Any, window: dict[str, int], field: str
) -> None:
    error = await context(PLUGIN, answers).refuse(
        tools.get_report_summary_values, of("i1", **window)
    )
    assert error.details["field"] == field


async def test_the_wrong_tool_names_the_right_one(context: Any, answers: Any) -> None:
    error = await context(PLUGIN, answers).refuse(tools.get_report_summary_values, of("i2"))
    assert error.code == "invalid_argument"
    assert "StatisticTableReportItem" in error.message
    assert "get_report_table_values" in error.message
    assert error.details["allowed"] == ["i1"]


async def test_a_tool_that_takes_a_run_is_named_with_what_it_takes(
    context: Any, answers: Any
) -> None:
    error = await context(PLUGIN, answers).refuse(tools.get_report_summary_values, of("i11"))
    assert error.next_step == (
        "Call list_bench_load_generators with a benchResultId of the report."
    )


async def test_an_item_without_values_says_so(context: Any, answers: Any) -> None:
    error = await context(PLUGIN, answers).refuse(tools.get_report_table_values, of("i0"))
    assert "SynopsisReportItem" in error.message
    assert error.details["allowed"] == ["i2"]


async def test_an_unknown_item_names_those_that_fit(context: Any, answers: Any) -> None:
    error = await context(PLUGIN, answers).refuse(
        chart_tools.get_report_line_chart_values, of("i33")
    )
    assert error.details["allowed"] == ["i3", "i4"]
    assert error.details["didYouMean"] == "i3"


async def test_values_that_cannot_be_told_apart_are_not_shown(context: Any, answers: Any) -> None:
    error = await context(PLUGIN, {**answers, SUMMARY: [1, 2]}).refuse(
        tools.get_report_summary_values, of("i1")
    )
    assert error.code == "unavailable"


ROWS = [
    {"actionId": "a1", "values": [{"value": 0.25}, {"value": 10}]},
    {"actionId": "a1.resources", "values": [{"value": 0.1}, {"value": 90}]},
    {"actionId": "gone", "values": [{"value": "NaN"}, {"value": 0}]},
]


async def test_rows_of_a_table_are_named_and_have_units(context: Any, answers: Any) -> None:
    result = await context(PLUGIN, {**answers, TABLE: ROWS}).run(
        tools.get_report_table_values, of("i2")
    )
    assert result["columns"] == [
        {"metric": "RESPONSE_TIME_AVG", "unit": "ms"},
        {"metric": "HITS_TOTAL", "unit": "hits", "filters": ["subSampleType=Hit"]},
    ]
    assert result["entries"] == [
        {
            "actionId": "a1",
            "actionName": "Home",
            "virtualUserName": "Shopper",
            "values": [{"value": 250, "unit": "ms"}, {"value": 10, "unit": "hits"}],
        },
        {
            "actionId": "a1.resources",
            "actionName": "Home (embedded resources)",
            "virtualUserName": "Shopper",
            "values": [{"value": 100, "unit": "ms"}, {"value": 90, "unit": "hits"}],
        },
        {"actionId": "gone", "values": [{"unit": "ms"}, {"value": 0, "unit": "hits"}]},
    ]
    assert (result["total"], result["computeType"]) == (3, "NORMAL")


async def test_names_that_the_platform_gives_need_no_further_read(
    context: Any, answers: Any
) -> None:
    named = [{**ROWS[0], "actionName": "Home then", "virtualUserName": "Shopper then"}]
    fake = context(PLUGIN, {**answers, TABLE: named})
    result = await fake.run(tools.get_report_table_values, of("i2"))
    assert result["entries"][0]["actionName"] == "Home then"
    assert result["entries"][0]["virtualUserName"] == "Shopper then"
    assert VIRTUAL_USERS not in fake.lines


async def test_a_table_without_names_is_better_than_none(context: Any, answers: Any) -> None:
    failing = {**answers, TABLE: ROWS, VIRTUAL_USERS: UnavailableError("too large")}
    result = await context(PLUGIN, failing).run(tools.get_report_table_values, of("i2"))
    assert [entry["actionId"] for entry in result["entries"]] == ["a1", "a1.resources", "gone"]
    assert "actionName" not in result["entries"][0]


async def test_a_table_comes_as_csv(context: Any, answers: Any) -> None:
    result = await context(PLUGIN, {**answers, TABLE: ROWS}).run(
        tools.get_report_table_values, of("i2", format="csv")
    )
    assert result["text"] == (
        "virtualUser,action,actionId,RESPONSE_TIME_AVG (ms),HITS_TOTAL (hits) subSampleType=Hit\n"
        "Shopper,Home,a1,250,10\n"
        "Shopper,Home (embedded resources),a1.resources,100,90\n"
        ",,gone,,0\n"
    )
    assert "entries" not in result


async def test_a_long_table_pages_in_its_own_order(context: Any, answers: Any) -> None:
    fake = context(PLUGIN, {**answers, TABLE: ROWS})
    first = await fake.run(tools.get_report_table_values, of("i2", limit=2))
    assert [entry["actionId"] for entry in first["entries"]] == ["a1", "a1.resources"]
    second = await fake.run(
        tools.get_report_table_values, of("i2", limit=2, cursor=first["nextCursor"])
    )
    assert [entry["actionId"] for entry in second["entries"]] == ["gone"]
    assert "nextCursor" not in second


STEPS = [
    {"virtualUserId": "vu1", "actionId": "vu1", "values": [{"value": 1.5}]},
    {
        "virtualUserId": "vu1",
        "actionId": 'a1{"label": "page.click(#buy)", "type": "ACTION"}',
        "values": [{"value": 0.5}],
    },
    {"virtualUserId": "vu2", "actionId": "a1{broken}", "values": [{"value": 0}]},
]


async def test_a_tree_tells_virtual_users_apart_and_marks_browser_steps(
    context: Any, answers: Any
) -> None:
    result = await context(PLUGIN, {**answers, TREE: STEPS}).run(
        tools.get_report_tree_values, of("i6")
    )
    assert result["entries"] == [
        {
            "virtualUserId": "vu1",
            "actionId": "vu1",
            "actionName": "Shopper",
            "virtualUserName": "Shopper",
            "values": [{"value": 1500, "unit": "ms"}],
        },
        {
            "virtualUserId": "vu1",
            "actionId": "a1",
            "actionName": "Home / page.click(#buy)",
            "virtualUserName": "Shopper",
            "stepType": "ACTION",
            "values": [{"value": 500, "unit": "ms"}],
        },
        {
            "virtualUserId": "vu2",
            "actionId": "a1{broken}",
            "values": [{"value": 0, "unit": "ms"}],
        },
    ]
    assert result["total"] == 3


async def test_the_whole_iteration_has_the_name_of_its_virtual_user(
    context: Any, answers: Any
) -> None:
    rows = [
        {"virtualUserId": "v", "actionId": "v", "virtualUserName": "Then", "values": [1]},
        {"virtualUserId": "v", "actionId": "a1", "actionName": "Home", "values": [1]},
    ]
    result = await context(PLUGIN, {**answers, TREE: rows}).run(
        tools.get_report_tree_values, of("i6")
    )
    assert [row["actionName"] for row in result["entries"]] == ["Then", "Home"]


async def test_a_tree_comes_as_markdown(context: Any, answers: Any) -> None:
    result = await context(PLUGIN, {**answers, TREE: STEPS[:1]}).run(
        tools.get_report_tree_values, of("i6", format="markdown")
    )
    assert result["text"].splitlines()[2] == "| Shopper | Shopper | vu1 | 1500 |"
