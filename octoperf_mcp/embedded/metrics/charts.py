"""Values of report items that are curves: line, percentiles, stacked."""

from collections.abc import Sequence
from typing import Any

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.metrics import gauges
from octoperf_mcp.embedded.metrics.histogram import percentiles
from octoperf_mcp.embedded.metrics.items import (
    Asked,
    Item,
    require_categories,
    require_one_metric,
    require_single_valued,
)
from octoperf_mcp.embedded.metrics.metric_ids import (
    CATEGORIES,
    CURVES,
    METRICS,
    PER_SECOND_CURVES,
    US_PER_WIRE_UNIT,
    USERLOAD,
)
from octoperf_mcp.embedded.metrics.reading import Limits, RunView
from octoperf_mcp.embedded.metrics.values import Point, Views, figures, label

PERCENTS = range(101)
"""The x of a percentiles chart."""
_BASE_FIGURES = ("AVG", "MIN", "MAX", "STD", "VAR")


async def line(views: Views, item: Item, limits: Limits) -> list[list[Point]]:
    """One curve per metric, x in epoch milliseconds (a percentiles chart: 0 to 100).

    Totals and rates are 0 where nothing happened; averages have no point there.
    """
    require_single_valued(item)
    if item.type == "PercentilesChartReportItem":
        return [await _percentiles(views[e.bench_result_id], e, limits) for e in item.metrics]
    curves: list[list[Point]] = [[] for _ in item.metrics]
    for run_id, view in views.items():
        mine = [n for n, asked in enumerate(item.metrics) if asked.bench_result_id == run_id]
        sampled = [n for n in mine if item.metrics[n].metric_id in METRICS]
        found = await _curves(view, [item.metrics[n] for n in sampled], limits)
        for n, curve in zip(sampled, found, strict=True):
            curves[n] = _points(curve)
        for n in set(mine).difference(sampled):
            curves[n] = _points(await _gauge(view, item.metrics[n], limits))
    return curves


async def _curves(
    view: RunView, asked: Sequence[Asked], limits: Limits, interval: int | None = None
) -> list[gauges.Curve]:
    """Metrics of one run, computed from samples."""
    window = view.window(limits)
    interval = interval or window.interval
    curves = []
    for each, found in zip(
        asked, await figures(view, asked, limits, interval=interval), strict=True
    ):
        values = {start: value for (start, _), value in sorted(found.items()) if start is not None}
        at_rest = METRICS[each.metric_id].at_rest
        if at_rest is not None:
            values = {start: values.get(start, at_rest) for start in window.starts(interval)}
        curves.append(values)
    return curves


async def _gauge(
    view: RunView, asked: Asked, limits: Limits, interval: int | None = None
) -> gauges.Curve:
    if asked.metric_id == USERLOAD:
        return await gauges.user_load(view, asked.selection, limits, interval)
    return await gauges.monitoring(view, asked.selection, limits)


async def curve_of(view: RunView, asked: Asked, limits: Limits, interval: int) -> gauges.Curve:
    """One metric of one run by epoch second in which the interval begins."""
    if asked.metric_id in METRICS:
        return (await _curves(view, [asked], limits, interval))[0]
    return await _gauge(view, asked, limits, interval)


def _points(curve: gauges.Curve) -> list[Point]:
    return [{"x": start * 1000, "y": value} for start, value in curve.items()]


async def _percentiles(view: RunView, asked: Asked, limits: Limits) -> list[Point]:
    """The value that each per cent of the samples (or of the seconds) does not exceed."""
    if asked.metric_id in PER_SECOND_CURVES:
        (curve,) = await _curves(view, [asked], limits, interval=1)
        seconds = sorted(curve.values())
        return [{"x": percent, "y": _ranked(seconds, percent)} for percent in PERCENTS if seconds]
    measure = _measure(asked.metric_id)
    column = f"{measure}_hist"
    groups = await view.stats(
        view.select(asked.selection),
        view.window(limits),
        (f"{measure}_min", f"{measure}_max"),
        (column,),
    )
    stats = groups.get((None, None))
    if stats is None:
        return []
    low, high = stats[f"{measure}_min"], stats[f"{measure}_max"]
    values = percentiles(stats.histograms[column], PERCENTS)
    bounded = [low, *(min(max(value, low), high) for value in values[1:-1]), high]
    return [
        {"x": percent, "y": value / US_PER_WIRE_UNIT}
        for percent, value in zip(PERCENTS, bounded, strict=True)
    ]


def _measure(metric_id: str) -> str:
    family, _, figure = metric_id.rpartition("_")
    if family in CURVES and figure in _BASE_FIGURES:
        return CURVES[family]
    allowed = [f"{family}_AVG" for family in CURVES]
    raise Invalid(
        f"A percentiles chart draws {', '.join((*allowed, *PER_SECOND_CURVES))}, not {metric_id}."
    )


def _ranked(ordered: list[float], percent: int) -> float:
    """Nearest rank in sorted values."""
    rank = -(-percent * len(ordered) // 100)
    return ordered[max(1, rank) - 1]


async def stacked(views: Views, item: Item, limits: Limits) -> list[dict[str, Any]]:
    """MapGraphPoint rows: x in epoch milliseconds, and a value for each label there ever is."""
    asked = require_one_metric(item)
    require_categories(item)
    mode = item.body.get("mode") or "ABSOLUTE"
    if mode not in {"ABSOLUTE", "PERCENT"}:
        raise Invalid(f"mode is ABSOLUTE or PERCENT, not {mode!r}.")
    view, category = views[asked.bench_result_id], CATEGORIES[asked.metric_id]
    window = view.window(limits)
    groups = await view.stats(
        view.select(asked.selection),
        window,
        (category.number,),
        interval=window.interval,
        key=lambda series: label(getattr(series, category.dimension)),
    )
    names = sorted({str(name) for _, name in groups})
    points: dict[int, dict[str, float]] = {
        start: dict.fromkeys(names, 0.0) for start in window.starts(window.interval)
    }
    for (start, name), stats in groups.items():
        points[start or 0][str(name)] = stats[category.number]
    return [
        {"x": start * 1000, "values": _shares(values) if mode == "PERCENT" else values}
        for start, values in points.items()
    ]


def _shares(values: dict[str, float]) -> dict[str, float]:
    whole = sum(values.values())
    return {name: 100 * value / whole if whole else 0.0 for name, value in values.items()}
