"""Think times and pacing: how long a user waits."""

from collections.abc import Callable, Mapping
from typing import Any

from octoperf_mcp.embedded.engine.play.program import Measure
from octoperf_mcp.embedded.engine.play.session import UserSession
from octoperf_mcp.embedded.engine.texts.templates import compile_text

Node = Mapping[str, Any]
_UNITS_MS = {"MILLISECONDS": 1, "SECONDS": 1000, "MINUTES": 60_000}
_SECOND_MS = 1000


def compile_thinktime(node: Node | None) -> Measure | None:
    """A think time value (`ThinktimeConstant`, …) as milliseconds; None when there is none."""
    if not node:
        return None
    compiler = _KINDS.get(str(node.get("@type")))
    return compiler(node) if compiler else None


def compile_pacing(node: Node | None) -> Measure:
    """Least duration of an iteration, drawn evenly between `min` and `max`."""
    if not node:
        return lambda _: 0.0
    unit = _UNITS_MS.get(str(node.get("unit") or "SECONDS"), _SECOND_MS)
    low = float(node.get("min") or 0) * unit
    high = max(low, float(node.get("max") or 0) * unit)
    return lambda session: session.random.uniform(low, high)


def _constant(node: Node) -> Measure:
    value = float(node.get("value") or 0)
    return lambda _: value


def _range(node: Node) -> Measure:
    low, high = sorted((float(node.get("min") or 0), float(node.get("max") or 0)))
    return lambda session: session.random.uniform(low, high)


def _text(node: Node) -> Measure:
    template = compile_text(str(node.get("value") or "0"))

    def measure(session: UserSession) -> float:
        text = template.render(session)
        try:
            return float(text)
        except ValueError:
            session.log(f"Think time {text!r} is no number of milliseconds.", level="WARN")
            return 0.0

    return measure


def _gaussian(node: Node) -> Measure:
    offset, deviation = float(node.get("offset") or 0), float(node.get("deviation") or 0)
    return lambda session: max(0.0, session.random.gauss(offset, deviation))


def _throughput(node: Node) -> Measure:
    """Spaces the requests of a user evenly, by a plan that slow answers do not stretch.

    A request that is late goes out at once and the next one keeps its place, so that a target that
    was slow for a while gets the requests that were meant for that time (no coordinated omission).
    """
    rate = float(node.get("hitsPerSecond") or 0)
    gap = _SECOND_MS / rate if rate > 0 else 0.0
    key = object()

    def measure(session: UserSession) -> float:
        now = session.now_ms()
        due = float(session.store.get(key, now))
        session.store[key] = due + gap
        session.company.late(now - due)
        return max(0.0, due - now)

    return measure


_KINDS: dict[str, Callable[[Node], Measure]] = {
    "ThinktimeConstant": _constant,
    "ThinktimeRange": _range,
    "ThinktimeText": _text,
    "ThinktimeGaussian": _gaussian,
    "ThroughputThinktime": _throughput,
}
