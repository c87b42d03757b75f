"""Samples, and a metric store on a fresh database."""

import math
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from octoperf_mcp.embedded.metrics import charts, gauges, values
from octoperf_mcp.embedded.metrics.bench_errors import bench_errors
from octoperf_mcp.embedded.metrics.items import item_of
from octoperf_mcp.embedded.metrics.junit import junit_report
from octoperf_mcp.embedded.metrics.metric_ids import METRICS
from octoperf_mcp.embedded.metrics.reading import Limits
from octoperf_mcp.embedded.metrics.recorder import Recorder
from octoperf_mcp.embedded.metrics.sample import ErrorDetail, Sample
from octoperf_mcp.embedded.metrics.selection import Selection
from octoperf_mcp.embedded.metrics.spool import read_lines
from octoperf_mcp.embedded.metrics.store import MetricStore
from octoperf_mcp.embedded.store.database import Database

START_S = 1_700_000_000

SampleFactory = Callable[..., Sample]
Record = Callable[..., list[bytes]]

PLAN: dict[str, Any] = {
    "scenario": {
        "userProfiles": [
            {"name": "buyers", "virtualUserId": "vu1"},
            {"name": "", "virtualUserId": "vu2"},
        ]
    },
    "virtual_users": [
        {
            "id": "vu1",
            "name": "Checkout",
            "children": [
                {"@type": "ContainerAction", "id": "c1", "name": "Home", "children": [
                    {"@type": "HttpRequestAction", "id": "a2", "name": "login"},
                    {"@type": "HttpRequestAction", "id": "a1", "name": "start"},
                ]},
            ],
        },
        {"id": "vu2", "name": "Browse", "children": [
            {"@type": "HttpRequestAction", "id": "a3", "name": "item"},
        ]},
    ],
}  # fmt: skip


@pytest.fixture
def sample() -> SampleFactory:
    """Makes samples that end in epoch second `START_S` unless told otherwise."""

    def make(**changed: Any) -> Sample:
        given: dict[str, Any] = {
            "action_id": "a1",
            "virtual_user_id": "vu1",
            "profile": 0,
            "kind": "Hit",
            "started_ms": START_S * 1000,
            "elapsed_us": 250_000,
            "latency_us": 200_000,
            "connect_us": 0,
            "sent_bytes": 120,
            "received_bytes": 2048,
            "code": "200",
            "method": "GET",
            "media_type": "text/html",
            "url": "http://shop.test/",
            "ok": True,
        }
        return Sample(**(given | changed))

    return make


