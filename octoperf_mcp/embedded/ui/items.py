"""Report items as a page shows them: tiles, curves, rings and tables of the measured values."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from octoperf_mcp.embedded.metrics import bench_errors, charts, gauges, values
from octoperf_mcp.embedded.metrics.area_range import area_range
from octoperf_mcp.embedded.metrics.items import ROUTES, Asked, Item, item_of
from octoperf_mcp.embedded.metrics.metric_ids import CATEGORIES, GAUGES, METRICS, TIME_UNIT
from octoperf_mcp.embedded.metrics.reading import Limits, RunView
from octoperf_mcp.embedded.metrics.selection import Selection
from octoperf_mcp.embedded.ui import item_lists
from octoperf_mcp.embedded.ui.item_lists import Rows
from octoperf_mcp.embedded.ui.rendering import Page, figure, when
from octoperf_mcp.embedded.ui.svg import Point, Series, line_chart, pie

_MS = 1000.0
_MOST_ROWS = 50
_MOST_ERRORS = 20
_EVERYTHING = Limits()

Views = Mapping[str, RunView]


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure of a summary."""

    name: str
    value: str


@dataclass(slots=True)
class Drawn:
    """One item, ready for the template; what is empty is not shown."""

    id: str
    title: str
    tiles: list[Tile] = field(default_factory=list)
    chart: Markup | None = None
    split: bool = False
    legend: list[str] = field(default_factory=list)
    columns: Sequence[str] = ()
    rows: list[list[str]] = field(default_factory=list)
    empty: str = ""
    text: str = ""


Draw = Callable[[Drawn, Views, Item], Awaitable[None]]


async def draw(page: Page, body: Mapping[str, Any], report: Mapping[str, Any]) -> Drawn | None:
    """Read an item's values as the page's user and draw them; None for what has no picture.

    Args:
        page: The page.
        body: The item.
        report: Its report, as it is read.

    Raises:
        Failure: the item cannot be read, or not by this user.
    """
    drawn = Drawn(str(body.get("id", "")), str(body.get("name", "")))
    kind = str(body.get("@type", ""))
    if kind == "TextReportItem":
        drawn.text = str(body.get("description", ""))
        return drawn
    if kind == "SynopsisReportItem":
        _list(drawn, await item_lists.synopsis_rows(page, str(body.get("benchResultId", ""))))
        return drawn
    if kind == "TrendConfigReportItem":
        _list(drawn, await item_lists.trend_rows(page, report))
        return drawn
    if kind in {"LoadGeneratorsChartReportItem", "LoadGeneratorsTreeReportItem"}:
        await _generators(page, drawn, str(body.get("benchResultId", "")))
        return drawn
    if kind not in _DRAWN_BY and kind not in _LISTED_BY:
        return None
    route = next(path for path, types in ROUTES.items() if kind in types)
    item = item_of(dict(body), route)
    for run_id in item.bench_result_ids:
        await page.get("bench_result", run_id)
    async with page.platform.metrics.views(item.bench_result_ids) as views:
        if kind in _LISTED_BY:
            _list(drawn, await _LISTED_BY[kind](views[item.bench_result_id], item))
        else:
            await _DRAWN_BY[kind](drawn, views, item)
    return drawn


def _list(drawn: Drawn, rows: Rows) -> None:
    drawn.columns, drawn.rows, drawn.empty = rows


async def _summary(drawn: Drawn, views: Views, item: Item) -> None:
    found = await values.summary(views, item, _EVERYTHING)
    drawn.tiles = [
        Tile(_name_with_run(asked, item), shown(asked, value))
        for asked, value in zip(item.metrics, found, strict=True)
    ]


async def _line(drawn: Drawn, views: Views, item: Item) -> None:
    found = await charts.line(views, item, _EVERYTHING)
    times = item.type != "PercentilesChartReportItem"
    series = []
    for asked, points in zip(item.metrics, found, strict=True):
        scale, unit = _scale(asked)
        curve: list[Point] = [(point["x"], point["y"] * scale) for point in points]
        series.append(Series(name_of(asked), unit, curve))
    drawn.chart = line_chart(series, title=drawn.title, times=times)
    drawn.legend = [_legend(curve) for curve in series if curve.points]
    if len({curve.unit for curve in series if curve.points}) > 1:
        drawn.text = f"The axis is that of {series[0].name}; each other curve has its own scale."


def _legend(curve: Series) -> str:
    highest = max(value for _, value in curve.points)
    return f"{curve.name} (up to {figure(highest, curve.unit)})"


async def _area(drawn: Drawn, views: Views, item: Item) -> None:
    found = await area_range(views, item, _EVERYTHING)
    asked = item.metrics[0]
    scale, unit = (1.0, "%") if item.body.get("rangeType") == "PERCENTAGE" else _scale(asked)
    series = [
        Series(name, unit, [(point["x"], point["y"] * scale) for point in found[key]])
        for key, name in (("curve", name_of(asked)), ("reference", "Reference"))
    ]
    drawn.chart = line_chart(series, title=drawn.title)
    drawn.legend = [_legend(curve) for curve in series if curve.points]
    drawn.text = f"Distance to the reference: {figure(found['rmse'] * scale, unit)}."


async def _stacked(drawn: Drawn, views: Views, item: Item) -> None:
    found = await charts.stacked(views, item, _EVERYTHING)
    unit = "%" if item.body.get("mode") == "PERCENT" else _scale(item.metrics[0])[1]
    names = found[0]["values"] if found else {}
    series = [
        Series(str(name), unit, [(point["x"], point["values"][name]) for point in found])
        for name in names
    ]
    drawn.chart = line_chart(series, title=drawn.title)
    drawn.legend = [_legend(curve) for curve in series]


