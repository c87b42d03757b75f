"""What the statistics work on, read from the histograms of runs: never a single sample."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, cast

from octoperf_mcp.embedded.metrics.gauges import user_load
from octoperf_mcp.embedded.metrics.histogram import flat, merge
from octoperf_mcp.embedded.metrics.reading import INTERVALS_S, Groups, Limits, RunView, Window
from octoperf_mcp.embedded.metrics.selection import HITS, Selection

BATCHES = 40
"""A run is cut into about this many stretches of time at most."""

Json = dict[str, Any]


def batch_seconds(seconds: int, batches: int = BATCHES) -> int:
    """Length of a stretch, one of `INTERVALS_S`."""
    return next((each for each in INTERVALS_S if seconds <= each * batches), INTERVALS_S[-1])


async def run_material(view: RunView, window: Window, measure: str) -> Json:
    """A run for `comparison.compare`.

    Times are those of requests that succeeded: a failure is often quick, and is counted apart.

    Args:
        view: The run.
        window: What part of it.
        measure: `elapsed` or `latency`.

    Returns:
        users and hits by second since the start of the window; by action its name, hits, errors,
        a flat histogram, and of each stretch of time how many samples there are, with mean and
        variance of their buckets.
    """
    column = f"{measure}_hist"
    interval = batch_seconds(window.seconds)
    groups = await view.stats(
        [each for each in view.series if each.kind in HITS],
        window,
        ("n", "ok", "err"),
        (column,),
        interval=interval,
        key=lambda series: (series.action_id, series.code),
    )
    users = await user_load(view, Selection(), _limits(window), 1)
    actions = await asyncio.to_thread(_actions, groups, view, column, window, interval)
    hits: dict[int, float] = defaultdict(float)
    for (start, _), stats in groups.items():
        hits[start or 0] += stats["n"]
    return {
        "users": _by_second(users, window),
        "hits": [
            hits.get(start, 0.0) / window.overlap(start, interval)
            for start in window.starts(interval)
        ],
        "actions": actions,
    }


def _limits(window: Window) -> Limits:
    return Limits(window.start * 1000, window.end * 1000)


def _by_second(curve: Mapping[int, float], window: Window) -> list[float]:
    """The curve with its last value where a second is missing."""
    last, found = 0.0, []
    for second in range(window.start, window.end):
        last = curve.get(second, last)
        found.append(last)
    return found


def _actions(groups: Groups, view: RunView, column: str, window: Window, interval: int) -> Json:
    counts: dict[str, dict[str, float]] = defaultdict(lambda: {"hits": 0, "errors": 0})
    histograms: dict[str, dict[int, dict[int, int]]] = defaultdict(lambda: defaultdict(dict))
    for (start, key), stats in groups.items():
        action, _ = cast("tuple[str, str]", key)
        counts[action]["hits"] += stats["n"]
        counts[action]["errors"] += stats["err"]
        if stats["ok"]:
            merge(histograms[action][start or 0], stats.histograms[column])
    return {
        action: {
            "name": view.labels.action_name(action),
            **counts[action],
            **distribution(histograms[action], window.starts(interval)),
        }
        for action in sorted(counts, key=view.labels.order)
    }


def distribution(by_start: Mapping[int, Mapping[int, int]], starts: Sequence[int]) -> Json:
    """Histogram and batches of an action, from its histograms by second."""
    whole: dict[int, int] = {}
    for histogram in by_start.values():
        merge(whole, histogram)
    batches = [_moments(by_start.get(start, {})) for start in starts]
    return {"histogram": flat(whole), "batches": batches}


def _moments(histogram: Mapping[int, int]) -> tuple[int, float, float]:
    """How many, and mean and variance of their buckets."""
    count = sum(histogram.values())
    if not count:
        return 0, 0.0, 0.0
    mean = sum(bucket * number for bucket, number in histogram.items()) / count
    squares = sum((bucket - mean) ** 2 * number for bucket, number in histogram.items())
    return count, mean, squares / count


async def ramp_material(view: RunView) -> Json:
    """A run for `capacity.capacity`; its first and last stretch, which are cut, are left out."""
    window = view.bounds
    interval = batch_seconds(window.seconds, 240)
    groups = await view.stats(view.select(Selection()), window, ("ok",), interval=interval)
    users = _by_second(await user_load(view, Selection(), _limits(window), 1), window)
    points = []
    for start in window.starts(interval)[1:-1]:
        first = start - window.start
        active = sum(users[first : first + interval]) / interval
        found = groups.get((start, None))
        points.append((active, found["ok"] / interval if found else 0.0))
    hits = sum(stats["ok"] for stats in groups.values())
    return {"seconds": window.seconds, "hits": hits, "points": points}
