"""What a scenario plans: its peak of users and its length, read from its load shapes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_MIN_POLL_SEC = 3
_MAX_POLL_SEC = 60
_UNKNOWN_POLL_SEC = 5
_OVERHEAD_SEC = 30
"""Start and end of the load generators, on top of the longest profile."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Users of all profiles at their peaks, and seconds until the longest profile ends."""

    users: int
    duration_sec: int


def plan_of(scenario: Mapping[str, Any]) -> Plan:
    """What a scenario plans; a profile of unknown shape counts nothing."""
    loads = [profile.get("load") or {} for profile in scenario.get("userProfiles") or []]
    longest_ms = max((duration_ms(load) for load in loads), default=0)
    return Plan(sum(peak_of(load) for load in loads), round(longest_ms / 1000))


def duration_ms(load: Mapping[str, Any]) -> int:
    """Length of a load shape with its delay."""
    points = [int(point.get("timeInMs") or 0) for point in load.get("points") or []]
    parts = ("delayMs", "rampUpMs", "plateauMs", "rampDownMs")
    return max(points, default=sum(int(load.get(part) or 0) for part in parts))


def peak_of(load: Mapping[str, Any]) -> int:
    """Most users that a load shape ever has."""
    points = [int(point.get("threadsCount") or 0) for point in load.get("points") or []]
    if "maxVus" in load:
        return int(load["maxVus"] or 0)
    return max(points, default=int(load.get("plateauVus") or 0))


def poll_sec(duration_sec: float, progress: float = 0.0) -> int:
    """Seconds to wait between two looks at a run (skill async-polling).

    A tenth of the expected duration, between 3 and 60 s, and not far beyond the expected end.

    Args:
        duration_sec: Planned length of the load; 0 when it is not known.
        progress: 0 to 1.
    """
    if duration_sec <= 0:
        return _UNKNOWN_POLL_SEC
    expected = duration_sec + _OVERHEAD_SEC
    interval = min(expected / 10, _MAX_POLL_SEC)
    left = duration_sec * (1 - progress) + 5
    return max(_MIN_POLL_SEC, round(min(interval, left)))
