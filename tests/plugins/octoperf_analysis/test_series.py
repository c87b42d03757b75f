"""Fewer points, same extremes."""

from hypothesis import given
from hypothesis import strategies as st

from octoperf_analysis.series import downsample

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32)


@given(values=st.lists(NUMBERS, max_size=300), most=st.integers(4, 60))
def test_a_curve_keeps_its_ends_its_extremes_and_its_order(values: list[float], most: int) -> None:
    points = [(float(position), value) for position, value in enumerate(values)]
    kept = downsample(points, most)
    assert len(kept) <= most
    assert kept == sorted(kept)
    assert set(kept) <= set(points)
    if len(points) <= most:
        assert kept == points
    else:
        assert (kept[0], kept[-1]) == (points[0], points[-1])
        assert min(value for _, value in kept) == min(values)
        assert max(value for _, value in kept) == max(values)
