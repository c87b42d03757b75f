"""Runs, validations and run files over HTTP, against a real target."""

import asyncio
import copy
import gzip
import io
import zipfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest

from octoperf_mcp.embedded.engine.runs.runs import Runs
from octoperf_mcp.embedded.limits import Limits
from octoperf_mcp.embedded.metrics.store import MetricStore
from octoperf_mcp.embedded.platform import Platform, Principal
from tests.octoperf_mcp.embedded.engine.target import Target
from tests.octoperf_mcp.embedded.rest.conftest import EXAMPLES, FULL, Home, Rest

Json = dict[str, Any]


@pytest.fixture
def target() -> Iterator[Target]:
    site = Target()
    yield site
    site.close()


@pytest.fixture(autouse=True)
async def runs(platform: Platform) -> AsyncIterator[Runs]:
    platform.metrics = MetricStore(platform.database)
    platform.runs = Runs(
        settings=platform.settings,
        data_dir=platform.data_dir,
        database=platform.database,
        documents=platform.documents,
        blobs=platform.blobs,
        metrics=platform.metrics,
    )
    await platform.runs.open()
    yield platform.runs
    await platform.runs.close()


@dataclass
class Shop:
    """A virtual user, a scenario of two users and half a second, and where they run."""

    project_id: str
    provider_id: str
    virtual_user_id: str
    scenario_id: str


@pytest.fixture
async def shop(platform: Platform, ada: Rest, home: Home, target: Target) -> Shop:
    provider = {"name": "This machine", "regions": {"local": {}}}
    provider_id = (await platform.documents.plant("docker_provider", provider)).id
    site = target.server()
    server = await ada.post(
        "/design/http-servers",
        {**site, "id": "", "name": "site", "projectId": home.project_id},
    )
    request = {
        "@type": "HttpRequestAction",
        "id": "act-1",
        "name": "home",
        "enabled": True,
        "serverId": server["id"],
        "method": "GET",
        "path": "/json",
        "parameters": [],
        "headers": [],
        "postData": None,
        "thinktime": {"@type": "ThinktimeConstant", "value": 20},
        "recordedResponse": {"status": 200, "body": "as recorded", "headers": []},
        "children": [],
    }
    virtual_user = await ada.post(
        "/design/virtual-users",
        {
            "@type": "VirtualUser",
            "id": "",
            "projectId": home.project_id,
            "name": "Checkout",
            "type": "JMETER",
            "children": [request],
        },
    )
    scenario = await ada.post(
        "/runtime/scenarios",
        {
            "id": "",
            "projectId": home.project_id,
            "name": "Smoke",
            "mode": "STANDARD",
            "userProfiles": [_profile(virtual_user["id"], provider_id)],
        },
    )
    return Shop(home.project_id, provider_id, virtual_user["id"], scenario["id"])


def _profile(virtual_user_id: str, provider_id: str) -> Json:
    load = {"delayMs": 0, "rampUpMs": 0, "plateauMs": 500, "plateauVus": 2}
    return {
        "name": "buyers",
        "virtualUserId": virtual_user_id,
        "providerId": provider_id,
        "location": "local",
        "load": {"@type": "UserProfileLoadRampUp", **load},
        "memory": {"vuMb": None},
        "engine": copy.deepcopy(EXAMPLES["scenario"]["userProfiles"][0]["engine"]),
    }


@pytest.mark.parametrize(
    ("limits", "got", "allowed"),
    [(Limits(most_users=1), 2, 1), (Limits(most_users=2, most_minutes=1), 1.5, 1)],
)
async def test_a_run_beyond_the_load_budget_of_a_ci_token_is_refused(
    platform: Platform, ada: Rest, shop: Shop, *, limits: Limits, got: float, allowed: int
) -> None:
    """Before anything starts, with what it asked for and what is allowed."""
    scenario = await ada.get(f"/runtime/scenarios/{shop.scenario_id}")
    scenario["userProfiles"][0]["load"]["plateauMs"] = 90_000
    await ada.put(f"/runtime/scenarios/{shop.scenario_id}", scenario)
    principal = Principal("ada", "ada@example.com", FULL, "grant", "ci", limits=limits)
    cast("Any", platform.identity).tokens["ada-ci"] = principal
    ci = Rest(ada.client, "ada-ci")
    refused = await ci.post(f"/runtime/scenarios/run/{shop.scenario_id}", {}, status=403)
    assert (refused["got"], refused["allowed"]) == (got, allowed)
    assert "load budget" in refused["message"]
    seen = await ci.get(f"/runtime/scenarios/preview/{shop.scenario_id}")
    (blocker,) = seen["blockers"]
    assert (blocker["code"], blocker["got"], blocker["allowed"]) == ("over_budget", got, allowed)
    assert (blocker["message"], seen["launchToken"]) == (refused["message"], None)
    assert await ada.get(f"/runtime/bench-results/by-project/{shop.project_id}") == []


