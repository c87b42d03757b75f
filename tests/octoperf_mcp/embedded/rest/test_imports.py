"""Importing a HAR over REST: all of it is kept, or nothing."""

import zlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import orjson
import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestServer

from octoperf_mcp.demo.shop_recording import container_timeline, recording
from octoperf_mcp.embedded.platform import Platform
from octoperf_mcp.embedded.store.schema import blob, document
from octoperf_mcp.entities.check import check
from tests.browser_runner import runner_for_tests

Json = dict[str, Any]
Rest = Any
Home = Any


def upload(data: bytes = b"", *, name: str = "shop.har", **parts: str) -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("file", data or recording(), filename=name, content_type="application/json")
    for part, text in parts.items():
        form.add_field(part, text, content_type="application/json")
    return form


async def import_har(
    user: Rest, home: Home, form: aiohttp.FormData | None = None, *, status: int = 200, **query: str
) -> Any:
    return await user.json(
        "POST",
        f"/imports/har/{home.project_id}",
        status=status,
        data=form or upload(),
        params=query,
    )


def requests(virtual_user: Json) -> list[Json]:
    return [made for child in virtual_user["children"] for made in child.get("children", [])]


async def kept(platform: Platform) -> tuple[int, int]:
    """How many documents and blobs there are."""
    async with platform.database.reading() as reader:
        documents = await reader.execute(sa.select(sa.func.count()).select_from(document))
        blobs = await reader.execute(sa.select(sa.func.count()).select_from(blob))
        return int(documents.scalar_one()), int(blobs.scalar_one())


async def test_the_answer_is_the_stored_virtual_user(ada: Rest, home: Home) -> None:
    answered = await import_har(ada, home)
    report = answered.pop("importReport")
    assert (report["carried"], report["droppedTotal"]) == (13, 32)
    assert answered == await ada.get(f"/design/virtual-users/{answered['id']}")
    assert answered["@type"] == "VirtualUser"
    assert answered["projectId"] == home.project_id
    assert answered["name"] == "shop"
    assert "13 of 45 recorded requests" in answered["description"]
    assert len(requests(answered)) == 13
    check("virtual_user", answered)


async def test_a_client_that_sends_the_answer_back_does_not_store_the_report(
    ada: Rest, home: Home
) -> None:
    answered = await import_har(ada, home)
    path = f"/design/virtual-users/{answered['id']}"
    changed = await ada.json("PUT", path, json={**answered, "tags": ["mine"]})
    assert changed["tags"] == ["mine"]
    assert "importReport" not in changed
    assert "importReport" not in await ada.get(path)


async def test_requests_go_to_a_server_of_the_project(ada: Rest, home: Home) -> None:
    answered = await import_har(ada, home)
    (server,) = await ada.get(f"/design/http-servers/by-project/{home.project_id}")
    assert server["baseUrl"] == "http://shop.example:8888"
    assert {request["serverId"] for request in requests(answered)} == {server["id"]}
    assert await ada.get(f"/design/virtual-users/sanity-check/{answered['id']}") == []


async def test_a_second_import_makes_another_virtual_user_on_the_same_server(
    ada: Rest, home: Home
) -> None:
    first, second = await import_har(ada, home), await import_har(ada, home)
    assert first["id"] != second["id"]
    (server,) = await ada.get(f"/design/http-servers/by-project/{home.project_id}")
    assert {request["serverId"] for request in requests(second)} == {server["id"]}


async def test_recorded_bodies_can_be_read(ada: Rest, home: Home, platform: Platform) -> None:
    answered = await import_har(ada, home)
    page = await platform.blobs.get(requests(answered)[1]["recordedResponse"]["bodyRef"])
    assert page is not None
    assert b'name="csrf"' in page


