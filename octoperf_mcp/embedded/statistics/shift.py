"""Two logarithmic histograms compared: Mann-Whitney, Hodges-Lehmann and quantiles, from counts.

The buckets of `metrics.histogram` are ranks with ties, so that each test is that of the samples
themselves up to the width of a bucket (1.5 %), and costs the number of buckets, not of samples.
Since buckets are logarithms, the Hodges-Lehmann shift between two runs is a *ratio* of times.
Imports NumPy and SciPy: only the child process may import this module.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from scipy.stats import norm

from octoperf_mcp.embedded.metrics.histogram import RATIO

Counts = Any
"""An array of counts, by bucket from `lowest` on."""
CONFIDENCE = 0.95
_Z = float(norm.isf((1 - CONFIDENCE) / 2))


@dataclass(frozen=True, slots=True)
class Shift:
    """How the times of a candidate relate to those of a baseline.

    `pct`, `low` and `high`: change of the times in per cent and its interval of 95 % confidence;
    `probability`: that a request of the candidate takes longer than one of the baseline, ties
    counted half (0.5: alike); `p_value`: two-sided.
    """

    pct: float
    low: float
    high: float
    probability: float
    p_value: float


def aligned(*flats: Sequence[int]) -> tuple[int, list[Counts]]:
    """Flat histograms as arrays over the same buckets, and the lowest of these."""
    buckets = [bucket for flat in flats for bucket in flat[::2]]
    lowest, highest = min(buckets, default=0), max(buckets, default=0)
    arrays = []
    for flat in flats:
        counts = np.zeros(highest - lowest + 1)
        counts[np.array(flat[::2], dtype=int) - lowest] = flat[1::2]
        arrays.append(counts)
    return lowest, arrays


def mann_whitney(baseline: Counts, candidate: Counts, inflation: float = 1.0) -> Shift:
    """Mann-Whitney test with tie correction, and the Hodges-Lehmann estimate that belongs to it.

    Args:
        baseline: Counts by bucket.
        candidate: Counts over the same buckets; neither is empty.
        inflation: By how much the variance exceeds that of independent samples, at least 1.
    """
    n, m = float(baseline.sum()), float(candidate.sum())
    below = np.cumsum(baseline) - baseline
    probability = float((candidate * (below + baseline / 2)).sum() / (n * m))
    error = _standard_error(baseline + candidate, n, m) * sqrt(inflation)
    if error == 0:  # all samples in one bucket: nothing differs
        return Shift(0.0, 0.0, 0.0, probability, 1.0)
    p_value = float(2 * norm.sf(abs(probability - 0.5) / error))
    points = _pair_quantiles(baseline, candidate, (0.5, 0.5 - _Z * error, 0.5 + _Z * error))
    estimate, low, high = (_percent(point) for point in points)
    return Shift(estimate, min(low, estimate), max(high, estimate), probability, min(1.0, p_value))


def _standard_error(ties: Counts, n: float, m: float) -> float:
    """Of U / (n m) when both are alike."""
    total = n + m
    if total <= 1:
        return 0.0
    tied = float((ties**3 - ties).sum()) / (total * (total - 1))
    return sqrt(max(0.0, (total + 1 - tied) / (12 * n * m)))


def _pair_quantiles(baseline: Counts, candidate: Counts, shares: Sequence[float]) -> list[float]:
    """Quantiles of the differences, in buckets, of all pairs of samples."""
    pairs = np.convolve(candidate, baseline[::-1])
    cumulative = np.concatenate(([0.0], np.cumsum(pairs))) / pairs.sum()
    edges = np.arange(len(cumulative)) - len(baseline) + 0.5
    wanted = np.clip(shares, 0.0, 1.0)
    # Where no pair lies the edge is not unique: the middle of both readings is symmetric.
    left = np.interp(wanted, cumulative, edges)
    right = -np.interp(1 - wanted, (1 - cumulative)[::-1], -edges[::-1])
    return [float(each) for each in (left + right) / 2]


def _percent(buckets: float) -> float:
    return float(100 * (RATIO**buckets - 1))


def quantile_ms(lowest: int, counts: Counts, share: float) -> float:
    """The time that this share of the samples does not exceed, in milliseconds."""
    cumulative = np.concatenate(([0.0], np.cumsum(counts))) / counts.sum()
    edge = float(np.interp(share, cumulative, np.arange(len(cumulative)) + lowest - 1))
    return float(RATIO**edge / 1000) if edge > 0 else 0.0


def quantile_interval_ms(
    lowest: int, counts: Counts, share: float, inflation: float
) -> tuple[float, float]:
    """Interval of 95 % confidence of a quantile, from the binomial law of ranks."""
    spread = _Z * sqrt(share * (1 - share) * inflation / float(counts.sum()))
    low, high = max(0.0, share - spread), min(1.0, share + spread)
    return quantile_ms(lowest, counts, low), quantile_ms(lowest, counts, high)


def inflation_of(
    baseline: Sequence[Any], candidate: Sequence[Any], *, least: int = 5, few: int = 8
) -> float:
    """By how much requests near in time resemble each other: the method of batch means.

    Batches of both runs are paired by their time since the start, so that a load that grows alike
    in both does not count as noise.

    Args:
        baseline: For each stretch of time, how many samples, and mean and variance of their
            buckets.
        candidate: The same.
        least: Samples that a batch must have in both.
        few: With fewer such pairs nothing can be said: 1.
    """
    pairs = [
        (b[1] - a[1], a[2] / a[0] + b[2] / b[0])
        for a, b in zip(baseline, candidate, strict=False)
        if min(a[0], b[0]) >= least
    ]
    expected = float(sum(pair[1] for pair in pairs))
    if len(pairs) < few or expected <= 0:
        return 1.0
    observed = float(np.var([pair[0] for pair in pairs], ddof=1))
    return max(1.0, observed * len(pairs) / expected)
