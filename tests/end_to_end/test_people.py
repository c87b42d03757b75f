"""People in a real browser: what is connected, and how it is shut out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from octoperf_mcp.cli.agent import MemoryStorage, connected
from octoperf_mcp.cli.sign_in import FormSignIn
from tests.end_to_end.browser import browser, chromium

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Server

pytestmark = pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")


async def status_of(server: Server, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{server.origin}/users/current", headers=headers) as answer,
    ):
        return answer.status


async def test_a_person_sees_a_connected_application_and_shuts_it_out(
    server: Server, password: str
) -> None:
    storage = MemoryStorage()
    async with connected(server.url, FormSignIn("demo", password), storage=storage) as agent:
        await agent.call("list_workspaces")
    tokens = await storage.get_tokens()
    assert tokens is not None
    assert await status_of(server, tokens.access_token) == 200
    async with browser() as tab:
        await tab.open(f"{server.origin}/ui/account/profile/connected-apps")
        await tab.submit({"username": "demo", "password": password})
        assert "read and change" in await tab.text()
        link = await tab.evaluate("document.querySelector('td.act a').href")
        await tab.open(link)
        assert "Revoke the access of" in await tab.text()
        await tab.submit({})
        assert "Access was revoked" in await tab.text()
        await tab.open(f"{server.origin}/ui/account/activity")
        text = await tab.text()
        assert "connection.revoke" in text
        assert "list_workspaces" in text
        assert tab.problems == []
    assert await status_of(server, tokens.access_token) == 401