async def test_the_timeline_and_the_options_are_used(ada: Rest, home: Home) -> None:
    timeline = orjson.dumps(container_timeline()).decode()
    answered = await import_har(
        ada,
        home,
        upload(containerTimeline=timeline),
        name="Checkout",
        resources="KEEP_ALL",
        thinktime="DELAYS",
        maxThinktimeMs="100",
    )
    assert answered["name"] == "Checkout"
    assert len(requests(answered)) == 45
    assert answered["children"][0]["name"] == "Home"
    delays = [c for c in answered["children"] if c["@type"] == "ThinktimeAction"]
    assert {delay["thinktime"]["value"] for delay in delays} == {100}


async def test_the_recording_is_added_to_an_existing_virtual_user(ada: Rest, home: Home) -> None:
    first = await import_har(ada, home)
    merged = await import_har(ada, home, virtualUserId=first["id"])
    assert merged["id"] == first["id"]
    assert merged["children"][:1] == first["children"]
    assert len(requests(merged)) == 26
    ids = [made["id"] for made in requests(merged)]
    assert len(set(ids)) == len(ids)
    revisions = await ada.get(f"/design/virtual-users/revisions/{first['id']}")
    assert [one["version"] for one in revisions] == [2, 1]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"PK\x03\x04zip", "zip archive"),
        (b"not json", "no JSON"),
        (b'{"log": {"entries": []}}', "the list is empty"),
    ],
)
async def test_a_file_that_is_no_recording_is_400_and_keeps_nothing(
    ada: Rest, home: Home, platform: Platform, data: bytes, told: str
) -> None:
    before = await kept(platform)
    answered = await import_har(ada, home, upload(data), status=400)
    assert told in answered["message"]
    assert answered["nextStep"]
    assert await kept(platform) == before


async def test_a_wrong_option_or_timeline_is_400(ada: Rest, home: Home) -> None:
    answered = await import_har(ada, home, resources="SOME", status=400)
    assert "REMOVE or KEEP_ALL" in answered["message"]
    answered = await import_har(ada, home, upload(containerTimeline="{}"), status=400)
    assert "containerTimeline" in answered["message"]


async def test_a_body_without_the_part_or_without_parts_is_400(ada: Rest, home: Home) -> None:
    form = aiohttp.FormData()
    form.add_field("other", b"{}", filename="x.har")
    assert "'file'" in (await import_har(ada, home, form, status=400))["message"]
    path = f"/imports/har/{home.project_id}"
    assert "multipart" in (await ada.json("POST", path, status=400, json={}))["message"]