async def _pie(drawn: Drawn, views: Views, item: Item) -> None:
    found = (await values.pie(views, item, _EVERYTHING))[0]
    shares = sorted(found.items(), key=lambda share: -share[1])
    drawn.chart = pie([(name, float(value)) for name, value in shares], title=drawn.title)
    drawn.legend = [f"{name}: {value:,}" for name, value in shares]
    drawn.split = True


async def _table(drawn: Drawn, views: Views, item: Item) -> None:
    await _rows(drawn, item, await values.table(views, item, _EVERYTHING))


async def _tree(drawn: Drawn, views: Views, item: Item) -> None:
    await _rows(drawn, item, await values.tree(views, item, _EVERYTHING))


async def _rows(drawn: Drawn, item: Item, entries: Sequence[Mapping[str, Any]]) -> None:
    drawn.columns = ["Action", *(_name_with_run(asked, item) for asked in item.metrics)]
    drawn.empty = "No sample yet."
    for entry in entries[:_MOST_ROWS]:
        cells = [
            shown(asked, cell["value"])
            for asked, cell in zip(item.metrics, entry["values"], strict=True)
        ]
        drawn.rows.append([_action(entry), *cells])
    if len(entries) > _MOST_ROWS:
        drawn.text = f"The first {_MOST_ROWS} of {len(entries)} actions."


async def _top(drawn: Drawn, views: Views, item: Item) -> None:
    found = await values.top(views, item, _EVERYTHING)
    asked = item.metrics[0]
    scale, unit = _scale(asked)
    series = []
    for action_id in found["actionIds"]:
        points = [(point["x"], point["y"] * scale) for point in found["curves"][action_id]]
        label = views[item.bench_result_id].labels.names(action_id).get("actionName")
        series.append(Series(str(label or action_id), unit, points))
    drawn.chart = line_chart(series, title=drawn.title)
    drawn.legend = [_legend(curve) for curve in series if curve.points]


async def _errors(drawn: Drawn, views: Views, item: Item) -> None:
    view = views[item.bench_result_id]
    found = await bench_errors.bench_errors(view, Selection(), _EVERYTHING)
    drawn.columns = ["Action", "Time", "Code", "Message"]
    drawn.empty = "No request failed."
    drawn.rows = [
        [_action(row), when(row["timestamp"]), str(row["responseCode"]), str(row["errorMessage"])]
        for row in found[:_MOST_ERRORS]
    ]


async def _generators(page: Page, drawn: Drawn, run_id: str) -> None:
    await page.get("bench_result", run_id)
    async with page.platform.metrics.views([run_id]) as views:
        found = await gauges.load_generators(views[run_id])
    drawn.columns = ["Host", "Region", "Users", "Most CPU of a core", "Most lag"]
    drawn.empty = "No load generator has reported yet."
    drawn.rows = [
        [
            str(row["host"]),
            str(row["region"]),
            str(row["vuCount"]),
            figure(row["maxCpuPct"] or 0, "%"),
            figure(row["maxLagMs"] or 0, "ms"),
        ]
        for row in found
    ]


_DRAWN_BY: Mapping[str, Draw] = {
    "SummaryReportItem": _summary,
    "BarChartReportItem": _summary,
    "LineChartReportItem": _line,
    "PercentilesChartReportItem": _line,
    "PieChartReportItem": _pie,
    "StatisticTableReportItem": _table,
    "StatisticTreeReportItem": _tree,
    "TopReportItem": _top,
    "AreaRangeChartReportItem": _area,
    "StackedChartReportItem": _stacked,
    "ErrorsReportItem": _errors,
}


_LISTED_BY: Mapping[str, Callable[[RunView, Item], Awaitable[Rows]]] = {
    "InsightsReportItem": item_lists.insight_rows,
    "ThresholdAlarmReportItem": item_lists.alarm_rows,
    "TextualMonitorReportItem": item_lists.text_rows,
    "MonitorsTableReportItem": item_lists.monitor_rows,
}


def _name_with_run(asked: Asked, item: Item) -> str:
    """Where an item shows several runs: which of them, the reference of a trend being the first."""
    runs = list(dict.fromkeys([item.reference_id, *item.bench_result_ids]))
    if len(runs) == 1:
        return name_of(asked)
    number = runs.index(asked.bench_result_id)
    return f"{name_of(asked)}, {f'run {number}' if number else 'reference'}"


def name_of(asked: Asked) -> str:
    """`RESPONSE_TIME_PERCENTILE_95` → `Response time p95`."""
    text = asked.metric_id.replace("_PERCENTILE_", " p").replace("_", " ")
    return text.capitalize()


def shown(asked: Asked, value: float | None) -> str:
    """A value of a metric with its unit; times in milliseconds; a dash where there is none."""
    if value is None:
        return "–"  # noqa: RUF001 - a dash, as in print
    scale, unit = _scale(asked)
    return figure(value * scale, unit)


def _scale(asked: Asked) -> tuple[float, str]:
    unit = _unit(asked.metric_id)
    return (_MS, "ms") if unit == TIME_UNIT else (1.0, unit)


def _unit(metric_id: str) -> str:
    if metric_id in METRICS:
        return METRICS[metric_id].unit
    return CATEGORIES[metric_id].unit if metric_id in CATEGORIES else GAUGES[metric_id]


def _action(row: Mapping[str, Any]) -> str:
    return str(row.get("actionName") or row.get("actionId") or "")
