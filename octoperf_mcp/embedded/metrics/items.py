"""Report items as they are posted: which route reads which, and what their metrics ask for."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.metrics.metric_ids import CATEGORIES, GAUGES, IDS, METRICS, Apdex
from octoperf_mcp.embedded.metrics.selection import Selection, selection

ROUTES: Mapping[str, tuple[str, ...]] = {
    "/analysis/metrics/summary": ("SummaryReportItem", "BarChartReportItem"),
    "/analysis/metrics/table": ("StatisticTableReportItem",),
    "/analysis/metrics/tree": ("StatisticTreeReportItem",),
    "/analysis/metrics/top": ("TopReportItem",),
    "/analysis/metrics/pie": ("PieChartReportItem",),
    "/analysis/metrics/line": ("LineChartReportItem", "PercentilesChartReportItem"),
    "/analysis/metrics/stacked": ("StackedChartReportItem",),
    "/analysis/metrics/area-range": ("AreaRangeChartReportItem",),
    "/analysis/insights": ("InsightsReportItem",),
    "/analysis/bench-errors": ("ErrorsReportItem",),
    "/analysis/threshold-alarms": ("ThresholdAlarmReportItem", "MonitoringAlarmsReportItem"),
    "/analysis/textual-monitors": ("TextualMonitorReportItem",),
    "/analysis/monitors-table": ("MonitorsTableReportItem",),
}
"""The item types whose values each route reads."""
ADDED = "/analysis/report-items/values"
"""The route of all types that plugins add."""

_GENERATORS = "/analysis/load-generators/by-bench-result/{benchResultId}"
_ELSEWHERE = {
    "LoadGeneratorsChartReportItem": f"has its values at GET {_GENERATORS}",
    "LoadGeneratorsTreeReportItem": f"has its values at GET {_GENERATORS}",
    "TextReportItem": "has no values: its text is its `description`",
    "SynopsisReportItem": "has no values",
    "TrendConfigReportItem": "has no values: read the report's `configs`",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One metric of an item."""

    metric_id: str
    bench_result_id: str
    selection: Selection
    apdex: Apdex | None
    """None when neither the metric nor the item has an ApdexReportConfig."""


@dataclass(frozen=True, slots=True)
class Item:
    """A report item whose shape was checked."""

    type: str
    body: Mapping[str, Any]
    metrics: Sequence[Asked]
    bench_result_ids: Sequence[str]
    """All it names, without repetition; the caller's access to each has to be checked."""

    @property
    def bench_result_id(self) -> str:
        """The run of an item that is about a single one."""
        return self.bench_result_ids[0]

    @property
    def reference_id(self) -> str:
        """The run that differences are made to: the item's own, else the first that it names."""
        return str(self.body.get("benchResultId") or self.bench_result_ids[0])


def item_of(body: object, route: str, added: Collection[str] = ()) -> Item:
    """Check a posted item.

    Args:
        body: What was posted.
        route: Where.
        added: Types that plugins add.

    Raises:
        Invalid: not an item, not one of this route, or one of its metrics cannot be read.
    """
    if not isinstance(body, Mapping) or not isinstance(body.get("@type"), str):
        raise Invalid("The body is a report item: an object with @type.")
    item_type = body["@type"]
    if item_type not in (added if route == ADDED else ROUTES[route]):
        raise Invalid(_wrong_route(item_type, route, added))
    metrics = [_asked(metric, body) for metric in _list(body, "metrics")]
    runs = [metric.bench_result_id for metric in metrics]
    runs += [each for each in _own_runs(body) if each]
    if not runs:
        raise Invalid("The item names no run: give benchResultId, or metrics that have it.")
    return Item(item_type, body, metrics, tuple(dict.fromkeys(runs)))


def _wrong_route(item_type: str, route: str, added: Collection[str]) -> str:
    reads = " or ".join(sorted(added) if route == ADDED else ROUTES[route]) or "no type at present"
    right = [path for path, types in ROUTES.items() if item_type in types]
    right += [ADDED] if item_type in added else []
    if right:
        return f"{item_type} has its values at POST {right[0]}; {route} reads {reads}."
    if item_type in _ELSEWHERE:
        return f"{item_type} {_ELSEWHERE[item_type]}; {route} reads {reads}."
    return f"{route} reads {reads}, not {item_type}."