@pytest.fixture
def traffic(sample: SampleFactory) -> Callable[..., list[Sample]]:
    """Makes samples of three actions of two virtual users, in the order in which they end."""

    def make(count: int, seconds: int, seed: int = 7) -> list[Sample]:
        chance = random.Random(seed)

        def one() -> Sample:
            action, user, profile = chance.choice(
                [("a1", "vu1", 0), ("a2", "vu1", 0), ("a3", "vu2", 1)]
            )
            code = chance.choices(["200", "404", "500"], [18, 1, 1])[0]
            elapsed = round(chance.lognormvariate(11.5, 0.8))
            connect = chance.choice([0, 0, 0, elapsed // 5])
            ends = START_S * 1000 + chance.randrange(seconds * 1000)
            return sample(
                action_id=action,
                virtual_user_id=user,
                profile=profile,
                started_ms=ends - elapsed // 1000,
                elapsed_us=elapsed,
                latency_us=max(connect, elapsed * chance.randint(30, 100) // 100),
                connect_us=connect,
                sent_bytes=chance.randint(80, 900),
                received_bytes=chance.randint(0, 50_000),
                code=code,
                method=chance.choice(["GET", "POST"]),
                media_type=chance.choice(["text/html; charset=utf-8", "application/json", ""]),
                ok=code == "200",
                error=None if code == "200" else ErrorDetail(f"status {code}"),
                assertions_ok=1,
                assertions_failed=int(code == "404"),
            )

        return sorted((one() for _ in range(count)), key=end_second)

    return make


def end_second(sample: Sample) -> int:
    return (sample.started_ms + sample.elapsed_us // 1000) // 1000


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """Records samples as a load worker does; the lines of its spool file."""

    def lines(
        samples: Iterable[Sample],
        *,
        generator: str = "gen1",
        region: str = "local",
        users: Mapping[int, dict[int, int]] | None = None,
        last_second: int | None = None,
    ) -> list[bytes]:
        """Gauges by second in `users`; the final line is that of the last second."""
        clock_ms = START_S * 1000
        spool = tmp_path / f"{generator}.jsonl"
        writer = Recorder("run1", generator, region, spool, None, clock=lambda: clock_ms)
        gauges = dict(users or {})
        for each in samples:
            writer.add(each)
        for second, by_profile in sorted(gauges.items()):
            clock_ms = second * 1000
            writer.gauge(by_profile, 1.5, 40.0)
        clock_ms = (last_second or START_S) * 1000
        writer.close()
        written = [line.data for line in read_lines(spool)]
        spool.unlink()
        return written

    return lines


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[MetricStore]:
    database = await Database.open(database_url)
    yield MetricStore(database)
    await database.close()


@pytest.fixture
def plan() -> dict[str, Any]:
    """Arguments of `MetricStore.describe` besides the run."""
    return PLAN


@pytest.fixture
def read_everything() -> Callable[..., Awaitable[dict[str, Any]]]:
    """Reads `run1` in all the ways that routes do."""
    return everything


def asked(*ids: str) -> list[dict[str, Any]]:
    return [{"id": each, "type": "BASIC", "benchResultId": "run1"} for each in ids]


async def everything(store: MetricStore, **limits: int) -> dict[str, Any]:
    """All that routes answer from samples, rounded, since sums of floats depend on their order."""
    ids = asked(*METRICS)
    lim = Limits(**limits)
    async with store.views(["run1"]) as views:
        summary = item_of(
            {"@type": "SummaryReportItem", "metrics": ids}, "/analysis/metrics/summary"
        )
        table = item_of(
            {"@type": "StatisticTableReportItem", "metrics": ids}, "/analysis/metrics/table"
        )
        line = item_of({"@type": "LineChartReportItem", "metrics": ids}, "/analysis/metrics/line")
        pie = item_of(
            {
                "@type": "PieChartReportItem",
                "metrics": asked("HTTP_RESPONSE_CODES", "HTTP_METHODS"),
            },
            "/analysis/metrics/pie",
        )
        top = item_of(
            {"@type": "TopReportItem", "metrics": asked("RESPONSE_TIME_PERCENTILE_90")},
            "/analysis/metrics/top",
        )
        stacked = item_of(
            {"@type": "StackedChartReportItem", "metrics": asked("HTTP_MEDIA_TYPES_THROUGHPUT")},
            "/analysis/metrics/stacked",
        )
        percentiles = item_of(
            {"@type": "PercentilesChartReportItem", "metrics": asked("LATENCY_AVG")},
            "/analysis/metrics/line",
        )
        users = item_of(
            {"@type": "LineChartReportItem", "metrics": asked("USERLOAD")}, "/analysis/metrics/line"
        )
        found = {
            "summary": await values.summary(views, summary, lim),
            "table": await values.table(views, table, lim),
            "line": await charts.line(views, line, lim),
            "pie": await values.pie(views, pie, lim),
            "stacked": await charts.stacked(views, stacked, lim),
            "top": await values.top(views, top, lim),
            "percentiles": await charts.line(views, percentiles, lim),
            "users": await charts.line(views, users, lim),
            "errors": await bench_errors(views["run1"], Selection(), lim),
            "generators": await gauges.load_generators(views["run1"]),
            "junit": (await junit_report(views["run1"])).decode(),
            "totals": await values.totals(views["run1"]),
        }
    rounded: dict[str, Any] = _rounded(found)
    return rounded


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    if isinstance(value, float):
        assert math.isfinite(value)
        return float(f"{value:.9g}")
    return value
