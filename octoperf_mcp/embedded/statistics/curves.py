"""The curves among which `changes` looks for what moved first."""

from collections import Counter
from typing import Any

from octoperf_mcp.embedded.metrics.gauges import COUNTERS, monitoring, user_load
from octoperf_mcp.embedded.metrics.items import Asked
from octoperf_mcp.embedded.metrics.metric_ids import METRICS, TIME_UNIT
from octoperf_mcp.embedded.metrics.reading import Limits, RunView, Window
from octoperf_mcp.embedded.metrics.selection import Selection, Series
from octoperf_mcp.embedded.metrics.values import figures
from octoperf_mcp.embedded.statistics.material import batch_seconds

Json = dict[str, Any]

MOST_POINTS = 120
MOST_ACTIONS = 30
_FIRST = {"ERRORS_RATE": "Errors", "RESPONSE_SIZE": "Received bytes of a hit",
          "CONNECT_TIME_AVG": "Connect time"}  # fmt: skip
_LAST = {"RESPONSE_TIME_MEDIAN": "The median response time",
         "RESPONSE_TIME_PERCENTILE_95": "The 95th percentile", "HITS_RATE": "Hits"}  # fmt: skip
_MS = 1000


async def curves_of(view: RunView, limits: Limits) -> Json:
    """What `changes.changes` takes: users, generators, errors, actions, hits, in this order."""
    window = view.window(limits)
    interval = batch_seconds(window.seconds, MOST_POINTS)
    starts = window.starts(interval)
    curves: list[Json] = []
    if starts:
        curves += await _gauges(view, window, interval)
        curves += await _sampled(view, window, interval, _FIRST)
        curves += await _actions(view, window, interval)
        curves += await _sampled(view, window, interval, _LAST)
    return {
        "startMs": (starts[0] if starts else 0) * 1000,
        "intervalSec": interval,
        "curves": curves,
    }


async def _gauges(view: RunView, window: Window, interval: int) -> list[Json]:
    limits = _limits(window)
    found = [("USERLOAD", "Users", "users", await user_load(view, Selection(), limits, interval))]
    for path, unit in zip(COUNTERS, ("%", "ms"), strict=True):
        selection = Selection(None, (("counterPath", frozenset({path})),))
        curve = await monitoring(view, selection, limits)
        found.append(("MONITORING", f"{path} of the load generators", unit, curve))
    curves = []
    for metric, name, unit, curve in found:
        most: dict[int, float] = {}
        for second, value in curve.items():
            start = second - second % interval
            most[start] = max(value, most.get(start, value))
        curves.append(_curve(metric, name, unit, [most.get(s) for s in window.starts(interval)]))
    return curves


def _limits(window: Window) -> Limits:
    return Limits(window.start * 1000, window.end * 1000)


async def _sampled(
    view: RunView, window: Window, interval: int, metrics: dict[str, str]
) -> list[Json]:
    asked = [Asked(metric, view.run_id, Selection(), None) for metric in metrics]
    found = await figures(view, asked, _limits(window), interval=interval)
    curves = []
    for (metric, name), values in zip(metrics.items(), found, strict=True):
        unit, scale = _unit(metric)
        rest = METRICS[metric].at_rest
        points = [values.get((start, None), rest) for start in window.starts(interval)]
        scaled = [None if point is None else point * scale for point in points]
        curves.append(_curve(metric, name, unit, scaled))
    return curves


async def _actions(view: RunView, window: Window, interval: int) -> list[Json]:
    """Average response times of the actions with the most points."""

    def key(series: Series) -> str:
        return series.action_id

    asked = [Asked("RESPONSE_TIME_AVG", view.run_id, Selection(), None)]
    (found,) = await figures(view, asked, _limits(window), interval=interval, key=key)
    points = Counter(str(action) for _, action in found)
    return [
        _curve(
            "RESPONSE_TIME_AVG",
            f"The response time of {view.labels.action_name(action)}",
            "ms",
            [
                found[start, action] * _MS if (start, action) in found else None
                for start in window.starts(interval)
            ],
        )
        | {"actionId": action}
        for action, _ in points.most_common(MOST_ACTIONS)
    ]


def _unit(metric: str) -> tuple[str, int]:
    unit = METRICS[metric].unit
    return ("ms", _MS) if unit == TIME_UNIT else (unit, 1)


def _curve(metric: str, name: str, unit: str, values: list[float | None]) -> Json:
    return {"metric": metric, "name": name, "unit": unit, "values": values}
