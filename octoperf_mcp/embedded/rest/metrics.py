"""Values of report items, errors, alarms and load generators of runs: `/analysis/**`.

A client posts the whole report item and gets the values of that item. Every run
that an item names must be one that the caller may see.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from aiohttp import web

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.metrics import alarms, bench_errors, charts, gauges, junit, values
from octoperf_mcp.embedded.metrics.added_items import PAGE, Room, Shown, drawing_of, require_on
from octoperf_mcp.embedded.metrics.area_range import area_range
from octoperf_mcp.embedded.metrics.insights import insights
from octoperf_mcp.embedded.metrics.items import ADDED, Item, apdex_of, filters_of, item_of
from octoperf_mcp.embedded.metrics.reading import Limits, RunView
from octoperf_mcp.embedded.metrics.values import Views
from octoperf_mcp.embedded.platform import PLATFORM
from octoperf_mcp.embedded.rest.answers import json_answer
from octoperf_mcp.embedded.rest.bodies import read_json, whole_number
from octoperf_mcp.embedded.rest.crud import documents_of, user_of
from octoperf_mcp.entities.drawings import MOST_COLUMNS, MOST_ROWS

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Values = Callable[[Views, Item, Limits], Awaitable[Any]]

_METRICS = "/analysis/metrics"
_ERRORS = "/analysis/bench-errors"


def routes() -> list[web.RouteDef]:
    """All reads of values."""
    return [
        web.get(f"{_METRICS}/global/{{benchResultId}}", _overall),
        *(web.post(path, _item_values(path, read)) for path, read in _VALUES.items()),
        web.post(ADDED, _added),
        web.get(f"{_ERRORS}/http/{{benchResultId}}/{{actionId}}/{{timestamp}}", _error_http),
        web.get("/analysis/load-generators/by-bench-result/{benchResultId}", _load_generators),
        web.get("/analysis/junit-reports/{benchResultId}", _junit),
    ]


async def _errors(views: Views, item: Item, limits: Limits) -> list[dict[str, Any]]:
    view = views[item.bench_result_id]
    return await bench_errors.bench_errors(view, filters_of(item.body), limits)


async def _alarms(views: Views, item: Item, limits: Limits) -> list[dict[str, Any]]:
    return await alarms.threshold_alarms(views[item.bench_result_id], limits)


async def _monitors(views: Views, item: Item, _limits: Limits) -> list[dict[str, Any]]:
    return await alarms.monitors_table(views[item.bench_result_id])


async def _texts(views: Views, item: Item, _limits: Limits) -> list[dict[str, Any]]:
    return await alarms.textual_monitors(views[item.bench_result_id], filters_of(item.body))


_VALUES: dict[str, Values] = {
    f"{_METRICS}/summary": values.summary,
    f"{_METRICS}/table": values.table,
    f"{_METRICS}/tree": values.tree,
    f"{_METRICS}/top": values.top,
    f"{_METRICS}/pie": values.pie,
    f"{_METRICS}/line": charts.line,
    f"{_METRICS}/stacked": charts.stacked,
    f"{_METRICS}/area-range": area_range,
    "/analysis/insights": insights,
    _ERRORS: _errors,
    "/analysis/threshold-alarms": _alarms,
    "/analysis/textual-monitors": _texts,
    "/analysis/monitors-table": _monitors,
}


def _item_values(path: str, read: Values) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        item = item_of(await read_json(request), path, request.app[PLATFORM].extensions.items)
        item, limits, _ = await _asked_for(request, item)
        async with request.app[PLATFORM].metrics.views(item.bench_result_ids) as views:
            _require_overlap(views, limits)
            return json_answer(await read(views, item, limits))

    return handler


async def _asked_for(
    request: web.Request, item: Item
) -> tuple[Item, Limits, dict[str, Mapping[str, Any]]]:
    """The item and the window as its report sets them, and the bench results that it names.

    Raises:
        NotFound: the user may not see one of them.
        Invalid: the window is impossible.
    """
    limits = limits_of(request)
    runs: dict[str, Mapping[str, Any]] = {}
    for run_id in item.bench_result_ids:
        found = await documents_of(request).get("bench_result", run_id, user_id=user_of(request))
        runs[run_id] = found.body
    report = await _report_of(request, item)
    return _with_apdex(report, item), _limited(report, limits), runs


async def _added(request: web.Request) -> web.Response:
    """Values of an item of a type that a plugin adds, as `entities.drawings` writes them."""
    extensions = request.app[PLATFORM].extensions
    body = await read_json(request)
    require_on(body, extensions)
    item = item_of(body, ADDED, extensions.items)
    item, limits, runs = await _asked_for(request, item)
    room = Room(
        _within(request, "maxSlots", PAGE.slots, MOST_ROWS),
        _within(request, "maxRows", PAGE.rows, MOST_COLUMNS - 1),
    )
    async with request.app[PLATFORM].metrics.views(item.bench_result_ids) as views:
        _require_overlap(views, limits)
        shown = Shown(views, runs, limits, room)
        return json_answer((await drawing_of(extensions.items[item.type], item, shown)).wire())


def _within(request: web.Request, name: str, default: int, most: int) -> int:
    text = request.query.get(name, "")
    value = whole_number(name, text) if text else default
    if not 1 <= value <= most:
        raise Invalid(f"{name} is a number from 1 to {most}, not {value}.")
    return value


def limits_of(request: web.Request) -> Limits:
    """`from` and `to`, epoch milliseconds; absent or empty: the whole run.

    Raises:
        Invalid: no number, or the window is empty.
    """
    given = {name: request.query.get(name, "") for name in ("from", "to")}
    start, end = (whole_number(name, text) if text else None for name, text in given.items())
    if start is not None and end is not None and start >= end:
        raise Invalid("'to' must be later than 'from'.")
    return Limits(start, end)


def _limited(report: Mapping[str, Any] | None, limits: Limits) -> Limits:
    """The window asked for; where it is open, that of the report."""
    part = (report or {}).get("timeRange") or {}
    return Limits(
        part.get("from") if limits.from_ms is None else limits.from_ms,
        part.get("to") if limits.to_ms is None else limits.to_ms,
    )


def _require_overlap(views: Views, limits: Limits) -> None:
    """Refuse a window that touches none of the runs; of one that goes on, nothing is known yet.

    Raises:
        Invalid: says when the runs had samples.
    """
    if limits == Limits() or not all(view.sealed and view.series for view in views.values()):
        return
    if any(view.window(limits).seconds for view in views.values()):
        return
    first = min(view.first for view in views.values()) * 1000
    last = max(view.last + 1 for view in views.values()) * 1000
    raise Invalid(
        f"The window from {limits.from_ms} to {limits.to_ms} lies outside of the run, which has "
        f"samples from {first} to {last} (epoch milliseconds).",
        details={"from": first, "to": last},
    )


def _with_apdex(report: Mapping[str, Any] | None, item: Item) -> Item:
    """The item, where it sets no thresholds itself, with those of its report."""
    if report is None:
        return item
    apdex = apdex_of(report.get("configs") or ())
    return replace(
        item, metrics=[replace(asked, apdex=asked.apdex or apdex) for asked in item.metrics]
    )


async def _report_of(request: web.Request, item: Item) -> Mapping[str, Any] | None:
    """The report of the item's run that has an item of this id, or an insight's evidence."""
    documents, user_id = documents_of(request), user_of(request)
    run = await documents.get("bench_result", item.bench_result_id, user_id=user_id)
    item_id = str(item.body.get("id") or "").partition(".")[0]
    if not run.project_id or not item_id:
        return None
    for report in await documents.list("bench_report", user_id=user_id, project_id=run.project_id):
        if item_id in [each.get("id") for each in report.body.get("items") or ()]:
            return report.body
    return None


@asynccontextmanager
async def _run(request: web.Request) -> AsyncIterator[RunView]:
    """The run that the path names.

    Raises:
        NotFound: it does not exist for the user.
    """
    run_id = request.match_info["benchResultId"]
    await documents_of(request).get("bench_result", run_id, user_id=user_of(request))
    async with request.app[PLATFORM].metrics.views([run_id]) as views:
        yield views[run_id]


async def _overall(request: web.Request) -> web.Response:
    async with _run(request) as view:
        return json_answer(await values.overall(view))


async def _error_http(request: web.Request) -> web.Response:
    timestamp = whole_number("timestamp", request.match_info["timestamp"])
    async with _run(request) as view:
        action_id = request.match_info["actionId"]
        return json_answer(await bench_errors.http_of_error(view, action_id, timestamp))


async def _load_generators(request: web.Request) -> web.Response:
    async with _run(request) as view:
        return json_answer(await gauges.load_generators(view))


async def _junit(request: web.Request) -> web.Response:
    async with _run(request) as view:
        return web.Response(body=await junit.junit_report(view), content_type="application/xml")
