"""What moved first when a run got slower: change points of its curves.

Pettitt's test (1979) finds where a curve changes its level: it works on ranks, so that single
outliers decide nothing. Imports NumPy and SciPy: for the child process only.
"""

from collections.abc import Mapping, Sequence
from math import exp
from typing import Any

import numpy as np
from scipy.stats import median_abs_deviation, rankdata

Json = dict[str, Any]
Array = Any

MIN_POINTS = 12
MIN_CHANGE_PCT = 20.0
MIN_CHANGE_MS = 1.0
"""A shorter change of a response time is the scheduler's, and explains nothing."""
SYMPTOMS = ("RESPONSE_TIME_MEDIAN", "RESPONSE_TIME_PERCENTILE_95")
_ALPHA = 0.001
_DEVIATIONS = 3 * 1.4826
"""Of the median absolute deviation: three standard deviations of a normal law."""


def changes(asked: Mapping[str, Any]) -> Json:
    """Onsets of all curves, and those that moved no later than the response times.

    Args:
        asked: startMs, intervalSec, and curves: metric, name, unit, values at equal distances,
            in the order in which curves that moved together are to be suspected.

    Returns:
        reason, onsets by time, suspects (their places among the onsets).
    """
    curves = asked["curves"]
    if not curves or len(curves[0]["values"]) < MIN_POINTS:
        points = len(curves[0]["values"]) if curves else 0
        reason = f"Only {points} points in time: it takes {MIN_POINTS}. Choose a longer window."
        return {"reason": reason, "onsets": [], "suspects": []}
    onsets = [
        {key: value for key, value in curve.items() if key != "values"} | found
        for curve in curves
        if (found := onset_of(curve["values"])) is not None and _matters(curve, found)
    ]
    for onset in onsets:
        index = onset.pop("index")
        onset["atMs"] = asked["startMs"] + index * asked["intervalSec"] * 1000
    onsets.sort(key=lambda onset: onset["atMs"])
    slower = [
        onset
        for onset in onsets
        if onset["metric"] in SYMPTOMS and not onset.get("actionId") and onset["changePct"] > 0
    ]
    if not slower:
        return {
            "reason": "The response times of the run have no lasting rise.",
            "onsets": onsets,
            "suspects": [],
        }
    began = slower[0]["atMs"]
    latest = began + asked["intervalSec"] * 1000
    suspects = [
        number
        for number, onset in enumerate(onsets)
        if onset["atMs"] <= latest
        and (onset["metric"] not in SYMPTOMS or onset.get("actionId"))
        and (onset["changePct"] > 0 or not onset.get("actionId"))
    ]
    return {"reason": _reason(onsets, suspects, slower[0]), "onsets": onsets, "suspects": suspects}


def _matters(curve: Json, onset: Json) -> bool:
    """Whether a change can be felt: times have a floor, other curves none."""
    return bool(curve["unit"] != "ms" or abs(onset["after"] - onset["before"]) >= MIN_CHANGE_MS)


def _slowest(onsets: Sequence[Json]) -> str:
    """The action whose times rose most, whenever they did: it is where the time goes."""
    rises = [onset for onset in onsets if onset.get("actionId") and onset["changePct"] > 0]
    if not rises:
        return ""
    most = max(rises, key=lambda onset: float(onset["after"] - onset["before"]))
    return (
        f" Of the actions the most was added to {most['name'].removeprefix('The ')}: from"
        f" {most['before']:g} to {most['after']:g} {most['unit']}."
    )


def _reason(onsets: Sequence[Json], suspects: Sequence[int], slower: Json) -> str:
    told = (
        f"{slower['name']} went from {slower['before']:g} to {slower['after']:g} {slower['unit']}."
        f"{_slowest(onsets)}"
    )
    if not suspects:
        return f"{told} Nothing else that was measured moved before it: look at the system itself."
    first = onsets[suspects[0]]
    apart = (slower["atMs"] - first["atMs"]) / 1000
    when = f"{apart:g} s earlier" if apart > 0 else "at the same time"
    return (
        f"{told} {first['name']} moved first, {when}: from {first['before']:g} to"
        f" {first['after']:g} {first['unit']}."
    )


def onset_of(values: Sequence[float | None]) -> Json | None:
    """Where a curve leaves its first level for good; None where it does not.

    Args:
        values: None where there was nothing to measure: the last value counts on.

    Returns:
        index, before and after (medians), changePct (of before; 100 where that is 0).
    """
    curve = _filled(values)
    if curve is None:
        return None
    split, p_value = _pettitt(curve)
    if p_value >= _ALPHA:
        return None
    before, after = float(np.median(curve[:split])), float(np.median(curve[split:]))
    change = after - before
    pct = 100 * change / before if before else (100.0 if change > 0 else 0.0)
    if abs(pct) < MIN_CHANGE_PCT:
        return None
    return {
        "index": _onset(curve, split, change),
        "before": float(f"{before:.4g}"),
        "after": float(f"{after:.4g}"),
        "changePct": round(pct, 1),
        "pValue": float(f"{p_value:.3g}"),
    }


def _filled(values: Sequence[float | None]) -> Array | None:
    known = [value for value in values if value is not None]
    if len(values) < MIN_POINTS or len(known) < len(values) / 2:
        return None
    filled, last = [], known[0]
    for value in values:
        last = last if value is None else value
        filled.append(last)
    return np.array(filled, dtype=float)


def _pettitt(curve: Array) -> tuple[int, float]:
    """First index of the new level, and the approximate p-value."""
    size = len(curve)
    steps = np.arange(1, size + 1)
    walk = np.abs(2 * np.cumsum(rankdata(curve)) - steps * (size + 1))
    split = int(np.argmax(walk[:-1])) + 1
    greatest = float(walk[split - 1])
    return split, min(1.0, 2 * exp(-6 * greatest**2 / (size**3 + size**2)))


def _onset(curve: Array, split: int, change: float) -> int:
    """The split lies amid a slow rise: go back to where the curve left its first level."""
    first = curve[: max(3, split // 2)]
    level = float(np.median(first))
    band = max(_DEVIATIONS * float(median_abs_deviation(first)), abs(change) / 10)
    index = split
    while index > 1 and (curve[index - 1] - level) * np.sign(change) > band:
        index -= 1
    return index
