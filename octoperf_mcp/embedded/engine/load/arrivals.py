"""Open arrival: at which instant each iteration of a load is meant to start.

A curve is a rate that changes in straight lines; arrival number k (from 0) comes when the area
under the curve has reached k. Every generator computes the same instants, so that they share the
arrivals by number without talking to each other.
"""

from bisect import bisect_right
from itertools import accumulate, pairwise
from math import ceil, sqrt
from typing import Any, Self

from octoperf_mcp.embedded.engine.load.ramp import Load, LoadError, points_of
from octoperf_mcp.entities.engines import ARRIVALS

_MINUTE_MS = 60_000


class Curve:
    """The arrivals of a `UserProfileLoadArrivals`."""

    def __init__(self, load: Load) -> None:
        points = [(time, _rate(point)) for time, point in points_of(load)]
        self._pieces = [piece for piece in pairwise(points) if piece[0][0] < piece[1][0]]
        areas = [(low + high) / 2 * (end - begin) for (begin, low), (end, high) in self._pieces]
        self._before = [0.0, *accumulate(areas)]
        """Arrivals before each piece."""
        self.total = ceil(round(self._before[-1], 6))
        """Arrivals of the whole load."""
        self.end_ms = points[-1][0]
        if not self.total:
            raise LoadError("load.points let nobody arrive: give one an arrivalsPerMinute.")

    @classmethod
    def of(cls, load: Load) -> Self | None:
        """The curve of a load; None where users do not arrive but stay.

        Raises:
            LoadError: it has no arrivals.
        """
        return cls(load) if load.get("@type") == ARRIVALS else None

    def instant_ms(self, number: int) -> float:
        """When an arrival is meant to start, after the start of the run."""
        index = min(bisect_right(self._before, number), len(self._pieces)) - 1
        (begin, low), (end, high) = self._pieces[index]
        area, slope = number - self._before[index], (high - low) / (end - begin)
        if not area:
            return float(begin)
        # The stable form of the root of slope/2 t² + low t = area.
        root = sqrt(max(0.0, low * low + 2 * slope * area))
        return min(float(end), begin + 2 * area / (low + root))

    def until(self, t_ms: float) -> int:
        """How many are meant to have started at `t_ms`, that instant included."""
        low, high = 0, self.total
        while low < high:
            middle = (low + high) // 2
            if self.instant_ms(middle) <= t_ms:
                low = middle + 1
            else:
                high = middle
        return low

    @property
    def peak_per_minute(self) -> float:
        """The highest rate."""
        return max(max(low, high) for (_, low), (_, high) in self._pieces) * _MINUTE_MS

    def per_minute(self, t_ms: float) -> float:
        """The rate at a moment."""
        for (begin, low), (end, high) in self._pieces:
            if begin <= t_ms < end:
                return (low + (high - low) * (t_ms - begin) / (end - begin)) * _MINUTE_MS
        return 0.0


def _rate(point: dict[str, Any]) -> float:
    """Arrivals per millisecond."""
    value = point.get("arrivalsPerMinute")
    if (
        not isinstance(value, int | float)
        or isinstance(value, bool)
        or not 0 <= value < float("inf")
    ):
        raise LoadError(f"load.arrivalsPerMinute must be a number of at least 0, not {value!r}.")
    return value / _MINUTE_MS
