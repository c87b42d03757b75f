"""Values of report items: summary, table, tree, top, pie.

Every function takes the views of the runs that the item names, by id, all on one connection.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from typing import Any

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.metrics import gauges
from octoperf_mcp.embedded.metrics.items import (
    Asked,
    Item,
    require_categories,
    require_one_metric,
    require_sampled,
    require_single_valued,
)
from octoperf_mcp.embedded.metrics.metric_ids import (
    CATEGORIES,
    METRICS,
    US_PER_WIRE_UNIT,
    USERLOAD,
    Apdex,
    Scope,
)
from octoperf_mcp.embedded.metrics.reading import MOST_TOP_POINTS, Key, Limits, RunView
from octoperf_mcp.embedded.metrics.sample import CUT_OFF
from octoperf_mcp.embedded.metrics.selection import CONTAINERS, EVERYTHING, HITS, Series

Views = Mapping[str, RunView]
Point = dict[str, float]
Figures = dict[tuple[int | None, Any], float]
"""Value by start of the interval (None: the whole window) and by key."""

DEFAULT_TOP_SIZE = 10
_MB = 1_000_000


async def figures(
    view: RunView,
    asked: Sequence[Asked],
    limits: Limits,
    *,
    interval: int | None = None,
    key: Key | None = None,
    default: frozenset[str] = HITS,
    actions: Container[str] | None = None,
) -> list[Figures]:
    """Values of metrics of one run, aligned with `asked`; only where there are samples.

    Metrics of the same selection are read together. `actions`: only the rows of these.
    """
    window = view.window(limits)
    found: list[Figures] = [{} for _ in asked]
    for selection in dict.fromkeys(each.selection for each in asked):
        wanted = [
            (n, METRICS[a.metric_id], a) for n, a in enumerate(asked) if a.selection == selection
        ]
        numbers = {"n": None} | dict.fromkeys(c for _, metric, _ in wanted for c in metric.numbers)
        histograms = dict.fromkeys(metric.histogram for _, metric, _ in wanted if metric.histogram)
        groups = await view.stats(
            [
                series
                for series in view.select(selection, default=default)
                if actions is None or series.action_id in actions
            ],
            window,
            tuple(numbers),
            tuple(histograms),
            interval=interval,
            key=key,
        )
        for (start, name), stats in groups.items():
            seconds = window.seconds if start is None else window.overlap(start, interval or 1)
            for index, metric, each in wanted:
                scope = Scope(seconds, each.apdex or Apdex())
                found[index][start, name] = metric.compute(stats, scope)
    return found


def _action_id(series: Series) -> str:
    return series.action_id


async def summary(views: Views, item: Item, limits: Limits) -> list[float]:
    """One number per metric, in their order; 0.0 where there is no sample."""
    require_single_valued(item)
    return [await single(views[each.bench_result_id], each, limits) for each in item.metrics]


async def single(view: RunView, asked: Asked, limits: Limits) -> float:
    """One metric of one run over a window; the greatest of a gauge, 0.0 without samples."""
    if asked.metric_id in METRICS:
        (found,) = await figures(view, [asked], limits)
        return found.get((None, None), 0.0)
    if asked.metric_id == USERLOAD:
        curve = await gauges.user_load(view, asked.selection, limits, interval=1)
    else:
        curve = await gauges.monitoring(view, asked.selection, limits)
    return max(curve.values(), default=0.0)


async def table(views: Views, item: Item, limits: Limits) -> list[dict[str, Any]]:
    """TableEntry rows in the order of the plan: one per action with samples."""
    require_sampled(item)
    rows = await _table_rows(views, item, limits, _action_id, HITS)
    labels = views[item.bench_result_id].labels
    return [
        {"actionId": action, **labels.names(action), "values": rows[action]}
        for action in _sized(sorted(rows, key=labels.order), item)
    ]


async def tree(views: Views, item: Item, limits: Limits) -> list[dict[str, Any]]:
    """TreeEntry rows by virtual user in the order of the plan, containers included."""
    require_sampled(item)
    rows = await _table_rows(
        views,
        item,
        limits,
        lambda series: (series.virtual_user_id, series.action_id),
        EVERYTHING,
    )
    labels = views[item.bench_result_id].labels
    users = {user: position for position, user in enumerate(labels.virtual_users)}
    ordered = sorted(
        rows, key=lambda row: (users.get(row[0], len(users)), row[0], labels.order(row[1]))
    )
    return [
        {
            "virtualUserId": user,
            "actionId": action,
            **labels.names(action, user),
            "values": rows[user, action],
        }
        for user, action in _sized(ordered, item)
    ]


def _sized(rows: list[Any], item: Item) -> list[Any]:
    """The first `size` rows; 0 or nothing means all."""
    size = _size(item, 0)
    return rows[:size] if size else rows


def _size(item: Item, default: int) -> int:
    size = item.body.get("size")
    if size is None:
        return default
    if not isinstance(size, int) or size < 0:
        raise Invalid("size is a number of rows, 0 or more.")
    return size


async def _table_rows(
    views: Views, item: Item, limits: Limits, key: Key, default: frozenset[str]
) -> dict[Any, list[dict[str, float | None]]]:
    """Values by row key, one per metric, 0.0 where a metric has no sample of the row.

    With `computeType` DELTA they are differences to the reference run, None where the row has no
    samples in one of the two.
    """
    compute_type = item.body.get("computeType") or "NORMAL"
    if compute_type not in {"NORMAL", "DELTA"}:
        raise Invalid(f"computeType is NORMAL or DELTA, not {compute_type!r}.")
    columns = await _columns(views, item.metrics, limits, key, default)
    names = {name: None for column in columns for _, name in column}
    if compute_type == "NORMAL":
        return {
            name: [{"value": column.get((None, name), 0.0)} for column in columns] for name in names
        }
    reference = [replace(each, bench_result_id=item.reference_id) for each in item.metrics]
    before = await _columns(views, reference, limits, key, default)
    return {
        name: [
            {"value": _difference(column.get((None, name)), first.get((None, name)))}
            for column, first in zip(columns, before, strict=True)
        ]
        for name in names
    }


def _difference(value: float | None, reference: float | None) -> float | None:
    return None if value is None or reference is None else value - reference


async def _columns(
    views: Views, metrics: Sequence[Asked], limits: Limits, key: Key, default: frozenset[str]
) -> list[Figures]:
    """Figures of each metric by row key, read together for each run."""
    columns: list[Figures] = [{} for _ in metrics]
    for run_id, view in views.items():
        mine = [n for n, asked in enumerate(metrics) if asked.bench_result_id == run_id]
        found = await figures(view, [metrics[n] for n in mine], limits, key=key, default=default)
        for n, column in zip(mine, found, strict=True):
            columns[n] = column
    return columns


async def top(views: Views, item: Item, limits: Limits) -> dict[str, Any]:
    """TopResult: the actions with the greatest (or, `order` ASC, least) value, and their curves.

    `names` has `actionName` and `virtualUserName` of each action, as the rows of a table do.
    """
    require_sampled(item)
    asked = require_one_metric(item)
    order = item.body.get("order") or "DESC"
    if order not in {"ASC", "DESC"}:
        raise Invalid(f"order is DESC or ASC, not {order!r}.")
    size = _size(item, DEFAULT_TOP_SIZE) or DEFAULT_TOP_SIZE
    view = views[asked.bench_result_id]
    (values,) = await figures(view, [asked], limits, key=_action_id)
    ranked = sorted(values, key=lambda group: view.labels.order(group[1]))
    ranked.sort(key=lambda group: values[group], reverse=order == "DESC")
    actions = [action for _, action in ranked[:size]]
    curves: dict[str, list[Point]] = {action: [] for action in actions}
    interval = view.window(limits).interval_for(MOST_TOP_POINTS)
    (found,) = await figures(
        view, [asked], limits, interval=interval, key=_action_id, actions=curves
    )
    for start, action in sorted(found):
        curves[action].append({"x": (start or 0) * 1000, "y": found[start, action]})
    names = {action: view.labels.names(action) for action in actions}
    return {"actionIds": actions, "curves": curves, "names": names}


async def pie(views: Views, item: Item, limits: Limits) -> list[dict[str, int]]:
    """For each metric one map from label to count, or to bytes for a throughput."""
    require_categories(item)
    pies = []
    for asked in item.metrics:
        view, category = views[asked.bench_result_id], CATEGORIES[asked.metric_id]
        groups = await view.stats(
            view.select(asked.selection),
            view.window(limits),
            (category.number,),
            key=lambda series, name=category.dimension: label(getattr(series, name)),  # type: ignore[misc]
        )
        pies.append({str(name): int(stats[category.number]) for (_, name), stats in groups.items()})
    return pies


def label(value: str) -> str:
    """Of a part of a pie; what a response did not say gets a name too."""
    return value or "none"


async def overall(view: RunView) -> dict[str, Any]:
    """MetricValues of a run, with the names and units that the original's clients print."""
    groups = await view.stats(
        [each for each in view.series if each.kind in HITS],
        view.bounds,
        ("n", "err", "elapsed_sum", "received_sum"),
    )
    stats = groups.get((None, None))
    hits, errors, elapsed, received = (
        (stats["n"], stats["err"], stats["elapsed_sum"], stats["received_sum"])
        if stats is not None
        else (0, 0, 0, 0)
    )
    average = elapsed / hits / US_PER_WIRE_UNIT if hits else 0.0
    return {
        "metrics": [
            {"name": "Hits", "value": hits, "unit": ""},
            {"name": "Errors", "value": errors, "unit": ""},
            {"name": "Avg Elapsed", "value": average, "unit": "s"},
            {"name": "Total Throughput", "value": received / _MB, "unit": "MB"},
        ]
    }


async def totals(view: RunView) -> dict[str, Any]:
    """Counts of a run: hits, errors, containers, cutOff, sentBytes, receivedBytes, seconds."""
    groups = await view.stats(
        view.series,
        view.bounds,
        ("n", "err", "sent_sum", "received_sum"),
        key=lambda series: series.kind,
    )

    def count(kinds: frozenset[str], column: str) -> int:
        return int(sum(stats[column] for (_, kind), stats in groups.items() if kind in kinds))

    return {
        "hits": count(HITS, "n"),
        "errors": count(HITS, "err"),
        "containers": count(CONTAINERS, "n"),
        "cutOff": count(frozenset({CUT_OFF}), "n"),
        "sentBytes": count(HITS, "sent_sum"),
        "receivedBytes": count(HITS, "received_sum"),
        "seconds": view.bounds.seconds,
    }
