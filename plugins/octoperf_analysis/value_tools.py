"""Tools that read the figures of a report's items."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from octoperf_analysis import items, rest
from octoperf_analysis.formats import Cell, Format, as_text
from octoperf_analysis.items import aligned, choose, metric_heads, page_of, values_of, window
from octoperf_analysis.names import Names, names_for
from octoperf_analysis.payloads import (
    Figure,
    GraphPoint,
    LineChartValues,
    MetricHead,
    MetricValue,
    Series,
    SummaryValues,
    TableEntry,
    TableValues,
)
from octoperf_analysis.series import Point, downsample
from octoperf_analysis.units import figure, unit_of
from octoperf_mcp import Limit, ToolContext, tool
from octoperf_mcp import page_of as cut_into_pages

Window = int | None
MaxPoints = Annotated[int, Field(ge=4, le=5000)]
CurveFormat = Literal["points", "columns", "csv", "markdown"]


@tool(title="Read a summary of a report", read_only=True)
async def get_report_summary_values(
    ctx: ToolContext, report_id: str, item_id: str, from_: Window = None, to: Window = None
) -> SummaryValues:
    """Read the figures of a SummaryReportItem or BarChartReportItem, each with its unit.

    Times are in ms. While partial is true the run goes on and the figures still move.

    Args:
        report_id: Report, from list_bench_reports_by_project or run_scenario.
        item_id: Item of that report, from readWith of get_bench_report.
        from_: Start of a time window in epoch ms; absent is the start of the run.
        to: End of the window in epoch ms; absent is the end of the run.
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
    return SummaryValues(
        item=head, values=values, total=len(values), url=await page_of(ctx, chosen.report)
    )


