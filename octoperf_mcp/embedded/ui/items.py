"""Report items as a page shows them: tiles, curves, rings and tables of the measured values."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from octoperf_mcp.embedded.failures import Failure
from octoperf_mcp.embedded.metrics import bench_errors, gauges, values
from octoperf_mcp.embedded.metrics.added_items import PAGE, Shown, drawing_of, require_on
from octoperf_mcp.embedded.metrics.items import ADDED, ROUTES, Item, apdex_of, filters_of, item_of
from octoperf_mcp.embedded.metrics.reading import Limits, RunView
from octoperf_mcp.embedded.ui import added_items, item_charts, item_lists
from octoperf_mcp.embedded.ui.drawn import (
    Drawn,
    Source,
    action_of,
    plain,
    tabulate,
    why_empty,
    with_unit,
)
from octoperf_mcp.embedded.ui.item_charts import name_with_run
from octoperf_mcp.embedded.ui.item_lists import Reader, Rows
from octoperf_mcp.embedded.ui.markdown import html_of
from octoperf_mcp.embedded.ui.rendering import figure, when

MOST_ROWS: Final[Mapping[str, int]] = {
    "StatisticTableReportItem": 50,
    "StatisticTreeReportItem": 50,
    "ErrorsReportItem": 20,
    "ThresholdAlarmReportItem": 20,
    "TextualMonitorReportItem": 20,
    "MonitoringAlarmsReportItem": 20,
}
"""Most rows of a table on a page; on paper another table holds."""
_MOST_OTHER_ROWS = 50

Draw = Callable[[Drawn, Source], Awaitable[None]]


async def draw_all(
    reader: Reader, report: Mapping[str, Any], most_rows: Mapping[str, int] = MOST_ROWS
) -> list[Drawn]:
    """All items of a report; one that cannot be read says why in its place."""
    items = enumerate(report.get("items") or ())
    named = [{**body, "id": body.get("id") or f"item-{number}"} for number, body in items]
    return [await _drawn(reader, body, report, most_rows) for body in named]


async def _drawn(
    reader: Reader,
    body: Mapping[str, Any],
    report: Mapping[str, Any],
    most_rows: Mapping[str, int],
) -> Drawn:
    try:
        return await draw(reader, body, report, most_rows)
    except Failure as failure:
        drawn = Drawn(str(body.get("id", "")), str(body.get("name", "")), text=failure.message)
        drawn.half = body.get("width") == "HALF"
        return drawn


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
    half = body.get("width") == "HALF"
    drawn = Drawn(str(body.get("id", "")), str(body.get("name", "")), half=half)
    kind = str(body.get("@type", ""))
    most = most_rows.get(kind, _MOST_OTHER_ROWS)
    if kind == "TextReportItem":
        drawn.words_of_people = html_of(str(body.get("description") or ""))
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
        item = _with_apdex(_item_of(body, kind, report), report)
        for run_id in item.bench_result_ids:
            await reader.get("bench_result", run_id)
        async with reader.platform.metrics.views(item.bench_result_ids) as views:
            await _DRAWN_BY[kind](drawn, Source(views, item, _limits_of(report), most))
    elif kind in reader.platform.extensions.items:
        await _draw_added(drawn, reader, body, report, most)
    else:
        require_on(body, reader.platform.extensions)
        drawn.text = (
            f"An item of the type {kind} has no picture here: no plugin that is on adds it."
        )
    return drawn


async def _draw_added(
    drawn: Drawn, reader: Reader, body: Mapping[str, Any], report: Mapping[str, Any], most: int
) -> None:
    added = reader.platform.extensions.items
    run_id = body.get("benchResultId") or _first_run(report)
    item = item_of({**body, "benchResultId": run_id}, ADDED, added)
    runs = {run_id: await reader.get("bench_result", run_id) for run_id in item.bench_result_ids}
    async with reader.platform.metrics.views(item.bench_result_ids) as views:
        shown = Shown(views, runs, _limits_of(report), PAGE)
        drawing = await drawing_of(added[item.type], item, shown)
        added_items.put(drawn, drawing, Source(views, item, _limits_of(report), most))


def _route_of(kind: str) -> str:
    return next(path for path, types in ROUTES.items() if kind in types)


def _item_of(body: Mapping[str, Any], kind: str, report: Mapping[str, Any]) -> Item:
    """The item as its route reads it; one of monitoring alarms, which has none, as alarms."""
    if kind != _ALARMS:
        return item_of(dict(body), _route_of(kind))
    run_id = body.get("benchResultId") or _first_run(report)
    alike = {"@type": "ThresholdAlarmReportItem", "benchResultId": run_id}
    return item_of({**body, **alike}, _route_of(alike["@type"]))


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


async def _table(drawn: Drawn, source: Source) -> None:
    _statistics(drawn, source, await values.table(source.views, source.item, source.limits))


async def _tree(drawn: Drawn, source: Source) -> None:
    entries = await values.tree(source.views, source.item, source.limits)
    _statistics(drawn, source, entries)
    labels = source.view.labels
    drawn.depths = [labels.depth(entry["actionId"]) for entry in entries]


def _statistics(drawn: Drawn, source: Source, entries: Sequence[Mapping[str, Any]]) -> None:
    metrics = source.item.metrics
    rows = [
        [
            action_of(entry),
            *(
                plain(asked, cell["value"])
                for asked, cell in zip(metrics, entry["values"], strict=True)
            ),
        ]
        for entry in entries
    ]
    columns = ["Action", *(with_unit(name_with_run(each, source.item), each) for each in metrics)]
    tabulate(drawn, columns, rows, most=source.most, empty=why_empty(source), words=False)


async def _errors(drawn: Drawn, source: Source) -> None:
    chosen = filters_of(source.item.body)
    found = await bench_errors.bench_errors(source.view, chosen, source.limits)
    rows = [
        [action_of(row), when(row["timestamp"]), str(row["responseCode"]), str(row["errorMessage"])]
        for row in found
    ]
    columns = ("Action", "Time", "Code", "Message")
    tabulate(drawn, columns, rows, most=source.most, empty="No request failed.")


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


_ALARMS = "MonitoringAlarmsReportItem"
_GENERATORS = ("LoadGeneratorsChartReportItem", "LoadGeneratorsTreeReportItem")
_DRAWN_BY: Mapping[str, Draw] = {
    "SummaryReportItem": item_charts.summary,
    "BarChartReportItem": item_charts.bars,
    "LineChartReportItem": item_charts.line,
    "PercentilesChartReportItem": item_charts.line,
    "PieChartReportItem": item_charts.pies,
    "StatisticTableReportItem": _table,
    "StatisticTreeReportItem": _tree,
    "TopReportItem": item_charts.top,
    "ErrorsReportItem": _errors,
    "AreaRangeChartReportItem": item_charts.ranges,
    "StackedChartReportItem": item_charts.stacked,
    "InsightsReportItem": _listed(item_lists.insight_rows),
    "ThresholdAlarmReportItem": _listed(item_lists.alarm_rows),
    "TextualMonitorReportItem": _listed(item_lists.text_rows),
    "MonitorsTableReportItem": _listed(item_lists.monitor_rows),
    _ALARMS: item_charts.monitoring_alarms,
}
