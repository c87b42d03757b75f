"""Fewer points of a curve without losing its extremes."""

from collections.abc import Sequence

Point = tuple[float, float]
"""Position and value."""


def downsample(points: Sequence[Point], most: int) -> list[Point]:
    """At most `most` points, ordered by position.

    The first and the last stay; between them each slice of the curve keeps its least and its
    greatest value, so that no peak and no dip disappears.

    Args:
        points: Ordered by position.
        most: At least 4.
    """
    if len(points) <= most:
        return list(points)
    inner = points[1:-1]
    slices = (most - 2) // 2
    kept = [points[0]]
    for number in range(slices):
        part = inner[number * len(inner) // slices : (number + 1) * len(inner) // slices]
        least = min(part, key=lambda point: point[1])
        greatest = max(part, key=lambda point: point[1])
        kept.extend(sorted({least, greatest}))
    return [*kept, points[-1]]
