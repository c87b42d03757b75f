"""What a scenario plans, and how often to look at its run (skill async-polling)."""

from typing import Any

import pytest

from octoperf_bench.loads import Plan, duration_ms, peak_of, plan_of, poll_sec
from octoperf_mcp.embedded.engine.load import ramp

RAMP: dict[str, Any] = {"delayMs": 1000, "rampUpMs": 2000, "plateauMs": 3000, "plateauVus": 7}
CUSTOM: dict[str, Any] = {
    "@type": "UserProfileLoadCustom",
    "points": [
        {"timeInMs": 0, "threadsCount": 1},
        {"timeInMs": 9000, "threadsCount": 30},
        {"timeInMs": 12_000, "threadsCount": 5},
    ],
}

ARRIVALS: dict[str, Any] = {
    "@type": "UserProfileLoadArrivals",
    "points": [
        {"timeInMs": 0, "arrivalsPerMinute": 60},
        {"timeInMs": 8000, "arrivalsPerMinute": 90.5},
    ],
    "maxVus": 12,
}


def test_the_longest_profile_and_the_sum_of_peaks_make_the_plan() -> None:
    scenario = {"userProfiles": [{"load": RAMP}, {"load": CUSTOM}, {"load": None}]}
    assert plan_of(scenario) == Plan(users=37, duration_sec=12)
    assert plan_of({}) == Plan(users=0, duration_sec=0)


@pytest.mark.parametrize(
    "load",
    [
        {"@type": "UserProfileLoadRampUp", **RAMP},
        {"@type": "UserProfileLoadRampUpThenRampDown", **RAMP, "rampDownMs": 500},
        {"@type": "UserProfileLoadAscendingStairs", **RAMP, "stepCount": 3},
        {"@type": "UserProfileLoadAscendingStairs", **RAMP, "stepCount": 3, "rampDownMs": 9},
        CUSTOM,
        ARRIVALS,
    ],
)
def test_the_plan_is_what_the_load_engine_does(load: dict[str, Any]) -> None:
    assert duration_ms(load) == ramp.duration_ms(load)
    assert peak_of(load) == ramp.peak_users(load)


def test_a_ramp_down_counts() -> None:
    assert duration_ms({**RAMP, "rampDownMs": 500}) == 6500
    assert peak_of(RAMP) == 7


@pytest.mark.parametrize(
    ("duration_sec", "seconds"),
    [(0, 5), (60, 9), (300, 33), (600, 60), (7200, 60), (1, 3)],
)
def test_a_run_is_looked_at_every_tenth_of_its_length(duration_sec: int, seconds: int) -> None:
    assert poll_sec(duration_sec) == seconds


def test_the_last_wait_does_not_pass_the_end_by_far() -> None:
    assert poll_sec(600, progress=0.98) == 17
    assert poll_sec(600, progress=1.0) == 5
