"""The tool that reads a curve held against a reference."""

from collections.abc import Mapping
from typing import Any

from octoperf_analysis import items, rest
from octoperf_analysis.curves import CurveFormat, MaxPoints, curve_of, curves_text, drawn
from octoperf_analysis.items import choose, metric_heads, page_of, values_of
from octoperf_analysis.payloads import AreaRangeValues, MetricHead, Series
from octoperf_analysis.units import PERCENT, figure, unit_of
from octoperf_mcp import ToolContext, tool
from octoperf_mcp.errors import UnavailableError

_METRICS = 2


@tool(title="Read an area range of a report", read_only=True)
async def get_report_area_range_values(
    ctx: ToolContext,
    *,
    report_id: str,
    item_id: str = "",
    max_points: MaxPoints = 50,
    format_: CurveFormat = "json",
) -> AreaRangeValues:
    """Read an AreaRangeChartReportItem: a curve, its reference, and rmse, how far they are apart.

    In range type PERCENTAGE all are per cent of the reference. rmse equals the value of the
    insight that links to it.

    Args:
        report_id: Report, from list_bench_reports_by_project.
        item_id: Item, or inspect of get_report_insights; absent: the first of its kind.
        max_points: Most points per curve.
        format_: json answers {x, y} points, columns two shorter arrays, csv and markdown text.
    """
    chosen = await choose(ctx, report_id, item_id, items.AREA_RANGE)
    head, found = await values_of(ctx, chosen, rest.AREA_RANGE)
    found = found or {}
    heads = metric_heads(chosen)
    if len(heads) != _METRICS:
        raise UnavailableError(
            f"The item has {len(heads)} metrics; an area range has two.",
            next_step="Correct the item with patch_bench_report.",
        )
    range_type = chosen.item.get("rangeType") or "RAW"
    unit = PERCENT if range_type == "PERCENTAGE" else unit_of(heads[0].metric)
    drawings = [
        drawn(found.get(name) or [], head_of, max_points, f"{name}: {head_of.metric}", unit)
        for name, head_of in zip(("curve", "reference"), heads, strict=True)
    ]
    curve, reference = (
        _series(head_of, unit.name, curve_of(drawing, format_))
        for head_of, drawing in zip(heads, drawings, strict=True)
    )
    return AreaRangeValues(
        item=head,
        reference_type=chosen.item.get("referenceType") or "SUMMARY",
        range_type=range_type,
        unit=unit.name,
        rmse=figure(found.get("rmse"), unit) or 0.0,
        downsampled=any(drawing.downsampled for drawing in drawings),
        curve=curve,
        reference=reference,
        text=curves_text(format_, "epoch ms", drawings),
        url=await page_of(ctx, chosen.report),
    )


def _series(head: MetricHead, unit: str, members: Mapping[str, Any]) -> Series:
    return Series(
        metric=head.metric,
        unit=unit,
        bench_result_id=head.bench_result_id,
        filters=head.filters,
        **members,
    )
