import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octoperf_mcp.embedded.metrics import tables
from octoperf_mcp.embedded.metrics.bench_errors import bench_errors
from octoperf_mcp.embedded.metrics.reading import Limits, cover
from octoperf_mcp.embedded.metrics.sample import ErrorDetail, Sample
from octoperf_mcp.embedded.metrics.selection import Selection
from octoperf_mcp.embedded.metrics.store import MetricStore
from tests.octoperf_mcp.embedded.conftest import on_both

START_S = 1_700_000_000
Traffic = Callable[..., list[Sample]]
Record = Callable[..., list[bytes]]
SampleFactory = Callable[..., Sample]
Everything = Callable[..., Awaitable[dict[str, Any]]]


async def take_in(store: MetricStore, lines: list[bytes]) -> None:
    assert all(await asyncio.gather(*(store.ingest("run1", line) for line in lines)))


@on_both
async def test_totals_equal_the_samples_that_were_added(
    store: MetricStore, traffic: Traffic, record: Record, sample: SampleFactory
) -> None:
    """Hits reported equal hits made, to the request; cut-off samples and containers apart."""
    samples = traffic(1500, 150)
    others = [sample(kind="Container", code=""), sample(cut_off=True, ok=False)]
    await take_in(store, record(samples[::2] + others, generator="gen1"))
    await take_in(store, record(samples[1::2], generator="gen2"))
    expected = {
        "hits": 1500,
        "errors": sum(not each.ok for each in samples),
        "containers": 1,
        "cutOff": 1,
        "sentBytes": sum(each.sent_bytes for each in samples),
        "receivedBytes": sum(each.received_bytes for each in samples),
        "seconds": 150,
    }
    assert await store.totals("run1") == expected
    await store.seal("run1")
    assert await store.totals("run1") == expected


@on_both
async def test_a_line_taken_in_twice_counts_once(
    store: MetricStore, traffic: Traffic, record: Record
) -> None:
    lines = record(traffic(500, 20))
    await take_in(store, lines + lines[:5])
    await take_in(store, lines)
    again = MetricStore(store.database)
    await take_in(again, lines)
    assert (await store.totals("run1"))["hits"] == 500
    async with store.database.reading() as connection:
        kept = await connection.scalar(sa.select(sa.func.count()).select_from(tables.bench_error))
    assert kept == sum(len(line.split(b'"timestamp"')) - 1 for line in lines)


async def test_values_while_running_equal_values_after_the_end(
    store: MetricStore,
    traffic: Traffic,
    record: Record,
    read_everything: Everything,
) -> None:
    """For what was in by then; read from slices of 1, 10 and 60 seconds, then of the whole run."""
    samples = traffic(2000, 250)
    await take_in(store, record(samples[::2], generator="gen1"))
    await take_in(store, record(samples[1::2], generator="gen2"))
    window = {"from_ms": (START_S + 17) * 1000, "to_ms": (START_S + 233) * 1000}
    running, part = await read_everything(store), await read_everything(store, **window)
    await store.seal("run1")
    assert await read_everything(store) == running
    assert await read_everything(store, **window) == part
    assert running["totals"]["hits"] == 2000


@on_both
async def test_lines_that_come_late_or_in_any_order_count_all_the_same(
    store: MetricStore,
    traffic: Traffic,
    record: Record,
    read_everything: Everything,
) -> None:
    lines = record(traffic(1200, 300))
    await take_in(store, lines[::-1])
    await store.seal("run1")
    expected = await read_everything(store)
    await store.forget("run1")
    await take_in(store, lines[200:] + lines[:100])
    await store.seal("run1")
    await take_in(store, lines[100:200])
    assert await read_everything(store) == expected


async def test_a_torn_line_is_not_taken_in(
    store: MetricStore, sample: SampleFactory, record: Record
) -> None:
    (line,) = record([sample()])
    assert not await store.ingest("run1", line[:-20])
    assert not await store.ingest("run1", b'{"v": 99}')
    assert not await store.ingest("run1", b"17")
    assert (await store.totals("run1"))["hits"] == 0


@on_both
async def test_a_line_that_cannot_be_written_fails_alone(
    store: MetricStore, traffic: Traffic, record: Record
) -> None:
    lines = record(traffic(200, 5))
    broken = lines[2].replace(b'"second":', b'"second":null,"was":')
    taken = await asyncio.gather(
        *(store.ingest("run1", line) for line in [lines[0], broken, lines[1]]),
        return_exceptions=True,
    )
    assert [isinstance(each, Exception) for each in taken] == [False, True, False]
    await take_in(store, lines)
    assert (await store.totals("run1"))["hits"] == 200


async def test_texts_that_no_database_takes_do_not_cost_the_line(
    store: MetricStore, sample: SampleFactory, record: Record
) -> None:
    """Halves of surrogate pairs and NUL, as broken targets send them, and a gauge of NaN."""
    error = ErrorDetail("half \ud83d and \0", response={"body": "\ud800"})
    (line,) = record([sample(ok=False, error=error, media_type="text/\ud800")])
    await take_in(store, [line.replace(b'"rows":', b'"users":{"0":1},"lag_ms":NaN,"rows":')])
    assert (await store.totals("run1"))["errors"] == 1
    async with store.views(["run1"]) as views:
        (found,) = await bench_errors(views["run1"], Selection(), Limits())
    assert found["errorMessage"] == "half � and �"


async def test_a_caller_who_gives_up_waiting_does_not_lose_the_line(
    store: MetricStore, sample: SampleFactory, record: Record
) -> None:
    (line,) = record([sample()])
    waiting = asyncio.create_task(store.ingest("run1", line))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await store.seal("run1")
    assert (await store.totals("run1"))["hits"] == 1


@on_both
async def test_forgetting_a_run_leaves_nothing_of_it(
    store: MetricStore, traffic: Traffic, record: Record, plan: dict[str, Any]
) -> None:
    await store.describe("run1", **plan)
    lines = record(traffic(300, 90))
    await take_in(store, lines)
    await store.seal("run1")
    await store.describe("run2", **plan)
    await store.forget("run1")
    await store.forget("never heard of")
    async with store.database.reading() as connection:
        for table in tables.__dict__.values():
            if isinstance(table, sa.Table):
                left = await connection.scalar(sa.select(sa.func.count()).select_from(table))
                assert left == (table.name == "metric_run"), table.name
    await take_in(store, lines)
    assert (await store.totals("run1"))["hits"] == 300


@on_both
async def test_a_run_is_described_once_and_before_or_after_its_first_line(
    store: MetricStore, sample: SampleFactory, record: Record, plan: dict[str, Any]
) -> None:
    await take_in(store, record([sample(action_id="a2")]))
    await store.describe("run1", **plan)
    async with store.views(["run1"]) as views:
        labels = views["run1"].labels
    assert labels.action_path("a2") == "Home⫽login"
    assert labels.action_path("a2.resources") == "Home⫽login.resources"
    assert (labels.profile_name(0), labels.profile_name(1), labels.profile_name(5)) == (
        "buyers",
        "Browse",
        "6",
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 8))
def test_slices_cover_every_second_of_a_window_once(start: int, length: int, minutes: int) -> None:
    rolled = minutes * 60
    covered = cover(start, start + length, rolled, (60, 10, 1))
    seconds = [second for _, low, high in covered for second in range(low, high)]
    assert seconds == list(range(start, start + length))
    for step, low, high in covered:
        assert low % step == 0
        assert high % step == 0
        assert step == 1 or high <= rolled
