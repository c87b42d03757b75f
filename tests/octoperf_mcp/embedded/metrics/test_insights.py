"""Insights: each fires on the run that it is about, and equals the item that it links to."""

from typing import Any

import pytest

from octoperf_mcp.embedded.metrics.area_range import area_range
from octoperf_mcp.embedded.metrics.insight_rules import RULES, evidence
from octoperf_mcp.embedded.metrics.insights import insights, users_after_the_knee
from octoperf_mcp.embedded.metrics.items import ROUTES, item_of
from octoperf_mcp.embedded.metrics.reading import Limits
from octoperf_mcp.entities.check import check

START_S = 1_700_000_000
LONG_ENOUGH_S = 1200
ENOUGH_USERS = 50


def insights_item(**config: Any) -> Any:
    configs = [{"@type": "InsightsReportConfig", **config}] if config else []
    body = {"@type": "InsightsReportItem", "id": "i1", "benchResultId": "run1", "configs": configs}
    return item_of(body, "/analysis/insights")


@pytest.fixture
def play(store: Any, sample: Any, record: Any) -> Any:
    """Records a request in every fourth second; `of` makes the n-th different."""

    async def make(
        of: Any = lambda _: {}, *, seconds: int = LONG_ENOUGH_S, users: Any = lambda _: ENOUGH_USERS
    ) -> Any:
        samples = [
            sample(
                **{
                    "started_ms": (START_S + n) * 1000,
                    "elapsed_us": 200_000,
                    "latency_us": 100_000,
                    "media_type": "text/html",
                    **of(n),
                }
            )
            for n in (*range(0, seconds - 1, 4), seconds - 1)
        ]
        gauges = {START_S + n: {0: users(n)} for n in range(0, seconds, 4)}
        for line in record(samples, users=gauges, last_second=START_S + seconds):
            await store.ingest("run1", line)
        return store

    return make


async def read(store: Any, item: Any = None, **limits: int) -> dict[str, dict[str, Any]]:
    async with store.views(["run1"]) as views:
        rows = await insights(views, item or insights_item(), Limits(**limits))
    return {row["id"]: row for row in rows}


async def test_a_steady_run_passes_everything(play: Any) -> None:
    found = await read(await play())
    assert list(found) == list(RULES)
    assert {row["level"] for row in found.values()} == {"PASSED"}


@pytest.mark.parametrize(
    ("seconds", "users"),
    [(LONG_ENOUGH_S, ENOUGH_USERS - 1), (LONG_ENOUGH_S - 1, ENOUGH_USERS), (1, 1)],
)
async def test_too_little_data_is_said_and_nothing_else(
    play: Any, seconds: int, users: int
) -> None:
    found = await read(await play(seconds=seconds, users=lambda _: users))
    assert list(found) == ["NOT_ENOUGH_DATA"]
    assert "50 users and 20 minutes" in found["NOT_ENOUGH_DATA"]["message"]


async def test_a_run_without_samples_has_not_enough_data(store: Any) -> None:
    assert list(await read(store)) == ["NOT_ENOUGH_DATA"]


async def test_an_item_may_ask_for_less_data_and_other_thresholds(play: Any) -> None:
    store = await play(seconds=60, users=lambda _: 2)
    own = {"LATENCY_VS_RESPONSE_TIME": {"info": 10, "warn": 40, "error": 90}}
    found = await read(store, insights_item(minUsers=1, minMinutes=0, thresholds=own))
    row = found["LATENCY_VS_RESPONSE_TIME"]
    assert (row["value"], row["level"]) == (50.0, "WARN")
    assert row["thresholds"] == own["LATENCY_VS_RESPONSE_TIME"]


def failing(code: str, every: int) -> Any:
    def of(n: int) -> dict[str, Any]:
        return {"code": code, "ok": False} if n % every == 0 else {}

    return of


