"""Before a run: plans, previews, launch tokens, and the gate that refuses."""

import asyncio
import dataclasses
import io
import socket
from collections.abc import AsyncIterator
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

from octoperf_mcp.embedded.engine.runs.notices import NOBODY
from octoperf_mcp.embedded.idp.ci_tokens import CiTokens
from octoperf_mcp.embedded.launch import targets as targets_module
from octoperf_mcp.embedded.launch.gate import Gate
from octoperf_mcp.embedded.launch.targets import WELL_KNOWN, Target, is_local, targets_of
from octoperf_mcp.embedded.limits import Limits
from octoperf_mcp.embedded.platform import Platform, Principal
from octoperf_mcp.entities.extensions import Deliver, EndedRun, Extensions, Listener
from tests.octoperf_mcp.embedded.rest.conftest import FULL, Client, Home, Rest

RUN = "/runtime/scenarios/run"
PREVIEW = "/runtime/scenarios/preview"


@dataclasses.dataclass
class Shop:
    """A scenario of three users against the host `shop.test`."""

    scenario: dict[str, Any]
    virtual_user_id: str


@pytest.fixture
async def shop(ada: Rest, home: Home, platform: Platform, example: Any) -> Shop:
    provider = await platform.documents.plant(
        "docker_provider", {"name": "This machine", "regions": {"local": {}}}
    )
    server = await ada.post(
        "/design/http-servers",
        {**example("http_server"), "protocol": "HTTP", "hostname": "shop.test", "port": 80},
    )
    request = {
        "@type": "HttpRequestAction",
        "id": "a",
        "name": "home",
        "enabled": True,
        "serverId": server["id"],
        "method": "GET",
        "path": "/",
        "thinktime": {"@type": "ThinktimeConstant", "value": 900},
        "recordedResponse": {"status": 200, "body": "x" * 50, "headers": []},
        "children": [],
    }
    virtual_user = await ada.post(
        "/design/virtual-users", {**example("virtual_user"), "children": [request]}
    )
    body = example("scenario")
    load = {"delayMs": 0, "rampUpMs": 0, "plateauMs": 10_000, "plateauVus": 3}
    body["userProfiles"][0]["engine"]["settings"]["thinkTime"] = {"pacing": None}
    profile = {
        **body["userProfiles"][0],
        "virtualUserId": virtual_user["id"],
        "providerId": provider.id,
        "location": "local",
        "load": {"@type": "UserProfileLoadRampUp", **load},
    }
    scenario = await ada.post("/runtime/scenarios", {**body, "userProfiles": [profile]})
    return Shop(scenario, virtual_user["id"])


def limited(platform: Platform, **settings: Any) -> None:
    changed = dataclasses.replace(platform.settings, **settings)
    platform.runs.gate = Gate(platform.database, changed)


async def test_one_honest_plan_hosts_what_fits(ada: Rest, platform: Platform, shop: Shop) -> None:
    (plan,) = await ada.get("/subscriptions/active")
    assert (plan["name"], plan["status"]) == ("This machine", "active")
    assert plan["maxConcurrentUsers"] >= 100
    path = f"/runtime/scenarios/matching-plans/{shop.scenario['id']}"
    (found,) = await ada.get(path)
    assert (found["subscriptionId"], found["allocatedUsers"]) == (plan["id"], 3)
    assert found["parallelRunsSupported"] >= 1
    limited(platform, most_users=2)
    assert await ada.get(path) == []
    refused = await ada.post(f"{RUN}/{shop.scenario['id']}", {}, status=403)
    assert (refused["code"], refused["got"], refused["allowed"]) == ("too_many_users", 3, 2)


async def test_a_preview_tells_size_hosts_and_changes(ada: Rest, shop: Shop) -> None:
    found = await ada.get(f"{PREVIEW}/{shop.scenario['id']}")
    assert (found["launchable"], found["peakUsers"], found["durationMs"]) == (True, 3, 10_000)
    assert (found["predictedRequests"], found["predictedBytes"]) == (30, 1500)
    assert found["changes"] == ["It has never been run."]
    (target,) = found["targets"]
    assert (target["host"], target["port"], target["confirmed"]) == ("shop.test", 80, False)
    assert found["launchToken"]
    assert found["notes"] == []
    assert found["notices"] == [NOBODY]