def _own_runs(body: Mapping[str, Any]) -> list[str]:
    """`benchResultId` of the item, or of the `metric` that earlier clients put into it."""
    older = body.get("metric")
    given = [body.get("benchResultId")]
    if isinstance(older, Mapping):
        given.append(older.get("benchResultId"))
    for each in given:
        if each is not None and not isinstance(each, str):
            raise Invalid("benchResultId is a text.")
    return [each for each in given if each]


def _list(body: Mapping[str, Any], name: str) -> Sequence[Any]:
    """A list that may be absent or null."""
    value = body.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise Invalid(f"{name} is a list.")
    return value


def _asked(metric: object, item: Mapping[str, Any]) -> Asked:
    if not isinstance(metric, Mapping):
        raise Invalid("A metric is an object with id, type, filters and benchResultId.")
    metric_id = metric.get("id")
    if metric_id not in IDS:
        close = difflib.get_close_matches(str(metric_id), IDS, 1)
        raise Invalid(
            f"There is no metric {metric_id!r}" + (f"; did you mean {close[0]}?" if close else ".")
        )
    run = metric.get("benchResultId") or item.get("benchResultId")
    if not isinstance(run, str):
        raise Invalid(f"The metric {metric_id} names no benchResultId.")
    return Asked(
        metric_id=str(metric_id),
        bench_result_id=run,
        selection=selection(metric.get("type"), _list(metric, "filters")),
        apdex=apdex_of(_list(metric, "configs")) or apdex_of(_list(item, "configs")),
    )


def apdex_of(configs: Sequence[Any]) -> Apdex | None:
    """The thresholds of the first ApdexReportConfig.

    Raises:
        Invalid: its thresholds are no numbers of milliseconds in order.
    """
    for config in configs:
        if isinstance(config, Mapping) and config.get("@type") == "ApdexReportConfig":
            match config:
                case {"satisfying": int() | float() as low, "tolerating": int() | float() as high}:
                    if 0 <= low <= high:
                        return Apdex(low, high)
            raise Invalid("ApdexReportConfig needs 0 <= satisfying <= tolerating, in milliseconds.")
    return None


def filters_of(body: Mapping[str, Any]) -> Selection:
    """The item's own `filters`, for items without metrics."""
    return selection(None, _list(body, "filters"))


def require_sampled(item: Item) -> None:
    """Check that all metrics are computed from samples and have one value.

    Raises:
        Invalid: a category or a gauge among them.
    """
    for each in item.metrics:
        if each.metric_id not in METRICS:
            raise Invalid(f"{each.metric_id} is not for {item.type}: {_place(each.metric_id)}.")


def require_single_valued(item: Item) -> None:
    """Check that no metric is a category.

    Raises:
        Invalid: a category among them.
    """
    for each in item.metrics:
        if each.metric_id in CATEGORIES:
            raise Invalid(f"{each.metric_id} is not for {item.type}: {_place(each.metric_id)}.")


def require_categories(item: Item) -> None:
    """Check that all metrics are categories.

    Raises:
        Invalid: another one among them.
    """
    for each in item.metrics:
        if each.metric_id not in CATEGORIES:
            raise Invalid(f"{item.type} reads {', '.join(CATEGORIES)}, not {each.metric_id}.")


def require_one_metric(item: Item) -> Asked:
    """The only metric of the item.

    Raises:
        Invalid: it has none or several.
    """
    if len(item.metrics) != 1:
        raise Invalid(f"{item.type} has exactly one metric, this one {len(item.metrics)}.")
    return item.metrics[0]


def _place(metric_id: str) -> str:
    if metric_id in CATEGORIES:
        return "it belongs to PieChartReportItem and StackedChartReportItem"
    return f"it belongs to LineChartReportItem ({', '.join(GAUGES)} are gauges, not samples)"
