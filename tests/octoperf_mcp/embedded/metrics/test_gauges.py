import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.metrics import gauges
from octoperf_mcp.embedded.metrics.reading import Limits
from octoperf_mcp.embedded.metrics.sample import Sample
from octoperf_mcp.embedded.metrics.selection import Selection, selection
from octoperf_mcp.embedded.metrics.store import MetricStore
from tests.octoperf_mcp.embedded.conftest import on_both

START_S = 1_700_000_000
Record = Callable[..., list[bytes]]


def term(field: str, value: str) -> dict[str, Any]:
    return {"@type": "SingleTermFilter", "field": field, "term": value}


async def take_in(store: MetricStore, lines: list[bytes]) -> None:
    await asyncio.gather(*(store.ingest("run1", line) for line in lines))


@pytest.fixture
async def ramp(store: MetricStore, record: Record, plan: dict[str, Any]) -> MetricStore:
    """Two generators; the first says nothing for three seconds, the second ends early."""
    await store.describe("run1", **plan)
    first = {START_S + s: {0: s + 1} for s in range(10) if s not in {4, 5, 6}}
    second = {START_S + s: {0: 1, 1: 4} for s in range(5)}
    await take_in(
        store, record([], generator="gen1", region="east", users=first, last_second=START_S + 9)
    )
    await take_in(
        store, record([], generator="gen2", region="west", users=second, last_second=START_S + 4)
    )
    return store


async def users(store: MetricStore, *filters: dict[str, Any], **limits: int) -> list[float]:
    async with store.views(["run1"]) as views:
        curve = await gauges.user_load(views["run1"], selection("LOAD", filters), Limits(**limits))
    assert list(curve) == list(range(min(curve), max(curve) + 1))
    return list(curve.values())


async def test_users_are_those_of_all_generators_and_a_skipped_second_is_no_dip(
    ramp: MetricStore,
) -> None:
    assert await users(ramp) == [6, 7, 8, 9, 9, 4, 4, 8, 9, 10]


@on_both
async def test_users_can_be_told_apart_by_generator_and_profile(ramp: MetricStore) -> None:
    assert await users(ramp, term("region", "west")) == [5] * 5
    assert await users(ramp, term("userProfileName", "Browse")) == [4, 4, 4, 4, 4, 0, 0, 0, 0, 0]
    assert await users(ramp, term("virtualUserName", "Checkout")) == [2, 3, 4, 5, 5, 4, 4, 8, 9, 10]


async def test_users_of_a_window(ramp: MetricStore) -> None:
    window = {"from_ms": (START_S + 7) * 1000, "to_ms": (START_S + 9) * 1000}
    assert await users(ramp, **window) == [8, 9]


async def test_a_long_silence_is_a_gap(store: MetricStore, record: Record) -> None:
    await take_in(store, record([], users={START_S: {0: 5}, START_S + 30: {0: 5}}))
    async with store.views(["run1"]) as views:
        curve = await gauges.user_load(views["run1"], Selection(), Limits())
    assert curve == {START_S: 5, START_S + 30: 5}


@on_both
async def test_counters_of_generators_are_drawn_as_their_maximum(
    ramp: MetricStore,
) -> None:
    filters = [term("counterPath", "% CPU"), term("connectionName", "gen2")]
    async with ramp.views(["run1"]) as views:
        curve = await gauges.monitoring(
            views["run1"], selection("NUMBER_COUNTER", filters), Limits()
        )
    assert curve == {START_S + second: 40.0 for second in range(5)}


@pytest.mark.parametrize("path", ["Heap", ""])
async def test_an_unknown_counter_is_refused_with_the_known_ones(
    store: MetricStore, path: str
) -> None:
    filters = [term("counterPath", path)] if path else []
    async with store.views(["run1"]) as views:
        with pytest.raises(Invalid, match="% CPU"):
            await gauges.monitoring(views["run1"], selection(None, filters), Limits())


@on_both
async def test_generators_say_where_they_ran_how_many_users_and_when(
    ramp: MetricStore, record: Record, sample: Callable[..., Sample]
) -> None:
    unfinished, _ = record([sample(), sample(started_ms=(START_S + 9) * 1000)], generator="gen3")
    await take_in(ramp, [unfinished])
    async with ramp.views(["run1"]) as views:
        first, second, third = await gauges.load_generators(views["run1"])
    assert (first["id"], first["region"], first["vuCount"]) == ("gen1", "east", 10)
    assert (first["start"], first["end"]) == (START_S * 1000, (START_S + 10) * 1000)
    assert (second["vuCount"], second["end"]) == (5, (START_S + 5) * 1000)
    assert first["host"] == second["host"]
    assert (first["maxCpuPct"], first["maxLagMs"], first["overloadedSec"]) == (40.0, 1.5, 0)
    assert (third["vuCount"], third["end"], third["maxCpuPct"]) == (0, None, None)


async def test_a_run_without_generators_has_none(store: MetricStore) -> None:
    async with store.views(["run1"]) as views:
        assert await gauges.load_generators(views["run1"]) == []
        assert await gauges.user_load(views["run1"], Selection(), Limits()) == {}
