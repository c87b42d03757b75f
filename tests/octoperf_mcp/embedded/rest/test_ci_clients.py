"""Runs as public clients make them: their calls, in their order, with what breaks them.

Written from rest-api.md section 4; each test names its source. What the clients do before a run is
in test_public_clients.
"""

import asyncio
import gzip
import io
import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any
from xml.etree import ElementTree as ET

import aiohttp
import pytest

from octoperf_mcp.embedded.first_start import THIS_MACHINE
from octoperf_mcp.embedded.platform import Platform
from octoperf_mcp.embedded.printing import chromium
from octoperf_mcp.embedded.printing import task as printing
from tests.octoperf_mcp.embedded.engine.target import Target
from tests.octoperf_mcp.embedded.rest.conftest import Home, Rest


def _has_chromium() -> bool:
    try:
        return bool(chromium.find_chromium(""))
    except chromium.ChromiumMissingError:
        return False


with_chromium = pytest.mark.skipif(not _has_chromium(), reason="Chromium is not installed")
FINAL = {"FINISHED", "ABORTED", "ERROR"}
JMX = """<?xml version="1.0" encoding="UTF-8"?>
<jmeterTestPlan version="1.2" properties="5.0" jmeter="5.6.3"><hashTree>
<TestPlan guiclass="TestPlanGui" testclass="TestPlan" testname="Plan" enabled="true"/>
<hashTree>
<ThreadGroup guiclass="ThreadGroupGui" testclass="ThreadGroup" testname="buyers" enabled="true"/>
<hashTree>
<HTTPSamplerProxy guiclass="HttpTestSampleGui" testclass="HTTPSamplerProxy" testname="home"
 enabled="true">
<stringProp name="HTTPSampler.domain">127.0.0.1</stringProp>
<stringProp name="HTTPSampler.port">{port}</stringProp>
<stringProp name="HTTPSampler.protocol">http</stringProp>
<stringProp name="HTTPSampler.path">/json</stringProp>
<stringProp name="HTTPSampler.method">GET</stringProp>
</HTTPSamplerProxy>
<hashTree/>
</hashTree></hashTree></hashTree></jmeterTestPlan>
"""


@pytest.fixture
def target() -> Iterator[Target]:
    site = Target()
    yield site
    site.close()


@pytest.fixture(autouse=True)
async def running(platform: Platform) -> AsyncIterator[None]:
    """Runs really run, on this machine, and reports are printed."""
    await platform.documents.plant("docker_provider", THIS_MACHINE)
    printing.register(platform)
    await platform.runs.open()
    yield
    await platform.runs.close()


def jmx(target: Target, **parts: str) -> aiohttp.FormData:
    form = aiohttp.FormData(default_to_multipart=True)
    for name, text in parts.items():
        form.add_field(name, text, content_type="application/json")
    data = JMX.format(port=target.server()["port"]).encode()
    form.add_field("file", io.BytesIO(data), filename="plan.jmx", content_type="application/xml")
    return form


def scenario_json(*, users: int = 2) -> dict[str, Any]:
    """As the Maven plugin's README shows it, for half a second."""
    strategy = {
        "@type": "UserLoadOctoPerf",
        "iterations": None,
        "onSampleError": "CONTINUE",
        "points": [
            {"threadsCount": users, "timeInMs": 0},
            {"threadsCount": users, "timeInMs": 500},
        ],
    }
    return {
        "description": "",
        "name": "HTTPBin",
        "userLoads": [
            {
                "providerId": "This machine",
                "region": "local",
                "strategy": strategy,
                "virtualUserId": "buyers",
            }
        ],
    }


async def imported(ada: Rest, home: Home, target: Target) -> dict[str, Any]:
    """A scenario by way of the Maven plugin's imports."""
    project = home.project_id
    await ada.json("POST", f"/design/imports/jmx/{project}", data=jmx(target))
    path = f"/runtime/scenarios/import/maven/{home.workspace_id}/{project}"
    made: dict[str, Any] = await ada.post(path, scenario_json(), status=200)
    return made


