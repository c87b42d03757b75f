"""Area ranges, insights with their evidence, monitors."""

from typing import Any

import pytest

from octoperf_analysis import area_tools, chart_tools, insight_tools, monitor_tools, table_tools
from octoperf_mcp.errors import NotFoundError

PLUGIN = "octoperf_analysis"
AREA = "POST /analysis/metrics/area-range"
INSIGHTS = "POST /analysis/insights"


def metric(name: str) -> dict[str, Any]:
    return {"id": name, "type": "BASIC", "benchResultId": "res1", "filters": []}


AREA_ITEM = {
    "@type": "AreaRangeChartReportItem",
    "id": "area",
    "name": "Drift",
    "metrics": [metric("RESPONSE_TIME_AVG"), metric("RESPONSE_TIME_AVG")],
    "referenceType": "SUMMARY",
    "rangeType": "RAW",
}
ITEMS = [
    AREA_ITEM,
    {"@type": "InsightsReportItem", "id": "ins", "name": "Insights", "benchResultId": "res1"},
    {"@type": "TextualMonitorReportItem", "id": "txt", "name": "", "benchResultId": "res1"},
    {"@type": "MonitorsTableReportItem", "id": "mon", "name": "", "benchResultId": "res1"},
]
POINTS = [{"x": 1000, "y": 0.1}, {"x": 2000, "y": 0.3}]
FLAT = [{"x": 1000, "y": 0.2}, {"x": 2000, "y": 0.2}]
LINE_ITEM = {
    "@type": "LineChartReportItem",
    "id": "ins.PEAK_OF_ERRORS.more",
    "name": "Users and errors",
    "metrics": [metric("ERRORS_RATE")],
}
ROWS = [
    {"id": "OVERALL_ERROR_4XX", "level": "PASSED", "value": 0, "more": None, "inspect": None},
    {
        "id": "PEAK_OF_ERRORS",
        "level": "WARN",
        "value": 1.5,
        "message": "how far the error rate strays",
        "thresholds": {"info": 0, "warn": 1, "error": 5},
        "more": LINE_ITEM,
        "inspect": {**AREA_ITEM, "id": "ins.PEAK_OF_ERRORS.inspect"},
    },
]


@pytest.fixture
def fake(context: Any, answers: Any, report: Any) -> Any:
    report["items"] = ITEMS

    def make(**more: Any) -> Any:
        return context(PLUGIN, {**answers, **more})

    return make


async def test_an_area_range_has_both_curves_and_their_distance_in_ms(fake: Any) -> None:
    found = await fake(**{AREA: {"curve": POINTS, "reference": FLAT, "rmse": 0.1}}).run(
        area_tools.get_report_area_range_values, {"reportId": "rep1", "itemId": "area"}
    )
    assert (found["rmse"], found["unit"], found["rangeType"]) == (100, "ms", "RAW")
    assert found["curve"]["points"] == [{"x": 1000, "y": 100}, {"x": 2000, "y": 300}]
    assert found["reference"]["points"][0]["y"] == 200


async def test_a_percentage_is_no_time(fake: Any, report: Any) -> None:
    report["items"] = [{**AREA_ITEM, "rangeType": "PERCENTAGE"}]
    answer = {"curve": [{"x": 1, "y": 40}], "reference": [{"x": 1, "y": 100}], "rmse": 60}
    found = await fake(**{AREA: answer}).run(
        area_tools.get_report_area_range_values,
        {"reportId": "rep1", "itemId": "area", "format": "csv"},
    )
    assert (found["rmse"], found["unit"]) == (60, "%")
    assert found["text"].splitlines()[1] == "1,40,100"


