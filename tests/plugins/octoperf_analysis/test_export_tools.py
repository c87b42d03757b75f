"""Starting the print of a report."""

from typing import Any

import pytest

from octoperf_analysis.export_tools import export_bench_report_pdf
from octoperf_mcp.errors import NotFoundError

PLUGIN = "octoperf_analysis"
REPORT = "GET /analysis/bench-reports/rep1"
TASKS = "POST /tasks"
RESULT = "GET /tasks/t1/result"
PRINTED = {"@type": "PrintReportTaskResult", "filename": "Checkout.pdf"}


async def test_exporting_starts_a_task_that_is_polled(context: Any, report: Any) -> None:
    ctx = context(PLUGIN, {REPORT: report, TASKS: '"t1"\n'})
    wishes = {"benchReportId": "rep1", "orientation": "landscape", "coverPage": "# $REPORT_NAME$"}
    found = await ctx.run(export_bench_report_pdf, wishes)
    assert ctx.body_of(TASKS) == {
        "@type": "PrintReportTask",
        "benchReportId": "rep1",
        "config": {
            "@type": "ExportReportConfig",
            "orientation": "landscape",
            "pageFormat": "A4",
            "coverPage": "# $REPORT_NAME$",
        },
    }
    assert (found["taskId"], found["status"]) == ("t1", "PENDING")
    assert found["benchResultId"] == "res1"
    assert "get_task_result" in found["next"]
    assert found["url"].endswith("/analysis/report/rep1")


@pytest.mark.usefixtures("no_pauses")
async def test_a_client_that_knows_tasks_is_told_the_file(context: Any, report: Any) -> None:
    left = iter([None, PRINTED])
    answers = {REPORT: report, TASKS: "t1", RESULT: lambda _: next(left)}
    ctx = context(PLUGIN, answers, knows_tasks=True)
    found = await ctx.run(export_bench_report_pdf, {"benchReportId": "rep1"})
    assert (found["status"], found["filename"]) == ("SUCCESS", "Checkout.pdf")
    assert "download_bench_result_file" in found["next"]


@pytest.mark.usefixtures("no_pauses")
async def test_a_print_that_failed_says_why(context: Any, report: Any) -> None:
    failed = {"@type": "FailedTaskResult", "message": "Install Chromium."}
    ctx = context(PLUGIN, {REPORT: report, TASKS: "t1", RESULT: failed}, knows_tasks=True)
    found = await ctx.run(export_bench_report_pdf, {"benchReportId": "rep1"})
    assert (found["status"], found["message"]) == ("FAILED", "Install Chromium.")
    assert "next" not in found


async def test_a_report_that_is_not_there_or_empty_is_named(context: Any, report: Any) -> None:
    gone = NotFoundError("404", status=404)
    ctx = context(PLUGIN, {REPORT: gone, "GET /runtime/bench-results/rep1": gone})
    error = await ctx.refuse(export_bench_report_pdf, {"benchReportId": "rep1"})
    assert (error.code, error.details["field"]) == ("not_found", "benchReportId")
    assert error.next_step == "Take benchReportId from list_bench_reports_by_project."
    ctx = context(PLUGIN, {REPORT: {**report, "benchResultIds": []}})
    error = await ctx.refuse(export_bench_report_pdf, {"benchReportId": "rep1"})
    assert error.details["field"] == "benchReportId"


async def test_the_id_of_a_run_is_refused_by_the_name_of_the_argument(
    context: Any, report: Any
) -> None:
    gone = NotFoundError("404", status=404)
    answers = {
        REPORT: gone,
        "GET /runtime/bench-results/rep1": {"id": "rep1", "designProjectId": "p1"},
        "GET /analysis/bench-reports/by-project/p1": [
            {**report, "id": "rep2", "benchResultIds": ["rep1"]}
        ],
    }
    ctx = context(PLUGIN, answers)
    error = await ctx.refuse(export_bench_report_pdf, {"benchReportId": "rep1"})
    assert error.details["field"] == "benchReportId"
    assert error.details["didYouMean"] == "rep2"
