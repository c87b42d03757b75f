"""Tools that make trend reports: one run as the reference, and others found by a selector."""

from typing import Annotated, Any, Literal

from pydantic import Field

from octoperf_analysis import rest
from octoperf_analysis.items import page_of
from octoperf_analysis.payloads import TrendReport
from octoperf_analysis.report_edits import REPORT, ReportName
from octoperf_mcp import ToolContext, edit_document, known_id, listing, tool
from octoperf_mcp.errors import InvalidArgumentError

_SHOWN = 20

MatchType = Literal[
    "EQUALS",
    "CONTAINS",
    "STARTS_WITH",
    "ENDS_WITH",
    "EQUALS_IGNORECASE",
    "CONTAINS_IGNORECASE",
    "STARTS_WITH_IGNORECASE",
    "ENDS_WITH_IGNORECASE",
]


@tool(title="Create a trend report by tags")
async def create_trend_report_by_tags(
    ctx: ToolContext,
    bench_result_id: str,
    tags: Annotated[list[str], Field(min_length=1)],
    name: ReportName | None = None,
) -> TrendReport:
    """Create a report that compares a reference run with the runs that carry all these tags.

    Matching runs are found again each time it is read, at most 25.

    Args:
        bench_result_id: Reference run, from list_bench_reports_by_project or run_scenario.
        tags: Tags that a run must have.
        name: Name of the report.
    """
    selector = {"@type": "TrendReportTagsSelector", "tags": tags}
    return await _create(ctx, bench_result_id, selector, name)


@tool(title="Create a trend report by name")
async def create_trend_report_by_name(
    ctx: ToolContext,
    bench_result_id: str,
    search: Annotated[str, Field(min_length=1)],
    match_type: MatchType = "EQUALS",
    name: ReportName | None = None,
) -> TrendReport:
    """Create a report that compares a reference run with the runs of scenarios of a name.

    Matching runs are found again each time it is read, at most 25.

    Args:
        bench_result_id: Reference run, from list_bench_reports_by_project or run_scenario.
        search: Text to compare with the scenario's name.
        match_type: How to compare.
        name: Name of the report.
    """
    selector = {"@type": "TrendReportNameSelector", "search": search, "matchType": match_type}
    return await _create(ctx, bench_result_id, selector, name)


@tool(title="Create a trend report by creation date")
async def create_trend_report_by_creation_date(
    ctx: ToolContext,
    bench_result_id: str,
    from_ms: int | None = None,
    to_ms: int | None = None,
    name: ReportName | None = None,
) -> TrendReport:
    """Create a report that compares a reference run with the runs created within a time.

    Without toMs, later runs join by themselves. At most 25 are shown.

    Args:
        bench_result_id: Reference run, from list_bench_reports_by_project or run_scenario.
        from_ms: Earliest creation, epoch ms; absent is any.
        to_ms: Latest creation, epoch ms; absent is any.
        name: Name of the report.
    """
    if from_ms is not None and to_ms is not None and to_ms < from_ms:
        raise InvalidArgumentError(
            "toMs lies before fromMs.",
            field="toMs",
            got=to_ms,
            next_step="Send a toMs from fromMs on, or leave one out.",
        )
    selector = {"@type": "TrendReportCreationDateSelector", "from": from_ms, "to": to_ms}
    return await _create(ctx, bench_result_id, selector, name)


async def _create(
    ctx: ToolContext, bench_result_id: str, selector: dict[str, Any], name: str | None
) -> TrendReport:
    config = {"@type": "TrendReportConfig", "selectors": [selector], "shownResults": _SHOWN}
    with known_id("benchResultId", bench_result_id, listed_by="list_bench_reports_by_project"):
        report = await ctx.rest(rest.CREATE_TREND, bench_result_id=bench_result_id, body=config)
    if name is not None and name != report.get("name"):

        async def rename(document: dict[str, Any]) -> dict[str, Any]:
            return {**document, "name": name}

        report = (await edit_document(ctx, REPORT, report["id"], rename)).after
    compared = [
        metric.get("benchResultId")
        for item in report.get("items") or []
        for metric in item.get("metrics") or []
    ]
    return listing(
        TrendReport,
        report,
        url=await page_of(ctx, report),
        bench_result_ids=list(report.get("benchResultIds") or []),
        compared_with=sorted({run for run in compared if run and run != bench_result_id}),
        next=f"get_bench_report with reportId {report['id']} lists the values to read.",
    )
