"""Tests from counts by bucket say what SciPy says of the samples themselves."""

import random
from itertools import product

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from octoperf_mcp.embedded.metrics.histogram import bucket_of, flat, value_of
from octoperf_mcp.embedded.statistics.shift import (
    aligned,
    inflation_of,
    mann_whitney,
    quantile_interval_ms,
    quantile_ms,
)


def drawn(seed: int, size: int, middle_us: float = 100_000, spread: float = 0.5) -> list[int]:
    chance = random.Random(seed)
    return [round(middle_us * chance.lognormvariate(0, spread)) for _ in range(size)]


def counted(samples: list[int]) -> list[int]:
    counts: dict[int, int] = {}
    for sample in samples:
        counts[bucket_of(sample)] = counts.get(bucket_of(sample), 0) + 1
    return flat(counts)


@pytest.mark.parametrize("seed", range(8))
def test_the_test_equals_that_of_scipy_over_the_same_ties(seed: int) -> None:
    """SciPy ranks each sample; counts of buckets must come to the same number."""
    sizes = random.Random(seed)
    a = drawn(seed, sizes.randint(2, 400))
    b = drawn(seed + 100, sizes.randint(2, 400), middle_us=100_000 * sizes.uniform(0.7, 1.4))
    _, (left, right) = aligned(counted(a), counted(b))
    found = mann_whitney(left, right)
    ours = [value_of(bucket_of(each)) for each in a], [value_of(bucket_of(each)) for each in b]
    theirs = mannwhitneyu(ours[1], ours[0], use_continuity=False, method="asymptotic")
    assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-9)
    assert found.probability == pytest.approx(theirs.statistic / (len(a) * len(b)), rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_the_shift_is_the_median_ratio_of_all_pairs(seed: int) -> None:
    """Hodges and Lehmann, within the width of a bucket."""
    a, b = drawn(seed, 150), drawn(seed + 50, 220, middle_us=130_000)
    _, (left, right) = aligned(counted(a), counted(b))
    exact = 100 * (float(np.median([y / x for x, y in product(a, b)])) - 1)
    found = mann_whitney(left, right)
    assert found.pct == pytest.approx(exact, abs=1.5)
    assert found.low < exact < found.high


@pytest.mark.parametrize("seed", range(4))
def test_exchanging_the_runs_turns_the_shift_round(seed: int) -> None:
    a, b = counted(drawn(seed, 90)), counted(drawn(seed + 9, 140, middle_us=150_000))
    _, (left, right) = aligned(a, b)
    there, back = mann_whitney(left, right), mann_whitney(right, left)
    assert there.p_value == pytest.approx(back.p_value)
    assert there.probability == pytest.approx(1 - back.probability)
    for one, other in ((there.pct, back.pct), (there.low, back.high), (there.high, back.low)):
        assert 1 + one / 100 == pytest.approx(1 / (1 + other / 100))


@pytest.mark.parametrize("values", [[7] * 40, [1, 10**6] * 20, drawn(3, 500), [0] * 30])
def test_a_run_compared_with_itself_has_not_moved(values: list[int]) -> None:
    _, (left, right) = aligned(counted(values), counted(values))
    found = mann_whitney(left, right)
    assert found.pct == pytest.approx(0, abs=1e-9)
    assert found.p_value == pytest.approx(1)
    assert found.low <= 0 <= found.high


def test_samples_that_resemble_their_neighbours_widen_the_interval() -> None:
    _, (left, right) = aligned(counted(drawn(1, 400)), counted(drawn(2, 400, middle_us=112_000)))
    alone, inflated = mann_whitney(left, right), mann_whitney(left, right, 9.0)
    assert inflated.p_value > alone.p_value
    assert inflated.low < alone.low < alone.pct < alone.high < inflated.high
    assert inflated.pct == alone.pct


def test_batches_that_differ_by_chance_only_inflate_nothing_much() -> None:
    chance = random.Random(5)
    noise, other = ([(100, chance.gauss(50, 3.0), 900.0) for _ in range(40)] for _ in range(2))
    assert 1.0 <= inflation_of(noise, other) < 2.0
    ramps = [[(n, mean + 2 * i, v) for i, (n, mean, v) in enumerate(run)] for run in (noise, other)]
    assert inflation_of(ramps[0], ramps[1]) == pytest.approx(inflation_of(noise, other))
    waves = [(100, 50 + 30 * (i % 2), 900.0) for i in range(40)]
    assert inflation_of(noise, waves) > 10
    assert inflation_of(noise[:4], waves[:4]) == 1.0


def test_quantiles_are_those_of_the_samples_within_a_bucket() -> None:
    samples = sorted(drawn(4, 3000))
    lowest, (counts,) = aligned(counted(samples))
    for share in (0.5, 0.95):
        exact = samples[round(share * 3000) - 1] / 1000
        assert quantile_ms(lowest, counts, share) == pytest.approx(exact, rel=0.015)
        low, high = quantile_interval_ms(lowest, counts, share, 1.0)
        assert low < exact < high
