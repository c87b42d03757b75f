"""Thresholds from a file of the project, and what a run makes of them.

The file is TOML, or JSON of the same shape when its name ends in `.json`:

    warmUpSec = 30                               # optional: seconds left out at the start

    [[thresholds]]
    metric = "RESPONSE_TIME_PERCENTILE_95"       # any metric that is one number
    max = 800                                    # max, min or both; times are milliseconds
    action = "Search"                            # optional: name, path or id; else the whole run
    name = "Searching is quick"                  # optional
"""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import orjson

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.metrics.gauges import user_load
from octoperf_mcp.embedded.metrics.items import Asked
from octoperf_mcp.embedded.metrics.metric_ids import METRICS, TIME_UNIT, USERLOAD, unit_of
from octoperf_mcp.embedded.metrics.reading import Limits, RunView
from octoperf_mcp.embedded.metrics.selection import EVERYTHING, Selection
from octoperf_mcp.embedded.metrics.values import figures

MAX_BYTES = 64 * 1024
MAX_THRESHOLDS = 200
_KEYS = ("action", "max", "metric", "min", "name")
_TOP = ("thresholds", "warmUpSec")
_MS = {TIME_UNIT: ("ms", 1000), f"{TIME_UNIT}²": ("ms²", 1_000_000)}


@dataclass(frozen=True, slots=True)
class Threshold:
    """A bound of one figure, in the unit that tools answer; None: open on that side."""

    name: str
    metric: str
    action: str = ""
    least: float | None = None
    most: float | None = None

    @property
    def bound(self) -> str:
        """As people write it."""
        parts = [f">= {self.least:g}"] if self.least is not None else []
        parts += [f"<= {self.most:g}"] if self.most is not None else []
        return " and ".join(parts)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """A whole file."""

    warm_up_sec: int
    rows: list[Threshold]


@dataclass(frozen=True, slots=True)
class Check:
    """A threshold and what the run has: verdict pass, fail or not_evaluated."""

    threshold: Threshold
    unit: str
    verdict: str
    value: float | None = None
    reason: str = ""


def thresholds_of(data: bytes, filename: str) -> Thresholds:
    """Read a file.

    Raises:
        Invalid: says where it is wrong, and what is allowed.
    """
    try:
        text = data.decode("utf-8-sig")
        found: Any = orjson.loads(text) if filename.endswith(".json") else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        kind = "JSON" if filename.endswith(".json") else "TOML"
        raise Invalid(f"{filename} is no {kind}: {error}") from error
    if not isinstance(found, dict):
        raise Invalid(f"{filename} must hold an object with 'thresholds'.")
    _known(found, _TOP, filename)
    rows, warm_up = found.get("thresholds"), found.get("warmUpSec", 0)
    if not isinstance(rows, list) or not 0 < len(rows) <= MAX_THRESHOLDS:
        raise Invalid(f"{filename} needs 1 to {MAX_THRESHOLDS} [[thresholds]].")
    if isinstance(warm_up, bool) or not isinstance(warm_up, int) or warm_up < 0:
        raise Invalid(f"{filename}: warmUpSec is a whole number from 0, not {warm_up!r}.")
    return Thresholds(
        warm_up, [_threshold(row, f"{filename}, threshold {n}") for n, row in enumerate(rows, 1)]
    )


def _threshold(row: object, where: str) -> Threshold:
    if not isinstance(row, dict):
        raise Invalid(f"{where} is no table of metric and max or min.")
    _known(row, _KEYS, where)
    for key in ("metric", "action", "name"):
        if not isinstance(row.get(key, ""), str):
            raise Invalid(f"{where}: {key} is a text.")
    metric, allowed = row.get("metric", ""), (*METRICS, USERLOAD)
    if metric not in allowed:
        raise Invalid(f"{where}: the metric {metric!r} is unknown{_near(metric, allowed)}")
    action = row.get("action", "")
    if metric == USERLOAD and action:
        raise Invalid(f"{where}: {USERLOAD} is of the whole run, without action.")
    least, most = (_bound(row, key, where) for key in ("min", "max"))
    if least is None and most is None:
        raise Invalid(f"{where} needs max, min or both.")
    if least is not None and most is not None and least > most:
        raise Invalid(f"{where}: min is greater than max.")
    name = row.get("name") or f"{metric} of {action or 'the run'}"
    return Threshold(name, metric, action, least, most)


def _known(row: Mapping[str, Any], keys: tuple[str, ...], where: str) -> None:
    for key in row:
        if key not in keys:
            raise Invalid(f"{where}: {key!r} is unknown{_near(key, keys)}")


def _near(given: str, allowed: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(given, allowed, 1)
    if not allowed:
        return "."
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(allowed[:60])}."


def _bound(row: Mapping[str, Any], key: str, where: str) -> float | None:
    value = row.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise Invalid(f"{where}: {key} is a number, not {value!r}.")
    return float(value)


async def checks_of(view: RunView, thresholds: Thresholds) -> list[Check]:
    """Each threshold with the figure of the run, in their order."""
    start_ms = (view.first + thresholds.warm_up_sec) * 1000
    limits = Limits(start_ms if view.series else None)
    return [await _check(view, each, limits) for each in thresholds.rows]


async def _check(view: RunView, threshold: Threshold, limits: Limits) -> Check:
    wire = unit_of(threshold.metric)
    unit, scale = _MS.get(wire, (wire, 1))
    terms: tuple[tuple[str, frozenset[str]], ...] = ()
    if threshold.action:
        actions = _actions(view, threshold.action)
        if not actions:
            names = tuple(sorted({each.name for each in view.labels.actions.values()}))
            why = f"The run has no action {threshold.action!r}{_near(threshold.action, names)}"
            return Check(threshold, unit, "not_evaluated", reason=why)
        terms = (("actionId", actions),)
    value = await _value(view, threshold.metric, terms, limits)
    if value is None:
        reason = "There is no sample in the time that counts."
        return Check(threshold, unit, "not_evaluated", reason=reason)
    shown = round(value * scale, 4)
    low = threshold.least is not None and shown < threshold.least
    high = threshold.most is not None and shown > threshold.most
    if not low and not high:
        return Check(threshold, unit, "pass", shown)
    reason = f"{shown:g} {unit}".strip() + f" is not {threshold.bound}."
    return Check(threshold, unit, "fail", shown, reason)


def _actions(view: RunView, named: str) -> frozenset[str]:
    """Ids of the actions that have this id, path or name; several of one name count together."""
    known = view.labels.actions
    if named in known or any(series.action_id == named for series in view.series):
        return frozenset({named})
    by_path = {action for action, each in known.items() if each.path == named}
    return frozenset(by_path or {action for action, each in known.items() if each.name == named})


async def _value(
    view: RunView, metric: str, terms: tuple[tuple[str, frozenset[str]], ...], limits: Limits
) -> float | None:
    """On the wire's scale; None without samples."""
    if metric == USERLOAD:
        curve = await user_load(view, Selection(), limits, 1)
        return max(curve.values(), default=None)
    selection = Selection(EVERYTHING if terms else None, terms)
    (found,) = await figures(view, [Asked(metric, view.run_id, selection, None)], limits)
    return found.get((None, None))
