"""Changing and deleting reports: whole or not at all, refused in words to act on."""

from typing import Any

import pytest

from octoperf_analysis import report_edits as tools
from octoperf_mcp.errors import NotFoundError, ToolError

PLUGIN = "octoperf_analysis"
GET = "GET /analysis/bench-reports/rep1"
PUT = "PUT /analysis/bench-reports/rep1"
DELETE = "DELETE /analysis/bench-reports/rep1"
NOTE = {"@type": "TextReportItem", "id": "new", "name": "Notes", "description": "Slow."}


def metric(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "BASIC", "benchResultId": "res1", **more}


def patch(*operations: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"reportId": "rep1", "patch": list(operations), **more}


def added(path: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


async def test_only_what_is_given_changes(context: Any, report: Any) -> None:
    fake = context(PLUGIN, {GET: report, PUT: lambda body: body}, revision=3)
    arguments = {"reportId": "rep1", "name": "Nightly", "tags": ["b", "a"], "ifRevision": 3}
    found = await fake.run(tools.update_bench_report, arguments)
    assert fake.body_of(PUT) == {**report, "name": "Nightly", "tags": ["b", "a"]}
    assert (found["name"], found["tags"], found["revision"]) == ("Nightly", ["a", "b"], 4)
    assert found["url"].endswith("/analysis/report/rep1")


async def test_an_update_without_a_change_is_refused(context: Any) -> None:
    error = await context(PLUGIN).refuse(tools.update_bench_report, {"reportId": "rep1"})
    assert error.details["allowed"] == ["name", "description", "tags"]


async def test_an_item_is_appended_by_a_patch(context: Any, report: Any) -> None:
    fake = context(PLUGIN, {GET: report, PUT: lambda body: body})
    found = await fake.run(tools.patch_bench_report, patch(added("/items/-", NOTE)))
    assert fake.body_of(PUT)["items"] == [*report["items"], NOTE]
    number = len(report["items"])
    assert found["applied"] == [{"index": 0, "op": "add", "pointer": f"/items/{number}"}]
    assert (found["dryRun"], found["id"]) == (False, "rep1")


async def test_a_dry_run_saves_nothing(context: Any, report: Any) -> None:
    fake = context(PLUGIN, {GET: report})
    found = await fake.run(tools.patch_bench_report, patch(added("/items/-", NOTE), dryRun=True))
    assert (fake.lines, found["dryRun"]) == ([GET], True)


REFUSED = [
    (added("/items/7/metrics/0/id", "HITS_RATE"), "/items/7/metrics/0/id", "LineChartReportItem"),
    (added("/items/8/metrics/-", metric("HTTP_METHODS")), "/items/8/metrics", "1 item"),
    (added("/items/9/metrics/0/id", "RESPONSE_TIME_AVG"), "/items/9/metrics/0/id", "TopReport"),
    (added("/items/3/metrics/0/id", "RESPONSE_TIME_MEDIAN"), "/items/3/metrics/0/id", "Summary"),
    (added("/items/1/metrics/0/benchResultId", "res2"), "/items/1/metrics/0/benchResultId", "run"),
    (added("/items/-", {**NOTE, "id": "i1"}), "/items/12/id", "/items/1 has it already"),
    (added("/items/-", {**NOTE, "id": ""}), "/items/12/id", "fresh UUID"),
    (added("/items/-", {"@type": "GaugeReportItem", "id": "x"}), "/items/12/@type", "@type"),
    (added("/timeRange", {"from": 2, "to": 1}), "/timeRange/to", "after from"),
    (
        added(
            "/items/-",
            {"@type": "AreaRangeChartReportItem", "id": "x", "metrics": [metric("HITS_RATE")]},
        ),
        "/items/12/metrics",
        "exactly 2",
    ),
    (
        added("/items/3/metrics", [metric("HITS_RATE") for _ in range(11)]),
        "/items/3/metrics",
        "at most 10",
    ),
]


@pytest.mark.parametrize(("operation", "pointer", "says"), REFUSED)
async def test_a_patch_that_breaks_a_rule_is_refused_and_nothing_is_saved(
    context: Any, report: Any, operation: Any, pointer: str, says: str
) -> None:
    fake = context(PLUGIN, {GET: report})
    error: ToolError = await fake.refuse(tools.patch_bench_report, patch(operation))
    assert error.details["pointer"] == pointer
    assert says in str(error)
    assert error.details["schema"] == "octoperf://schema/bench-report"
    assert fake.lines == [GET]


async def test_a_metric_of_nearly_the_right_name_is_suggested(context: Any, report: Any) -> None:
    wrong = added("/items/1/metrics/0/id", "HITS_TOTALS")
    error = await context(PLUGIN, {GET: report}).refuse(tools.patch_bench_report, patch(wrong))
    assert error.details["didYouMean"] == "HITS_TOTAL"
    assert "RESPONSE_TIME_AVG" in error.details["allowed"]


async def test_what_the_report_had_already_does_not_stop_a_patch(context: Any, report: Any) -> None:
    """A newer platform may know metrics and items that we do not."""
    report["items"][1]["metrics"][0]["id"] = "HITS_OF_TOMORROW"
    fake = context(PLUGIN, {GET: report, PUT: lambda body: body})
    await fake.run(tools.patch_bench_report, patch(added("/items/-", NOTE)))
    assert fake.lines == [GET, PUT]


async def test_a_deleted_report_is_named_with_the_runs_that_stay(context: Any, report: Any) -> None:
    fake = context(PLUGIN, {GET: report, DELETE: None})
    found = await fake.run(tools.delete_bench_report, {"reportId": "rep1"})
    assert fake.lines == [GET, DELETE]
    assert (found["name"], found["benchResultIds"]) == ("Checkout", ["res1"])
    assert found["url"].endswith("/analysis/report")


@pytest.mark.parametrize("name", ["update_bench_report", "patch_bench_report"])
async def test_an_unknown_report_says_where_ids_come_from(context: Any, name: str) -> None:
    fake = context(PLUGIN, {GET: NotFoundError("no", status=404)})
    arguments = {"reportId": "rep1", "name": "x"}
    if name == "patch_bench_report":
        arguments = patch(added("/name", "x"))
    error = await fake.refuse(getattr(tools, name), arguments)
    assert "list_bench_reports_by_project" in error.next_step