FIRED = [
    (lambda n: {"elapsed_us": 200_000 + n * 1000}, "RESPONSE_TIME_GLOBAL_AVG", "WARN"),
    (lambda n: {"elapsed_us": 5_000_000 if n % 80 == 8 else 100_000},
     "RESPONSE_TIME_STD_DEVIATION", "ERROR"),
    (lambda n: {"action_id": "a2", "elapsed_us": 5_000_000} if n % 40 == 8 else {},
     "STEP_BY_STEP_RESPONSE_TIME", "INFO"),
    (lambda _: {"connect_us": 90_000}, "CONNECT_TIME_VS_RESPONSE_TIME", "WARN"),
    (lambda _: {"latency_us": 199_000}, "LATENCY_VS_RESPONSE_TIME", "ERROR"),
    (failing("500", 40), "STEP_BY_STEP_ERRORS", "ERROR"),
    (failing("500", 400), "OVERALL_ERROR_5XX", "INFO"),
    (failing("404", 40), "OVERALL_ERROR_4XX", "ERROR"),
    (failing("-1", 40), "OVERALL_ERROR_NONE", "ERROR"),
    (lambda n: {"code": "500", "ok": False} if n == 400 else {}, "PEAK_OF_ERRORS", "ERROR"),
    (lambda _: {"media_type": "image/png"}, "THROUGHPUT_IMAGE_NEW_FORMAT", "INFO"),
    (lambda _: {"media_type": "image/webp"}, "THROUGHPUT_IMAGE_OPTIMIZE", "INFO"),
    (lambda _: {"media_type": "text/css"}, "THROUGHPUT_CSS", "INFO"),
    (lambda _: {"media_type": "text/javascript"}, "THROUGHPUT_JAVASCRIPT", "INFO"),
]  # fmt: skip


@pytest.mark.parametrize(("of", "name", "level"), FIRED, ids=[name for _, name, _ in FIRED])
async def test_each_insight_fires_on_what_it_is_about(
    play: Any, of: Any, name: str, level: str
) -> None:
    found = await read(await play(of))
    assert found[name]["level"] == level, found[name]


@pytest.mark.parametrize("name", ["RESPONSE_TIME_GLOBAL_AVG", "PEAK_OF_ERRORS"])
async def test_the_value_equals_the_rmse_of_the_item_that_is_linked(play: Any, name: str) -> None:
    store = await play(lambda n: {"elapsed_us": 100_000 + n * 700, "ok": n % 44 != 0})
    row = (await read(store))[name]
    async with store.views(["run1"]) as views:
        linked = item_of(row["inspect"], "/analysis/metrics/area-range")
        rmse = (await area_range(views, linked, Limits()))["rmse"]
    assert row["value"] == pytest.approx(rmse, abs=1e-6)
    assert row["value"] > 0


@pytest.mark.parametrize("name", [*RULES, "NOT_ENOUGH_DATA"])
def test_the_evidence_of_each_insight_is_an_item_that_a_route_reads(name: str) -> None:
    items = [item for item in evidence(name, "i1", "run1") if item is not None]
    for item in items:
        routes = [route for route, types in ROUTES.items() if item["@type"] in types]
        assert item_of(item, routes[0]).bench_result_ids == ("run1",)
    report = {"projectId": "p1", "name": "R", "benchResultIds": ["run1"], "items": items}
    check("bench_report", report)


def test_users_that_came_when_hits_no_longer_grew_are_counted() -> None:
    grows = [(users, users * 2.0) for users in range(1, 101)]
    assert users_after_the_knee(grows) < 10
    flat = [(users, min(users, 40) * 2.0) for users in range(1, 101)]
    assert 55 <= users_after_the_knee(flat) <= 65
    assert users_after_the_knee([(10, 5.0), (10, 6.0)]) == 0
    assert users_after_the_knee([]) == 0
    assert users_after_the_knee([(10, 0.0)]) == 0


async def test_hits_that_stop_growing_before_users_do_are_seen(play: Any) -> None:
    store = await play(users=lambda n: 1 + n // 12)
    assert (await read(store))["HIT_RATE_INFLEXION_POINT"]["level"] == "ERROR"