async def test_a_scenario_is_run_watched_and_read(
    ada: Rest, eve: Rest, shop: Shop, runs: Runs, target: Target
) -> None:
    report = await ada.post(
        f"/runtime/scenarios/run/{shop.scenario_id}?name=Tuesday", {}, status=200
    )
    [run_id] = report["benchResultIds"]
    assert (report["name"], report["projectId"]) == ("Tuesday", shop.project_id)
    assert await ada.get(f"/analysis/logs/list/{run_id}") == []
    await runs.settled(run_id)

    run = await ada.get(f"/runtime/bench-results/{run_id}")
    assert (run["state"], run["scenarioId"]) == ("FINISHED", shop.scenario_id)
    assert await ada.get(f"/runtime/bench-results/progress/{run_id}") == {"value": 100.0}
    listed = await ada.get(f"/runtime/bench-results/by-project/{shop.project_id}")
    assert [each["id"] for each in listed] == [run_id]
    lines = await ada.get(f"/runtime/bench-results/docker-logs/{run_id}")
    assert {"timestamp", "container", "level", "message"} == set(lines[0])
    assert {"platform", "local-1", "local-master"} == {line["container"] for line in lines}
    stopped = await ada.post(f"/runtime/bench-results/stop/{run_id}", None, status=200)
    assert stopped["state"] == "FINISHED"

    names = await ada.get(f"/analysis/logs/list/{run_id}")
    assert names == ["jmeter.log", "local-1.jtl.gz"]
    answer = await ada.call("GET", f"/analysis/logs/{run_id}?filename=local-1.jtl.gz")
    assert "Content-Encoding" not in answer.headers
    rows = gzip.decompress(await answer.read()).decode().splitlines()
    assert len(rows) == 1 + target.count
    packed = await (await ada.call("GET", f"/analysis/logs/zip/{run_id}")).read()
    assert zipfile.ZipFile(io.BytesIO(packed)).namelist() == names
    for path in ("bench-results/{}", "bench-results/progress/{}", "bench-results/docker-logs/{}"):
        assert (await eve.call("GET", "/runtime/" + path.format(run_id))).status == 404
    for path in ("list/{}", "{}?filename=jmeter.log", "{}/5?filename=jmeter.log", "zip/{}"):
        assert (await eve.call("GET", "/analysis/logs/" + path.format(run_id))).status == 404


async def test_lines_of_a_file_are_read_from_either_end(ada: Rest, shop: Shop, runs: Runs) -> None:
    report = await ada.post(f"/runtime/scenarios/run/{shop.scenario_id}", None, status=200)
    [run_id] = report["benchResultIds"]
    await runs.settled(run_id)

    async def lines(count: int, name: str, offset: str = "0") -> list[str]:
        path = f"/analysis/logs/{run_id}/{count}?filename={name}&offset={offset}"
        answer = await ada.call("GET", path)
        assert answer.status == 200, await answer.text()
        return (await answer.text()).splitlines()

    first = await lines(1, "jmeter.log")
    assert first[0].endswith("Test status changed: CREATED => PENDING")
    assert (await lines(5, "jmeter.log", "-1"))[0].endswith("RUNNING => FINISHED")
    assert (await lines(1, "local-1.jtl.gz"))[0].startswith("timeStamp,elapsed,label")
    assert len(await lines(2, "local-1.jtl.gz", "1")) == 2


async def test_a_file_name_is_no_path(ada: Rest, shop: Shop, runs: Runs) -> None:
    body = {"projectId": shop.project_id, "providerId": shop.provider_id, "location": "local"}
    run = await ada.post(f"/runtime/validations/run/{shop.virtual_user_id}", body, status=200)
    await runs.settled(run["id"])
    for name in ("../plan.json", "..", "/etc/passwd", "a/../../x", "..%5C..%5Cx", "x%00y"):
        for path in ("{}?filename={}", "{}/5?filename={}"):
            answer = await ada.call("GET", "/analysis/logs/" + path.format(run["id"], name))
            assert answer.status == 400, (name, await answer.text())
        answer = await ada.call("DELETE", f"/analysis/logs/{run['id']}?filename={name}")
        assert answer.status == 400, name


