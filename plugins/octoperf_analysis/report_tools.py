"""Tools that find and read reports."""

from typing import Literal

from octoperf_analysis import links, rest
from octoperf_analysis.items import page_of, read_report, tool_of
from octoperf_analysis.outlines import LEFT_OUT, outlined
from octoperf_analysis.payloads import ReadableItem, Report, ReportList, ReportRow
from octoperf_mcp import Limit, ToolContext, known_id, listing, tool
from octoperf_mcp import page_of as cut_into_pages


@tool(title="List reports", read_only=True)
async def list_bench_reports_by_project(
    ctx: ToolContext,
    *,
    project_id: str,
    name_contains: str = "",
    bench_result_id: str = "",
    limit: Limit = 50,
    cursor: str = "",
) -> ReportList:
    """List the reports of one project, the newest first: the way from a run to its report.

    A run that failed before its first request may have none. Next: get_bench_report.

    Args:
        project_id: Id from list_projects_by_workspace.
        name_contains: Keep reports whose name contains this text, whatever the case.
        bench_result_id: Keep reports that show this run.
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    with known_id("projectId", project_id, listed_by="list_projects_by_workspace"):
        workspace_id = await ctx.workspace_of(project_id)
        found = await ctx.rest(rest.LIST_REPORTS, project_id=project_id) or []
    place = {"workspace_id": workspace_id, "project_id": project_id}
    wanted = name_contains.casefold()
    rows = [
        listing(
            ReportRow,
            report,
            url=ctx.link(links.REPORT, report_id=report["id"], **place),
            bench_result_ids=list(report.get("benchResultIds") or []),
        )
        for report in found
        if wanted in (report.get("name") or "").casefold()
        and bench_result_id in ("", *(report.get("benchResultIds") or []))
    ]
    page = cut_into_pages(
        rows, key=lambda row: (-(row.created or 0), row.id), limit=limit, cursor=cursor
    )
    return ReportList(
        bench_reports=page.rows,
        total=page.total,
        next_cursor=page.next_cursor,
        url=ctx.link(links.REPORTS, **place),
    )


@tool(title="Get a report", read_only=True, parameter_aliases={"benchReportId": "reportId"})
async def get_bench_report(
    ctx: ToolContext, report_id: str, view: Literal["outline", "full"] = "outline"
) -> Report:
    """Read a report: items, metrics, configs, and which tool reads each item's values.

    readWith lists the tool for each itemId; pass it the same reportId.

    Args:
        report_id: Id from list_bench_reports_by_project or run_scenario.
        view: outline leaves out what is empty or usual in items; full has all, for a patch.
    """
    report = await read_report(ctx, report_id)
    items, whole = report.get("items") or [], view == "full"
    return listing(
        Report,
        report,
        url=await page_of(ctx, report),
        project_id=report["projectId"],
        bench_result_ids=list(report.get("benchResultIds") or []),
        read_with=[
            ReadableItem(
                item_id=item["id"],
                type=item["@type"],
                name=item.get("name") or "",
                tool=tool_of(item["@type"]),
            )
            for item in items
        ],
        items=items if whole else outlined(report),
        configs=report.get("configs") or [],
        time_range=report.get("timeRange"),
        type=report.get("type"),
        left_out=LEFT_OUT if items and not whole else None,
    )
