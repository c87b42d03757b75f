"""Making trend reports."""

from typing import Any

import pytest

from octoperf_analysis import trend_tools as tools
from octoperf_mcp.errors import NotFoundError

PLUGIN = "octoperf_analysis"
CREATE = "POST /analysis/bench-reports/create/trend/res1"
MADE = {
    "id": "rep9",
    "projectId": "p1",
    "name": "Trend of Checkout",
    "benchResultIds": ["res1"],
    "items": [
        {
            "@type": "BarChartReportItem",
            "id": "i1",
            "metrics": [
                {"id": "HITS_TOTAL", "benchResultId": run} for run in ("res1", "res3", "res2")
            ],
        }
    ],
}


@pytest.mark.parametrize(
    ("tool", "arguments", "selector"),
    [
        (
            tools.create_trend_report_by_tags,
            {"tags": ["nightly"]},
            {"@type": "TrendReportTagsSelector", "tags": ["nightly"]},
        ),
        (
            tools.create_trend_report_by_name,
            {"search": "Check"},
            {"@type": "TrendReportNameSelector", "search": "Check", "matchType": "EQUALS"},
        ),
        (
            tools.create_trend_report_by_creation_date,
            {"fromMs": 5},
            {"@type": "TrendReportCreationDateSelector", "from": 5, "to": None},
        ),
    ],
)
async def test_the_selector_is_stored_and_the_matching_runs_are_told(
    context: Any, tool: Any, arguments: dict[str, Any], selector: dict[str, Any]
) -> None:
    fake = context(PLUGIN, {CREATE: MADE})
    found = await fake.run(tool, {"benchResultId": "res1", **arguments})
    assert fake.body_of(CREATE) == {
        "@type": "TrendReportConfig",
        "selectors": [selector],
        "shownResults": 20,
    }
    assert (found["benchResultIds"], found["comparedWith"]) == (["res1"], ["res2", "res3"])
    assert found["url"].endswith("/analysis/report/rep9")


async def test_a_name_is_given_by_a_second_call(context: Any) -> None:
    get, put = "GET /analysis/bench-reports/rep9", "PUT /analysis/bench-reports/rep9"
    fake = context(PLUGIN, {CREATE: MADE, get: MADE, put: lambda body: body})
    arguments = {"benchResultId": "res1", "tags": ["a"], "name": "Nights"}
    found = await fake.run(tools.create_trend_report_by_tags, arguments)
    assert (fake.lines, found["name"]) == ([CREATE, get, put], "Nights")


async def test_a_window_that_ends_before_it_begins_is_refused(context: Any) -> None:
    error = await context(PLUGIN).refuse(
        tools.create_trend_report_by_creation_date,
        {"benchResultId": "res1", "fromMs": 5, "toMs": 4},
    )
    assert error.details["field"] == "toMs"


async def test_an_unknown_run_says_where_ids_come_from(context: Any) -> None:
    fake = context(PLUGIN, {CREATE: NotFoundError("no", status=404)})
    error = await fake.refuse(
        tools.create_trend_report_by_tags, {"benchResultId": "res1", "tags": ["a"]}
    )
    assert "list_bench_reports_by_project" in error.next_step