async def test_an_upload_beyond_the_limit_is_413_though_its_length_is_not_told(
    ada: Rest, home: Home, platform: Platform
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.har"\r\n\r\n'
        for _ in range(100):
            yield b"x" * 10_000
        yield b"\r\n--x--\r\n"

    before = await kept(platform)
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    await ada.json(
        "POST",
        f"/imports/har/{home.project_id}",
        status=413,
        data=endless(),
        headers=headers,
    )
    assert await kept(platform) == before


async def test_a_strangers_project_or_virtual_user_does_not_exist(
    ada: Rest, eve: Rest, home: Home, platform: Platform
) -> None:
    await import_har(eve, home, status=404)
    workspace = await eve.post("/workspaces", {"name": "Eve's"})
    project = await eve.post("/design/projects", {"name": "Other", "workspaceId": workspace["id"]})
    mine = await import_har(ada, home)
    before = await kept(platform)
    path = f"/imports/har/{project['id']}"
    await eve.json("POST", path, status=404, data=upload(), params={"virtualUserId": mine["id"]})
    assert await kept(platform) == before


async def test_a_recording_is_not_added_across_projects_or_to_a_browser_script(
    ada: Rest, home: Home, platform: Platform
) -> None:
    project = {"name": "Second", "workspaceId": home.workspace_id}
    other = await ada.post("/design/projects", project)
    first = await import_har(ada, home)
    script = await ada.post(
        "/design/virtual-users",
        {"name": "Browser", "type": "PLAYWRIGHT", "projectId": home.project_id},
    )
    before = await kept(platform)
    for project_id, target in ((other["id"], first), (home.project_id, script)):
        answered = await ada.json(
            "POST",
            f"/imports/har/{project_id}",
            status=400,
            data=upload(),
            params={"virtualUserId": target["id"]},
        )
        assert "added" in answered["message"] or "add to" in answered["message"]
    assert await kept(platform) == before


async def test_nothing_is_kept_when_keeping_fails_half_way(
    ada: Rest, home: Home, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = platform.documents.create

    async def failing(kind: str, *arguments: Any, **named: Any) -> Any:
        if kind == "virtual_user":
            raise RuntimeError("disk on fire")
        return await create(kind, *arguments, **named)

    before = await kept(platform)
    monkeypatch.setattr(platform.documents, "create", failing)
    await import_har(ada, home, status=500)
    assert await kept(platform) == before


async def test_a_reader_imports_nothing(client: Any, ada: Rest, home: Home) -> None:
    reader = type(ada)(client, "ada-reads")
    await import_har(reader, home, status=403)


async def test_a_presigned_address_imports_once_without_a_token(
    anybody: Rest, ada: Rest, home: Home
) -> None:
    target = {
        "method": "POST",
        "path": f"/imports/har/{home.project_id}",
        "query": {"name": "By address"},
    }
    signed = await ada.post("/presigned-urls", target, status=200)
    path = signed["url"].removeprefix("http://platform.test")
    made = await anybody.json("POST", path, data=upload())
    assert made["name"] == "By address"
    assert len(requests(made)) == 13
    await anybody.json("POST", path, status=410, data=upload())


async def test_a_compressed_part_is_refused(ada: Rest, home: Home) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.har"\r\n'
        b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(recording()) + b"\r\n--x--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    path = f"/imports/har/{home.project_id}"
    await ada.json("POST", path, status=400, data=body, headers=headers)


async def test_a_list_of_addresses_becomes_a_virtual_user(ada: Rest, home: Home) -> None:
    path = f"/imports/urls/{home.project_id}"
    body = {"name": "Pages", "urls": ["http://a.example/", "http://a.example/x?y=1"]}
    made = await ada.post(path, body, status=201)
    assert made["importReport"]["carried"] == 2
    assert [one["path"] for one in made["children"]] == ["/", "/x"]
    assert await ada.get(f"/design/virtual-users/sanity-check/{made['id']}") == []
    again = await ada.post(path, body, status=201)
    assert made["children"][0]["serverId"] == again["children"][0]["serverId"]


@pytest.mark.parametrize(
    "body",
    [{}, {"urls": "http://a.example"}, {"urls": ["x"]}, {"urls": ["http://a/"], "crawl": "DEEP"}],
)
async def test_a_wrong_list_of_addresses_is_400_and_keeps_nothing(
    ada: Rest, home: Home, platform: Platform, body: Json
) -> None:
    before = await kept(platform)
    await ada.json("POST", f"/imports/urls/{home.project_id}", status=400, json=body)
    assert await kept(platform) == before


async def test_a_list_for_a_browser_is_of_its_own_type(ada: Rest, home: Home) -> None:
    path = f"/imports/web-driver/{home.project_id}"
    made = await ada.post(path, {"urls": ["http://a.example/cart"]}, status=201)
    assert made["type"] == "WEB_DRIVER"
    assert made["children"][0]["url"] == "http://a.example/cart"


def plan_of(*names: str) -> bytes:
    """A test plan with one thread group of each name."""
    sampler = (
        '<HTTPSamplerProxy testname="Home"><stringProp name="HTTPSampler.domain">a.example'
        "</stringProp></HTTPSamplerProxy><hashTree/>"
    )
    groups = "".join(
        f'<ThreadGroup testname="{name}"/><hashTree>{sampler}</hashTree>' for name in names
    )
    variable = (
        '<Arguments testname="Own"><collectionProp name="Arguments.arguments"><elementProp name="x">'
        '<stringProp name="Argument.name">colour</stringProp><stringProp name="Argument.value">red'
        "</stringProp></elementProp></collectionProp></Arguments><hashTree/>"
    )
    tree = f"<TestPlan/><hashTree>{variable}{groups}</hashTree>"
    return f"<jmeterTestPlan><hashTree>{tree}</hashTree></jmeterTestPlan>".encode()


async def test_a_test_plan_is_a_virtual_user_for_each_thread_group(ada: Rest, home: Home) -> None:
    path = f"/imports/jmx/{home.project_id}"
    form = upload(plan_of("A", "B"), name="p.jmx", design='{"adBlocking": "ENABLED"}')
    made = await ada.json("POST", path, data=form)
    assert [one["name"] for one in made["virtualUsers"]] == ["A", "B"]
    assert made["importReport"]["carried"] == 6
    for one in made["virtualUsers"]:
        assert one == await ada.get(f"/design/virtual-users/{one['id']}")
        assert await ada.get(f"/design/virtual-users/sanity-check/{one['id']}") == []
    (variable,) = await ada.get(f"/design/variables/by-project/{home.project_id}")
    assert (variable["name"], variable["variable"]["value"]) == ("colour", "red")
    (server,) = await ada.get(f"/design/http-servers/by-project/{home.project_id}")
    assert server["baseUrl"] == "http://a.example"


async def test_older_clients_get_the_virtual_users_alone(ada: Rest, home: Home) -> None:
    path = f"/design/imports/jmx/{home.project_id}"
    (made,) = await ada.json("POST", path, data=upload(plan_of("A"), name="p.jmx"))
    assert made["name"] == "A"


async def test_a_variable_of_the_project_is_not_overwritten(ada: Rest, home: Home) -> None:
    path = f"/imports/jmx/{home.project_id}"
    first = await ada.json("POST", path, data=upload(plan_of("A")))
    again = await ada.json("POST", path, data=upload(plan_of("A")))
    assert len(first["importReport"]["changed"]) == len(again["importReport"]["changed"]) == 1
    other = plan_of("A").replace(b">red<", b">blue<")
    differing = await ada.json("POST", path, data=upload(other))
    assert "colour" in differing["importReport"]["changed"][-1]["path"]
    (variable,) = await ada.get(f"/design/variables/by-project/{home.project_id}")
    assert variable["variable"]["value"] == "red"


async def test_credentials_of_a_plan_are_kept_sealed(ada: Rest, home: Home) -> None:
    manager = (
        b'<AuthManager><collectionProp name="AuthManager.auth_list"><elementProp name="">'
        b'<stringProp name="Authorization.url">http://a.example/</stringProp>'
        b'<stringProp name="Authorization.username">ada</stringProp><stringProp'
        b' name="Authorization.password">hidden-word</stringProp></elementProp></collectionProp>'
        b"</AuthManager><hashTree/>"
    )
    plan = plan_of("A").replace(b"<ThreadGroup", manager + b"<ThreadGroup", 1)
    await ada.json("POST", f"/imports/jmx/{home.project_id}", data=upload(plan))
    (server,) = await ada.get(f"/design/http-servers/by-project/{home.project_id}")
    (given,) = server["authorizations"]
    assert given["username"] == "ada"
    assert given["password"]["type"] == "ENCRYPTED"
    assert "hidden-word" not in str(server)


@pytest.mark.parametrize("data", [b"<a/>", b"<!DOCTYPE x><jmeterTestPlan/>", b"PK"])
async def test_a_file_that_is_no_plan_is_400_and_keeps_nothing(
    ada: Rest, home: Home, platform: Platform, data: bytes
) -> None:
    before = await kept(platform)
    path = f"/imports/jmx/{home.project_id}"
    answered = await ada.json("POST", path, status=400, data=upload(data))
    assert answered["nextStep"]
    assert await kept(platform) == before


async def test_a_collection_is_a_virtual_user_with_its_secret_sealed(ada: Rest, home: Home) -> None:
    collection = {
        "info": {"name": "Calls"},
        "variable": [{"key": "word", "value": "hidden-word", "type": "secret"}],
        "item": [{"name": "Ping", "request": "http://a.example/ping?w={{word}}"}],
    }
    path = f"/imports/postman/{home.project_id}"
    made = await ada.json("POST", path, data=upload(orjson.dumps(collection)))
    assert (made["name"], made["importReport"]["carried"]) == ("Calls", 2)
    assert await ada.get(f"/design/virtual-users/sanity-check/{made['id']}") == []
    (variable,) = await ada.get(f"/design/variables/by-project/{home.project_id}")
    assert variable["variable"]["value"]["type"] == "ENCRYPTED"
    again = await ada.json(
        "POST", path, data=upload(orjson.dumps(collection)), params={"name": "Again"}
    )
    assert again["name"] == "Again"


async def test_a_file_that_is_no_collection_is_400_and_keeps_nothing(
    ada: Rest, home: Home, platform: Platform
) -> None:
    before = await kept(platform)
    path = f"/imports/postman/{home.project_id}"
    answered = await ada.json("POST", path, status=400, data=upload(b'{"values": [], "name": "E"}'))
    assert "environment" in answered["message"]
    assert await kept(platform) == before


SPEC = b"import { test } from '@playwright/test';\ntest('opens', async ({ page }) => {});\n"


async def test_a_spec_is_a_browser_virtual_user_that_holds_the_file(
    ada: Rest, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(runner_for_tests()))
    path = f"/imports/playwright/{home.project_id}"
    made = await ada.json("POST", path, data=upload(SPEC, name="shop.spec.ts"))
    assert (made["type"], made["name"], made["importReport"]["carried"]) == (
        "PLAYWRIGHT",
        "shop",
        1,
    )
    kept = await ada.get(f"/design/virtual-users/{made['id']}")
    (action,) = kept["children"]
    assert (action["filename"], action["content"]) == ("shop.spec.ts", SPEC.decode())
    assert await ada.get(f"/design/virtual-users/sanity-check/{made['id']}") == []


async def test_a_file_that_is_no_spec_is_400_and_keeps_nothing(
    ada: Rest, home: Home, platform: Platform
) -> None:
    before = await kept(platform)
    path = f"/imports/playwright/{home.project_id}"
    answered = await ada.json("POST", path, status=400, data=upload(b"cy.visit('/')"))
    assert "@playwright/test" in answered["nextStep"]
    assert await kept(platform) == before


async def test_actions_are_left_out_of_the_answer_for_who_asks(ada: Rest, home: Home) -> None:
    answered = await import_har(ada, home, children="false")
    assert answered["name"] == "shop"
    assert answered["importReport"]["carried"] == 13
    assert "children" not in answered
    path = f"/imports/jmx/{home.project_id}?children=false"
    made = await ada.json("POST", path, data=upload(plan_of("A")))
    assert "children" not in made["virtualUsers"][0]


async def test_fetching_is_off_unless_the_operator_allows_it(
    ada: Rest, home: Home, platform: Platform
) -> None:
    before = await kept(platform)
    path = f"/imports/fetched/har/{home.project_id}"
    answered = await ada.post(path, {"url": "http://127.0.0.1/shop.har"}, status=403)
    assert "fetch_from" in answered["message"]
    await ada.post(f"/imports/fetched/gopher/{home.project_id}", {"url": "x"}, status=404)
    assert await kept(platform) == before


async def test_a_file_is_fetched_and_imported_as_if_it_was_sent(
    ada: Rest, home: Home, platform: Platform
) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=recording())

    app = web.Application()
    app.router.add_get("/{name}", answer)
    async with TestServer(app, host="127.0.0.1") as host:
        inside = f"127.0.0.1:{host.port}"
        platform.settings = replace(platform.settings, fetch_from=("public",))
        path = f"/imports/fetched/har/{home.project_id}"
        body = {"url": f"http://{inside}/my%20shop.har"}
        await ada.post(path, body, status=403)
        platform.settings = replace(platform.settings, fetch_from=("public", inside))
        made = await ada.post(path, body, status=200, params={"resources": "KEEP_ALL"})
    assert made["name"] == "my shop"
    assert len(requests(made)) == 45