async def test_a_preview_tells_who_hears_of_the_end(
    ada: Rest, shop: Shop, platform: Platform
) -> None:
    async def tell(_run: EndedRun, _deliver: Deliver) -> None: ...

    def broken() -> str:
        raise ValueError("https://hooks.example/T0-very-secret")

    platform.extensions = Extensions(
        listeners=(
            Listener("acme", "idle", tell, 1.0, str),
            Listener("acme", "ops", tell, 1.0, lambda: "The operators are told."),
            Listener("acme", "silent", tell, 1.0),
            Listener("acme", "broken", tell, 1.0, broken),
        )
    )
    assert (await ada.get(f"{PREVIEW}/{shop.scenario['id']}"))["notices"] == [
        "The operators are told.",
        "The plugin acme (silent) is told when a run ends.",
        "The plugin acme (broken) is told when a run ends.",
    ]


async def test_a_preview_tells_whether_arrivals_will_find_a_user(ada: Rest, shop: Shop) -> None:
    (profile,) = shop.scenario["userProfiles"]
    points = [{"timeInMs": at, "arrivalsPerMinute": 120} for at in (0, 10_000)]
    load = {"@type": "UserProfileLoadArrivals", "points": points, "maxVus": 1}
    changed = {**shop.scenario, "userProfiles": [{**profile, "load": load}]}
    await ada.put(f"/runtime/scenarios/{shop.scenario['id']}", changed)
    found = await ada.get(f"{PREVIEW}/{shop.scenario['id']}")
    assert (found["peakUsers"], found["durationMs"]) == (1, 10_000)
    assert found["predictedRequests"] == 10
    (note,) = found["notes"]
    assert "20 arrivals for up to 1 users" in note
    assert "raise maxVus" in note


async def test_a_preview_tells_each_edit_since_the_last_run(
    ada: Rest, platform: Platform, shop: Shop, home: Home, example: Any
) -> None:
    variable: dict[str, Any] = {"@type": "CSVVariable", "filename": "users.csv", "delimiter": ","}
    variable |= {"names": ["login"], "scope": "SHARED"}
    made = await ada.post(
        "/design/variables", {**example("variable"), "name": "users", "variable": variable}
    )
    await upload(ada, home, "users.csv")
    await ada.post(f"{RUN}/{shop.scenario['id']}", {}, status=200)
    assert (await ada.get(f"{PREVIEW}/{shop.scenario['id']}"))["changes"] == []
    await ada.put(f"/design/variables/{made['id']}", {**made, "description": "new"})
    await upload(ada, home, "users.csv")
    for path in (f"/design/virtual-users/{shop.virtual_user_id}", "/design/http-servers/"):
        where = path
        if path.endswith("/"):
            (server,) = await ada.get(f"{path}by-project/{home.project_id}")
            where = path + server["id"]
        document = await ada.get(where)
        await ada.put(where, {**document, "name": "renamed"})
    assert (await ada.get(f"{PREVIEW}/{shop.scenario['id']}"))["changes"] == [
        "The virtual user 'renamed' was edited.",
        "The http server 'renamed' was edited.",
        "The variable 'users' was edited.",
        "The file 'users.csv' is new.",
    ]


async def upload(ada: Rest, home: Home, name: str) -> None:
    form = aiohttp.FormData({"filename": name}, default_to_multipart=True)
    form.add_field("file", io.BytesIO(b"ada"), filename=name, content_type="text/csv")
    await ada.json("POST", f"/design/project-files/{home.project_id}", status=201, data=form)


async def test_a_preview_of_what_cannot_run_says_why(
    ada: Rest, platform: Platform, shop: Shop
) -> None:
    limited(platform, most_users=2, longest_run_min=0, unconfirmed_users=1)
    found = await ada.get(f"{PREVIEW}/{shop.scenario['id']}")
    codes = [blocker["code"] for blocker in found["blockers"]]
    assert codes == ["too_many_users", "too_long", "unconfirmed_target"]
    assert (found["launchable"], found["launchToken"]) == (False, None)
    empty = await ada.put(
        f"/runtime/scenarios/{shop.scenario['id']}", {**shop.scenario, "userProfiles": []}
    )
    found = await ada.get(f"{PREVIEW}/{empty['id']}")
    assert found["blockers"] == [
        {"code": "invalid", "message": "The scenario has no user profile."}
    ]


