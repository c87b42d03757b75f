import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoperf_mcp.embedded.engine.load.ramp import (
    Load,
    LoadError,
    duration_ms,
    highest_until,
    peak_users,
    spans_of,
    users_at,
)

RAMP: Load = {
    "@type": "UserProfileLoadRampUp",
    "delayMs": 1000,
    "rampUpMs": 10000,
    "plateauMs": 5000,
    "plateauVus": 20,
}
DOWN: Load = {**RAMP, "@type": "UserProfileLoadRampUpThenRampDown", "rampDownMs": 4000}
STAIRS: Load = {**RAMP, "@type": "UserProfileLoadAscendingStairs", "stepCount": 3}
CUSTOM: Load = {
    "@type": "UserProfileLoadCustom",
    "points": [
        {"timeInMs": 0, "threadsCount": 2},
        {"timeInMs": 1000, "threadsCount": 10},
        {"timeInMs": 1000, "threadsCount": 4},
        {"timeInMs": 3000, "threadsCount": 0},
        {"timeInMs": 4000, "threadsCount": 5},
    ],
}


@pytest.mark.parametrize(
    ("load", "t_ms", "users"),
    [
        (RAMP, 0, 0),
        (RAMP, 999, 0),
        (RAMP, 1000, 1),
        (RAMP, 1999, 1),
        (RAMP, 2000, 2),
        (RAMP, 6000, 10),
        (RAMP, 10999, 19),
        (RAMP, 11000, 20),
        (RAMP, 15999, 20),
        (RAMP, 16000, 0),
        (DOWN, 16000, 20),
        (DOWN, 18000, 10),
        (DOWN, 19999, 1),
        (DOWN, 20000, 0),
        (STAIRS, 1000, 6),
        (STAIRS, 4334, 13),
        (STAIRS, 10999, 20),
        (STAIRS, 16000, 0),
        (CUSTOM, 0, 2),
        (CUSTOM, 500, 6),
        (CUSTOM, 1000, 4),
        (CUSTOM, 2000, 2),
        (CUSTOM, 3000, 1),
        (CUSTOM, 4000, 0),
    ],
)
def test_each_shape_has_its_users_at_each_moment(load: Load, t_ms: int, users: int) -> None:
    assert users_at(load, t_ms) == users


def test_durations_include_the_delay_and_the_ramp_down() -> None:
    assert [duration_ms(load) for load in (RAMP, DOWN, STAIRS, CUSTOM)] == [
        16000,
        20000,
        16000,
        4000,
    ]
    assert [peak_users(load) for load in (RAMP, DOWN, STAIRS, CUSTOM)] == [20, 20, 20, 10]


def test_no_ramp_means_all_users_at_once() -> None:
    assert users_at({**RAMP, "rampUpMs": 0}, 1000) == 20


@pytest.mark.parametrize("load", [RAMP, DOWN, STAIRS, CUSTOM])
def test_users_play_exactly_while_the_shape_counts_them(load: Load) -> None:
    spans = [spans_of(load, index) for index in range(25)]
    for t_ms in range(0, 21000, 7):
        playing = sum(any(begin <= t_ms < end for begin, end in own) for own in spans)
        assert playing == users_at(load, t_ms), t_ms


@pytest.mark.parametrize("load", [RAMP, DOWN, STAIRS, CUSTOM])
def test_highest_until_is_the_greatest_count_so_far(load: Load) -> None:
    highest = 0
    for t_ms in range(21000):
        highest = max(highest, users_at(load, t_ms))
        if t_ms % 250 == 0:
            assert highest_until(load, t_ms) == highest


@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 30)), min_size=2, max_size=6).filter(
        lambda gaps: sum(gap for gap, _ in gaps[1:]) > 0
    )
)
def test_spans_agree_with_counts_for_any_custom_shape(gaps: list[tuple[int, int]]) -> None:
    time = 0
    points: list[dict[str, int]] = []
    for index, (gap, users) in enumerate(gaps):
        time += gap if index else 0
        points.append({"timeInMs": time, "threadsCount": users})
    load = {"@type": "UserProfileLoadCustom", "points": points}
    spans = [spans_of(load, index) for index in range(31)]
    for t_ms in range(time + 2):
        playing = sum(any(begin <= t_ms < end for begin, end in own) for own in spans)
        assert playing == users_at(load, t_ms)


@pytest.mark.parametrize(
    ("load", "named"),
    [
        ({"@type": "UserProfileLoadWave"}, "UserProfileLoadRampUp"),
        ({**RAMP, "plateauVus": 0}, "plateauVus"),
        ({**RAMP, "rampUpMs": -1}, "rampUpMs"),
        ({**RAMP, "rampUpMs": 0, "plateauMs": 0}, "0 ms"),
        ({**STAIRS, "stepCount": None}, "stepCount"),
        ({"@type": "UserProfileLoadCustom", "points": []}, "points"),
        ({"@type": "UserProfileLoadCustom", "points": CUSTOM["points"][1:]}, "timeInMs 0"),
    ],
)
def test_an_impossible_load_is_refused_with_its_property(load: Load, named: str) -> None:
    with pytest.raises(LoadError, match=named):
        users_at(load, 0)
