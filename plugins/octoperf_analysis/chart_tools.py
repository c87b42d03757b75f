"""Tools that read charts: lines, stacks, tops, pies."""

from collections.abc import Mapping
from typing import Any

from octoperf_analysis import items, rest
from octoperf_analysis.columns import title_of
from octoperf_analysis.curves import CurveFormat, MaxPoints, curve_of, curves_text, drawn
from octoperf_analysis.formats import Format, as_text
from octoperf_analysis.items import aligned, choose, metric_heads, page_of, values_of, window
from octoperf_analysis.names import names_for
from octoperf_analysis.payloads import (
    LineChartValues,
    MetricHead,
    Pie,
    PieValues,
    Series,
    Slice,
    StackedChartValues,
    StackedSeries,
    TopSeries,
    TopValues,
)
from octoperf_analysis.units import figure, unit_of
from octoperf_mcp import ToolContext, tool
from octoperf_mcp.errors import UnavailableError


@tool(title="Read a line chart of a report", read_only=True)
async def get_report_line_chart_values(
    ctx: ToolContext,
    *,
    report_id: str,
    item_id: str = "",
    from_: int | None = None,
    to: int | None = None,
    max_points: MaxPoints = 100,
    format_: CurveFormat = "json",
) -> LineChartValues:
    """Read the curves of a LineChartReportItem or PercentilesChartReportItem, one per metric.

    x is epoch ms, or the percentile; times are in ms. Beyond maxPoints each slice keeps its least
    and greatest value, so peaks stay; zoom in with from and to.

    Args:
        report_id: Report, from list_bench_reports_by_project or run_scenario.
        item_id: Item, from readWith of get_bench_report; absent: the first of its kind.
        from_: Start of a time window in epoch ms; absent is the start of the run.
        to: End of the window in epoch ms; absent is the end of the run.
        max_points: Most points per curve.
        format_: json answers {x, y} points, columns two shorter arrays, csv and markdown text.
    """
    query = window(from_, to)
    chosen = await choose(ctx, report_id, item_id, items.LINE)
    head, found = await values_of(ctx, chosen, rest.LINE, **query)
    curves = [
        (metric, drawn(curve, metric, max_points))
        for metric, curve in aligned(metric_heads(chosen), found)
    ]
    x_unit = "percentile" if chosen.item["@type"] == "PercentilesChartReportItem" else "epoch ms"
    return LineChartValues(
        item=head,
        x_unit=x_unit,
        downsampled=any(each.downsampled for _, each in curves),
        series=[
            Series(
                metric=metric.metric,
                unit=metric.unit,
                bench_result_id=metric.bench_result_id,
                filters=metric.filters,
                **curve_of(each, format_),
            )
            for metric, each in curves
        ],
        text=curves_text(format_, x_unit, [each for _, each in curves]),
        total=len(curves),
        url=await page_of(ctx, chosen.report),
    )


@tool(title="Read a top list of a report", read_only=True)
async def get_report_top_values(
    ctx: ToolContext,
    *,
    report_id: str,
    item_id: str = "",
    from_: int | None = None,
    to: int | None = None,
    max_points: MaxPoints = 20,
    format_: CurveFormat = "json",
) -> TopValues:
    """Read a TopReportItem: the actions with the greatest figures, the first first, with curves.

    Times are in ms. The first may be the root of a virtual user: a whole iteration with its
    pauses.

    Args:
        report_id: Report, from list_bench_reports_by_project or run_scenario.
        item_id: Item, from readWith of get_bench_report; absent: the first of its kind.
        from_: Start of a time window in epoch ms; absent is the start of the run.
        to: End of the window in epoch ms; absent is the end of the run.
        max_points: Most points per curve.
        format_: json answers {x, y} points, columns two shorter arrays, csv and markdown text.
    """
    query = window(from_, to)
    chosen = await choose(ctx, report_id, item_id, items.TOP)
    metric = _only_metric(metric_heads(chosen))
    head, found = await values_of(ctx, chosen, rest.TOP, **query)
    found = found or {}
    rows = [
        {"actionId": action_id, **(found.get("names") or {}).get(action_id, {})}
        for action_id in found.get("actionIds") or []
    ]
    names = await names_for(ctx, chosen.report["projectId"], rows)
    curves = [
        (row["actionId"], names.of(row), (found.get("curves") or {}).get(row["actionId"]) or [])
        for row in rows
    ]
    drawings = [
        (action_id, named, drawn(curve, metric, max_points, named["action_name"] or action_id))
        for action_id, named, curve in curves
    ]
    return TopValues(
        item=head,
        metric=metric.metric,
        unit=metric.unit,
        downsampled=any(each.downsampled for _, _, each in drawings),
        actions=[
            TopSeries(action_id=action_id, unit=metric.unit, **named, **curve_of(each, format_))
            for action_id, named, each in drawings
        ],
        text=curves_text(format_, "epoch ms", [each for _, _, each in drawings]),
        total=len(drawings),
        url=await page_of(ctx, chosen.report),
    )


