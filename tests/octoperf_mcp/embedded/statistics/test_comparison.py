"""Runs whose difference is known."""

from collections.abc import Callable
from typing import Any

import pytest

from octoperf_mcp.embedded.statistics.comparison import compare

Json = dict[str, Any]
Make = Callable[..., Json]


def verdict(baseline: Json, candidate: Json, least: float = 5.0) -> Json:
    return compare({"minEffectPct": least, "baseline": baseline, "candidate": candidate})


@pytest.mark.parametrize("seed", range(10))
def test_two_runs_of_the_same_system_pass(run: Make, action: Make, seed: int) -> None:
    found = verdict(run(action(seed, 6000)), run(action(seed + 1000, 6000)))
    assert found["verdict"] == "pass", found
    assert abs(found["actions"][0]["effectPct"]) < 5


@pytest.mark.parametrize("seed", range(5))
def test_a_fifth_more_is_a_regression_and_a_fifth_less_an_improvement(
    run: Make, action: Make, seed: int
) -> None:
    base, slow = run(action(seed)), run(action(seed + 50, factor=1.2))
    worse, better = verdict(base, slow), verdict(slow, base)
    (row,) = worse["actions"]
    assert (worse["verdict"], better["verdict"]) == ("regress", "improve")
    assert row["lowPct"] < 20 < row["highPct"]
    assert row["probabilitySlower"] > 0.5
    assert row["candidate"]["medianMs"] > row["baseline"]["medianMs"]
    assert "Search" in worse["reason"]


def test_a_real_change_below_the_least_effect_passes(run: Make, action: Make) -> None:
    found = verdict(run(action(1, 20_000)), run(action(2, 20_000, factor=1.03)), least=10)
    assert found["verdict"] == "pass"
    assert found["actions"][0]["pValue"] < 0.05


def test_another_load_is_not_comparable(run: Make, action: Make) -> None:
    found = verdict(run(action(1), users=20), run(action(1, factor=3), users=30))
    assert (found["verdict"], found["actions"]) == ("not_comparable", [])
    assert "20 against 30 users" in found["reason"]


def test_without_users_the_hits_tell_the_load(run: Make, action: Make) -> None:
    base, other = run(action(1), users=0), run(action(2), users=0)
    assert verdict(base, other)["load"] == {
        "unit": "hits/s", "baseline": 50.0, "candidate": 50.0, "differencePct": 0.0,
    }  # fmt: skip
    other["hits"] = [70.0] * len(other["hits"])
    assert verdict(base, other)["verdict"] == "not_comparable"


def test_of_few_samples_nothing_is_said(run: Make, action: Make) -> None:
    found = verdict(run(action(1)), run(action(2, 12, factor=5)))
    assert found["verdict"] == "not_comparable"
    assert "Only 12 samples" in found["reason"]
    assert "effectPct" not in found["actions"][0]


def test_noise_that_hides_the_change_is_told_from_none(run: Make, action: Make) -> None:
    found = verdict(run(action(1, 60)), run(action(2, 60)))
    assert found["verdict"] == "not_comparable"
    assert "Run longer" in found["reason"]


def test_failures_are_a_regression_of_their_own(run: Make, action: Make) -> None:
    """Failing fast makes the rest no better."""
    found = verdict(run(action(1)), run(action(2, 1500, factor=0.5, errors=500)))
    assert found["verdict"] == "regress"
    assert "25.0 percentage points more requests fail" in found["reason"]
    all_failed = verdict(run(action(1)), run(action(2, 0, errors=2000)))
    assert all_failed["verdict"] == "regress"


def test_a_slower_tail_alone_is_a_regression(run: Make, action: Make) -> None:
    found = verdict(run(action(1, 6000)), run(action(2, 6000, tail=4)), least=15)
    assert found["verdict"] == "regress"
    assert "95th percentile" in found["reason"]


def test_the_worst_action_comes_first_and_decides(run: Make, action: Make) -> None:
    base = run(action(1, 6000), action(2, 6000), action(3, 6000), action(4))
    other = run(action(5, 6000), action(6, 6000, factor=0.7), action(7, 6000, factor=1.4))
    found = verdict(base, other)
    assert [row["verdict"] for row in found["actions"]] == ["regress", "improve", "pass"]
    assert found["verdict"] == "regress"
    assert found["reason"].endswith("1 more ran in one of both only.")


def test_among_many_equal_actions_none_is_blamed_by_chance(run: Make, action: Make) -> None:
    """At 95 % confidence alone, two of forty would be."""
    base = run(*(action(seed, 800) for seed in range(40)))
    other = run(*(action(seed + 500, 800) for seed in range(40)))
    found = verdict(base, other, least=1)
    assert "regress" not in {row["verdict"] for row in found["actions"]}


def test_runs_without_samples_or_common_actions_are_not_comparable(run: Make, action: Make) -> None:
    empty = verdict(run(action(1)), run())
    assert "candidate has no samples" in empty["reason"]
    other = run(action(1))
    other["actions"] = {"z9": other["actions"]["a1"]}
    assert "no action in common" in verdict(run(action(1)), other)["reason"]


def test_failures_do_not_hide_that_the_rest_got_slower(run: Make, action: Make) -> None:
    found = verdict(run(action(1)), run(action(2, 1500, factor=4, errors=500)))
    assert "25.0 percentage points more requests fail. Times are" in found["reason"]


@pytest.mark.parametrize("factor", [1.3, 0.7])
def test_a_change_too_short_to_measure_is_none(run: Make, action: Make, factor: float) -> None:
    """Medians of 0.4 ms: a third of that is the scheduler's, not the target's."""
    base, other = run(action(1, factor=0.004)), run(action(2, factor=0.004 * factor))
    found = verdict(base, other)
    assert found["verdict"] == "pass", found
    assert "less than 1 ms" in found["actions"][0]["reason"]
