"""Values of runs over HTTP: shapes, refusals, and whose runs they are."""

import asyncio
import json
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from octoperf_mcp.embedded.metrics.default_report import default_report
from octoperf_mcp.embedded.metrics.items import ROUTES
from octoperf_mcp.embedded.metrics.recorder import Recorder
from octoperf_mcp.embedded.metrics.sample import ErrorDetail, Sample
from octoperf_mcp.embedded.metrics.spool import read_lines
from octoperf_mcp.embedded.metrics.store import MetricStore
from octoperf_mcp.embedded.platform import Platform

START_S = 1_700_000_000


@dataclass
class Api:
    """Calls as `ada`, whose run it is, as a stranger `eve`, or as `reads`: ada without writing."""

    client: TestClient[web.Request, web.Application]
    platform: Platform
    workspace: str
    project: str
    run: str

    async def get(self, path: str, *, user: str = "ada", status: int = 200) -> Any:
        answer = await self.client.get(path, headers=_AS[user])
        assert answer.status == status, await answer.text()
        return await answer.json() if answer.content_type == "application/json" else answer

    async def post(
        self,
        path: str,
        body: Any,
        *,
        query: dict[str, Any] | None = None,
        user: str = "ada",
        status: int = 200,
    ) -> Any:
        raw = json.dumps(body).encode()
        answer = await self.client.post(path, data=raw, params=query, headers=_AS[user])
        assert answer.status == status, await answer.text()
        assert answer.content_type == "application/json"
        return await answer.json()

    def metric(self, name: str, **changed: Any) -> dict[str, Any]:
        given = {"id": name, "type": "BASIC", "benchResultId": self.run, "filters": []}
        return {**given, **changed}


_AS = {
    "ada": {"Authorization": "Bearer ada-token"},
    "eve": {"Authorization": "Bearer eve-token"},
    "reads": {"Authorization": "Bearer ada-reads"},
}


@pytest.fixture
async def api(client: Any, platform: Platform, home: Any) -> Api:
    platform.metrics = MetricStore(platform.database)
    run = await platform.documents.create(
        "bench_result",
        {"state": "RUNNING"},
        user_id="ada",
        workspace_id=home.workspace_id,
        project_id=home.project_id,
    )
    return Api(client, platform, home.workspace_id, home.project_id, run.id)


@pytest.fixture
async def ran(api: Api, tmp_path: Path) -> Api:
    """Ten requests of 100 to 1,000 ms in ten seconds, the last one failed."""
    clock_ms = START_S * 1000
    writer = Recorder(
        api.run, "gen1", "local", tmp_path / "gen1.jsonl", None, clock=lambda: clock_ms
    )
    for number in range(10):
        clock_ms = (START_S + number) * 1000
        writer.gauge({0: number + 1}, 1.0, 20.0)
        failed = number == 9
        request = {"method": "GET", "url": "http://shop.test/", "headers": []}
        response = {"status": 500, "statusText": "Internal Server Error", "body": "sorry"}
        error = ErrorDetail("HTTP 500", [], request, response, "1") if failed else None
        elapsed_us = (number + 1) * 100_000
        writer.add(
            Sample("a1", "vu1", 0, "Hit", clock_ms - elapsed_us // 1000, elapsed_us, 80_000,
                   0, 100, 1000, "500" if failed else "200", "GET", "text/html",
                   "http://shop.test/", not failed, error=error)
        )  # fmt: skip
    writer.close()
    lines = read_lines(tmp_path / "gen1.jsonl")
    store = api.platform.metrics
    await asyncio.gather(*(store.ingest(api.run, line.data) for line in lines))
    return api


async def test_a_summary_has_a_number_per_metric_times_in_seconds(ran: Api) -> None:
    """The shape that abstracta/jmeter-java-dsl and tpit59/octoperf-mcp read."""
    names = ["HITS_TOTAL", "RESPONSE_TIME_AVG", "ERRORS_PERCENT", "HITS_RATE", "USERLOAD"]
    item = {"@type": "SummaryReportItem", "metrics": [ran.metric(name) for name in names]}
    assert await ran.post("/analysis/metrics/summary", item) == [10, 0.55, 10.0, 1.0, 10]


async def test_earlier_clients_are_understood(ran: Api) -> None:
    """`type` HIT and `config` null, as the DSL client sends them."""
    metric = ran.metric("HITS_TOTAL", type="HIT", config=None)
    item = {"@type": "BarChartReportItem", "id": "", "name": "", "metrics": [metric]}
    assert await ran.post("/analysis/metrics/summary", item) == [10]


async def test_windows_are_epoch_milliseconds(ran: Api) -> None:
    item = {"@type": "SummaryReportItem", "metrics": [ran.metric("HITS_TOTAL")]}
    window = {"from": (START_S + 2) * 1000, "to": (START_S + 5) * 1000}
    assert await ran.post("/analysis/metrics/summary", item, query=window) == [3]
    assert await ran.post("/analysis/metrics/summary", item, query={"from": ""}) == [10]
    for bad in ({"from": "now"}, {"to": "-5"}, {"from": 5, "to": 5}):
        refusal = await ran.post("/analysis/metrics/summary", item, status=400, query=bad)
        assert refusal["message"]


