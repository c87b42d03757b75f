"""Logarithmic histograms of microseconds: small, mergeable, with an error below 1 %.

A histogram is a dict from bucket to count. Bucket 0 holds zero, bucket b > 0 the whole microseconds
from RATIO**(b-1) up to RATIO**b; the bucket stands for its geometric middle, which is at most
0.75 % away from any value in it (plus rounding to a whole microsecond).

On the wire and in the database a histogram is the flat list `[bucket, count, bucket, count, …]`
in ascending order.
"""

from collections.abc import Iterable, Mapping
from math import ceil, log

RATIO = 1.015
"""Width of a bucket. The one constant for engine and store; changing it invalidates stored runs."""

_BUCKETS_PER_E = 1 / log(RATIO)


def bucket_of(us: int) -> int:
    """The bucket of a duration; negative ones (a clock that was set back) count as zero."""
    return int(log(us) * _BUCKETS_PER_E) + 1 if us > 0 else 0


def value_of(bucket: int) -> int:
    """The duration a bucket stands for, in microseconds."""
    return round(RATIO ** (bucket - 0.5)) if bucket > 0 else 0


def merge(into: dict[int, int], other: Mapping[int, int]) -> None:
    """Add the counts of `other` to `into`."""
    for bucket, count in other.items():
        into[bucket] = into.get(bucket, 0) + count


def merge_flat(into: dict[int, int], flat: Iterable[int]) -> None:
    """Add the counts of a flat list to `into`."""
    pairs = iter(flat)
    for bucket, count in zip(pairs, pairs, strict=True):
        into[bucket] = into.get(bucket, 0) + count


def flat(histogram: Mapping[int, int]) -> list[int]:
    """The flat list, buckets ascending."""
    return [number for pair in sorted(histogram.items()) for number in pair]


def percentile(histogram: Mapping[int, int], percent: float) -> int:
    """Nearest-rank percentile in microseconds, 0 of an empty histogram.

    Args:
        histogram: Counts by bucket.
        percent: 0 to 100; 50 is the median.
    """
    return percentiles(histogram, (percent,))[0]


def percentiles(histogram: Mapping[int, int], percents: Iterable[float]) -> list[int]:
    """Nearest-rank percentiles in microseconds, in the order of `percents`; one pass."""
    total = sum(histogram.values())
    wanted = list(percents)
    found = [0] * len(wanted)
    if not total:
        return found
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    buckets = iter(sorted(histogram.items()))
    bucket, seen = next(buckets)
    for index in order:
        rank = min(total, max(1, ceil(wanted[index] / 100 * total)))
        while seen < rank:
            bucket, count = next(buckets)
            seen += count
        found[index] = value_of(bucket)
    return found


def count_up_to(histogram: Mapping[int, int], us: int) -> int:
    """How many values are at most `us`, up to the width of the bucket that `us` falls into."""
    last = bucket_of(us)
    return sum(count for bucket, count in histogram.items() if bucket <= last)