async def test_a_run_is_stopped_and_its_properties_reach_the_virtual_user(
    ada: Rest, shop: Shop, runs: Runs, target: Target
) -> None:
    virtual_user = await ada.get(f"/design/virtual-users/{shop.virtual_user_id}")
    virtual_user["children"][0]["parameters"] = [
        {"name": "env", "value": "${__P(env)}", "equals": True, "encode": True}
    ]
    await ada.put(f"/design/virtual-users/{shop.virtual_user_id}", virtual_user)
    scenario = await ada.get(f"/runtime/scenarios/{shop.scenario_id}")
    scenario["userProfiles"][0]["load"]["plateauMs"] = 60_000
    scenario["userProfiles"][0]["engine"]["properties"]["map"] = {"env": "prod"}
    await ada.put(f"/runtime/scenarios/{shop.scenario_id}", scenario)
    report = await ada.post(
        f"/runtime/scenarios/run/{shop.scenario_id}", {"map": {"env": "preprod"}}, status=200
    )
    [run_id] = report["benchResultIds"]
    async with asyncio.timeout(20):
        while not target.count:  # noqa: ASYNC110 - the target counts in a thread
            await asyncio.sleep(0.02)
    await ada.post(f"/runtime/bench-results/stop/{run_id}", None, status=200)
    await runs.settled(run_id)
    assert (await ada.get(f"/runtime/bench-results/{run_id}"))["state"] == "ABORTED"
    assert target.hits[0].query == {"env": ["preprod"]}
    log = await (await ada.call("GET", f"/analysis/logs/{run_id}?filename=jmeter.log")).text()
    assert "ada@example.com aborted the test" in log
    await ada.delete(f"/analysis/logs/{run_id}?filename=jmeter.log")
    assert "jmeter.log" not in await ada.get(f"/analysis/logs/list/{run_id}")


async def test_a_run_that_cannot_start_says_what_to_mend(ada: Rest, shop: Shop) -> None:
    scenario = await ada.get(f"/runtime/scenarios/{shop.scenario_id}")
    scenario["userProfiles"][0]["location"] = "mars"
    await ada.put(f"/runtime/scenarios/{shop.scenario_id}", scenario)
    answer = await ada.call("POST", f"/runtime/scenarios/run/{shop.scenario_id}", json={})
    body = await answer.json()
    assert answer.status == 400
    assert body["message"] == (
        "userProfiles[0] ('buyers'): Provider 'This machine' has no location 'mars'; it has local."
    )
    assert body["allowed"] == ["local"]
    refused = await ada.call(
        "POST", f"/runtime/scenarios/run/{shop.scenario_id}?templateId=t", json={}
    )
    assert refused.status == 400
    assert (await ada.call("POST", "/runtime/scenarios/run/gone", json={})).status == 404


async def test_a_virtual_user_is_validated_and_its_exchanges_read(
    ada: Rest, eve: Rest, shop: Shop, runs: Runs
) -> None:
    virtual_user = shop.virtual_user_id
    latest = f"/runtime/validations/by-virtual-user/{virtual_user}?projectId={shop.project_id}"
    assert (await ada.call("GET", latest)).status == 404
    body = {
        "projectId": shop.project_id,
        "providerId": shop.provider_id,
        "location": "local",
        "iterations": 2,
    }
    run = await ada.post(f"/runtime/validations/run/{virtual_user}", body, status=200)
    assert (run["validation"], run["virtualUserId"]) == (True, virtual_user)
    await runs.settled(run["id"])
    found = await ada.get(latest)
    assert (found["id"], found["state"]) == (run["id"], "FINISHED")
    [entry] = await ada.get(f"/analysis/validations/index/{virtual_user}")
    assert (entry["actionId"], entry["success"], entry["total"]) == ("act-1", 2, 2)
    stamp = entry["successTimestamps"][0]
    http = f"/analysis/validations/http/{virtual_user}/act-1?timestamp={stamp}"
    detail = await ada.get(http)
    assert detail["validationResponse"]["status"] == 200
    assert detail["recordedResponse"]["body"] == "as recorded"
    base = f"/analysis/validations/body/{virtual_user}/act-1?timestamp={stamp}&kind="
    answer = await ada.call("GET", base + "VALIDATION_RESPONSE")
    assert (await answer.json(content_type=None))["ok"] is True
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert (await (await ada.call("GET", base + "RECORDED_RESPONSE")).read()) == b"as recorded"
    assert (await ada.call("GET", base + "NONSENSE")).status == 400
    assert await ada.get(f"/analysis/logs/list/{run['id']}") == ["jmeter.log"]
    assert await ada.get(f"/runtime/bench-results/by-project/{shop.project_id}") == []
    for path in (latest, http, base + "VALIDATION_RESPONSE"):
        assert (await eve.call("GET", path)).status == 404
    assert (
        await eve.call("POST", f"/runtime/validations/run/{virtual_user}", json=body)
    ).status == 404


async def test_a_validation_is_refused_when_the_sanity_check_finds_errors(
    ada: Rest, shop: Shop
) -> None:
    virtual_user = await ada.get(f"/design/virtual-users/{shop.virtual_user_id}")
    virtual_user["children"][0]["serverId"] = "gone"
    await ada.put(f"/design/virtual-users/{shop.virtual_user_id}", virtual_user)
    body = {"projectId": shop.project_id, "providerId": shop.provider_id, "location": "local"}
    answer = await ada.call("POST", f"/runtime/validations/run/{shop.virtual_user_id}", json=body)
    refusal = await answer.json()
    assert answer.status == 400
    assert "No Server Found" in refusal["message"]
    assert refusal["messages"][0]["actionId"] == "act-1"