async def test_tables_trees_curves_and_pies_have_the_shapes_of_the_reference(ran: Api) -> None:
    metrics = [ran.metric("RESPONSE_TIME_MAX")]
    table = {"@type": "StatisticTableReportItem", "metrics": metrics}
    assert await ran.post("/analysis/metrics/table", table) == [
        {"actionId": "a1", "values": [{"value": 1.0}]}
    ]
    tree = {"@type": "StatisticTreeReportItem", "metrics": metrics}
    assert await ran.post("/analysis/metrics/tree", tree) == [
        {"virtualUserId": "vu1", "actionId": "a1", "values": [{"value": 1.0}]}
    ]
    top = await ran.post("/analysis/metrics/top", {"@type": "TopReportItem", "metrics": metrics})
    assert top["actionIds"] == ["a1"]
    assert top["curves"]["a1"][0] == {"x": START_S * 1000, "y": 0.1}
    pie = {"@type": "PieChartReportItem", "metrics": [ran.metric("HTTP_RESPONSE_CODES")]}
    assert await ran.post("/analysis/metrics/pie", pie) == [{"200": 9, "500": 1}]
    line = {"@type": "LineChartReportItem", "metrics": [ran.metric("USERLOAD", type="LOAD")]}
    (users,) = await ran.post("/analysis/metrics/line", line)
    assert users[:2] == [{"x": START_S * 1000, "y": 1}, {"x": (START_S + 1) * 1000, "y": 2}]
    stacked = {"@type": "StackedChartReportItem", "metrics": [ran.metric("HTTP_METHODS")]}
    points = await ran.post("/analysis/metrics/stacked", stacked)
    assert points[0] == {"x": START_S * 1000, "values": {"GET": 1}}


async def test_every_item_of_the_default_report_can_be_read(ran: Api) -> None:
    report = default_report({"id": ran.run}, {"name": "Checkout"})
    for item in report["items"]:
        for route, types in ROUTES.items():
            if item["@type"] in types:
                await ran.post(route, item)


async def test_errors_lead_to_their_exchange(ran: Api) -> None:
    item = {"@type": "ErrorsReportItem", "benchResultId": ran.run}
    (error,) = await ran.post("/analysis/bench-errors", item)
    assert (error["responseCode"], error["errorMessage"]) == ("500", "HTTP 500")
    place = f"/analysis/bench-errors/http/{ran.run}/{error['actionId']}"
    exchange = await ran.get(f"{place}/{error['timestamp']}")
    assert exchange["response"]["body"] == "sorry"
    assert (await ran.get(f"{place}/5", status=404))["status"] == 404
    assert (await ran.get(f"{place}/soon", status=400))["status"] == 400
    filtered = {**item, "filters": [{"@type": "SingleTermFilter", "field": "method", "term": "X"}]}
    assert await ran.post("/analysis/bench-errors", filtered) == []
    assert (
        await ran.post("/analysis/bench-errors", item, query={"from": (START_S + 60) * 1000}) == []
    )


async def test_a_run_without_sla_profiles_has_no_alarms(ran: Api) -> None:
    """Both places of the run's id: the item's own and the older `metric`."""
    metric = {"@type": "MonitoringMetric", "benchResultId": ran.run, "id": "", "filters": []}
    for own in ({"benchResultId": ran.run}, {"metric": metric}):
        item = {"@type": "ThresholdAlarmReportItem", "name": "", **own}
        assert await ran.post("/analysis/threshold-alarms", item) == []


async def test_overall_figures_generators_and_junit_of_a_run(ran: Api) -> None:
    overall = await ran.get(f"/analysis/metrics/global/{ran.run}")
    assert [(each["name"], each["unit"]) for each in overall["metrics"]] == [
        ("Hits", ""),
        ("Errors", ""),
        ("Avg Elapsed", "s"),
        ("Total Throughput", "MB"),
    ]
    (generator,) = await ran.get(f"/analysis/load-generators/by-bench-result/{ran.run}")
    assert (generator["id"], generator["region"], generator["vuCount"]) == ("gen1", "local", 10)
    answer = await ran.get(f"/analysis/junit-reports/{ran.run}")
    assert answer.content_type == "application/xml"
    assert ET.fromstring(await answer.read())[0].attrib["failures"] == "1"


async def test_a_run_that_has_not_started_has_zeros(api: Api) -> None:
    item = {"@type": "SummaryReportItem", "metrics": [api.metric("RESPONSE_TIME_AVG")]}
    assert await api.post("/analysis/metrics/summary", item) == [0.0]
    assert await api.get(f"/analysis/load-generators/by-bench-result/{api.run}") == []