async def test_a_preview_knows_what_a_ci_token_started_today(
    ada: Rest, client: Client, platform: Platform, shop: Shop
) -> None:
    limits = Limits(runs_per_day=1)
    principal = Principal("ada", "ada@example.com", FULL, "grant", "ci", limits=limits)
    identity = cast("Any", platform.identity)
    identity.ci_tokens = CiTokens(platform.database, identity)
    identity.tokens["ada-ci"] = principal
    ci = Rest(client, "ada-ci")
    assert (await ci.get(f"{PREVIEW}/{shop.scenario['id']}"))["launchable"]
    await ci.post(f"{RUN}/{shop.scenario['id']}", {}, status=200)
    found = await ci.get(f"{PREVIEW}/{shop.scenario['id']}")
    (blocker,) = found["blockers"]
    assert (blocker["code"], blocker["got"], blocker["allowed"]) == ("over_budget", 2, 1)
    assert "run 2 within 24 hours" in blocker["message"]
    assert (found["launchable"], found["launchToken"]) == (False, None)
    assert (await ada.get(f"{PREVIEW}/{shop.scenario['id']}"))["launchable"]


async def test_a_preview_warns_of_settings_that_are_not_applied(ada: Rest, shop: Shop) -> None:
    assert (await ada.get(f"{PREVIEW}/{shop.scenario['id']}"))["notes"] == []
    (profile,) = shop.scenario["userProfiles"]
    engine = {**profile["engine"], "dns": {"servers": ["127.0.0.53"]}}
    changed = {**shop.scenario, "userProfiles": [{**profile, "engine": engine}]}
    await ada.put(f"/runtime/scenarios/{shop.scenario['id']}", changed)
    (warning,) = (await ada.get(f"{PREVIEW}/{shop.scenario['id']}"))["notes"]
    assert warning.endswith(": its DNS servers are not asked.")


async def test_a_launch_token_starts_one_run_however_often_it_is_sent(
    ada: Rest, platform: Platform, shop: Shop, home: Home
) -> None:
    found = await ada.get(f"{PREVIEW}/{shop.scenario['id']}")
    path = f"{RUN}/{shop.scenario['id']}?launchToken={found['launchToken']}"
    reports = await asyncio.gather(*(ada.post(path, {}, status=200) for _ in range(3)))
    again = await ada.post(path, {}, status=200)
    assert {report["id"] for report in (*reports, again)} == {again["id"]}
    runs = await ada.get(f"/runtime/bench-results/by-project/{home.project_id}")
    assert len(runs) == 1
    changed = await ada.get(f"{PREVIEW}/{shop.scenario['id']}")
    assert changed["changes"] == []


async def test_a_launch_token_is_for_what_was_previewed(
    ada: Rest, eve: Rest, shop: Shop, home: Home
) -> None:
    found = await ada.get(f"{PREVIEW}/{shop.scenario['id']}")
    token = found["launchToken"]
    path = f"{RUN}/{shop.scenario['id']}?launchToken="
    await ada.post(path + token[:-1] + ("A" if token[-1] != "A" else "B"), {}, status=400)
    await ada.post(path + "nonsense", {}, status=400)
    await eve.post(path + token, {}, status=404)
    where = f"/design/virtual-users/{shop.virtual_user_id}"
    await ada.put(where, {**await ada.get(where), "name": "renamed"})
    await ada.post(path + token, {}, status=409)
    token = (await ada.get(f"{PREVIEW}/{shop.scenario['id']}"))["launchToken"]
    await ada.put(f"/runtime/scenarios/{shop.scenario['id']}", {**shop.scenario, "name": "New"})
    await ada.post(path + token, {}, status=409)
    assert await ada.get(f"/runtime/bench-results/by-project/{home.project_id}") == []