@tool(title="Read a statistics table of a report", read_only=True)
async def get_report_table_values(
    ctx: ToolContext,
    *,
    report_id: str,
    item_id: str,
    format_: Format = "json",
    limit: Limit = 100,
    cursor: str = "",
) -> TableValues:
    """Read a StatisticTableReportItem: one row per action, figures in the order of columns.

    Times are in ms. A row whose id ends in .resources holds the embedded resources of a request.
    As csv it takes a third of the room.

    Args:
        report_id: Report, from list_bench_reports_by_project or run_scenario.
        item_id: Item of that report, from readWith of get_bench_report.
        format_: json answers entries; csv and markdown answer the rows as text.
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    chosen = await choose(ctx, report_id, item_id, items.TABLE)
    head, found = await values_of(ctx, chosen, rest.TABLE)
    names = await names_for(ctx, chosen.report["projectId"], found)
    columns = metric_heads(chosen)
    entries = [_entry(row, columns, names) for row in found]
    page = cut_into_pages(
        list(enumerate(entries)), key=lambda pair: (pair[0],), limit=limit, cursor=cursor
    )
    shown = [entry for _, entry in page.rows]
    return TableValues(
        item=head,
        compute_type=chosen.item.get("computeType") or "NORMAL",
        columns=columns,
        entries=shown if format_ == "json" else None,
        text=None if format_ == "json" else _table_text(format_, columns, shown),
        total=page.total,
        next_cursor=page.next_cursor,
        url=await page_of(ctx, chosen.report),
    )


@tool(title="Read a line chart of a report", read_only=True)
async def get_report_line_chart_values(
    ctx: ToolContext,
    *,
    report_id: str,
    item_id: str,
    from_: Window = None,
    to: Window = None,
    max_points: MaxPoints = 100,
    format_: CurveFormat = "points",
) -> LineChartValues:
    """Read the curves of a LineChartReportItem or PercentilesChartReportItem, one per metric.

    x is epoch ms, or the percentile; times are in ms. Beyond maxPoints each slice keeps its least
    and greatest value, so peaks stay; zoom in with from and to.

    Args:
        report_id: Report, from list_bench_reports_by_project or run_scenario.
        item_id: Item of that report, from readWith of get_bench_report.
        from_: Start of a time window in epoch ms; absent is the start of the run.
        to: End of the window in epoch ms; absent is the end of the run.
        max_points: Most points per curve.
        format_: points answers {x, y} objects, columns two shorter arrays, csv and
            markdown one table as text.
    """
    query = window(from_, to)
    chosen = await choose(ctx, report_id, item_id, items.LINE)
    head, found = await values_of(ctx, chosen, rest.LINE, **query)
    curves = [
        (metric, points, downsample(points, max_points))
        for metric, points in (
            (metric, _points(curve, metric.metric))
            for metric, curve in aligned(metric_heads(chosen), found)
        )
    ]
    series = [_series(metric, points, shown, format_) for metric, points, shown in curves]
    in_text = format_ in {"csv", "markdown"}
    x_unit = "percentile" if chosen.item["@type"] == "PercentilesChartReportItem" else "epoch ms"
    return LineChartValues(
        item=head,
        x_unit=x_unit,
        downsampled=any(len(shown) < len(points) for _, points, shown in curves),
        series=series,
        text=_curves_text(format_, x_unit, curves) if in_text else None,
        total=len(series),
        url=await page_of(ctx, chosen.report),
    )


def _entry(row: Mapping[str, Any], columns: Sequence[MetricHead], names: Names) -> TableEntry:
    return TableEntry(
        action_id=row["actionId"],
        values=[
            Figure(value=figure(value, unit_of(column.metric)), unit=column.unit)
            for column, value in aligned(columns, row["values"])
        ],
        **names.of(row),
    )


def _table_text(kind: str, columns: Sequence[MetricHead], entries: Sequence[TableEntry]) -> str:
    rows: list[list[Cell]] = [
        [
            entry.virtual_user_name,
            entry.action_name,
            entry.action_id,
            *(value.value for value in entry.values),
        ]
        for entry in entries
    ]
    return as_text(kind, ["virtualUser", "action", "actionId", *map(_title, columns)], rows)


def _points(curve: Sequence[Mapping[str, Any]], metric_id: str) -> list[Point]:
    unit = unit_of(metric_id)
    points = [(float(point["x"]), figure(point.get("y"), unit)) for point in curve]
    return sorted((x, y) for x, y in points if y is not None)


def _series(
    metric: MetricHead, points: Sequence[Point], shown: Sequence[Point], kind: str
) -> Series:
    least = min(points, key=lambda point: point[1], default=None)
    greatest = max(points, key=lambda point: point[1], default=None)
    return Series(
        metric=metric.metric,
        unit=metric.unit,
        bench_result_id=metric.bench_result_id,
        filters=metric.filters,
        source_points=len(points),
        least=_graph_point(least) if least else None,
        greatest=_graph_point(greatest) if greatest else None,
        points=[_graph_point(point) for point in shown] if kind == "points" else None,
        times=[x for x, _ in shown] if kind == "columns" else None,
        values=[y for _, y in shown] if kind == "columns" else None,
    )


def _graph_point(point: Point) -> GraphPoint:
    return GraphPoint(x=point[0], y=point[1])


def _curves_text(
    kind: str, x_unit: str, curves: Sequence[tuple[MetricHead, Sequence[Point], Sequence[Point]]]
) -> str:
    """One table over all positions; a curve without a point there leaves its cell empty."""
    columns = [dict(shown) for _, _, shown in curves]
    positions = sorted({x for column in columns for x in column})
    rows: list[list[Cell]] = [
        [position, *(column.get(position) for column in columns)] for position in positions
    ]
    return as_text(kind, [x_unit, *(_title(metric) for metric, _, _ in curves)], rows)


def _title(metric: MetricHead) -> str:
    more = [*(metric.filters or []), metric.bench_result_id or ""]
    scope = " ".join(part for part in more if part)
    return f"{metric.metric} ({metric.unit}){' ' + scope if scope else ''}"
