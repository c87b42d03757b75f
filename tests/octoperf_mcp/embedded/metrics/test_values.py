"""Values of report items against a computation on the raw samples, done another way."""

import asyncio
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from math import ceil
from typing import Any

import pytest

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.metrics import values
from octoperf_mcp.embedded.metrics.items import Item, item_of
from octoperf_mcp.embedded.metrics.metric_ids import IDS, METRICS, unit_of
from octoperf_mcp.embedded.metrics.reading import Limits
from octoperf_mcp.embedded.metrics.sample import Sample
from octoperf_mcp.embedded.metrics.store import MetricStore

START_S = 1_700_000_000
SECONDS = 100
Traffic = Callable[..., list[Sample]]
Record = Callable[..., list[bytes]]


def metric(name: str, **changed: Any) -> dict[str, Any]:
    return {"id": name, "type": "BASIC", "benchResultId": "run1", "filters": [], **changed}


def term(field: str, *terms: str) -> dict[str, Any]:
    if len(terms) == 1:
        return {"@type": "SingleTermFilter", "field": field, "term": terms[0]}
    return {"@type": "MultiTermFilter", "field": field, "terms": list(terms)}


def summary_of(*metrics: dict[str, Any], **changed: Any) -> Item:
    body = {"@type": "SummaryReportItem", "metrics": list(metrics), **changed}
    return item_of(body, "/analysis/metrics/summary")


async def take_in(store: MetricStore, lines: list[bytes]) -> None:
    await asyncio.gather(*(store.ingest("run1", line) for line in lines))


async def summary(
    store: MetricStore, *metrics: dict[str, Any], limits: Limits | None = None, **changed: Any
) -> list[float]:
    async with store.views(["run1"]) as views:
        return await values.summary(views, summary_of(*metrics, **changed), limits or Limits())


def exact(samples: Sequence[Sample], seconds: float) -> dict[str, float]:
    """Every metric, computed on the raw samples."""
    found: dict[str, float] = {}
    n = len(samples)
    times = {
        "RESPONSE_TIME": [each.elapsed_us / 1e6 for each in samples],
        "LATENCY": [each.latency_us / 1e6 for each in samples],
        "CONNECT_TIME": [each.connect_us / 1e6 for each in samples],
        "NETWORK_TIME": [(each.elapsed_us - each.latency_us) / 1e6 for each in samples],
    }
    for family, given in times.items():
        found[f"{family}_AVG"] = statistics.fmean(given)
        found[f"{family}_MIN"], found[f"{family}_MAX"] = min(given), max(given)
        found[f"{family}_VAR"] = statistics.pvariance(given)
        found[f"{family}_STD"] = statistics.pstdev(given)
        satisfied = sum(each <= 0.5 for each in given)
        tolerated = sum(0.5 < each <= 2 for each in given)
        found[f"{family}_APDEX"] = (satisfied + tolerated / 2) / n
    ordered = sorted(times["RESPONSE_TIME"])
    for name, percent in [("MEDIAN", 50), *((f"PERCENTILE_{p}", p) for p in (80, 90, 95, 99))]:
        found[f"RESPONSE_TIME_{name}"] = ordered[ceil(percent / 100 * n) - 1]
    errors = sum(not each.ok for each in samples)
    sent = [each.sent_bytes for each in samples]
    received = sum(each.received_bytes for each in samples)
    found |= {
        "HITS_TOTAL": n,
        "HITS_RATE": n / seconds,
        "HITS_SUCCESSFUL_TOTAL": n - errors,
        "HITS_SUCCESSFUL_PERCENT": 100 * (n - errors) / n,
        "ERRORS_TOTAL": errors,
        "ERRORS_RATE": errors / seconds,
        "ERRORS_PERCENT": 100 * errors / n,
        "THROUGHPUT_TOTAL": received,
        "THROUGHPUT_RATE": received / seconds,
        "RESPONSE_SIZE": received / n,
        "SENT_BYTES_AVG": statistics.fmean(sent),
        "SENT_BYTES_MIN": min(sent),
        "SENT_BYTES_MAX": max(sent),
        "SENT_BYTES_STD": statistics.pstdev(sent),
        "SENT_BYTES_TOTAL": sum(sent),
        "SENT_BYTES_RATE": sum(sent) / seconds,
        "ASSERTIONS_SUCCESS_TOTAL": sum(each.assertions_ok for each in samples),
        "ASSERTIONS_FAILURE_TOTAL": sum(each.assertions_failed for each in samples),
        "ASSERTIONS_ERROR_TOTAL": 0,
    }
    return {name: found[name] for name in METRICS}


