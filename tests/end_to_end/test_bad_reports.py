"""Reports of runs that are unlike others, and questions that make no sense: a clear answer."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from octoperf_mcp.cli.agent import CallFailedError, MemoryStorage, connected
from octoperf_mcp.cli.sign_in import FormSignIn
from tests.end_to_end.conftest import PASSWORD, Server
from tests.end_to_end.every_tool import _complete, _post_file, _until_finished
from tests.end_to_end.raw_samples import RawRun, read_run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from octoperf_mcp.cli.agent import Agent
    from tests.end_to_end.conftest import SignedIn

Json = dict[str, Any]
SLO = '[[thresholds]]\nmetric = "RESPONSE_TIME_AVG"\nmax = 1e9\n'


@dataclass
class Read:
    """A run, and what the tools said of each type of item."""

    run_id: str
    report_id: str
    items: dict[str, str] = field(default_factory=dict)
    said: dict[str, Json] = field(default_factory=dict)
    later: dict[str, Json] = field(default_factory=dict)
    """The same after its end, of the run that was read while it was going."""
    verdicts: dict[str, Json] = field(default_factory=dict)
    raw: RawRun | None = None


@pytest.fixture(scope="module")
def runs(server: Server, storage: MemoryStorage) -> Mapping[str, Read]:
    return asyncio.run(_played(server, storage))


@asynccontextmanager
async def site() -> AsyncIterator[str]:
    """Answers `/` at once and `/never` not before it is closed."""
    closing_down = asyncio.Event()

    async def home(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def never(_: web.Request) -> web.Response:
        await closing_down.wait()
        return web.Response(text="too late")

    app = web.Application()
    app.add_routes([web.get("/", home), web.get("/never", never)])
    async with TestServer(app) as running:
        yield str(running.make_url("/"))
        closing_down.set()


async def _played(server: Server, storage: MemoryStorage) -> Mapping[str, Read]:
    signed_in = connected(server.url, FormSignIn("demo", PASSWORD), storage=storage)
    async with signed_in as agent, site() as url:
        place = await _place(agent)
        ticket = await agent.call(
            "upload_project_file", {"projectId": place["projectId"], "filename": "slo.toml"}
        )
        await _post_file(ticket["url"], "slo.toml", SLO.encode())
        empty = await _start(agent, place, f"{url}never")
        await _stop(agent, empty)
        one = await _start(agent, place, url, iterations=1)
        await _until_finished(agent, "get_bench_result", {"benchResultId": one.run_id})
        going = await _start(agent, place, url, users=2)
        await _has_hits(agent, going)
        for read in (empty, one, going):
            await _complete(agent, read.report_id, read.run_id)
            await _add_monitoring_alarms(agent, read)
            report = await agent.call("get_bench_report", {"reportId": read.report_id})
            read.items = {row["type"]: row["itemId"] for row in reversed(report["readWith"])}
            read.said = await _values(agent, read)
            read.verdicts = await _verdicts(agent, read)
        await _stop(agent, going)
        going.later = await _values(agent, going)
        going.raw = await read_run(agent, going.run_id, going.report_id)
        one.raw = await read_run(agent, one.run_id, one.report_id)
        return {"empty": empty, "one": one, "going": going}


async def _place(agent: Agent) -> Json:
    workspace: Json = {"workspaceId": (await agent.call("list_workspaces"))["workspaces"][0]["id"]}
    listed = await agent.call("list_docker_providers_by_workspace", workspace)
    provider = listed["dockerProviders"][0]
    project = await agent.call("create_project", {**workspace, "name": "Odd runs"})
    return {
        "projectId": project["id"],
        "providerId": provider["id"],
        "locations": ["local"],
    }


async def _start(
    agent: Agent, place: Json, url: str, *, users: int = 1, iterations: int | None = None
) -> Read:
    project: Json = {"projectId": place["projectId"]}
    user = await agent.call("import_urls_virtual_user", {**project, "urls": [url], "name": "Odd"})
    pause = {"@type": "ThinktimeConstant", "value": 20}
    pausing = [{"op": "add", "path": "/children/0/thinktime", "value": pause}]
    await agent.call("patch_virtual_user", {"virtualUserId": user["id"], "patch": pausing})
    scenario = await agent.call(
        "create_scenario_ramp_up",
        {
            **place,
            "scenarioName": "Odd",
            "virtualUserIds": [user["id"]],
            "users": users,
            "rampUpSec": 0,
            "holdForSec": 600,
        },
    )
    if iterations:
        path = "/userProfiles/0/engine/settings/iterations"
        patch = [{"op": "add", "path": path, "value": iterations}]
        await agent.call("patch_scenario", {"scenarioId": scenario["id"], "patch": patch})
    run = await agent.call("run_scenario", {"scenarioId": scenario["id"]})
    (run_id,) = run["benchResultIds"]
    read = Read(run_id, run["benchReportId"])
    while not iterations:
        state = await agent.call("get_bench_status", {"benchResultId": run_id, "waitSec": 25})
        if state["state"] == "RUNNING":
            break
    return read


async def _stop(agent: Agent, read: Read) -> None:
    which = {"benchResultId": read.run_id}
    await agent.call("stop_bench_result", which)
    await _until_finished(agent, "get_bench_result", which)


async def _has_hits(agent: Agent, read: Read) -> None:
    report = await agent.call("get_bench_report", {"reportId": read.report_id})
    item = next(r["itemId"] for r in report["readWith"] if r["type"] == "SummaryReportItem")
    which = {"reportId": read.report_id, "itemId": item}
    while not figures(await agent.call("get_report_summary_values", which))["HITS_TOTAL"]:
        pass


async def _values(agent: Agent, read: Read) -> dict[str, Json]:
    report = await agent.call("get_bench_report", {"reportId": read.report_id})
    said = {}
    for row in reversed(report["readWith"]):
        if row.get("tool") is None:
            continue
        which = {"reportId": read.report_id, "itemId": row["itemId"]}
        if row["tool"] == "list_bench_load_generators":
            which = {"benchResultId": read.run_id}
        said[row["type"]] = await agent.call(row["tool"], which)
    return said


async def _add_monitoring_alarms(agent: Agent, read: Read) -> None:
    kind = "MonitoringAlarmsReportItem"
    item = {"@type": kind, "id": kind, "name": kind, "benchResultId": read.run_id}
    patch = [{"op": "add", "path": "/items/-", "value": item}]
    await agent.call("patch_bench_report", {"reportId": read.report_id, "patch": patch})


async def _verdicts(agent: Agent, read: Read) -> dict[str, Json]:
    which = {"benchResultId": read.run_id}
    both = {"baselineId": read.run_id, "candidateId": read.run_id}
    return {
        "compare": await agent.call("compare_runs", both),
        "slo": await agent.call("evaluate_slo", which),
        "capacity": await agent.call("estimate_capacity", which),
        "slowdown": await agent.call("explain_slowdown", which),
    }


def figures(summary: Json) -> dict[str, float | None]:
    return {row["metric"]: row.get("value") for row in summary["values"]}


def curves(said: dict[str, Json], kind: str) -> list[list[float]]:
    return [[point["y"] for point in each["points"]] for each in said[kind]["series"]]


def test_every_type_of_item_can_be_read_of_each_run(runs: Mapping[str, Read]) -> None:
    for read in runs.values():
        assert len(read.said) == 17
        text = json.dumps(read.said)
        assert "NaN" not in text
        assert "Infinity" not in text


def test_of_a_run_that_goes_on_figures_are_partial(runs: Mapping[str, Read]) -> None:
    read = runs["going"]
    head = read.said["SummaryReportItem"]["item"]
    assert (head["partial"], head["runs"][0]["state"]) == (True, "RUNNING")
    hits = figures(read.said["SummaryReportItem"])["HITS_TOTAL"]
    later = figures(read.later["SummaryReportItem"])["HITS_TOTAL"]
    assert hits is not None
    assert later is not None
    assert 0 < hits < later
    verdicts = read.verdicts
    assert verdicts["compare"]["verdict"] == "not_comparable"
    assert "RUNNING" in verdicts["compare"]["reason"]
    assert verdicts["slo"]["verdict"] == "not_evaluated"
    assert "RUNNING" in verdicts["slo"]["reason"]


def test_of_an_aborted_run_what_was_measured_counts(runs: Mapping[str, Read]) -> None:
    read = runs["going"]
    head = read.later["SummaryReportItem"]["item"]
    assert (head["partial"], head["runs"][0]["state"]) == (False, "ABORTED")
    assert read.raw is not None
    hits = read.raw.hits
    found = figures(read.later["SummaryReportItem"])
    assert (found["HITS_TOTAL"], found["ERRORS_TOTAL"]) == (len(hits), 0)
    assert read.later["ErrorsReportItem"]["total"] == 0
    assert set(read.raw.samples["kind"]) <= {"Hit", "Container", "CutOff"}


def test_of_a_run_without_samples_there_are_zeros_and_no_rows(runs: Mapping[str, Read]) -> None:
    read = runs["empty"]
    said = read.said
    found = figures(said["SummaryReportItem"])
    assert {value for name, value in found.items() if name != "USERLOAD"} == {0}
    for kind in ("StatisticTableReportItem", "StatisticTreeReportItem"):
        assert (said[kind]["entries"], said[kind]["total"]) == ([], 0)
    assert said["TopReportItem"]["actions"] == []
    assert said["PieChartReportItem"]["pies"][0]["slices"] == []
    assert curves(said, "PercentilesChartReportItem") == [[]]
    assert said["StackedChartReportItem"]["series"] == []
    assert said["AreaRangeChartReportItem"]["rmse"] == 0
    assert said["ErrorsReportItem"]["total"] == 0
    assert [row["id"] for row in said["InsightsReportItem"]["insights"]] == ["NOT_ENOUGH_DATA"]
    verdicts = read.verdicts
    assert verdicts["compare"]["verdict"] == "not_comparable"
    assert "no samples" in verdicts["compare"]["reason"]
    assert verdicts["slo"]["verdict"] == "not_evaluated"
    assert verdicts["capacity"].get("knee") is None
    assert verdicts["capacity"]["reason"]
    assert verdicts["slowdown"]["suspects"] == []


def test_of_one_sample_every_figure_is_that_sample(runs: Mapping[str, Read]) -> None:
    read = runs["one"]
    assert read.raw is not None
    (sample,) = read.raw.hits.to_dict("records")
    found = figures(read.said["SummaryReportItem"])
    assert found["HITS_TOTAL"] == 1
    times = [value for name, value in found.items() if name.startswith("RESPONSE_TIME")]
    assert times
    assert set(times) == {sample["elapsed"]}
    (percentiles,) = curves(read.said, "PercentilesChartReportItem")
    assert set(percentiles) == {sample["elapsed"]}
    (row,) = read.said["StatisticTableReportItem"]["entries"]
    assert row["actionId"] == sample["label"]
    verdicts = read.verdicts
    assert "1 sample" in verdicts["compare"]["actions"][0]["reason"]
    assert verdicts["slo"]["verdict"] == "pass"
    assert verdicts["capacity"].get("knee") is None


async def refused(signed_in: SignedIn, tool: str, arguments: Json) -> Json:
    async with signed_in() as agent:
        with pytest.raises(CallFailedError) as caught:
            await agent.call(tool, arguments)
    answer: Json = caught.value.answer
    assert answer["message"]
    return answer


async def test_a_wrong_item_is_told_the_near_one(
    signed_in: SignedIn, runs: Mapping[str, Read]
) -> None:
    read = runs["one"]
    right = read.items["SummaryReportItem"]
    wrong = {"reportId": read.report_id, "itemId": f"{right}x"}
    answer = await refused(signed_in, "get_report_summary_values", wrong)
    assert answer["didYouMean"] == right
    assert right in answer["allowed"]
    wrong = {"reportId": read.report_id, "itemId": read.items["PieChartReportItem"]}
    answer = await refused(signed_in, "get_report_summary_values", wrong)
    assert "get_report_pie_values" in answer["message"]
    wrong = {"reportId": f"{read.report_id}x", "itemId": right}
    answer = await refused(signed_in, "get_report_summary_values", wrong)
    assert answer["field"] == "reportId"


@pytest.mark.parametrize(
    ("from_s", "to_s", "said"),
    [(-7200, -3600, "outside"), (3600, 7200, "outside"), (10, 5, "behind")],
)
async def test_a_window_outside_of_the_run_is_refused_with_the_times_of_the_run(
    signed_in: SignedIn, runs: Mapping[str, Read], from_s: int, to_s: int, said: str
) -> None:
    read = runs["going"]
    assert read.raw is not None
    which = {"reportId": read.report_id, "itemId": read.items["SummaryReportItem"]}
    window = {
        "from": (read.raw.first + from_s) * 1000,
        "to": (read.raw.first + to_s) * 1000,
    }
    answer = await refused(signed_in, "get_report_summary_values", {**which, **window})
    assert said in answer["message"]
    if said == "outside":
        assert str(read.raw.first * 1000) in answer["message"]


async def test_seconds_are_not_taken_for_milliseconds(
    signed_in: SignedIn, runs: Mapping[str, Read]
) -> None:
    read = runs["one"]
    assert read.raw is not None
    which = {"reportId": read.report_id, "itemId": read.items["LineChartReportItem"]}
    window = {"from": read.raw.first}
    answer = await refused(signed_in, "get_report_line_chart_values", {**which, **window})
    assert "milliseconds" in answer["message"]


@pytest.mark.parametrize(
    ("kind", "metric", "tells"),
    [
        ("LineChartReportItem", "HTTP_METHODS", "PieChartReportItem"),
        ("PieChartReportItem", "RESPONSE_TIME_AVG", "HTTP_RESPONSE_CODES"),
        ("TopReportItem", "HITS_RATE", "LineChartReportItem"),
        ("PercentilesChartReportItem", "RESPONSE_TIME_PERCENTILE_95", "SummaryReportItem"),
        ("LineChartReportItem", "RESPONSE_TIME_P95", "RESPONSE_TIME_PERCENTILE_95"),
    ],
)
async def test_a_metric_that_a_widget_does_not_take_is_refused_with_those_that_fit(
    signed_in: SignedIn, runs: Mapping[str, Read], kind: str, metric: str, tells: str
) -> None:
    read = runs["one"]
    metrics = [{"id": metric, "type": "BASIC", "benchResultId": read.run_id, "filters": []}]
    item = {"@type": kind, "id": "unfit", "name": "Unfit", "metrics": metrics}
    patch = [{"op": "add", "path": "/items/-", "value": item}]
    wrong = {"reportId": read.report_id, "patch": patch}
    answer = await refused(signed_in, "patch_bench_report", wrong)
    assert tells in json.dumps(answer)
    async with signed_in() as agent:
        report = await agent.call("get_bench_report", {"reportId": read.report_id})
    assert "unfit" not in {row["itemId"] for row in report["readWith"]}


@pytest.mark.parametrize("bound", ["nan", "inf", "-inf"])
async def test_a_bound_that_is_no_number_is_refused(
    signed_in: SignedIn, runs: Mapping[str, Read], bound: str
) -> None:
    name = f"{bound}.toml"
    text = f'[[thresholds]]\nmetric = "ERRORS_PERCENT"\nmax = {bound}\n'
    async with signed_in() as agent:
        result = await agent.call("get_bench_result", {"benchResultId": runs["one"].run_id})
        ticket = await agent.call(
            "upload_project_file", {"projectId": result["projectId"], "filename": name}
        )
        await _post_file(ticket["url"], name, text.encode())
    wrong = {"benchResultId": runs["one"].run_id, "fileName": name}
    answer = await refused(signed_in, "evaluate_slo", wrong)
    assert "max is a number" in answer["message"]


async def test_a_number_beyond_all_numbers_is_stored_nowhere(
    signed_in: SignedIn, runs: Mapping[str, Read]
) -> None:
    """JSON has no infinity; 1e999 is one when it is read."""
    read = runs["one"]
    apdex = {"@type": "ApdexReportConfig", "satisfying": float("inf"), "tolerating": float("nan")}
    patch = [{"op": "add", "path": "/configs/-", "value": apdex}]
    await refused(signed_in, "patch_bench_report", {"reportId": read.report_id, "patch": patch})


async def test_a_report_of_a_deleted_result_says_so(
    server: Server, signed_in: SignedIn, runs: Mapping[str, Read]
) -> None:
    read = runs["empty"]
    with closing(sqlite3.connect(server.folder / "data" / "octoperf.db")) as database, database:
        query = "DELETE FROM document WHERE kind = 'bench_result' AND id = ?"
        assert database.execute(query, (read.run_id,)).rowcount == 1
    which = {"reportId": read.report_id, "itemId": read.items["StatisticTableReportItem"]}
    answer = await refused(signed_in, "get_report_table_values", which)
    assert read.run_id in answer["message"]
    assert "deleted" in answer["message"]
    assert answer["next"] or answer["hint"]
    both = {"baselineId": read.run_id, "candidateId": runs["one"].run_id}
    answer = await refused(signed_in, "compare_runs", both)
    assert answer["field"] == "baselineId"
    async with signed_in() as agent:
        report = await agent.call("get_bench_report", {"reportId": read.report_id})
    assert report["benchResultIds"] == [read.run_id]
