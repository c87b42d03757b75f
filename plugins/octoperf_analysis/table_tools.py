"""Tools that read figures in rows: summaries, tables, trees."""

from collections.abc import Mapping, Sequence
from typing import Any

from octoperf_analysis import items, rest
from octoperf_analysis.columns import figures_of, rows_as_text, title_of
from octoperf_analysis.formats import Format, as_text
from octoperf_analysis.items import aligned, choose, metric_heads, page_of, values_of, window
from octoperf_analysis.names import Names, names_for
from octoperf_analysis.payloads import (
    MetricHead,
    MetricValue,
    SummaryValues,
    TableEntry,
    TableValues,
    TreeEntry,
    TreeValues,
)
from octoperf_analysis.units import figure, unit_of
from octoperf_mcp import Limit, ToolContext, tool
from octoperf_mcp import page_of as cut_into_pages
from octoperf_mcp.entities.steps import split_step


@tool(title="Read a summary of a report", read_only=True)
async def get_report_summary_values(
    ctx: ToolContext,
    report_id: str,
    item_id: str = "",
    from_: int | None = None,
    to: int | None = None,
    *,
    format_: Format = "json",
) -> SummaryValues:
    """Read the figures of a SummaryReportItem or BarChartReportItem, each with its unit.

    Times are in ms. While partial is true the run goes on and the figures still move.

    Args:
        report_id: Report, from list_bench_reports_by_project or run_scenario.
        item_id: Item, from readWith of get_bench_report; absent: the first of its kind.
        from_: Start of a time window in epoch ms; absent is the start of the run.
        to: End of the window in epoch ms; absent is the end of the run.
        format_: json answers values; csv and markdown answer them as text.
    """
    query = window(from_, to)
    chosen = await choose(ctx, report_id, item_id, items.SUMMARY)
    head, found = await values_of(ctx, chosen, rest.SUMMARY, **query)
    values = [
        MetricValue(
            metric=metric.metric,
            unit=metric.unit,
            bench_result_id=metric.bench_result_id,
            filters=metric.filters,
            value=figure(value, unit_of(metric.metric)),
        )
        for metric, value in aligned(metric_heads(chosen), found)
    ]
    as_rows = [(title_of(each), each.value) for each in values]
    return SummaryValues(
        item=head,
        values=values if format_ == "json" else None,
        text=None if format_ == "json" else as_text(format_, ["metric", "value"], as_rows),
        total=len(values),
        url=await page_of(ctx, chosen.report),
    )


@tool(title="Read a statistics table of a report", read_only=True)
async def get_report_table_values(
    ctx: ToolContext,
    *,
    report_id: str,
    item_id: str = "",
    format_: Format = "json",
    limit: Limit = 100,
    cursor: str = "",
) -> TableValues:
    """Read a StatisticTableReportItem: one row per action, figures in the order of columns.

    Times are in ms. A row whose id ends in .resources holds the embedded resources of a request.
    As csv it takes a third of the room.

    Args:
        report_id: Report, from list_bench_reports_by_project or run_scenario.
        item_id: Item, from readWith of get_bench_report; absent: the first of its kind.
        format_: json answers entries; csv and markdown answer the rows as text.
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    chosen = await choose(ctx, report_id, item_id, items.TABLE)
    head, found = await values_of(ctx, chosen, rest.TABLE)
    names = await names_for(ctx, chosen.report["projectId"], found)
    columns = metric_heads(chosen)
    entries = [
        TableEntry(
            action_id=row["actionId"],
            values=figures_of(columns, row["values"]),
            **names.of(row),
        )
        for row in found
    ]
    page = cut_into_pages(
        list(enumerate(entries)), key=lambda pair: (pair[0],), limit=limit, cursor=cursor
    )
    shown = [entry for _, entry in page.rows]
    return TableValues(
        item=head,
        compute_type=chosen.item.get("computeType") or "NORMAL",
        columns=columns,
        entries=shown if format_ == "json" else None,
        text=None if format_ == "json" else rows_as_text(format_, columns, shown),
        total=page.total,
        next_cursor=page.next_cursor,
        url=await page_of(ctx, chosen.report),
    )


@tool(title="Read a statistics tree of a report", read_only=True)
async def get_report_tree_values(
    ctx: ToolContext,
    *,
    report_id: str,
    item_id: str = "",
    format_: Format = "json",
    limit: Limit = 100,
    cursor: str = "",
) -> TreeValues:
    """Read a StatisticTreeReportItem: one row per virtual user and action.

    Times are in ms. A row with stepType is a part of a browser script: steps overlap, so never
    add them up; the row without it is the whole iteration.

    Args:
        report_id: Report, from list_bench_reports_by_project or run_scenario.
        item_id: Item, from readWith of get_bench_report; absent: the first of its kind.
        format_: json answers entries; csv and markdown answer the rows as text.
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    chosen = await choose(ctx, report_id, item_id, items.TREE)
    head, found = await values_of(ctx, chosen, rest.TREE)
    bare = [{**row, "actionId": split_step(row["actionId"])[0]} for row in found]
    names = await names_for(ctx, chosen.report["projectId"], bare)
    columns = metric_heads(chosen)
    entries = [_tree_entry(row, columns, names) for row in found]
    page = cut_into_pages(
        list(enumerate(entries)), key=lambda pair: (pair[0],), limit=limit, cursor=cursor
    )
    shown = [entry for _, entry in page.rows]
    return TreeValues(
        item=head,
        columns=columns,
        entries=shown if format_ == "json" else None,
        text=None if format_ == "json" else rows_as_text(format_, columns, shown),
        total=page.total,
        next_cursor=page.next_cursor,
        url=await page_of(ctx, chosen.report),
    )


def _tree_entry(row: Mapping[str, Any], columns: Sequence[MetricHead], names: Names) -> TreeEntry:
    action_id, label, kind = split_step(row["actionId"])
    named = names.of({**row, "actionId": action_id})
    if label:
        named["action_name"] = " / ".join(part for part in (named["action_name"], label) if part)
    return TreeEntry(
        virtual_user_id=row.get("virtualUserId") or "",
        action_id=action_id,
        step_type=kind,
        values=figures_of(columns, row["values"]),
        **named,
    )
