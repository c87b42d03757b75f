"""Alarms of load generators, and what else is monitored of them."""

from pathlib import Path
from typing import Any

import pytest

from octoperf_mcp.embedded.metrics.alarms import (
    monitors_table,
    textual_monitors,
    threshold_alarms,
)
from octoperf_mcp.embedded.metrics.reading import Limits
from octoperf_mcp.embedded.metrics.recorder import Recorder
from octoperf_mcp.embedded.metrics.selection import Selection, selection
from octoperf_mcp.embedded.metrics.spool import read_lines

START_S = 1_700_000_000


@pytest.fixture
async def ran(store: Any, tmp_path: Path) -> Any:
    """A generator that was busy for three seconds, then for one; and one that was late once."""
    processor: dict[str, list[float]] = {"gen1": [50, 80, 94.9, 85, 60, 96, 10], "gen2": [10] * 7}
    lag: dict[str, list[float]] = {"gen1": [1] * 7, "gen2": [1, 1, 700, 1, 1, 1, 1]}
    for name, loads in processor.items():
        now_ms = START_S * 1000
        spool = tmp_path / f"{name}.jsonl"
        writer = Recorder("run1", name, f"region of {name}", spool, None, clock=lambda: now_ms)  # noqa: B023 - read at once
        for second, (load, late) in enumerate(zip(loads, lag[name], strict=True)):
            now_ms = (START_S + second) * 1000
            writer.gauge({0: 1}, late, load)
        writer.close()
        for line in read_lines(spool):
            await store.ingest("run1", line.data)
    return store


async def alarms(store: Any, **limits: int) -> list[dict[str, Any]]:
    async with store.views(["run1"]) as views:
        return await threshold_alarms(views["run1"], Limits(**limits))


def brief(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [
        (
            alarm["connectionId"],
            alarm["thresholdId"],
            alarm["severity"],
            alarm["start"] // 1000 - START_S,
            alarm["duration"],
            alarm["value"],
        )
        for alarm in found
    ]


async def test_seconds_in_a_row_are_one_alarm(ran: Any) -> None:
    assert brief(await alarms(ran)) == [
        ("gen1", "cpu-warning", "WARNING", 1, 2000, 94.9),
        ("gen2", "lag-critical", "CRITICAL", 2, 0, 700),
        ("gen1", "cpu-critical", "CRITICAL", 5, 0, 96),
    ]


async def test_alarms_of_a_window_are_those_within_it(ran: Any) -> None:
    found = await alarms(ran, from_ms=(START_S + 3) * 1000, to_ms=(START_S + 5) * 1000)
    assert brief(found) == [("gen1", "cpu-warning", "WARNING", 3, 0, 85)]


async def test_an_alarm_names_its_counter_and_the_range_that_it_was_in(ran: Any) -> None:
    first = (await alarms(ran))[0]
    assert (first["counterId"], first["benchResultId"]) == ("% CPU", "run1")
    assert first["threshold"] == {
        "lowerEndpoint": 80,
        "lowerBoundType": "CLOSED",
        "upperEndpoint": 95,
        "upperBoundType": "OPEN",
    }


async def test_each_generator_is_a_monitored_connection(ran: Any) -> None:
    async with ran.views(["run1"]) as views:
        rows = await monitors_table(views["run1"])
    assert [(row["connectionName"], row["alarmCount"], row["severity"]) for row in rows] == [
        ("gen1", 2, "CRITICAL"),
        ("gen2", 1, "CRITICAL"),
    ]
    own = ["% CPU", "Timer lag (ms)"]
    assert rows[0]["counterPaths"] == [*own, "% CPU of the machine", "% Memory of the machine"]


async def test_a_generator_says_where_it_is(ran: Any) -> None:
    async with ran.views(["run1"]) as views:
        everything = await textual_monitors(views["run1"], Selection())
        only = selection(None, [
            {"@type": "SingleTermFilter", "field": "connectionName", "term": "gen2"}
        ])  # fmt: skip
        of_one = await textual_monitors(views["run1"], only)
    assert [row["counterPath"] for row in everything] == ["Host", "Region"] * 2
    assert [row["value"] for row in of_one if row["counterPath"] == "Region"] == ["region of gen2"]
    assert {row["timestamp"] for row in of_one} == {START_S * 1000}


async def test_a_run_that_has_not_begun_has_nothing(store: Any) -> None:
    async with store.views(["run1"]) as views:
        view = views["run1"]
        assert await threshold_alarms(view, Limits()) == []
        assert await monitors_table(view) == []
        assert await textual_monitors(view, Selection()) == []
