"""Deep links in a real browser: sign-in on the way, true data, no complaint of the console."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from octoperf_mcp.cli.agent import Agent, MemoryStorage, connected
from octoperf_mcp.cli.sign_in import FormSignIn
from tests.end_to_end.browser import browser, chromium

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Server

RECORDING = files("octoperf_mcp.demo").joinpath("shop.har").read_bytes()

pytestmark = pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")


async def recorded_user(agent: Agent) -> dict[str, Any]:
    workspace = (await agent.call("list_workspaces"))["workspaces"][0]["id"]
    project = await agent.call("create_project", {"workspaceId": workspace, "name": "Seen"})
    ticket = await agent.call("import_har_virtual_user", {"projectId": project["id"]})
    form = aiohttp.FormData()
    form.add_field("file", RECORDING, filename="shop.har", content_type="application/json")
    async with (
        aiohttp.ClientSession() as session,
        session.post(ticket["url"], data=form) as answer,
    ):
        entity = await answer.json()
    return await agent.call("describe_virtual_user", {"virtualUserId": entity["id"]})


async def test_a_link_leads_through_sign_in_to_its_page(
    server: Server, storage: MemoryStorage, password: str
) -> None:
    async with connected(server.url, FormSignIn("demo", password), storage=storage) as agent:
        virtual_user = await recorded_user(agent)
    async with browser() as tab:
        await tab.open(virtual_user["url"])
        assert "Sign in" in await tab.text()
        await tab.submit({"username": "demo", "password": password})
        text = await tab.text()
        assert "13 requests" in text
        assert "/cart/add" in text
        assert await tab.evaluate("location.href") == virtual_user["url"]
        await tab.open(virtual_user["url"] + "/validation")
        assert "has not been validated yet" in await tab.text()
        assert tab.problems == []


async def test_what_is_not_there_says_so_kindly(server: Server, password: str) -> None:
    async with browser() as tab:
        await tab.open(f"{server.origin}/ui/workspace/nope")
        await tab.submit({"username": "demo", "password": password})
        assert "Not here" in await tab.text()