async def ended(ada: Rest, run_id: str) -> dict[str, Any]:
    """The run, polled to its end as all clients do."""
    async with asyncio.timeout(60):
        while True:
            run: dict[str, Any] = await ada.get(f"/runtime/bench-results/{run_id}")
            progress = await ada.get(f"/runtime/bench-results/progress/{run_id}")
            assert 0 <= progress["value"] <= 100
            if run["state"] in FINAL:
                return run
            await asyncio.sleep(0.1)


async def test_the_jenkins_plugin_runs_a_scenario(
    anybody: Rest, ada: Rest, home: Home, target: Target
) -> None:
    """jenkinsci/octoperf-plugin: a bare call, the challenge, a login, then the run to its files."""
    scenario = await imported(ada, home, target)
    path = f"/runtime/scenarios/{scenario['id']}"
    bare = await anybody.call("GET", path)
    assert (bare.status, bare.headers["WWW-Authenticate"]) == (401, "Bearer")
    login = await anybody.json(
        "POST", "/public/users/login", data={"username": "ada", "password": "ada"}
    )
    jenkins = Rest(ada.client, login["token"]["token"])
    assert (await jenkins.get(path))["description"] is not None
    answer = await jenkins.call(
        "POST", f"/runtime/scenarios/run/{scenario['id']}", params={"name": "Build 7"}
    )
    report = await answer.json()
    assert (answer.status, report["name"]) == (200, "Build 7")
    run_id = report["benchResultIds"][0]
    project = await jenkins.get(f"/design/projects/{report['projectId']}")
    assert project["workspaceId"] == home.workspace_id
    alarms = next(
        (item for item in report["items"] if item["@type"] == "ThresholdAlarmReportItem"),
        {"@type": "ThresholdAlarmReportItem", "id": "a", "benchResultId": run_id, "name": ""},
    )
    await jenkins.post("/analysis/threshold-alarms", alarms, status=200)
    await jenkins.get(f"/analysis/metrics/global/{run_id}")
    run = await ended(jenkins, run_id)
    assert run["state"] == "FINISHED"
    assert {"designProjectId", "resultProjectId", "created", "lastModified"} <= run.keys()
    junit = await (await jenkins.call("GET", f"/analysis/junit-reports/{run_id}")).text()
    assert ET.fromstring(junit).tag.startswith("testsuite")
    for name in await jenkins.get(f"/analysis/logs/list/{run_id}"):
        log = await jenkins.call("GET", f"/analysis/logs/{run_id}", params={"filename": name})
        data = await log.read()
        assert gzip.decompress(data) if name.endswith(".gz") else data


async def test_the_maven_plugin_imports_runs_and_downloads(
    ada: Rest, home: Home, target: Target
) -> None:
    """OctoPerf/octoperf-maven-plugin: by name, with properties, to the JTL."""
    workspaces = {each["name"]: each for each in await ada.get("/workspaces/member-of")}
    assert workspaces["Default"]["description"] is not None
    listing = f"/design/projects/by-workspace/{home.workspace_id}/DESIGN"
    projects = {each["name"]: each for each in await ada.get(listing)}
    assert projects["Shop"]["description"] is not None
    await imported(ada, home, target)
    (scenario,) = await ada.get(f"/runtime/scenarios/by-project/{home.project_id}")
    (profile,) = scenario["userProfiles"]
    assert (profile["location"], profile["load"]["@type"]) == ("local", "UserProfileLoadCustom")
    body = {"map": {"host": "x"}}
    path = f"/runtime/scenarios/run/{scenario['id']}"
    first = await ada.post(path, body, status=200)
    assert first["description"] is not None
    await ended(ada, first["benchResultIds"][0])
    template = f"/analysis/bench-report-templates/extract/{first['id']}"
    await ada.post(template, {"name": "Nightly layout"})
    listed = await ada.get(f"/analysis/bench-report-templates/by-workspace/{home.workspace_id}")
    templates = {each["name"]: each for each in listed}
    before = target.count
    named = f"{path}?templateId={templates['Nightly layout']['id']}"
    report = await ada.post(named, body, status=200)
    assert [each["name"] for each in report["items"]] == [each["name"] for each in first["items"]]
    run = await ended(ada, report["benchResultIds"][0])
    assert (run["state"], run["scenarioId"]) == ("FINISHED", scenario["id"])
    assert run["batchId"]
    names = await ada.get(f"/analysis/logs/list/{run['id']}")
    (jtl,) = [name for name in names if name.endswith(".jtl.gz")]
    packed = await ada.call("GET", f"/analysis/logs/{run['id']}", params={"filename": jtl})
    rows = gzip.decompress(await packed.read()).decode().splitlines()
    assert len(rows) == 1 + target.count - before
    metrics = await ada.get(f"/analysis/metrics/global/{run['id']}")
    assert metrics