@tool(title="Read a stacked chart of a report", read_only=True)
async def get_report_stacked_chart_values(
    ctx: ToolContext,
    *,
    report_id: str,
    item_id: str = "",
    max_points: MaxPoints = 50,
    format_: CurveFormat = "json",
) -> StackedChartValues:
    """Read a StackedChartReportItem: one curve per response code, method or media type.

    In mode PERCENT the figures are shares. Beyond maxPoints each slice keeps its least and
    greatest value.

    Args:
        report_id: Report, from list_bench_reports_by_project or run_scenario.
        item_id: Item, from readWith of get_bench_report; absent: the first of its kind.
        max_points: Most points per curve.
        format_: json answers {x, y} points, columns two shorter arrays, csv and markdown text.
    """
    chosen = await choose(ctx, report_id, item_id, items.STACKED)
    metric = _only_metric(metric_heads(chosen))
    head, found = await values_of(ctx, chosen, rest.STACKED)
    mode = chosen.item.get("mode") or "ABSOLUTE"
    unit = "%" if mode == "PERCENT" else metric.unit
    layers: dict[str, list[dict[str, Any]]] = {}
    for point in found:
        for label, value in point["values"].items():
            layers.setdefault(label, []).append({"x": point["x"], "y": value})
    drawings = {
        label: drawn(layers[label], metric, max_points, f"{label} ({unit})")
        for label in sorted(layers)
    }
    return StackedChartValues(
        item=head,
        metric=metric.metric,
        mode=mode,
        downsampled=any(each.downsampled for each in drawings.values()),
        series=[
            StackedSeries(label=label, unit=unit, **curve_of(each, format_))
            for label, each in drawings.items()
        ],
        text=curves_text(format_, "epoch ms", list(drawings.values())),
        total=len(drawings),
        url=await page_of(ctx, chosen.report),
    )


@tool(title="Read a pie of a report", read_only=True)
async def get_report_pie_values(
    ctx: ToolContext, report_id: str, item_id: str = "", format_: Format = "json"
) -> PieValues:
    """Read a PieChartReportItem: figures by response code, method or media type, with shares.

    Args:
        report_id: Report, from list_bench_reports_by_project or run_scenario.
        item_id: Item, from readWith of get_bench_report; absent: the first of its kind.
        format_: json answers pies; csv and markdown answer the slices as text.
    """
    chosen = await choose(ctx, report_id, item_id, items.PIE)
    head, found = await values_of(ctx, chosen, rest.PIE)
    pies = [_pie(metric, slices) for metric, slices in aligned(metric_heads(chosen), found)]
    return PieValues(
        item=head,
        pies=pies if format_ == "json" else None,
        text=None if format_ == "json" else _pies_as_text(format_, pies),
        total=len(pies),
        url=await page_of(ctx, chosen.report),
    )


def _pies_as_text(kind: str, pies: list[Pie]) -> str:
    rows = [
        (title_of(pie), each.label, each.value, each.percent) for pie in pies for each in pie.slices
    ]
    return as_text(kind, ["metric", "label", "value", "percent"], rows)


def _only_metric(metrics: list[MetricHead]) -> MetricHead:
    if len(metrics) != 1:
        raise UnavailableError(
            f"This item has {len(metrics)} metrics where it should have one.",
            next_step="get_bench_report shows the item.",
        )
    return metrics[0]


def _pie(metric: MetricHead, slices: Mapping[str, Any]) -> Pie:
    unit = unit_of(metric.metric)
    figures = {label: figure(value, unit) or 0.0 for label, value in slices.items()}
    whole = sum(figures.values())
    return Pie(
        metric=metric.metric,
        unit=metric.unit,
        bench_result_id=metric.bench_result_id,
        filters=metric.filters,
        whole=whole,
        slices=[
            Slice(
                label=label,
                value=value,
                unit=metric.unit,
                percent=round(100 * value / whole, 2) if whole else 0.0,
            )
            for label, value in sorted(figures.items(), key=lambda each: (-each[1], each[0]))
        ],
    )
