"""Curves whose change points are known."""

import random
from typing import Any

import pytest

from octoperf_mcp.embedded.statistics.changes import changes, onset_of


def noisy(seed: int, *levels: float, length: int = 30, noise: float = 0.05) -> list[float]:
    chance = random.Random(seed)
    return [level * chance.gauss(1, noise) for level in levels for _ in range(length)]


@pytest.mark.parametrize("seed", range(5))
def test_a_step_is_found_where_it_is(seed: int) -> None:
    found = onset_of(noisy(seed, 100, 150))
    assert found is not None
    assert found["index"] == pytest.approx(30, abs=1)
    assert found["changePct"] == pytest.approx(50, abs=6)


@pytest.mark.parametrize("seed", range(20))
def test_noise_and_single_peaks_are_no_change(seed: int) -> None:
    curve: list[float | None] = [*noisy(seed, 100, noise=0.5, length=80)]
    curve[40] = 9000.0
    assert onset_of(curve) is None


def test_a_slow_rise_begins_where_it_leaves_its_level() -> None:
    curve = [*noisy(1, 100, noise=0.01), *(100 + 5 * n for n in range(40))]
    found = onset_of(curve)
    assert found is not None
    assert 30 <= found["index"] <= 36


def test_gaps_errors_from_none_and_curves_without_points() -> None:
    none: list[float | None] = [None] * 40
    assert onset_of(none) is None
    assert onset_of([1.0] * 5) is None
    assert onset_of([0.0] * 40) is None
    found = onset_of([0.0] * 20 + [3.0] * 20)
    assert found is not None
    assert (found["index"], found["changePct"]) == (20, 100.0)
    gaps = [None if n % 3 == 0 else value for n, value in enumerate(noisy(2, 100, 200))]
    assert onset_of(gaps) is not None


def asked(**curves: list[float]) -> dict[str, Any]:
    listed = [
        {"metric": metric, "name": metric, "unit": "u", "values": values}
        for metric, values in curves.items()
    ]
    return {"startMs": 1_000_000, "intervalSec": 2, "curves": listed}


def test_who_moved_before_the_response_times_is_suspected_and_who_came_later_is_not() -> None:
    found = changes(
        asked(
            USERLOAD=[10.0] * 60,
            ERRORS_RATE=noisy(1, 1, 1, 1, 1, 9, length=10) + [9.0] * 10,
            CONNECT_TIME_AVG=[5.0] * 20 + [50.0] * 40,
            RESPONSE_TIME_MEDIAN=noisy(2, 100, 200),
        )
    )
    names = [found["onsets"][number]["metric"] for number in found["suspects"]]
    assert names == ["CONNECT_TIME_AVG"]
    assert [each["metric"] for each in found["onsets"]][-1] == "ERRORS_RATE"
    assert found["onsets"][0]["atMs"] == 1_000_000 + 20 * 2000
    assert "CONNECT_TIME_AVG moved first" in found["reason"]


def test_without_a_slowdown_nobody_is_suspected() -> None:
    quicker = changes(asked(USERLOAD=[9.0] * 60, RESPONSE_TIME_MEDIAN=noisy(2, 200, 100)))
    assert "no lasting rise" in quicker["reason"]
    alone = changes(asked(USERLOAD=[9.0] * 60, RESPONSE_TIME_MEDIAN=noisy(2, 100, 200)))
    assert "look at the system itself" in alone["reason"]
    for few in (asked(), asked(USERLOAD=[1.0] * 5)):
        assert "points in time" in changes(few)["reason"]
    assert quicker["suspects"] == alone["suspects"] == []


def test_an_action_that_got_faster_is_no_suspect_and_the_slowest_is_named() -> None:
    """Warm caches make the first minute's actions faster; that explains no slowdown."""
    told = asked(
        USERLOAD=noisy(1, 40, 100, noise=0.01),
        RESPONSE_TIME_PERCENTILE_95=[*noisy(2, 200, length=35), *noisy(3, 750, length=25)],
    )
    for name, values in {
        "login": noisy(4, 8, 1.3),
        "tiny": noisy(5, 0.2, 0.5),
        "checkout": [*noisy(6, 500, length=40), *noisy(7, 780, length=20)],
    }.items():
        curve = {"metric": "RESPONSE_TIME_AVG", "actionId": name, "unit": "ms"}
        told["curves"].append({**curve, "name": f"The response time of {name}", "values": values})
    found = changes(told)
    suspects = [found["onsets"][number] for number in found["suspects"]]
    assert [each["metric"] for each in suspects] == ["USERLOAD"]
    assert "tiny" not in {each.get("actionId") for each in found["onsets"]}
    assert "most was added to response time of checkout" in found["reason"]
    assert "USERLOAD moved first" in found["reason"]