def close_to(name: str, expected: float) -> Any:
    """Histograms are off by 1 % at most, everything else by rounding."""
    if "PERCENTILE" in name or "MEDIAN" in name:
        return pytest.approx(expected, rel=0.01, abs=1e-6)
    if "APDEX" in name:
        return pytest.approx(expected, abs=0.01)
    return pytest.approx(expected, rel=1e-6, abs=1e-9)


@pytest.fixture
def samples(traffic: Traffic) -> list[Sample]:
    return traffic(2000, SECONDS)


@pytest.fixture
async def filled(
    store: MetricStore, samples: list[Sample], record: Record, plan: dict[str, Any]
) -> MetricStore:
    await store.describe("run1", **plan)
    await take_in(store, record(samples[::2], generator="gen1", region="east"))
    await take_in(store, record(samples[1::2], generator="gen2", region="west"))
    return store


def test_there_are_the_52_metrics_of_the_original() -> None:
    """The list of abstracta/jmeter-java-dsl."""
    assert len(IDS) == len(set(IDS)) == 52
    assert unit_of("RESPONSE_TIME_AVG") == "s"
    assert unit_of("HTTP_RESPONSE_CODES") == "hits"
    assert unit_of("USERLOAD") == "users"


@pytest.mark.parametrize("sealed", [False, True])
async def test_every_metric_equals_its_computation_on_the_raw_samples(
    filled: MetricStore, samples: list[Sample], sealed: bool
) -> None:
    if sealed:
        await filled.seal("run1")
    found = await summary(filled, *(metric(name) for name in METRICS))
    expected = exact(samples, SECONDS)
    for name, value in zip(METRICS, found, strict=True):
        assert value == close_to(name, expected[name]), name


