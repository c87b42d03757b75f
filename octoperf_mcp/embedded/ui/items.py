"""Report items as a page shows them: tiles, curves, rings and tables of the measured values."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from octoperf_mcp.embedded.failures import Failure
from octoperf_mcp.embedded.metrics import bench_errors, charts, gauges, values
from octoperf_mcp.embedded.metrics.area_range import area_range
from octoperf_mcp.embedded.metrics.items import ROUTES, Asked, Item, apdex_of, filters_of, item_of
from octoperf_mcp.embedded.metrics.reading import Limits, RunView
from octoperf_mcp.embedded.ui import item_lists
from octoperf_mcp.embedded.ui.drawn import (
    Drawn,
    Source,
    Tile,
    action_of,
    legend_of,
    name_of,
    scale,
    shown,
    tabulate,
)
from octoperf_mcp.embedded.ui.item_lists import Reader, Rows
from octoperf_mcp.embedded.ui.rendering import figure, when
from octoperf_mcp.embedded.ui.svg import Point, Series, line_chart, pie

MOST_ROWS: Final[Mapping[str, int]] = {
    "StatisticTableReportItem": 50,
    "StatisticTreeReportItem": 50,
    "ErrorsReportItem": 20,
    "ThresholdAlarmReportItem": 20,
    "TextualMonitorReportItem": 20,
}
"""Most rows of a table on a page; on paper another table holds."""
_MOST_OTHER_ROWS = 50

Draw = Callable[[Drawn, Source], Awaitable[None]]


async def draw_all(
    reader: Reader, report: Mapping[str, Any], most_rows: Mapping[str, int] = MOST_ROWS
) -> list[Drawn]:
    """All items of a report; one that cannot be read says why in its place."""
    return [await _drawn(reader, body, report, most_rows) for body in report.get("items") or ()]


async def _drawn(
    reader: Reader,
    body: Mapping[str, Any],
    report: Mapping[str, Any],
    most_rows: Mapping[str, int],
) -> Drawn:
    try:
        return await draw(reader, body, report, most_rows)
    except Failure as failure:
        return Drawn(str(body.get("id", "")), str(body.get("name", "")), text=failure.message)


async def draw(
    reader: Reader,
    body: Mapping[str, Any],
    report: Mapping[str, Any],
    most_rows: Mapping[str, int] = MOST_ROWS,
) -> Drawn:
    """Read an item's values as the REST API answers them to the reader, and draw them.

    Args:
        reader: Who sees it.
        body: The item.
        report: Its report, whose window and Apdex thresholds hold.
        most_rows: Most rows of a table, by type of item.

    Raises:
        Failure: the item cannot be read, or not by this reader.
    """
    drawn = Drawn(str(body.get("id", "")), str(body.get("name", "")))
    kind = str(body.get("@type", ""))
    most = most_rows.get(kind, _MOST_OTHER_ROWS)
    if kind == "TextReportItem":
        drawn.text = str(body.get("description", ""))
    elif kind == "SynopsisReportItem":
        run_id = str(body.get("benchResultId") or _first_run(report))
        _list(drawn, await item_lists.synopsis_rows(reader, run_id), most)
    elif kind == "TrendConfigReportItem":
        _list(drawn, await item_lists.trend_rows(reader, report), most)
    elif kind in _GENERATORS:
        run_id = str(body.get("benchResultId") or _first_run(report))
        await reader.get("bench_result", run_id)
        async with reader.platform.metrics.views([run_id]) as views:
            _list(drawn, await _generators(views[run_id]), most)
    elif kind in _DRAWN_BY:
        item = _with_apdex(item_of(dict(body), _route_of(kind)), report)
        for run_id in item.bench_result_ids:
            await reader.get("bench_result", run_id)
        async with reader.platform.metrics.views(item.bench_result_ids) as views:
            await _DRAWN_BY[kind](drawn, Source(views, item, _limits_of(report), most))
    else:
        drawn.text = f"An item of the type {kind} has no picture here."
    return drawn


def _route_of(kind: str) -> str:
    return next(path for path, types in ROUTES.items() if kind in types)


def _first_run(report: Mapping[str, Any]) -> str:
    return next(iter(report.get("benchResultIds") or ()), "")


def _limits_of(report: Mapping[str, Any]) -> Limits:
    part = report.get("timeRange") or {}
    return Limits(part.get("from"), part.get("to"))


def _with_apdex(item: Item, report: Mapping[str, Any]) -> Item:
    apdex = apdex_of(report.get("configs") or ())
    metrics = [replace(asked, apdex=asked.apdex or apdex) for asked in item.metrics]
    return replace(item, metrics=metrics)


def _list(drawn: Drawn, rows: Rows, most: int) -> None:
    tabulate(drawn, rows[0], rows[1], most=most, empty=rows[2])


def _listed(read: Callable[[RunView, Item, Limits], Awaitable[Rows]]) -> Draw:
    async def draw_list(drawn: Drawn, source: Source) -> None:
        _list(drawn, await read(source.view, source.item, source.limits), source.most)

    return draw_list


async def _summary(drawn: Drawn, source: Source) -> None:
    found = await values.summary(source.views, source.item, source.limits)
    drawn.tiles = [
        Tile(_name_with_run(asked, source.item), shown(asked, value))
        for asked, value in zip(source.item.metrics, found, strict=True)
    ]


async def _line(drawn: Drawn, source: Source) -> None:
    found = await charts.line(source.views, source.item, source.limits)
    times = source.item.type != "PercentilesChartReportItem"
    series = []
    for asked, points in zip(source.item.metrics, found, strict=True):
        factor, unit = scale(asked)
        curve: list[Point] = [(point["x"], point["y"] * factor) for point in points]
        series.append(Series(name_of(asked), unit, curve))
    drawn.chart = line_chart(series, title=drawn.title, times=times)
    drawn.legend = [legend_of(curve) for curve in series if curve.points]
    if len({curve.unit for curve in series if curve.points}) > 1:
        drawn.text = f"The axis is that of {series[0].name}; each other curve has its own scale."


async def _pie(drawn: Drawn, source: Source) -> None:
    found = (await values.pie(source.views, source.item, source.limits))[0]
    shares = sorted(found.items(), key=lambda share: -share[1])
    drawn.chart = pie([(name, float(value)) for name, value in shares], title=drawn.title)
    drawn.legend = [f"{name}: {value:,}" for name, value in shares]
    drawn.split = True


async def _table(drawn: Drawn, source: Source) -> None:
    _statistics(drawn, source, await values.table(source.views, source.item, source.limits))


async def _tree(drawn: Drawn, source: Source) -> None:
    _statistics(drawn, source, await values.tree(source.views, source.item, source.limits))


def _statistics(drawn: Drawn, source: Source, entries: Sequence[Mapping[str, Any]]) -> None:
    metrics = source.item.metrics
    rows = [
        [
            action_of(entry),
            *(
                shown(asked, cell["value"])
                for asked, cell in zip(metrics, entry["values"], strict=True)
            ),
        ]
        for entry in entries
    ]
    columns = ["Action", *(_name_with_run(asked, source.item) for asked in metrics)]
    tabulate(drawn, columns, rows, most=source.most, empty="No sample yet.", words=False)


async def _top(drawn: Drawn, source: Source) -> None:
    found = await values.top(source.views, source.item, source.limits)
    asked = source.item.metrics[0]
    factor, unit = scale(asked)
    series = []
    for action_id in found["actionIds"]:
        points = [(point["x"], point["y"] * factor) for point in found["curves"][action_id]]
        label = source.view.labels.names(action_id).get("actionName")
        series.append(Series(str(label or action_id), unit, points))
    drawn.chart = line_chart(series, title=drawn.title)
    drawn.legend = [legend_of(curve) for curve in series if curve.points]


async def _errors(drawn: Drawn, source: Source) -> None:
    chosen = filters_of(source.item.body)
    found = await bench_errors.bench_errors(source.view, chosen, source.limits)
    rows = [
        [action_of(row), when(row["timestamp"]), str(row["responseCode"]), str(row["errorMessage"])]
        for row in found
    ]
    columns = ("Action", "Time", "Code", "Message")
    tabulate(drawn, columns, rows, most=source.most, empty="No request failed.")


async def _stacked(drawn: Drawn, source: Source) -> None:
    found = await charts.stacked(source.views, source.item, source.limits)
    percent = source.item.body.get("mode") == "PERCENT"
    unit = "%" if percent else scale(source.item.metrics[0])[1]
    names = list(found[0]["values"]) if found else []
    series = [
        Series(name, unit, [(point["x"], point["values"][name]) for point in found])
        for name in names
    ]
    drawn.chart = line_chart(series, title=drawn.title)
    drawn.legend = [legend_of(curve) for curve in series]


async def _area_range(drawn: Drawn, source: Source) -> None:
    found = await area_range(source.views, source.item, source.limits)
    first = source.item.metrics[0]
    factor, unit = scale(first)
    if source.item.body.get("rangeType") == "PERCENTAGE":
        factor, unit = 1.0, "%"
    series = [
        Series(name, unit, [(point["x"], point["y"] * factor) for point in found[part]])
        for name, part in (
            (name_of(first), "curve"),
            ("Reference", "reference"),
        )
    ]
    drawn.chart = line_chart(series, title=drawn.title)
    drawn.legend = [legend_of(curve) for curve in series if curve.points]
    drawn.text = f"Distance to the reference: {figure(found['rmse'] * factor, unit)}."


async def _generators(view: RunView) -> Rows:
    rows = [
        [
            str(row["host"]),
            str(row["region"]),
            str(row["vuCount"]),
            figure(row["maxCpuPct"] or 0, "%"),
            figure(row["maxLagMs"] or 0, "ms"),
        ]
        for row in await gauges.load_generators(view)
    ]
    columns = ("Host", "Region", "Users", "Most CPU of a core", "Most lag")
    return columns, rows, "No load generator has reported yet."


def _name_with_run(asked: Asked, item: Item) -> str:
    """Where an item shows several runs: which of them, the reference of a trend being the first."""
    runs = list(dict.fromkeys([item.reference_id, *item.bench_result_ids]))
    if len(runs) == 1:
        return name_of(asked)
    number = runs.index(asked.bench_result_id)
    return f"{name_of(asked)}, {f'run {number}' if number else 'reference'}"


_GENERATORS = ("LoadGeneratorsChartReportItem", "LoadGeneratorsTreeReportItem")
_DRAWN_BY: Mapping[str, Draw] = {
    "SummaryReportItem": _summary,
    "BarChartReportItem": _summary,
    "LineChartReportItem": _line,
    "PercentilesChartReportItem": _line,
    "PieChartReportItem": _pie,
    "StatisticTableReportItem": _table,
    "StatisticTreeReportItem": _tree,
    "TopReportItem": _top,
    "ErrorsReportItem": _errors,
    "AreaRangeChartReportItem": _area_range,
    "StackedChartReportItem": _stacked,
    "InsightsReportItem": _listed(item_lists.insight_rows),
    "ThresholdAlarmReportItem": _listed(item_lists.alarm_rows),
    "TextualMonitorReportItem": _listed(item_lists.text_rows),
    "MonitorsTableReportItem": _listed(item_lists.monitor_rows),
}
