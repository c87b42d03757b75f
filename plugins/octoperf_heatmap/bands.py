"""Bands of durations between round numbers, each a like multiple of the one before."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from octoperf_mcp import Bucket

_STEPS = (
    (1.0, 1.12, 1.25, 1.4, 1.6, 1.8, 2.0, 2.24, 2.5, 2.8, 3.15, 3.55, 4.0, 4.5, 5.0, 5.6, 6.3, 7.1,
     8.0, 9.0),
    (1.0, 1.25, 1.6, 2.0, 2.5, 3.15, 4.0, 5.0, 6.3, 8.0),
    (1.0, 1.6, 2.5, 4.0, 6.3),
    (1.0, 2.0, 5.0),
    (1.0,),
)  # fmt: skip
"""Preferred numbers (ISO 3) within a factor of ten, finest first."""
_MS = 1000


@dataclass(frozen=True, slots=True)
class Edge:
    """A round number of milliseconds, and the whole microsecond that a band begins with."""

    ms: float
    us: int


def edges_for(buckets: Iterable[Bucket], most: int) -> list[Edge]:
    """The finest edges between which all buckets lie, with `most` bands at most.

    A band begins with the first bucket that begins at its round number or above, so that every
    request is counted in exactly one band, and no bucket is torn: an edge lies where it says, or
    up to 1.5 % above.
    """
    known = [each.low_us for each in buckets]
    zero = [Edge(0, 0)] if 0 in known or not known else []
    above = [low for low in known if low]
    if not above:
        return [*zero, Edge(1 / _MS, 1)]
    low, high = min(above), max(above)
    edges: list[Edge] = []
    for steps in _STEPS:
        edges = [*zero, *_rounds(steps, low, high)]
        if len(edges) - 1 <= most:
            break
    while len(edges) - 1 > most:
        edges = [*edges[:-1:2], edges[-1]]
    return edges


def _rounds(steps: Sequence[float], low_us: int, high_us: int) -> list[Edge]:
    """From the last round number up to `low_us` to the first one above `high_us`."""
    found = [0]
    power = 1
    while found[-1] <= high_us:
        found = sorted({*found, *(round(step * power) for step in steps)})
        power *= 10
    first = bisect_right(found, low_us) - 1
    last = bisect_right(found, high_us)
    return [Edge(us / _MS, us) for us in found[first : last + 1]]


def band_of(low_us: int, edges: list[Edge]) -> int:
    """The band of a bucket that begins with `low_us`."""
    return bisect_right([each.us for each in edges], low_us) - 1


def named(low: Edge, high: Edge) -> str:
    """`100 to 125 ms`."""
    return f"{low.ms:g} to {high.ms:g} ms"