async def test_the_jmeter_dsl_reads_its_statistics(ada: Rest, home: Home, target: Target) -> None:
    """abstracta/jmeter-java-dsl: OctoPerfEngine, from the JMX to the table of the report."""
    answered = await ada.json("POST", f"/design/imports/jmx/{home.project_id}", data=jmx(target))
    assert [each["@type"] for each in answered] == ["VirtualUser"]
    scenario = await ada.post(
        f"/runtime/scenarios/import/maven/{home.workspace_id}/{home.project_id}",
        scenario_json(),
        status=200,
    )
    report = await ada.post(f"/runtime/scenarios/run/{scenario['id']}", None, status=200)
    await ended(ada, report["benchResultIds"][0])
    items = {item["@type"]: item for item in reversed(report["items"])}
    summary = items["SummaryReportItem"]
    values = await ada.post("/analysis/metrics/summary", summary, status=200)
    assert len(values) == len(summary["metrics"])
    table = items["StatisticTableReportItem"]
    assert table["metrics"][0]["benchResultId"] == report["benchResultIds"][0]
    (entry,) = await ada.post("/analysis/metrics/table", table, status=200)
    assert entry["actionId"]


@with_chromium
async def test_the_pdf_shell_script_prints_and_downloads(
    ada: Rest, home: Home, target: Target
) -> None:
    """katalonstudioPFP/AutomatizacionTiendaVirtual_PFP: download-report.sh, with its config."""
    scenario = await imported(ada, home, target)
    report = await ada.post(f"/runtime/scenarios/run/{scenario['id']}", {}, status=200)
    await ended(ada, report["benchResultIds"][0])
    config = {
        "@type": "ExportReportConfig",
        "orientation": "portrait",
        "coverPage": "# $REPORT_NAME$\n$COMPANY_NAME$ $REPORT_DATE$ $REPORT_DESCRIPTION$",
        "tablesRowCount": {"StatisticTableReportItem": 20, "SynopsisReportItem": 6},
        "pageFormat": "A4",
        "pageMargin": {"top": "10mm", "right": "10mm", "bottom": "10mm", "left": "10mm"},
        "scale": 0.8,
    }
    task = {"@type": "PrintReportTask", "benchReportId": report["id"], "config": config}
    asked = await ada.call("POST", "/tasks", json=task)
    assert asked.status == 200, await asked.text()
    assert (asked.status, asked.content_type) == (200, "text/plain")
    task_id = await asked.text()
    assert re.fullmatch(r"[0-9a-f-]{36}", task_id)
    result = await polled(ada, f"/tasks/{task_id}/result")
    assert result["@type"] == "PrintReportTaskResult"
    read = await ada.get(f"/analysis/bench-reports/{report['id']}")
    logs = f"/analysis/logs/{read['benchResultIds'][0]}"
    printed = await ada.call("GET", logs, params={"filename": result["filename"]})
    assert (await printed.read()).startswith(b"%PDF-")


async def polled(ada: Rest, path: str) -> Any:
    """The answer of a task: 200 and nothing at all until it is there."""
    async with asyncio.timeout(60):
        while True:
            answer = await ada.call("GET", path)
            assert answer.status == 200
            if text := await answer.text():
                return json.loads(text)
            await asyncio.sleep(0.1)


@with_chromium
async def test_the_node_script_runs_and_prints_without_a_config(
    ada: Rest, home: Home, target: Target
) -> None:
    """From ounihani: run_test_and_generate_report.js and katalon-octoperf-sample."""
    scenario = await imported(ada, home, target)
    path = f"/runtime/scenarios/run/{scenario['id']}"
    answer = await ada.call("POST", path, params={"subscriptionId": "sub_this_machine"}, json={})
    report = await answer.json()
    run_id = report["benchResultIds"][0]
    await ended(ada, run_id)
    task = {"@type": "PrintReportTask", "benchReportId": report["id"]}
    task_id = await (await ada.call("POST", "/tasks", json=task)).text()
    result = await polled(ada, f"/tasks/{task_id}/result")
    assert result["filename"] in await ada.get(f"/analysis/logs/list/{run_id}")


