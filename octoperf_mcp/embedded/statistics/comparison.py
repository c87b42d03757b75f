"""Whether a run is slower than another one, action by action, and whether that can be said at all.

Only the child process imports this module, for NumPy and SciPy.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from scipy.stats import false_discovery_control, fisher_exact

from octoperf_mcp.embedded.metrics.histogram import merge_flat, percentiles
from octoperf_mcp.embedded.statistics.shift import (
    Shift,
    aligned,
    inflation_of,
    mann_whitney,
    quantile_interval_ms,
    quantile_ms,
)

Json = dict[str, Any]

MIN_SAMPLES = 30
"""Fewer, in either run: nothing is said about an action."""
MIN_TAIL_SAMPLES = 200
"""Fewer: nothing is said about its 95th percentile."""
MAX_LOAD_DIFFERENCE_PCT = 10.0
MIN_ERROR_RISE_PCT = 1.0
"""Percentage points of failed requests."""
MIN_EFFECT_MS = 1.0
"""Less, of the middle or of the tail, matters to nobody, and clocks and timers are no finer."""
_ALPHA = 0.05
_P95 = 0.95
_ORDER = ("regress", "not_comparable", "improve", "pass")


def compare(asked: Mapping[str, Any]) -> Json:
    """Verdict over two runs.

    Args:
        asked: minEffectPct, and baseline and candidate as `material.run_material` makes them.

    Returns:
        verdict, reason, load, and actions, those that got worse first.
    """
    runs = asked["baseline"], asked["candidate"]
    load = _load(*runs)
    empty = [which for which, run in zip(("baseline", "candidate"), runs, strict=True)
             if not run["actions"]]  # fmt: skip
    if empty:
        reason = f"The {empty[0]} has no samples in the time that is compared."
        return _answer("not_comparable", reason, load, [])
    if load["differencePct"] > MAX_LOAD_DIFFERENCE_PCT:
        reason = (
            f"The load differs by {load['differencePct']:.0f} %, more than"
            f" {MAX_LOAD_DIFFERENCE_PCT:.0f} %: {load['baseline']:g} against"
            f" {load['candidate']:g} {load['unit']} on average."
        )
        return _answer("not_comparable", reason, load, [])
    shared = [action for action in runs[0]["actions"] if action in runs[1]["actions"]]
    if not shared:
        return _answer("not_comparable", "The runs have no action in common.", load, [])
    rows = _rows([(action, runs[0]["actions"][action], runs[1]["actions"][action])
                  for action in shared], asked["minEffectPct"])  # fmt: skip
    apart = runs[0]["actions"].keys() ^ runs[1]["actions"].keys()
    verdict, reason = _overall(rows)
    if apart:
        reason += f" {len(apart)} more ran in one of both only."
    return _answer(verdict, reason, load, rows)


def _answer(verdict: str, reason: str, load: Json, rows: list[Json]) -> Json:
    return {"verdict": verdict, "reason": reason, "load": load, "actions": rows}


def _load(baseline: Json, candidate: Json) -> Json:
    """Both curves of users over the same seconds; of hits where no users were counted."""
    unit = "users" if any(baseline["users"]) and any(candidate["users"]) else "hits"
    a, b = baseline[unit], candidate[unit]
    apart = sum(abs(left - right) for left, right in zip(a, b, strict=False))
    most = max(sum(a), sum(b))
    return {
        "unit": unit if unit == "users" else "hits/s",
        "baseline": round(_mean(a), 2),
        "candidate": round(_mean(b), 2),
        "differencePct": round(100 * apart / most, 1) if most else 0.0,
    }


def _mean(curve: Sequence[float]) -> float:
    return sum(curve) / len(curve) if curve else 0.0


def _rows(shared: Sequence[tuple[str, Json, Json]], least_pct: float) -> list[Json]:
    tested = [(action, a, b, _times(a, b)) for action, a, b in shared]
    times = _adjusted([each["shift"].p_value if each else 1.0 for *_, each in tested])
    errors = _adjusted([_error_p(a, b) for _, a, b, _ in tested])
    rows = []
    for (action, a, b, found), p_times, p_errors in zip(tested, times, errors, strict=True):
        verdict, reason = _verdict(
            a, b, found, p_times=p_times, p_errors=p_errors, least_pct=least_pct
        )
        shift: Shift | None = found["shift"] if found else None
        rows.append(
            {
                "actionId": action,
                "actionName": a["name"],
                "verdict": verdict,
                "reason": reason,
                "baseline": _side(a, found["baseline"] if found else {}),
                "candidate": _side(b, found["candidate"] if found else {}),
            }
            | (_told(shift, p_times) if shift else {})
        )
    rows.sort(key=lambda row: (_ORDER.index(row["verdict"]), -row.get("effectPct", 0.0)))
    return rows


def _adjusted(p_values: list[float]) -> list[float]:
    """Benjamini and Hochberg: with many actions, one in twenty would be significant by chance."""
    return [float(each) for each in false_discovery_control(p_values)]


def _told(shift: Shift, p_value: float) -> Json:
    return {
        "effectPct": round(shift.pct, 2),
        "lowPct": round(shift.low, 2),
        "highPct": round(shift.high, 2),
        "probabilitySlower": round(shift.probability, 4),
        "pValue": float(f"{p_value:.3g}"),
    }


def _side(action: Json, figures: Json) -> Json:
    share = 100 * action["errors"] / action["hits"] if action["hits"] else 0.0
    return {"hits": action["hits"], "errorPct": round(share, 3), **figures}


def _times(a: Json, b: Json) -> Json | None:
    """Shift and quantiles of the times of requests that succeeded; None of too few."""
    if min(_samples(a), _samples(b)) < MIN_SAMPLES:
        return None
    lowest, (left, right) = aligned(a["histogram"], b["histogram"])
    inflation = inflation_of(a["batches"], b["batches"])
    return {
        "shift": mann_whitney(left, right, inflation),
        "baseline": _quantiles(a),
        "candidate": _quantiles(b),
        "p95": [quantile_ms(lowest, counts, _P95) for counts in (left, right)],
        "tails": [quantile_interval_ms(lowest, counts, _P95, inflation) for counts in (left, right)]
        if min(_samples(a), _samples(b)) >= MIN_TAIL_SAMPLES * inflation
        else None,
    }


def _quantiles(action: Json) -> Json:
    """As reports show them: the nearest rank, within 1 %."""
    histogram: dict[int, int] = {}
    merge_flat(histogram, action["histogram"])
    median, tail = percentiles(histogram, (50, 100 * _P95))
    return {"medianMs": median / 1000, "p95Ms": tail / 1000}


def _samples(action: Json) -> int:
    return sum(action["histogram"][1::2])


def _error_p(a: Json, b: Json) -> float:
    if not a["errors"] and not b["errors"]:
        return 1.0
    table = [[each["errors"], each["hits"] - each["errors"]] for each in (a, b)]
    return float(fisher_exact(table)[1])


def _verdict(
    a: Json, b: Json, found: Json | None, *, p_times: float, p_errors: float, least_pct: float
) -> tuple[str, str]:
    rise = 100 * (b["errors"] / max(1, b["hits"]) - a["errors"] / max(1, a["hits"]))
    counted = min(a["hits"], b["hits"]) >= MIN_SAMPLES
    slower = _slower(found, p_times, least_pct)
    if counted and rise >= MIN_ERROR_RISE_PCT and p_errors < _ALPHA:
        return "regress", f"{rise:.1f} percentage points more requests fail. {slower}".rstrip()
    if slower:
        return "regress", slower
    if found is None:
        return "not_comparable", _too_few(a, b)
    shift: Shift = found["shift"]
    certain = p_times < _ALPHA
    tail = _tail(found, least_pct)
    if tail:
        return tail
    if _largest_ms(found) < MIN_EFFECT_MS:
        return "pass", f"What changed is less than {MIN_EFFECT_MS:g} ms ({_interval(shift)})."
    if certain and shift.pct <= -least_pct:
        return "improve", f"Times are {-shift.pct:.1f} % shorter ({_interval(shift)})."
    if max(shift.high - shift.pct, shift.pct - shift.low) > least_pct:
        return "not_comparable", (
            f"The noise hides a change of {least_pct:g} %: {_interval(shift)}. Run longer."
        )
    return "pass", f"No change of {least_pct:g} % or more ({_interval(shift)})."


def _slower(found: Json | None, p_times: float, least_pct: float) -> str:
    """How much longer the times are; empty where they are not, or by too little to matter."""
    if found is None or p_times >= _ALPHA:
        return ""
    shift: Shift = found["shift"]
    if shift.pct < least_pct or _largest_ms(found) < MIN_EFFECT_MS:
        return ""
    return f"Times are {shift.pct:.1f} % longer ({_interval(shift)})."


def _largest_ms(found: Json) -> float:
    """The greatest change of the middle that the interval allows."""
    shift: Shift = found["shift"]
    return float(max(abs(shift.low), abs(shift.high)) / 100 * found["baseline"]["medianMs"])


def _too_few(a: Json, b: Json) -> str:
    which, least = min((("baseline", _samples(a)), ("candidate", _samples(b))),
                       key=lambda each: each[1])  # fmt: skip
    return f"Only {least} samples that succeeded in the {which}; it takes {MIN_SAMPLES}."


def _interval(shift: Shift) -> str:
    return f"95 % confidence: {shift.low:+.1f} to {shift.high:+.1f} %"


def _tail(found: Json, least_pct: float) -> tuple[str, str] | None:
    """The slowest requests alone got slower: their intervals lie apart."""
    if found["tails"] is None:
        return None
    (_, before), (after, _) = found["tails"]
    old, new = found["p95"]
    rise = 100 * (new / old - 1) if old else 0.0
    if after > before and rise >= least_pct and new - old >= MIN_EFFECT_MS:
        return "regress", f"The 95th percentile is {rise:.1f} % longer, the middle is not."
    return None


def _overall(rows: Sequence[Json]) -> tuple[str, str]:
    named = {verdict: [row for row in rows if row["verdict"] == verdict] for verdict in _ORDER}
    total = len(rows)
    unclear = named["not_comparable"]
    rest = f" Of {len(unclear)} nothing can be said." if unclear else ""
    for verdict, words in (("regress", "got worse"), ("improve", "got better")):
        if named[verdict]:
            first = named[verdict][0 if verdict == "regress" else -1]
            return verdict, (
                f"{len(named[verdict])} of {total} actions {words}; {first['actionName']}:"
                f" {first['reason']}{rest}"
            )
    if not named["pass"]:
        return "not_comparable", f"{unclear[0]['actionName']}: {unclear[0]['reason']}"
    return "pass", f"{len(named['pass'])} of {total} actions take as long as before.{rest}"
