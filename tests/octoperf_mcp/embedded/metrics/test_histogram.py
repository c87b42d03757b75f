from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from octoperf_mcp.embedded.metrics import histogram

DURATIONS = st.lists(st.integers(0, 3_600_000_000), min_size=1, max_size=400)


def counted(values: list[int]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for value in values:
        histogram.merge(counts, {histogram.bucket_of(value): 1})
    return counts


@given(st.integers(0, 2**53))
def test_a_bucket_stands_for_its_values_within_one_percent(us: int) -> None:
    assert abs(histogram.value_of(histogram.bucket_of(us)) - us) <= us * 0.01 + 1


@given(DURATIONS, st.floats(0, 100))
def test_percentiles_agree_with_sorting_the_samples(values: list[int], percent: float) -> None:
    """Nearest rank, computed independently on the raw values."""
    exact = sorted(values)[max(1, ceil(percent / 100 * len(values))) - 1]
    assert abs(histogram.percentile(counted(values), percent) - exact) <= exact * 0.01 + 1


@given(DURATIONS, DURATIONS)
def test_merged_histograms_equal_the_histogram_of_all_samples(
    left: list[int], right: list[int]
) -> None:
    merged = counted(left)
    histogram.merge_flat(merged, histogram.flat(counted(right)))
    assert merged == counted(left + right)


def test_several_percentiles_keep_the_order_they_were_asked_in() -> None:
    counts = counted(list(range(1, 100_001)))
    assert histogram.percentiles(counts, (99, 50, 0)) == [
        histogram.percentile(counts, 99),
        histogram.percentile(counts, 50),
        1,
    ]


def test_an_empty_histogram_has_percentile_zero() -> None:
    assert histogram.percentile({}, 95) == 0


def test_a_clock_set_back_counts_as_zero() -> None:
    assert histogram.bucket_of(-5) == 0


@given(DURATIONS, st.integers(0, 3_600_000_000))
def test_the_count_up_to_a_threshold_is_off_by_values_next_to_it_only(
    values: list[int], threshold: int
) -> None:
    counted_up_to = histogram.count_up_to(counted(values), threshold)
    assert (
        sum(value <= threshold for value in values)
        <= counted_up_to
        <= sum(value <= threshold * histogram.RATIO + 1 for value in values)
    )
