"""The tool that makes a PDF of a report."""

from typing import Literal

from octoperf_analysis import rest
from octoperf_analysis.items import page_of, read_report
from octoperf_analysis.payloads import StartedExport
from octoperf_mcp import ToolContext, follow, message_of, status_of, tool, watch_task
from octoperf_mcp.errors import InvalidArgumentError

_POLL = "Call get_task_result with taskId and waitSec; it usually takes 10 to 60 s."
_FETCH = "download_bench_result_file with benchResultId and result.filename gives an address."


@tool(
    title="Export a report as PDF",
    open_world=True,
    parameter_aliases={"reportId": "benchReportId"},
)
async def export_bench_report_pdf(
    ctx: ToolContext,
    bench_report_id: str,
    *,
    orientation: Literal["portrait", "landscape"] = "portrait",
    page_format: Literal["A3", "A4", "A5", "Letter", "Legal"] = "A4",
    cover_page: str = "",
) -> StartedExport:
    """Start printing a report as PDF, to hand it on; for reading, the value tools are better.

    The file is attached to the report's first run, over an earlier export of that name; a run that
    is not over gives partial values. Then call get_task_result until it is over.

    Args:
        bench_report_id: Id from list_bench_reports_by_project or run_scenario.
        orientation: Of the pages.
        page_format: Paper.
        cover_page: Markdown of a first page; $REPORT_NAME$, $REPORT_DATE$, $REPORT_DESCRIPTION$
            and $COMPANY_NAME$ are replaced.
    """
    report = await read_report(ctx, bench_report_id, argument="benchReportId")
    runs = report.get("benchResultIds") or []
    if not runs:
        raise InvalidArgumentError(
            "The report shows no run, so there is none to attach a PDF to.",
            field="benchReportId",
            got=bench_report_id,
            next_step="list_bench_reports_by_project lists reports with their benchResultIds.",
        )
    config = {
        "@type": "ExportReportConfig",
        "orientation": orientation,
        "pageFormat": page_format,
        "coverPage": cover_page,
    }
    task = {"@type": "PrintReportTask", "benchReportId": report["id"], "config": config}
    task_id = str(await ctx.rest(rest.SUBMIT_TASK, body=task)).strip().strip('"')
    ended = None
    if ctx.become_task("The report is being printed."):
        ended = await follow(ctx, watch_task(ctx, task_id))
    status = status_of(ended)
    return StartedExport(
        bench_report_id=report["id"],
        bench_result_id=runs[0],
        task_id=task_id,
        status=status,
        message=message_of(ended) if ended else None,
        filename=ended.get("filename") if ended else None,
        next={"PENDING": _POLL, "SUCCESS": _FETCH}.get(status),
        url=await page_of(ctx, report),
    )