async def test_insights_come_with_the_most_severe_first_and_say_how_to_read_on(
    fake: Any,
) -> None:
    found = await fake(**{INSIGHTS: ROWS}).run(
        insight_tools.get_report_insights, {"reportId": "rep1", "itemId": "ins"}
    )
    first, second = found["insights"]
    assert (first["id"], first["level"], first["value"], first["unit"]) == (
        "PEAK_OF_ERRORS", "WARN", 1.5, "%",
    )  # fmt: skip
    assert first["more"] == {
        "itemId": "ins.PEAK_OF_ERRORS.more",
        "type": "LineChartReportItem",
        "name": "Users and errors",
        "tool": "get_report_line_chart_values",
    }
    assert second["id"] == "OVERALL_ERROR_4XX"
    assert "PEAK_OF_ERRORS" in found["next"]


async def test_the_evidence_of_an_insight_is_read_by_its_own_tool(fake: Any) -> None:
    """It stands in no report; its id leads to the insights item, which has it."""
    ctx = fake(**{INSIGHTS: ROWS, "POST /analysis/metrics/line": [POINTS]})
    found = await ctx.run(
        chart_tools.get_report_line_chart_values,
        {"reportId": "rep1", "itemId": "ins.PEAK_OF_ERRORS.more"},
    )
    assert ctx.body_of("POST /analysis/metrics/line") == LINE_ITEM
    assert found["series"][0]["metric"] == "ERRORS_RATE"
    error = await ctx.refuse(
        chart_tools.get_report_line_chart_values,
        {"reportId": "rep1", "itemId": "ins.PEAK_OF_ERRORS.inspect"},
    )
    assert "get_report_area_range_values" in str(error)


async def test_too_little_data_leads_elsewhere(fake: Any) -> None:
    notice = {"id": "NOT_ENOUGH_DATA", "level": "INFO", "value": 3, "more": LINE_ITEM}
    found = await fake(**{INSIGHTS: [notice]}).run(
        insight_tools.get_report_insights, {"reportId": "rep1", "itemId": "ins"}
    )
    assert found["insights"][0]["unit"] == "users"
    assert "summary" in found["next"]


async def test_texts_of_monitors_are_rows(fake: Any) -> None:
    rows = [{"connectionId": "c1", "counterPath": "Host", "timestamp": 5, "value": "box\x1b[31m"}]
    found = await fake(**{"POST /analysis/textual-monitors": rows}).run(
        monitor_tools.get_report_textual_monitors, {"reportId": "rep1", "itemId": "txt"}
    )
    assert found["textualMonitors"][0]["connectionId"] == "c1"
    assert "\x1b" not in found["textualMonitors"][0]["value"]


async def test_monitored_connections_are_rows(fake: Any) -> None:
    rows = [
        {
            "connectionName": "gen1",
            "monitorType": "LOAD_GENERATOR",
            "counterPaths": ["% CPU"],
            "alarmCount": 2,
            "severity": "CRITICAL",
        }
    ]
    found = await fake(**{"POST /analysis/monitors-table": rows}).run(
        monitor_tools.get_report_monitors_table_values, {"reportId": "rep1", "itemId": "mon"}
    )
    assert found["monitors"] == rows


async def test_a_deleted_run_is_named(context: Any, answers: Any) -> None:
    gone = NotFoundError("Nothing has this id.", status=404)
    deleted = {"GET /runtime/bench-results/res1": gone, "POST /analysis/metrics/table": gone}
    error = await context(PLUGIN, {**answers, **deleted}).refuse(
        table_tools.get_report_table_values, {"reportId": "rep1", "itemId": "i2"}
    )
    assert "res1" in str(error)
    assert "deleted" in str(error)


@pytest.mark.parametrize("value", ["NaN", "Infinity", float("nan"), float("inf"), None])
async def test_what_is_no_number_is_no_value(context: Any, answers: Any, value: Any) -> None:
    """Of a platform whose JSON writes them as texts, or that divides by nothing."""
    rows = [{"actionId": "a1", "values": [{"value": value}, {"value": 3}]}]
    found = await context(PLUGIN, {**answers, "POST /analysis/metrics/table": rows}).run(
        table_tools.get_report_table_values, {"reportId": "rep1", "itemId": "i2"}
    )
    assert found["entries"][0]["values"] == [{"unit": "ms"}, {"value": 3, "unit": "hits"}]
