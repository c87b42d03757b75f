import asyncio
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from math import ceil
from typing import Any

import pytest

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.metrics import charts
from octoperf_mcp.embedded.metrics.items import item_of
from octoperf_mcp.embedded.metrics.reading import MOST_POINTS, Limits, Window
from octoperf_mcp.embedded.metrics.sample import Sample
from octoperf_mcp.embedded.metrics.store import MetricStore

START_S = 1_700_000_000
Traffic = Callable[..., list[Sample]]
Record = Callable[..., list[bytes]]
Point = dict[str, float]


def metric(name: str, **changed: Any) -> dict[str, Any]:
    return {"id": name, "type": "BASIC", "benchResultId": "run1", "filters": [], **changed}


async def take_in(store: MetricStore, lines: list[bytes]) -> None:
    await asyncio.gather(*(store.ingest("run1", line) for line in lines))


async def draw(
    store: MetricStore,
    *metrics: dict[str, Any],
    item_type: str = "LineChartReportItem",
    limits: Limits | None = None,
) -> list[list[Point]]:
    item = item_of({"@type": item_type, "metrics": list(metrics)}, "/analysis/metrics/line")
    async with store.views(["run1"]) as views:
        return await charts.line(views, item, limits or Limits())


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("seconds", [90, 1300, 8000])
async def test_the_points_of_a_curve_add_up_to_the_total(
    store: MetricStore, traffic: Traffic, record: Record, seconds: int, sealed: bool
) -> None:
    """At intervals of 1, 5 and 20 seconds."""
    samples = traffic(600, seconds)
    await take_in(store, record(samples))
    if sealed:
        await store.seal("run1")
    hits, errors, received, average = await draw(
        store,
        metric("HITS_TOTAL"),
        metric("ERRORS_TOTAL"),
        metric("THROUGHPUT_TOTAL"),
        metric("RESPONSE_TIME_AVG"),
    )
    assert sum(point["y"] for point in hits) == len(samples)
    assert sum(point["y"] for point in errors) == sum(not each.ok for each in samples)
    assert sum(point["y"] for point in received) == sum(each.received_bytes for each in samples)
    counts = {point["x"]: point["y"] for point in hits}
    elapsed = sum(point["y"] * counts[point["x"]] for point in average)
    assert elapsed == pytest.approx(sum(each.elapsed_us for each in samples) / 1e6)
    assert len(hits) <= MOST_POINTS + 1
    assert {right["x"] - left["x"] for left, right in pairwise(hits)} == {
        Window(0, seconds).interval * 1000
    }


async def test_where_nothing_happened_counts_are_zero_and_averages_have_no_point(
    store: MetricStore, sample: Callable[..., Sample], record: Record
) -> None:
    given = [sample(elapsed_us=0), sample(elapsed_us=0, started_ms=(START_S + 3) * 1000)]
    await take_in(store, record(given))
    hits, rate, average, percent = await draw(
        store,
        metric("HITS_TOTAL"),
        metric("HITS_RATE"),
        metric("RESPONSE_TIME_AVG"),
        metric("ERRORS_PERCENT"),
    )
    assert [point["y"] for point in hits] == [1, 0, 0, 1]
    assert [point["y"] for point in rate] == [1, 0, 0, 1]
    assert [point["x"] for point in average] == [START_S * 1000, (START_S + 3) * 1000]
    assert [point["y"] for point in percent] == [0, 0]


async def test_a_rate_is_per_second_also_in_an_interval_that_the_run_covers_in_part(
    store: MetricStore, sample: Callable[..., Sample], record: Record
) -> None:
    """1,203 seconds are drawn every 5 seconds; the last interval has 3."""
    given = [sample(elapsed_us=0, started_ms=(START_S + second) * 1000) for second in range(1203)]
    await take_in(store, record(given))
    ((*_, last),) = await draw(store, metric("HITS_RATE"))
    ((first, *_),) = await draw(store, metric("HITS_RATE"))
    assert (first["y"], last["y"]) == (1, 1)


async def test_a_curve_starts_and_ends_where_the_window_does(
    store: MetricStore, traffic: Traffic, record: Record
) -> None:
    await take_in(store, record(traffic(900, 60)))
    limits = Limits((START_S + 10) * 1000, (START_S + 20) * 1000)
    (hits,) = await draw(store, metric("HITS_TOTAL"), limits=limits)
    assert [point["x"] for point in hits] == [(START_S + second) * 1000 for second in range(10, 20)]
    assert await draw(store, metric("HITS_TOTAL"), limits=Limits(to_ms=5)) == [[]]