async def test_apdex_thresholds_of_the_report_hold_for_its_items(ran: Api) -> None:
    item = {
        "@type": "SummaryReportItem",
        "id": "i1",
        "metrics": [ran.metric("RESPONSE_TIME_APDEX")],
    }
    assert await ran.post("/analysis/metrics/summary", item) == [0.75]
    config = {"@type": "ApdexReportConfig", "satisfying": 150, "tolerating": 350}
    await ran.platform.documents.create(
        "bench_report",
        {"name": "R", "items": [item], "configs": [config]},
        user_id="ada",
        workspace_id=ran.workspace,
        project_id=ran.project,
    )
    assert await ran.post("/analysis/metrics/summary", item) == [(1 + 2 / 2) / 10]
    assert await ran.post("/analysis/metrics/summary", {**item, "id": "i2"}) == [0.75]


WRONG = [
    ("/analysis/metrics/line", "PieChartReportItem", "/analysis/metrics/pie"),
    ("/analysis/metrics/summary", "ErrorsReportItem", "/analysis/bench-errors"),
    ("/analysis/metrics/table", "LoadGeneratorsChartReportItem", "/analysis/load-generators"),
    ("/analysis/metrics/top", "TextReportItem", "no values"),
    ("/analysis/bench-errors", "InsightsReportItem", "ErrorsReportItem"),
]


@pytest.mark.parametrize(("route", "item_type", "says"), WRONG)
async def test_an_item_at_the_wrong_route_is_told_the_right_one(
    api: Api, route: str, item_type: str, says: str
) -> None:
    refusal = await api.post(
        route, {"@type": item_type, "metrics": [api.metric("HITS_TOTAL")]}, status=400
    )
    assert says in refusal["message"]
    assert refusal["path"] == route


@pytest.mark.parametrize("body", [None, 7, [], {}, {"@type": 7}, "SummaryReportItem"])
async def test_what_is_no_item_is_refused(api: Api, body: Any) -> None:
    refusal = await api.post("/analysis/metrics/summary", body, status=400)
    assert "@type" in refusal["message"]


async def test_nobody_reads_the_runs_of_another_workspace(ran: Api) -> None:
    """404 as for a run that does not exist; also when only one metric of several is foreign."""
    run = ran.run
    for path in (
        f"/analysis/metrics/global/{run}",
        f"/analysis/load-generators/by-bench-result/{run}",
        f"/analysis/junit-reports/{run}",
        f"/analysis/bench-errors/http/{run}/a1/5",
    ):
        await ran.get(path, user="eve", status=404)
    for item in default_report({"id": run}, {})["items"]:
        for route, types in ROUTES.items():
            if item["@type"] in types:
                await ran.post(route, item, user="eve", status=404)
    documents = ran.platform.documents
    own = await documents.create("workspace", {"name": "E"}, user_id="eve", workspace_id="")
    hers = await documents.create("bench_result", {}, user_id="eve", workspace_id=own.id)
    metrics = [ran.metric("HITS_TOTAL", benchResultId=hers.id), ran.metric("HITS_TOTAL")]
    item = {"@type": "SummaryReportItem", "benchResultId": hers.id, "metrics": metrics}
    await ran.post("/analysis/metrics/summary", item, user="eve", status=404)


async def test_reading_values_needs_no_right_to_write(ran: Api) -> None:
    for item in default_report({"id": ran.run}, {})["items"]:
        for route, types in ROUTES.items():
            if item["@type"] in types:
                await ran.post(route, item, user="reads")


async def test_a_window_outside_of_a_run_that_is_over_says_when_the_run_was(ran: Api) -> None:
    item = {"@type": "SummaryReportItem", "metrics": [ran.metric("HITS_TOTAL")]}
    query = {"from": (START_S + 100) * 1000}
    assert await ran.post("/analysis/metrics/summary", item, query=query) == [0.0]
    await ran.platform.metrics.seal(ran.run)
    refusal = await ran.post("/analysis/metrics/summary", item, query=query, status=400)
    assert (refusal["from"], refusal["to"]) == (START_S * 1000, (START_S + 10) * 1000)


async def test_the_time_range_of_a_report_limits_all_its_items(ran: Api) -> None:
    item = {"@type": "StatisticTableReportItem", "id": "i1", "metrics": [ran.metric("HITS_TOTAL")]}
    part = {"from": (START_S + 2) * 1000, "to": (START_S + 5) * 1000}
    await ran.platform.documents.create(
        "bench_report",
        {"name": "R", "items": [item], "configs": [], "timeRange": part},
        user_id="ada",
        workspace_id=ran.workspace,
        project_id=ran.project,
    )
    rows = await ran.post("/analysis/metrics/table", item)
    assert rows[0]["values"] == [{"value": 3}]
    (insight,) = await ran.post(
        "/analysis/insights",
        {"@type": "InsightsReportItem", "id": "i1.x", "benchResultId": ran.run},
    )
    assert "0.1 minutes" in insight["message"]