async def test_a_window_counts_what_ended_in_it(filled: MetricStore, samples: list[Sample]) -> None:
    limits = Limits((START_S + 20) * 1000 + 400, (START_S + 61) * 1000 - 400)
    part = [
        each
        for each in samples
        if 20 <= (each.started_ms + each.elapsed_us // 1000) // 1000 - START_S < 61
    ]
    found = await summary(filled, *(metric(name) for name in METRICS), limits=limits)
    expected = exact(part, 41)
    for name, value in zip(METRICS, found, strict=True):
        assert value == close_to(name, expected[name]), name


async def test_a_window_outside_of_the_run_is_all_zeros(filled: MetricStore) -> None:
    limits = Limits(1_000, 2_000)
    found = await summary(filled, *(metric(name) for name in METRICS), limits=limits)
    assert found == [0.0] * len(METRICS)


async def test_a_run_that_recorded_nothing_is_all_zeros_and_no_rows(store: MetricStore) -> None:
    """Never NaN."""
    names = [*METRICS, "USERLOAD"]
    assert await summary(store, *(metric(name) for name in names)) == [0.0] * len(names)
    table = item_of(
        {"@type": "StatisticTableReportItem", "metrics": [metric("HITS_TOTAL")]},
        "/analysis/metrics/table",
    )
    async with store.views(["run1"]) as views:
        assert await values.table(views, table, Limits()) == []
        assert (await values.overall(views["run1"]))["metrics"][2]["value"] == 0.0


FILTERS: list[tuple[list[dict[str, Any]], Callable[[Sample], bool]]] = [
    ([term("actionId", "a1")], lambda each: each.action_id == "a1"),
    ([term("actionPath", "Home⫽login", "item")], lambda each: each.action_id in {"a2", "a3"}),
    ([term("virtualUserName", "Checkout")], lambda each: each.virtual_user_id == "vu1"),
    ([term("userProfileName", "Browse")], lambda each: each.profile == 1),
    ([term("responseCode", "404", "500")], lambda each: each.code != "200"),
    ([term("method", "POST")], lambda each: each.method == "POST"),
    ([term("mediaType", "text/html")], lambda each: each.media_type.startswith("text/html")),
    ([term("subSampleType", "Hit", "Container")], lambda _: True),
    ([term("subSampleType", "Hit"), term("actionId", "a1"), term("responseCode", "200")],
     lambda each: each.action_id == "a1" and each.code == "200"),
    ([term("actionId", "a1"), term("actionId", "a2")], lambda _: False),
]  # fmt: skip


@pytest.mark.parametrize(("filters", "wanted"), FILTERS)
async def test_filters_are_combined_by_and(
    filled: MetricStore,
    samples: list[Sample],
    filters: list[dict[str, Any]],
    wanted: Callable[[Sample], bool],
) -> None:
    found = await summary(filled, metric("HITS_TOTAL", filters=filters))
    assert found == [sum(wanted(each) for each in samples)]


async def test_samples_are_told_apart_by_generator_and_region(
    filled: MetricStore, samples: list[Sample]
) -> None:
    found = await summary(
        filled,
        metric("HITS_TOTAL", filters=[term("region", "east")]),
        metric("HITS_TOTAL", filters=[term("region", "west"), term("injectorId", "gen2")]),
        metric("HITS_TOTAL", filters=[term("region", "west"), term("injectorId", "gen1")]),
    )
    assert found == [len(samples[::2]), len(samples[1::2]), 0]


async def test_hits_are_requests_and_their_resources_and_containers_stand_apart(
    store: MetricStore, sample: Callable[..., Sample], record: Record
) -> None:
    """Both generations of clients: `type` HIT and CONTAINER, or the filter subSampleType."""
    given = [
        sample(),
        sample(kind="Resource", elapsed_us=100_000),
        sample(kind="Resource", elapsed_us=100_000),
        sample(action_id="c1", kind="Container", code="", elapsed_us=9_000_000),
        sample(cut_off=True, ok=False),
    ]
    await take_in(store, record(given))
    found = await summary(
        store,
        metric("HITS_TOTAL"),
        metric("HITS_TOTAL", type="HIT", filters=None, config=None),
        metric("HITS_TOTAL", type="CONTAINER"),
        metric("RESPONSE_TIME_MAX", filters=[term("subSampleType", "Container")]),
        metric("HITS_TOTAL", filters=[term("actionId", "a1")]),
        metric("HITS_TOTAL", filters=[term("actionId", "a1.resources")]),
        metric("ERRORS_TOTAL"),
    )
    assert found == [3, 3, 1, 9.0, 1, 2, 0]


async def test_apdex_takes_its_thresholds_from_the_metric_then_the_item(
    store: MetricStore, sample: Callable[..., Sample], record: Record
) -> None:
    times_ms = (100, 400, 900, 5000)
    await take_in(store, record(sample(elapsed_us=ms * 1000) for ms in times_ms))

    def config(satisfying: float, tolerating: float) -> list[dict[str, Any]]:
        return [{"@type": "ApdexReportConfig", "satisfying": satisfying, "tolerating": tolerating}]

    found = await summary(
        store,
        metric("RESPONSE_TIME_APDEX", configs=config(200, 1000)),
        metric("RESPONSE_TIME_APDEX"),
        configs=config(50, 6000),
    )
    assert found == [(1 + 2 / 2) / 4, (4 / 2) / 4]
    assert await summary(store, metric("RESPONSE_TIME_APDEX")) == [(2 + 1 / 2) / 4]


async def test_the_table_has_a_row_per_action_in_the_order_of_the_plan(
    filled: MetricStore, samples: list[Sample]
) -> None:
    body = {
        "@type": "StatisticTableReportItem",
        "computeType": "NORMAL",
        "size": 0,
        "metrics": [metric("HITS_TOTAL"), metric("ERRORS_TOTAL", filters=[term("actionId", "a3")])],
    }
    async with filled.views(["run1"]) as views:
        rows = await values.table(views, item_of(body, "/analysis/metrics/table"), Limits())
        body["size"] = 1
        (first,) = await values.table(views, item_of(body, "/analysis/metrics/table"), Limits())
    hits = Counter(each.action_id for each in samples)
    errors = sum(not each.ok for each in samples if each.action_id == "a3")
    assert rows == [
        {
            "actionId": "a2",
            "actionName": "login",
            "virtualUserName": "Checkout",
            "values": [{"value": hits["a2"]}, {"value": 0.0}],
        },
        {
            "actionId": "a1",
            "actionName": "start",
            "virtualUserName": "Checkout",
            "values": [{"value": hits["a1"]}, {"value": 0.0}],
        },
        {
            "actionId": "a3",
            "actionName": "item",
            "virtualUserName": "Browse",
            "values": [{"value": hits["a3"]}, {"value": errors}],
        },
    ]
    assert first == rows[0]


async def test_the_tree_has_containers_too(
    store: MetricStore, sample: Callable[..., Sample], record: Record, plan: dict[str, Any]
) -> None:
    await store.describe("run1", **plan)
    given = [
        sample(),
        sample(action_id="a3", virtual_user_id="vu2", profile=1),
        sample(action_id="c1", kind="Container", code=""),
    ]
    await take_in(store, record(given))
    item = item_of(
        {"@type": "StatisticTreeReportItem", "metrics": [metric("HITS_TOTAL")]},
        "/analysis/metrics/tree",
    )
    async with store.views(["run1"]) as views:
        rows = await values.tree(views, item, Limits())
    assert [(row["virtualUserId"], row["actionId"], row["actionName"]) for row in rows] == [
        ("vu1", "c1", "Home"),
        ("vu1", "a1", "start"),
        ("vu2", "a3", "item"),
    ]
    assert all(row["values"] == [{"value": 1}] for row in rows)


async def test_the_top_ranks_actions_and_draws_their_curves(
    filled: MetricStore, samples: list[Sample]
) -> None:
    body = {
        "@type": "TopReportItem",
        "size": 2,
        "order": "ASC",
        "metrics": [metric("ERRORS_TOTAL")],
    }
    async with filled.views(["run1"]) as views:
        least = await values.top(views, item_of(body, "/analysis/metrics/top"), Limits())
        body["order"] = "DESC"
        greatest = await values.top(views, item_of(body, "/analysis/metrics/top"), Limits())
    errors = Counter(each.action_id for each in samples if not each.ok)
    ranked = sorted(errors, key=lambda action: errors[action])
    assert least["actionIds"] == ranked[:2]
    assert greatest["actionIds"] == ranked[::-1][:2]
    assert list(least["names"]) == least["actionIds"]
    assert all(name["actionName"] for name in least["names"].values())
    for action, curve in least["curves"].items():
        assert sum(point["y"] for point in curve) == errors[action]
        assert [point["x"] for point in curve] == sorted(point["x"] for point in curve)


async def test_pies_split_hits_by_what_the_metric_names(
    filled: MetricStore, samples: list[Sample]
) -> None:
    names = ["HTTP_METHODS", "HTTP_RESPONSE_CODES", "HTTP_MEDIA_TYPES"]
    body = {
        "@type": "PieChartReportItem",
        "metrics": [metric(name) for name in [*names, "HTTP_MEDIA_TYPES_THROUGHPUT"]],
    }
    async with filled.views(["run1"]) as views:
        found = await values.pie(views, item_of(body, "/analysis/metrics/pie"), Limits())
    media = [each.media_type.split(";")[0] or "none" for each in samples]
    received: Counter[str] = Counter()
    for each, name in zip(samples, media, strict=True):
        received[name] += each.received_bytes
    assert found == [
        Counter(each.method for each in samples),
        Counter(each.code for each in samples),
        Counter(media),
        received,
    ]


async def test_the_overall_figures_have_the_names_and_units_that_clients_print(
    filled: MetricStore, samples: list[Sample]
) -> None:
    """OctoPerf/octoperf-maven-plugin prints name, value and unit as they come."""
    async with filled.views(["run1"]) as views:
        hits, errors, average, received = (await values.overall(views["run1"]))["metrics"]
    assert hits == {"name": "Hits", "value": len(samples), "unit": ""}
    assert errors["value"] == sum(not each.ok for each in samples)
    expected = statistics.fmean(each.elapsed_us for each in samples) / 1e6
    assert average == {"name": "Avg Elapsed", "value": pytest.approx(expected), "unit": "s"}
    total = sum(each.received_bytes for each in samples) / 1e6
    assert received == {"name": "Total Throughput", "value": pytest.approx(total), "unit": "MB"}


REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("summary", "SummaryReportItem", {"metrics": [metric("HITS_TOTALS")]}, "HITS_TOTAL?"),
    ("summary", "SummaryReportItem", {"metrics": [metric("HITS_TOTAL", type="HITS")]}, "CONTAINER"),
    ("summary", "SummaryReportItem", {"metrics": ["HITS_TOTAL"]}, "object"),
    ("summary", "SummaryReportItem", {"metrics": {}}, "list"),
    ("summary", "SummaryReportItem", {"metrics": []}, "benchResultId"),
    ("summary", "SummaryReportItem", {"metrics": [{"id": "HITS_TOTAL"}]}, "benchResultId"),
    ("summary", "SummaryReportItem", {"benchResultId": 7}, "text"),
    ("summary", "SummaryReportItem", {"metrics": [metric("HTTP_METHODS")]}, "PieChartReportItem"),
    ("summary", "SummaryReportItem", {"metrics": [metric("MONITORING")]}, "counterPath"),
    ("summary", "SummaryReportItem",
     {"metrics": [metric("USERLOAD", filters=[term("method", "GET")])]}, "USERLOAD"),
    ("summary", "SummaryReportItem",
     {"metrics": [metric("HITS_TOTAL", filters=[term("actionID", "a")])]}, "actionId?"),
    ("summary", "SummaryReportItem",
     {"metrics": [metric("HITS_TOTAL", filters=[term("subSampleType", "Page")])]}, "Container"),
    ("summary", "SummaryReportItem",
     {"metrics": [metric("HITS_TOTAL", filters=[{"field": "method", "term": "GET"}])]}, "Filter"),
    ("summary", "SummaryReportItem",
     {"metrics": [metric("HITS_TOTAL", filters=["GET"])]}, "object"),
    ("summary", "SummaryReportItem",
     {"metrics": [metric("RESPONSE_TIME_APDEX",
      configs=[{"@type": "ApdexReportConfig", "satisfying": 9, "tolerating": 1}])]}, "satisfying"),
    ("table", "StatisticTableReportItem",
     {"metrics": [metric("HITS_TOTAL")], "computeType": "RATIO"}, "DELTA"),
    ("table", "StatisticTableReportItem", {"metrics": [metric("HITS_TOTAL")], "size": -1}, "size"),
    ("table", "StatisticTableReportItem", {"metrics": [metric("USERLOAD")]}, "LineChart"),
    ("top", "TopReportItem",
     {"metrics": [metric("HITS_TOTAL"), metric("ERRORS_TOTAL")]}, "exactly one"),
    ("top", "TopReportItem", {"metrics": [metric("HITS_TOTAL")], "order": "UP"}, "DESC"),
    ("pie", "PieChartReportItem", {"metrics": [metric("HITS_TOTAL")]}, "HTTP_RESPONSE_CODES"),
]  # fmt: skip


@pytest.mark.parametrize(("route", "item_type", "body", "says"), REFUSED)
async def test_what_cannot_be_read_is_refused_with_what_can(
    store: MetricStore, route: str, item_type: str, body: dict[str, Any], says: str
) -> None:
    async def read() -> None:
        async with store.views(["run1"]) as views:
            item = item_of({"@type": item_type, **body}, f"/analysis/metrics/{route}")
            await getattr(values, route)(views, item, Limits())

    with pytest.raises(Invalid, match=says.replace("?", r"\?")):
        await read()
