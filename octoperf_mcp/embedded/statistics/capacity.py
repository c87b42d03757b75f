"""Where more users bring no more hits: the Universal Scalability Law fitted to a ramp.

X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1)), after Gunther, *Guerrilla Capacity
Planning*: lambda is what one user brings, sigma what waiting for one another costs, kappa what
keeping one another consistent costs. X has its peak, the knee, at N = sqrt((1 - sigma) / kappa).
Imports NumPy and SciPy: for the child process only.
"""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

import numpy as np
from scipy.optimize import curve_fit

Json = dict[str, Any]
Array = Any

MIN_SECONDS = 30
MIN_LEVELS = 6
MIN_SPAN = 3.0
"""The highest load must be this many times the lowest."""
MIN_HITS = 200
MIN_R2 = 0.7
MOST_BEYOND = 1.5
"""A knee further out than this many times the highest load is a guess."""
_LEVELS = 25
_RESAMPLED = 200
_FEWEST_WITH_KNEE = 0.95


def usl(users: Array, rate: Array, contention: Array, coherency: Array) -> Array:
    """Hits per second of so many users."""
    return rate * users / (1 + contention * (users - 1) + coherency * users * (users - 1))


def capacity(asked: Mapping[str, Any]) -> Json:
    """The knee of a run, or why it cannot be said.

    Args:
        asked: seconds, hits, and points: users and successful hits per second of each stretch
            of time.

    Returns:
        reason, warnings, levels; fit where there is one, knee where it is certain.
    """
    points = np.array([each for each in asked["points"] if each[0] > 0], dtype=float).reshape(-1, 2)
    levels = _levels(points)
    told: Json = {"warnings": [], "levels": [_level(each) for each in levels]}
    refusal = _too_short(asked, points, levels)
    if refusal:
        return told | {"reason": refusal}
    fitted = _fit(points, (points[:, 1].max() / points[:, 0].max(), 0.05, 1e-4))
    if fitted is None:
        return told | {"reason": "No curve of the law fits these hits: they do not follow users."}
    residual = float(((points[:, 1] - usl(points[:, 0], *fitted)) ** 2).sum())
    total = float(((points[:, 1] - points[:, 1].mean()) ** 2).sum())
    r2 = 1 - residual / total if total else 0.0
    named = dict(zip(("lambda", "sigma", "kappa"), (float(f"{each:.6g}") for each in fitted),
                     strict=True))  # fmt: skip
    told["fit"] = {**named, "r2": round(r2, 4)}
    if r2 < MIN_R2:
        return told | {
            "reason": f"The law explains {r2:.0%} of the hits only; nothing can be said."
        }
    return told | _knee(points, fitted, told["warnings"])


def _levels(points: Array) -> list[Array]:
    """Means of the points, gathered into at most 25 equal steps of users."""
    if not len(points):
        return []
    users = points[:, 0]
    step = max(1.0, (users.max() - users.min()) / (_LEVELS - 1))
    which = np.round((users - users.min()) / step).astype(int)
    return [points[which == each].mean(axis=0) for each in np.unique(which)]


def _level(level: Array) -> Json:
    return {"users": round(float(level[0]), 1), "hitsPerSec": round(float(level[1]), 2)}


def _too_short(asked: Mapping[str, Any], points: Array, levels: Sequence[Array]) -> str:
    if asked["seconds"] < MIN_SECONDS:
        return f"The run lasted {asked['seconds']} s; a ramp of at least {MIN_SECONDS} s is needed."
    if asked["hits"] < MIN_HITS:
        return f"Only {asked['hits']:.0f} hits succeeded; it takes {MIN_HITS}."
    if len(levels) < MIN_LEVELS:
        return (
            f"The load had {len(levels)} levels of users; a ramp through at least {MIN_LEVELS}"
            " is needed (create_scenario_ramp_up or create_scenario_stairs)."
        )
    low, high = points[:, 0].min(), points[:, 0].max()
    if high < MIN_SPAN * low:
        return f"Users went from {low:g} to {high:g} only; ramp up at least {MIN_SPAN:g}-fold."
    return ""


def _fit(points: Array, start: Sequence[float]) -> Array | None:
    """Parameters; None where the search does not end."""
    bounds = ([0, 0, 0], [np.inf, 1, 1])
    try:
        found, _ = curve_fit(
            usl, points[:, 0], points[:, 1], p0=np.clip(start, 1e-9, None), bounds=bounds
        )
    except (RuntimeError, ValueError):
        return None
    return found


def _peak(fitted: Array) -> float:
    _, contention, coherency = fitted
    return sqrt((1 - contention) / coherency) if coherency > 0 else float("inf")


def _knee(points: Array, fitted: Array, warnings: list[str]) -> Json:
    """The peak with its interval of 95 %: points are drawn again, the law is fitted again."""
    chance = np.random.default_rng(20)
    peaks = []
    for _ in range(_RESAMPLED):
        drawn = points[chance.integers(0, len(points), len(points))]
        again = _fit(drawn, fitted)
        if again is not None:
            peaks.append((_peak(again), float(usl(_peak(again), *again))
                          if np.isfinite(_peak(again)) else float("inf")))  # fmt: skip
    highest = float(points[:, 0].max())
    peak = _peak(fitted)
    within = sum(1 for each, _ in peaks if each <= MOST_BEYOND * highest)
    if peak > MOST_BEYOND * highest or within < _FEWEST_WITH_KNEE * len(peaks):
        reached = float(usl(highest, *fitted))
        return {
            "reason": (
                f"No knee up to {highest:g} users: {reached:.4g} hits/s there and no certain end"
                " of the growth. Ramp further up."
            )
        }
    users, hits = np.percentile(np.array(peaks), (2.5, 97.5), axis=0).T
    if peak > highest:
        warnings.append(f"The knee lies beyond the {highest:g} users that were measured.")
    return {
        "reason": f"Beyond {peak:.0f} users hits no longer grow.",
        "knee": {
            "users": round(peak, 1),
            "usersLow": round(float(users[0]), 1),
            "usersHigh": round(float(users[1]), 1),
            "hitsPerSec": round(float(usl(peak, *fitted)), 2),
            "hitsPerSecLow": round(float(hits[0]), 2),
            "hitsPerSecHigh": round(float(hits[1]), 2),
        },
    }
