"""Area ranges: a curve, its reference, and their distance computed independently."""

import math
from typing import Any

import pytest

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.metrics.area_range import area_range
from octoperf_mcp.embedded.metrics.items import item_of
from octoperf_mcp.embedded.metrics.reading import Limits

START_S = 1_700_000_000
ROUTE = "/analysis/metrics/area-range"
TIMES_MS = (100, 300, 200, 400)


def metric(name: str, run: str = "run1") -> dict[str, Any]:
    return {"id": name, "type": "BASIC", "benchResultId": run, "filters": []}


def item(*metrics: dict[str, Any], **own: Any) -> Any:
    return item_of({"@type": "AreaRangeChartReportItem", "metrics": list(metrics), **own}, ROUTE)


def distance(values: list[float], reference: list[float]) -> float:
    pairs = zip(values, reference, strict=True)
    return math.sqrt(sum((value - other) ** 2 for value, other in pairs) / len(values))


@pytest.fixture
async def ran(store: Any, sample: Any, record: Any) -> Any:
    """One request a second, of 100, 300, 200 and 400 ms."""
    samples = [
        sample(started_ms=(START_S + n) * 1000, elapsed_us=time * 1000, latency_us=50_000)
        for n, time in enumerate(TIMES_MS)
    ]
    for line in record(samples):
        await store.ingest("run1", line)
    return store


async def read(store: Any, wanted: Any, **limits: int) -> Any:
    async with store.views(wanted.bench_result_ids) as views:
        return await area_range(views, wanted, Limits(**limits))


async def test_a_curve_is_held_against_the_figure_of_the_run(ran: Any) -> None:
    wanted = item(metric("RESPONSE_TIME_AVG"), metric("RESPONSE_TIME_AVG"))
    found = await read(ran, wanted)
    curve = [time / 1000 for time in TIMES_MS]
    assert [point["y"] for point in found["curve"]] == curve
    assert {point["y"] for point in found["reference"]} == {0.25}
    assert found["rmse"] == pytest.approx(distance(curve, [0.25] * 4))


async def test_a_percentage_is_that_of_the_reference(ran: Any) -> None:
    wanted = item(metric("RESPONSE_TIME_AVG"), metric("RESPONSE_TIME_AVG"), rangeType="PERCENTAGE")
    found = await read(ran, wanted)
    assert [point["y"] for point in found["curve"]] == [40, 120, 80, 160]
    assert found["rmse"] == pytest.approx(distance([40, 120, 80, 160], [100] * 4))


async def test_a_curve_is_held_against_another_curve(ran: Any) -> None:
    wanted = item(metric("RESPONSE_TIME_AVG"), metric("LATENCY_AVG"), referenceType="HISTOGRAM")
    found = await read(ran, wanted)
    assert {point["y"] for point in found["reference"]} == {0.05}
    curve = [time / 1000 for time in TIMES_MS]
    assert found["rmse"] == pytest.approx(distance(curve, [0.05] * 4))


async def test_another_run_is_laid_over_by_the_time_since_its_start(
    ran: Any, sample: Any, record: Any
) -> None:
    later = [sample(started_ms=(START_S + 500 + n) * 1000, elapsed_us=100_000) for n in range(4)]
    for line in record(later, generator="gen2"):
        await ran.ingest("run2", line)
    wanted = item(
        metric("RESPONSE_TIME_AVG"),
        metric("RESPONSE_TIME_AVG", "run2"),
        referenceType="HISTOGRAM",
    )
    found = await read(ran, wanted)
    assert [point["x"] for point in found["reference"]] == [(START_S + n) * 1000 for n in range(4)]
    assert {point["y"] for point in found["reference"]} == {0.1}
    part = await read(ran, wanted, from_ms=(START_S + 1) * 1000)
    assert len(part["reference"]) == 3


async def test_a_run_without_samples_has_no_curve(store: Any) -> None:
    wanted = item(metric("HITS_RATE"), metric("HITS_RATE"), rangeType="PERCENTAGE")
    assert await read(store, wanted) == {"curve": [], "reference": [], "rmse": 0.0}


@pytest.mark.parametrize(
    ("own", "says"),
    [
        ({"metrics": [metric("HITS_RATE")]}, "two metrics"),
        ({"referenceType": "MEDIAN"}, "HISTOGRAM"),
        ({"rangeType": "RATIO"}, "PERCENTAGE"),
        ({"metrics": [metric("HTTP_METHODS")] * 2}, "HTTP_METHODS"),
    ],
)
async def test_what_is_no_area_range_is_refused(ran: Any, own: Any, says: str) -> None:
    body = {"@type": "AreaRangeChartReportItem", "metrics": [metric("HITS_RATE")] * 2, **own}
    with pytest.raises(Invalid, match=says):
        await read(ran, item_of(body, ROUTE))
