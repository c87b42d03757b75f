"""Instants of arrivals, against the area under their curve."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoperf_mcp.embedded.engine.load.arrivals import Curve
from octoperf_mcp.embedded.engine.load.ramp import Load, LoadError, duration_ms, peak_users
from tests.octoperf_mcp.embedded.engine.stage import arrivals

STEADY = arrivals((0, 600), (10_000, 600), users=5)


def test_a_steady_rate_lets_users_arrive_at_equal_distances() -> None:
    curve = Curve(STEADY)
    assert curve.total == 100
    assert [round(curve.instant_ms(number), 6) for number in (0, 1, 2, 99)] == [0, 100, 200, 9900]
    assert (duration_ms(STEADY), peak_users(STEADY)) == (10_000, 5)


def test_a_rate_may_rise_pause_and_jump() -> None:
    curve = Curve(arrivals((0, 0), (60_000, 60), (60_000, 0), (90_000, 0), (120_000, 60)))
    assert curve.total == 45
    assert curve.instant_ms(0) == 0
    assert round(curve.instant_ms(15)) == round(60_000 * (15 / 30) ** 0.5)
    assert curve.instant_ms(29) < 60_000
    assert curve.instant_ms(30) >= 60_000
    assert curve.instant_ms(31) > 90_000
    assert curve.until(89_999) == curve.until(60_000) == 30
    assert [curve.per_minute(at) for at in (0, 30_000, 75_000, 105_000)] == [0, 30, 0, 30]
    assert curve.peak_per_minute == 60


@given(
    st.lists(
        st.tuples(st.integers(0, 60_000), st.floats(0, 5000).filter(lambda x: x == 0 or x > 1)),
        min_size=1,
        max_size=6,
    )
)
def test_instants_never_go_back_and_are_counted_as_they_come(
    steps: list[tuple[int, float]],
) -> None:
    at, points = 0, [(0, 60.0)]
    for step, rate in steps:
        at += step
        points.append((at, rate))
    load = arrivals(*points)
    if at == 0:
        with pytest.raises(LoadError):
            Curve(load)
        return
    curve = Curve(load)
    instants = [curve.instant_ms(number) for number in range(curve.total)]
    assert all(earlier <= later + 1e-6 for earlier, later in pairwise(instants))
    assert instants[-1] <= at
    for moment in (0, at // 3, at):
        assert curve.until(moment) == sum(instant <= moment for instant in instants)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"points": []}, "at least two"),
        ({"points": [{"timeInMs": 0, "arrivalsPerMinute": 0}] * 2}, "nobody"),
        ({"points": [{"timeInMs": 5, "arrivalsPerMinute": 9}] * 2}, "timeInMs 0"),
        ({"points": [{"timeInMs": 0, "arrivalsPerMinute": -1}] * 2}, "arrivalsPerMinute"),
        ({"points": [{"timeInMs": 0, "arrivalsPerMinute": float("inf")}] * 2}, "arrivalsPerMinute"),
    ],
)
def test_a_curve_that_cannot_be_names_its_property(change: dict[str, Any], told: str) -> None:
    load: Load = {**STEADY, **change}
    with pytest.raises(LoadError, match=told):
        Curve.of(load)


def test_users_who_stay_have_no_curve() -> None:
    assert Curve.of({"@type": "UserProfileLoadCustom"}) is None
    with pytest.raises(LoadError, match="maxVus"):
        peak_users({**STEADY, "maxVus": 0})
