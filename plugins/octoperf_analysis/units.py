"""Units of metrics, and the way from the platform's figures to those of the tools.

The platform answers times in seconds, as its clients expect (abstracta/jmeter-java-dsl multiplies
by 1000); tools answer milliseconds. This is the one place that knows.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_MS_PER_WIRE_UNIT = 1000
_TIMES = ("RESPONSE_TIME_", "CONNECT_TIME_", "LATENCY_", "NETWORK_TIME_")
_BYTES = ("THROUGHPUT_", "SENT_BYTES_", "RESPONSE_SIZE", "HTTP_MEDIA_TYPES_THROUGHPUT")
_COUNTED = {
    "HITS_": "hits",
    "ERRORS_": "errors",
    "ASSERTIONS_": "assertions",
    "HTTP_": "hits",
    "USERLOAD": "users",
}


@dataclass(frozen=True, slots=True)
class Unit:
    """Unit beside a figure, and what a figure of the platform is multiplied by."""

    name: str
    scale: int = 1
    digits: int = 3


TIME = Unit("ms", _MS_PER_WIRE_UNIT)
PERCENT = Unit("%")


def unit_of(metric_id: str) -> Unit:
    """Unit of a metric; a metric of unknown name has the unit that the platform gave it."""
    if metric_id.startswith(_TIMES):
        return _time_unit(metric_id)
    if metric_id.startswith(_BYTES):
        return Unit("bytes/s" if metric_id.endswith("_RATE") else "bytes")
    if metric_id.endswith("_PERCENT"):
        return PERCENT
    for prefix, counted in _COUNTED.items():
        if metric_id.startswith(prefix):
            return Unit(f"{counted}/s" if metric_id.endswith("_RATE") else counted)
    return Unit("as the platform gives it")


def _time_unit(metric_id: str) -> Unit:
    if metric_id.endswith("_APDEX"):
        return Unit("apdex, 0 to 1", digits=4)
    if metric_id.endswith("_VAR"):
        return Unit("ms²", _MS_PER_WIRE_UNIT**2)
    return TIME


def figure(value: Any, unit: Unit) -> float | None:
    """A figure of the platform in this unit; None where there is none (`"NaN"`, null)."""
    if isinstance(value, Mapping):
        value = value.get("value")
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return round(number * unit.scale, unit.digits) if math.isfinite(number) else None
