"""Report items that a page shows as pictures: curves, stacks, rings, bars."""

from collections.abc import Mapping, Sequence

from octoperf_mcp.embedded.metrics import alarms, charts, values
from octoperf_mcp.embedded.metrics.area_range import area_range
from octoperf_mcp.embedded.metrics.items import Asked, Item
from octoperf_mcp.embedded.ui.chart_data import Curves
from octoperf_mcp.embedded.ui.drawn import (
    Chart,
    Drawn,
    Source,
    Tile,
    action_of,
    legend_of,
    name_of,
    scale,
    shown,
    why_empty,
)
from octoperf_mcp.embedded.ui.item_lists import alarm_table
from octoperf_mcp.embedded.ui.rendering import figure
from octoperf_mcp.embedded.ui.svg import Point, Series, line_chart, pie
from octoperf_mcp.embedded.ui.svg_areas import bar_chart, range_chart, stacked_chart

_SEVERITIES = ("CRITICAL", "WARNING")


async def summary(drawn: Drawn, source: Source) -> None:
    """Tiles."""
    found = await values.summary(source.views, source.item, source.limits)
    drawn.tiles = [
        Tile(name_with_run(asked, source.item), shown(asked, value))
        for asked, value in zip(source.item.metrics, found, strict=True)
    ]


async def bars(drawn: Drawn, source: Source) -> None:
    """One bar a metric."""
    found = await values.summary(source.views, source.item, source.limits)
    lines = [
        (name_with_run(asked, source.item), value, scale(asked)[1], shown(asked, value))
        for asked, value in zip(source.item.metrics, found, strict=True)
    ]
    said = ", ".join(f"{name} {written}" for name, _, _, written in lines)
    _put(drawn, source, Chart(bar_chart(lines, title=f"{drawn.title}: {said}")))


async def line(drawn: Drawn, source: Source) -> None:
    """Curves over time, or over per cents."""
    found = await charts.line(source.views, source.item, source.limits)
    series = [
        _scaled(name_with_run(asked, source.item), asked, points)
        for asked, points in zip(source.item.metrics, found, strict=True)
    ]
    times = source.item.type != "PercentilesChartReportItem"
    _put(drawn, source, curve_chart(drawn.title, Curves("line", series, times=times)))
    units = list(dict.fromkeys(curve.unit for curve in series if curve.points))
    if len(units) > 2:  # noqa: PLR2004 - the picture has two axes
        drawn.text = (
            f"The axes are those of {units[0]} and {units[1]}; curves in other units reach from "
            "nothing to their own greatest value."
        )


async def top(drawn: Drawn, source: Source) -> None:
    """A curve for each of the first actions, in their order."""
    found = await values.top(source.views, source.item, source.limits)
    asked = source.item.metrics[0]
    series = []
    for action_id in found["actionIds"]:
        label = action_of({"actionId": action_id, **source.view.labels.names(action_id)})
        series.append(_scaled(label, asked, found["curves"][action_id]))
    _put(drawn, source, curve_chart(drawn.title, Curves("line", series)))


async def pies(drawn: Drawn, source: Source) -> None:
    """A ring for each metric."""
    found = await values.pie(source.views, source.item, source.limits)
    for asked, counts in zip(source.item.metrics, found, strict=True):
        shares = sorted(counts.items(), key=lambda share: -share[1])
        whole = sum(counts.values()) or 1
        legend = [f"{name}: {value:,} ({100 * value / whole:.1f} %)" for name, value in shares]
        title = f"{name_with_run(asked, source.item)}: {', '.join(legend)}"
        ring = pie([(name, float(value)) for name, value in shares], title=title)
        if ring:
            drawn.charts.append(Chart(ring, legend, split=True))
    if not drawn.charts:
        drawn.text = why_empty(source)


async def stacked(drawn: Drawn, source: Source) -> None:
    """Areas on top of each other."""
    found = await charts.stacked(source.views, source.item, source.limits)
    percent = source.item.body.get("mode") == "PERCENT"
    unit = "%" if percent else scale(source.item.metrics[0])[1]
    names = list(found[0]["values"]) if found else []
    series = [
        Series(name, unit, [(point["x"], point["values"][name]) for point in found])
        for name in names
    ]
    curves = Curves("stacked", series)
    picture = stacked_chart(series, title=f"{drawn.title}. {curves.described()}")
    _put(drawn, source, Chart(picture, [legend_of(each) for each in series], curves=curves))


async def ranges(drawn: Drawn, source: Source) -> None:
    """A curve, its reference, and the area between them."""
    found = await area_range(source.views, source.item, source.limits)
    first = source.item.metrics[0]
    factor, unit = scale(first)
    if source.item.body.get("rangeType") == "PERCENTAGE":
        factor, unit = 1.0, "%"
    curve, reference = (
        Series(name, unit, [(point["x"], point["y"] * factor) for point in found[part]])
        for name, part in ((name_of(first), "curve"), ("Reference", "reference"))
    )
    curves = Curves("range", [curve, reference])
    picture = range_chart(curve, reference, title=f"{drawn.title}. {curves.described()}")
    legend = [legend_of(each) for each in (curve, reference)]
    _put(drawn, source, Chart(picture, legend, curves=curves))
    if picture:
        drawn.text = f"Distance to the reference: {figure(found['rmse'] * factor, unit)}."


async def monitoring_alarms(drawn: Drawn, source: Source) -> None:
    """How many alarms of each severity, and each of them."""
    found = await alarms.threshold_alarms(source.view, source.limits)
    if found:
        counts = {
            severity: sum(row["severity"] == severity for row in found) for severity in _SEVERITIES
        }
        lines = [(each.capitalize(), float(n), "", str(n)) for each, n in counts.items()]
        said = ", ".join(f"{n} {each.lower()}" for each, n in counts.items())
        drawn.charts.append(Chart(bar_chart(lines, title=f"{drawn.title}: {said}")))
    columns, rows, empty = alarm_table(found)
    drawn.columns, drawn.empty, drawn.words = columns, empty, True
    drawn.rows = rows[: source.most]


def name_with_run(asked: Asked, item: Item) -> str:
    """Where an item shows several runs: which of them, the reference of a trend being the first."""
    runs = list(dict.fromkeys([item.reference_id, *item.bench_result_ids]))
    if len(runs) == 1:
        return name_of(asked)
    number = runs.index(asked.bench_result_id)
    return f"{name_of(asked)}, {f'run {number}' if number else 'reference'}"


def _scaled(name: str, asked: Asked, points: Sequence[Mapping[str, float]]) -> Series:
    factor, unit = scale(asked)
    curve: list[Point] = [(point["x"], point["y"] * factor) for point in points]
    return Series(name, unit, curve)


def curve_chart(title: str, curves: Curves) -> Chart:
    """Curves with their legend, read out in words."""
    label = f"{title}. {curves.described()}"
    picture = line_chart(curves.series, title=label, times=curves.times)
    return Chart(picture, [legend_of(each) for each in curves.series], curves=curves)


def _put(drawn: Drawn, source: Source, chart: Chart) -> None:
    """The picture, or why there is none."""
    if chart.picture:
        drawn.charts.append(chart)
    else:
        drawn.text = why_empty(source)