async def test_much_load_needs_a_confirmed_host(
    ada: Rest, eve: Rest, platform: Platform, shop: Shop, home: Home
) -> None:
    limited(platform, unconfirmed_users=2)
    refused = await ada.post(f"{RUN}/{shop.scenario['id']}", {}, status=403)
    assert (refused["code"], refused["got"]) == ("unconfirmed_target", "shop.test")
    assert f"/ui/workspace/{home.workspace_id}/load-target" in refused["message"]
    known = platform.runs.gate.targets
    await known.confirm(home.workspace_id, " Shop.Test. ", user_id="ada")
    found = await ada.get(f"{PREVIEW}/{shop.scenario['id']}")
    assert (found["launchable"], found["targets"][0]["confirmedBy"]) == (True, "workspace")
    await known.withdraw(home.workspace_id, "shop.test", user_id="ada")
    assert not (await ada.get(f"{PREVIEW}/{shop.scenario['id']}"))["launchable"]
    limited(platform, unconfirmed_users=2, load_targets=("*.test",))
    found = await ada.get(f"{PREVIEW}/{shop.scenario['id']}")
    assert found["targets"][0]["confirmedBy"] == "configuration"


async def test_small_runs_side_by_side_count_together(
    ada: Rest, platform: Platform, shop: Shop
) -> None:
    """Many runs of few users are as much load as one of many."""
    limited(platform, unconfirmed_users=5)
    await ada.post(f"{RUN}/{shop.scenario['id']}", {}, status=200)
    refused = await ada.post(f"{RUN}/{shop.scenario['id']}", {}, status=403)
    assert refused["code"] == "unconfirmed_target"
    assert "6 virtual users, with the 3 of other runs under way," in refused["message"]
    found = await ada.get(f"{PREVIEW}/{shop.scenario['id']}")
    assert found["blockers"][0]["message"] == refused["message"]
    platform.runs.stop_all("A test")
    for run in await ada.get(f"/runtime/bench-results/by-project/{shop.scenario['projectId']}"):
        await platform.runs.settled(run["id"])
    assert (await ada.get(f"{PREVIEW}/{shop.scenario['id']}"))["launchable"]


@pytest.fixture
async def site(home: Home) -> AsyncIterator[BaseTestServer]:
    """A host that names Ada's workspace."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=f"other\n{home.workspace_id}\n")

    app = web.Application()
    app.router.add_get(WELL_KNOWN, answer)
    async with TestServer(app) as server:
        yield server


async def test_a_host_confirms_itself_with_a_file(
    platform: Platform, home: Home, site: BaseTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets_module, "is_local", lambda _: False)
    there = Target("http", "127.0.0.1", site.port or 0)
    known = platform.runs.gate.targets
    (judged,) = await known.judged([there], home.workspace_id)
    assert (judged.confirmed_by, judged.addresses) == ("file", ("127.0.0.1",))
    (judged,) = await known.judged([there], "another-workspace")
    assert judged.confirmed_by == ""


async def test_the_file_is_read_where_the_name_was_looked_up(
    platform: Platform, home: Home, site: BaseTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: a second look-up would lead to another machine."""
    looked_up = []

    async def resolved(_: object, host: str, port: int, **__: object) -> list[Any]:
        looked_up.append(host)
        address = "127.0.0.1" if len(looked_up) == 1 else "198.51.100.7"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", resolved)
    there = Target("http", "shop.test", site.port or 0)
    (judged,) = await platform.runs.gate.targets.judged([there], home.workspace_id)
    assert (judged.confirmed_by, judged.addresses) == ("file", ("127.0.0.1",))
    assert looked_up == ["shop.test"]


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("app.localhost", True),
        ("localhost.example.com", False),
        ("10.0.0.1", False),
        ("${host}", False),
    ],
)
def test_only_this_machine_is_local(host: str, local: bool) -> None:
    assert is_local(host) is local


def test_an_address_that_a_profile_gives_a_name_is_what_counts() -> None:
    server = {"id": "s", "hostname": "localhost", "protocol": "HTTPS", "port": 443}
    profile = {"engine": {"dns": {"staticHosts": {"Localhost": "93.184.216.34"}}}}
    tree = {"children": [{"serverId": "s"}]}
    (found,) = targets_of([tree], [server], [profile])
    assert found == Target("https", "93.184.216.34", 443)
    assert targets_of([{"children": []}], [server], []) == []


@pytest.mark.parametrize("host", ["", "a b", "x/y", "169.254.169.254", "metadata.google.internal"])
async def test_what_is_no_target_cannot_be_confirmed(
    platform: Platform, home: Home, host: str
) -> None:
    known = platform.runs.gate.targets
    with pytest.raises(Exception, match=r"host|load"):
        await known.confirm(home.workspace_id, host, user_id="ada")