async def test_a_percentile_per_second_is_that_of_its_samples(
    store: MetricStore, traffic: Traffic, record: Record
) -> None:
    samples = traffic(2000, 10)
    await take_in(store, record(samples[::2], generator="gen1"))
    await take_in(store, record(samples[1::2], generator="gen2"))
    (curve,) = await draw(store, metric("RESPONSE_TIME_PERCENTILE_90"))
    for point in curve:
        second = point["x"] // 1000
        times = sorted(
            each.elapsed_us
            for each in samples
            if (each.started_ms + each.elapsed_us // 1000) // 1000 == second
        )
        expected = times[ceil(0.9 * len(times)) - 1] / 1e6
        assert point["y"] == pytest.approx(expected, rel=0.01, abs=1e-6)


async def test_a_percentiles_chart_draws_the_sorted_samples(
    store: MetricStore, traffic: Traffic, record: Record
) -> None:
    samples = traffic(1000, 30)
    await take_in(store, record(samples))
    elapsed, connect = await draw(
        store,
        metric("RESPONSE_TIME_AVG"),
        metric("CONNECT_TIME_MAX"),
        item_type="PercentilesChartReportItem",
    )
    for curve, given in (
        (elapsed, [each.elapsed_us for each in samples]),
        (connect, [each.connect_us for each in samples]),
    ):
        ordered = sorted(given)
        assert [point["x"] for point in curve] == list(range(101))
        for point in curve:
            expected = ordered[max(1, ceil(point["x"] * len(ordered) / 100)) - 1] / 1e6
            assert point["y"] == pytest.approx(expected, rel=0.01, abs=1e-6)


async def test_a_percentiles_chart_of_hits_draws_the_sorted_seconds(
    store: MetricStore, traffic: Traffic, record: Record
) -> None:
    samples = traffic(500, 50)
    await take_in(store, record(samples))
    (curve,) = await draw(store, metric("HITS_RATE"), item_type="PercentilesChartReportItem")
    seconds = Counter((each.started_ms + each.elapsed_us // 1000) // 1000 for each in samples)
    per_second = [seconds[START_S + second] for second in range(50)]
    assert (curve[0]["y"], curve[100]["y"]) == (min(per_second), max(per_second))
    assert curve[50]["y"] == sorted(per_second)[24]


async def test_an_empty_percentiles_chart_has_no_points(store: MetricStore) -> None:
    found = await draw(
        store,
        metric("HITS_RATE"),
        metric("RESPONSE_TIME_AVG"),
        item_type="PercentilesChartReportItem",
    )
    assert found == [[], []]


@pytest.mark.parametrize("name", ["RESPONSE_TIME_MEDIAN", "ERRORS_PERCENT", "USERLOAD"])
async def test_a_percentiles_chart_refuses_what_is_no_base_metric(
    store: MetricStore, name: str
) -> None:
    with pytest.raises(Invalid, match="RESPONSE_TIME_AVG"):
        await draw(store, metric(name), item_type="PercentilesChartReportItem")


@pytest.mark.parametrize("mode", ["ABSOLUTE", "PERCENT", None])
async def test_a_stacked_chart_splits_every_point(
    store: MetricStore, traffic: Traffic, record: Record, mode: str | None
) -> None:
    samples = traffic(400, 40)
    await take_in(store, record(samples))
    body = {
        "@type": "StackedChartReportItem",
        "mode": mode,
        "metrics": [metric("HTTP_RESPONSE_CODES")],
    }
    async with store.views(["run1"]) as views:
        points = await charts.stacked(views, item_of(body, "/analysis/metrics/stacked"), Limits())
    assert [point["x"] for point in points] == [(START_S + second) * 1000 for second in range(40)]
    assert all(set(point["values"]) == {"200", "404", "500"} for point in points)
    if mode == "PERCENT":
        sums = [sum(point["values"].values()) for point in points]
        assert all(each == pytest.approx(100) or each == 0 for each in sums)
    else:
        total = sum(point["values"]["404"] for point in points)
        assert total == sum(each.code == "404" for each in samples)


async def test_a_stacked_chart_refuses_an_unknown_mode(store: MetricStore) -> None:
    body = {
        "@type": "StackedChartReportItem",
        "mode": "RELATIVE",
        "metrics": [metric("HTTP_METHODS")],
    }
    async with store.views(["run1"]) as views:
        with pytest.raises(Invalid, match="PERCENT"):
            await charts.stacked(views, item_of(body, "/analysis/metrics/stacked"), Limits())
