"""Each import as an agent makes it: ticket, upload, sanity check, validation against the shop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from octoperf_mcp.demo.shop import RunningShop, start_shop
from tests.end_to_end.browser import browser, chromium
from tests.end_to_end.recorder import Recorder

if TYPE_CHECKING:
    from octoperf_mcp.cli.agent import Agent, MemoryStorage
    from tests.end_to_end.conftest import Server, SignedIn

Json = dict[str, Any]
SAMPLES = Path(__file__).parents[1] / "octoperf_mcp" / "embedded" / "importers"


@pytest.fixture
async def shop() -> AsyncIterator[RunningShop]:
    running = await start_shop()
    yield running
    await running.close()


async def new_project(agent: Agent, name: str) -> str:
    workspace = (await agent.call("list_workspaces"))["workspaces"][0]["id"]
    made = await agent.call("create_project", {"workspaceId": workspace, "name": name})
    return str(made["id"])


async def upload(url: str, content: bytes, name: str, *, token: str = "") -> Json:
    form = aiohttp.FormData({"filename": name})
    form.add_field("file", content, filename=name)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(url, data=form) as answer,
    ):
        assert answer.status in {200, 201, 204}, await answer.text()
        made: Json = await answer.json() if answer.status == 200 else {}
    return made


async def validated(agent: Agent, project: str, virtual_user: str) -> list[Json]:
    """The rows of a validation, after a sanity check without errors."""
    which = {"projectId": project, "virtualUserId": virtual_user}
    sanity = await agent.call("sanity_check_virtual_user", {"virtualUserId": virtual_user})
    assert not [row for row in sanity["messages"] if row["level"] == "ERROR"]
    workspace = (await agent.call("list_workspaces"))["workspaces"][0]["id"]
    places = await agent.call("list_docker_providers_by_workspace", {"workspaceId": workspace})
    place = places["dockerProviders"][0]
    where = {"providerId": place["id"], "location": place["locations"][0]}
    await agent.call("validate_virtual_user", {**which, **where})
    for _ in range(3):
        ended = await agent.call("get_virtual_user_validation", {**which, "waitSec": 20})
        if ended["finished"]:
            break
    assert ended["state"] == "FINISHED"
    index = await agent.call("get_virtual_user_validation_index", {"virtualUserId": virtual_user})
    rows: list[Json] = index["actions"]
    return rows


async def test_a_test_plan_signs_in_searches_and_asks_for_stock(
    signed_in: SignedIn, server: Server, storage: MemoryStorage, shop: RunningShop
) -> None:
    plan = (SAMPLES / "jmx" / "plans" / "shop-5.6.jmx").read_bytes()
    plan = plan.replace(b">8888<", f">{urlsplit(shop.url).port}<".encode())
    async with signed_in() as agent:
        project = await new_project(agent, "From JMeter")
        ticket = await agent.call("upload_jmx_virtual_user", {"projectId": project})
        answer = await upload(ticket["url"], plan, "shop.jmx")
        tokens = await storage.get_tokens()
        assert tokens
        await upload(
            f"{server.origin}/design/project-files/{project}",
            b"user,word\nada,lamplight\n",
            "accounts.csv",
            token=tokens.access_token,
        )
        (made,) = answer["virtualUsers"]
        rows = await validated(agent, project, made["id"])
    played = [(row["success"], row["total"]) for row in rows]
    assert played == [(1, 1), (1, 1), (2, 2), (1, 1), (1, 1)]
    assert {key for key in shop.counts() if not key[1].startswith("/static/")} == {
        ("GET", "/login", 200),
        ("POST", "/login", 302),
        ("GET", "/", 200),
        ("GET", "/search", 200),
        ("GET", "/api/stock", 200),
    }


async def test_a_list_of_urls_asks_for_each(signed_in: SignedIn, shop: RunningShop) -> None:
    async with signed_in() as agent:
        project = await new_project(agent, "Pages")
        urls = [f"{shop.url}/", f"{shop.url}/search?q=lamp&x"]
        made = await agent.call("import_urls_virtual_user", {"projectId": project, "urls": urls})
        rows = await validated(agent, project, made["id"])
    assert [(row["success"], row["total"]) for row in rows] == [(1, 1), (1, 1)]
    assert shop.total() == 2


async def test_a_collection_searches_and_is_refused_as_its_test_says(
    signed_in: SignedIn, shop: RunningShop
) -> None:
    collection = (SAMPLES / "postman" / "collections" / "shop-v2.1.json").read_bytes()
    collection = collection.replace(b"http://127.0.0.1:8888", shop.url.encode())
    async with signed_in() as agent:
        project = await new_project(agent, "From Postman")
        ticket = await agent.call("import_postman_virtual_user", {"projectId": project})
        made = await upload(ticket["url"], collection, "shop.json")
        rows = await validated(agent, project, made["id"])
    assert all(row["success"] == row["total"] for row in rows)
    assert set(shop.counts()) == {
        ("GET", "/login", 200),
        ("GET", "/search", 200),
        ("GET", "/product/lamp-oslo", 200),
        ("GET", "/api/stock", 403),
    }


@pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")
async def test_what_chromium_does_is_recorded_imported_and_replayed(
    signed_in: SignedIn, shop: RunningShop
) -> None:
    async with browser() as tab:
        recorder = Recorder(tab)
        await recorder.start()
        await tab.open(f"{shop.url}/")
        await recorder.keep("Home")
        await tab.submit({"q": "lamp"})
        await recorder.keep("Search")
        await tab.open(f"{shop.url}/product/lamp-oslo")
        await recorder.keep("Product")
    recorded = set(shop.counts())
    async with signed_in() as agent:
        project = await new_project(agent, "From Chromium")
        ticket = await agent.call("import_har_virtual_user", {"projectId": project})
        made = await upload(ticket["url"], recorder.har(), "shop.har")
        tree = await agent.call("get_virtual_user", {"virtualUserId": made["id"]})
        rows = await validated(agent, project, made["id"])
    names = [one["name"] for one in tree["virtualUser"]["children"]]
    assert names == ["Home", "Search", "Product"]
    assert [(row["success"], row["total"]) for row in rows] == [(1, 1)] * 3
    pages = {key for key in recorded if not key[1].startswith(("/static/", "/favicon"))}
    assert pages == {
        ("GET", "/", 200),
        ("GET", "/search", 200),
        ("GET", "/product/lamp-oslo", 200),
    }
    assert all(shop.counts()[key] == 2 for key in pages)


async def test_a_small_plan_in_the_call_is_imported_without_an_upload(signed_in: SignedIn) -> None:
    plan = (SAMPLES / "jmx" / "plans" / "shop-5.6.jmx").read_text("utf-8")
    async with signed_in() as agent:
        project = await new_project(agent, "In the call")
        arguments = {"projectId": project, "fileContent": plan}
        answer = await agent.call("upload_jmx_virtual_user", arguments)
        shown = await agent.call(
            "describe_virtual_user", {"virtualUserId": answer["virtualUsers"][0]["id"]}
        )
    assert shown["url"] == answer["url"]
    assert answer["importReport"]["carried"] > 0


async def test_an_archive_goes_out_and_comes_back(signed_in: SignedIn, shop: RunningShop) -> None:
    async with signed_in() as agent:
        project = await new_project(agent, "Archived")
        urls = [f"{shop.url}/"]
        made = await agent.call("import_urls_virtual_user", {"projectId": project, "urls": urls})
        ticket = await agent.call("export_virtual_user_archive", {"virtualUserId": made["id"]})
        async with aiohttp.ClientSession() as session, session.get(ticket["url"]) as answer:
            archive = await answer.read()
        other = await new_project(agent, "Restored")
        ticket = await agent.call("import_archive_virtual_user", {"projectId": other})
        restored = await upload(ticket["url"], archive, "archive.zip")
        rows = await validated(agent, other, restored["id"])
    assert [(row["success"], row["total"]) for row in rows] == [(1, 1)]
    assert shop.total() == 1
