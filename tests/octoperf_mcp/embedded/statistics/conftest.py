"""Runs whose answer is known, as `material.run_material` reads them."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from octoperf_mcp.embedded.metrics.histogram import bucket_of
from octoperf_mcp.embedded.statistics.material import distribution

Json = dict[str, Any]
SECONDS = 200
STEP = 5


@pytest.fixture
def action() -> Callable[..., Json]:
    """An action of some samples: `factor` scales all its times, `tail` those of one in ten."""

    def make(
        seed: int,
        samples: int = 2000,
        factor: float = 1.0,
        errors: int = 0,
        tail: float = 1.0,
    ) -> Json:
        chance = random.Random(seed)
        by_start: dict[int, dict[int, int]] = {}
        for number in range(samples):
            start = number * SECONDS // samples // STEP * STEP
            us = 100_000 * factor * chance.lognormvariate(0, 0.5)
            us *= tail if chance.random() < 0.1 else 1.0
            counts = by_start.setdefault(start, {})
            counts[bucket_of(round(us))] = counts.get(bucket_of(round(us)), 0) + 1
        return {
            "name": "Search",
            "hits": samples + errors,
            "errors": errors,
            **distribution(by_start, range(0, SECONDS, STEP)),
        }

    return make


@pytest.fixture
def run() -> Callable[..., Json]:
    """A run of actions `a1`, `a2`, … under a load of so many users."""

    def make(*actions: Json, users: float = 20.0) -> Json:
        return {
            "users": [users] * SECONDS,
            "hits": [50.0] * (SECONDS // STEP),
            "actions": {f"a{number}": each for number, each in enumerate(actions, 1)},
        }

    return make
