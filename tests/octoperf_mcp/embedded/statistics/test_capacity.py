"""Ramps whose capacity is known."""

import random
from math import sqrt
from typing import Any

import pytest

from octoperf_mcp.embedded.statistics.capacity import capacity, usl


def ramp(
    *law: float, users: int = 100, seed: int = 1, noise: float = 0.02, seconds: int = 200
) -> dict[str, Any]:
    chance = random.Random(seed)
    points = []
    for second in range(seconds):
        active = 1 + (users - 1) * second / seconds
        points.append((active, usl(active, *law) * chance.gauss(1, noise)))
    return {"seconds": seconds, "hits": sum(each[1] for each in points), "points": points}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("law", [(10.0, 0.02, 0.0005), (3.0, 0.05, 0.001)])
def test_the_fit_recovers_the_law_and_its_knee_within_the_interval(
    law: tuple[float, float, float], seed: int
) -> None:
    found = capacity(ramp(*law, seed=seed))
    peak = sqrt((1 - law[1]) / law[2])
    assert found["knee"]["users"] == pytest.approx(peak, rel=0.05)
    assert found["knee"]["usersLow"] * 0.98 < peak < found["knee"]["usersHigh"] * 1.02
    assert found["knee"]["hitsPerSec"] == pytest.approx(usl(peak, *law), rel=0.02)
    assert found["fit"]["lambda"] == pytest.approx(law[0], rel=0.1)
    assert found["fit"]["kappa"] == pytest.approx(law[2], rel=0.2)
    assert found["warnings"] == []


def test_growth_without_an_end_has_no_knee() -> None:
    """Neither a straight line nor one that only bends a little."""
    for law in ((10.0, 0.0, 0.0), (10.0, 0.01, 0.0), (10.0, 0.01, 0.00001)):
        found = capacity(ramp(*law))
        assert "knee" not in found
        assert "No knee up to" in found["reason"]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (ramp(10, 0.02, 0.0005, seconds=20), "lasted 20 s"),
        (ramp(0.01, 0.02, 0.0005), "hits succeeded"),
        (ramp(10, 0.02, 0.0005, users=3), "levels of users"),
        ({"seconds": 60, "hits": 999, "points": []}, "0 levels"),
        (
            {"seconds": 60, "hits": 999, "points": [(20 + n / 10, 50) for n in range(100)]},
            "from 20",
        ),
    ],
)
def test_a_ramp_that_is_too_short_is_refused(asked: dict[str, Any], says: str) -> None:
    found = capacity(asked)
    assert says in found["reason"]
    assert not {"knee", "fit"} & set(found)


def test_hits_that_do_not_follow_users_have_no_knee() -> None:
    chance = random.Random(3)
    points = [(1 + n / 2, chance.uniform(1, 100)) for n in range(200)]
    found = capacity({"seconds": 200, "hits": 9999, "points": points})
    assert "knee" not in found
    assert found["reason"]