async def test_the_blazemeter_migration_imports_a_plan_in_two_parts(
    ada: Rest, home: Home, target: Target
) -> None:
    """OctoPerf/bzm-to-octoperf-maven-plugin: an object with `virtualUsers`."""
    design = '{"adBlocking": "ENABLED", "resources": "KEEP_ALL"}'
    form = jmx(target, design=design)
    answered = await ada.json("POST", f"/imports/jmx/{home.project_id}", data=form)
    assert [each["name"] for each in answered["virtualUsers"]] == ["buyers"]


async def test_the_community_go_server_finds_and_runs_a_scenario(
    ada: Rest, home: Home, target: Target
) -> None:
    """tpit59/octoperf-mcp: octoperf/adapter.go."""
    made = await imported(ada, home, target)
    (workspace, *_) = await ada.get("/workspaces/member-of")
    projects = await ada.get(f"/design/projects/by-workspace/{workspace['id']}/DESIGN")
    (scenario,) = await ada.get(f"/runtime/scenarios/by-project/{projects[0]['id']}")
    assert scenario["id"] == made["id"]
    report = await ada.post(f"/runtime/scenarios/run/{scenario['id']}", {}, status=200)
    await ended(ada, report["benchResultIds"][0])
    read = await ada.get(f"/analysis/bench-reports/{report['id']}")
    summary = next(item for item in read["items"] if item["@type"] == "SummaryReportItem")
    assert await ada.post("/analysis/metrics/summary", summary, status=200)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"virtualUserId": "nobody"}, "buyers"),
        ({"providerId": "Amazon EC2"}, "This machine"),
        ({"strategy": {"@type": "Other"}}, "UserLoadOctoPerf"),
    ],
)
async def test_a_scenario_that_names_what_there_is_not_is_told_what_there_is(
    ada: Rest, home: Home, target: Target, change: dict[str, Any], told: str
) -> None:
    await ada.json("POST", f"/design/imports/jmx/{home.project_id}", data=jmx(target))
    body = scenario_json()
    body["userLoads"][0] |= change
    path = f"/runtime/scenarios/import/maven/{home.workspace_id}/{home.project_id}"
    refused = await ada.post(path, body, status=400)
    assert told in refused["allowed"]


async def test_an_older_profile_keeps_its_settings(ada: Rest, home: Home, target: Target) -> None:
    """yhraichonak/cpt: the whole older form, nulls and an empty browser name included."""
    await ada.json("POST", f"/design/imports/jmx/{home.project_id}", data=jmx(target))
    body = scenario_json()
    strategy = {"@type": "UserLoadRampup", "userload": 3, "rampup": 10, "peak": 20, "delay": 5}
    body["backendListeners"] = {"listeners": [], "queueSize": 5000}
    body["userLoads"][0] |= {
        "strategy": {**strategy, "onSampleError": "STOP_TEST"},
        "bandwidth": {"bitsPerSecond": 1000, "name": "slow"},
        "browser": {"name": "", "userAgent": "x", "keepAlive": None, "downloadResources": None},
        "properties": {"map": {"a": "b"}},
        "memory": {"vuMb": None},
        "thinktime": {"pacing": None, "thinktime": None},
        "setUp": None,
        "tearDown": None,
    }
    path = f"/runtime/scenarios/import/maven/{home.workspace_id}/{home.project_id}"
    made = await ada.post(path, body, status=200)
    assert "backendListeners" not in made
    (profile,) = made["userProfiles"]
    assert profile["load"] == {
        "@type": "UserProfileLoadRampUp",
        "delayMs": 5,
        "rampUpMs": 10,
        "plateauMs": 20,
        "plateauVus": 3,
    }
    engine = profile["engine"]
    assert engine["settings"]["errorHandling"] == "STOP_TEST"
    assert engine["bandwidth"] == {"bitsPerSecond": 1000, "name": "slow"}
    assert (engine["browser"]["name"], engine["browser"]["userAgent"]) == ("AS_RECORDED", "x")
    assert engine["properties"] == {"map": {"a": "b"}}
