"""A person with Chromium connects a client, sees it among the connected ones, and shuts it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from octoperf_mcp.cli.agent import MemoryStorage, connected
from octoperf_mcp.cli.sign_in import BrowserSignIn
from tests.end_to_end.browser import Tab, browser, chromium
from tests.end_to_end.test_credentials import answered

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Server

pytestmark = pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")


class ChromiumSignIn(BrowserSignIn):
    """Waits for the redirect as the command line does; the browser is a real one."""

    def __init__(self, tab: Tab, password: str) -> None:
        super().__init__(timeout_s=60)
        self._tab = tab
        self._password = password

    async def open(self, address: str) -> None:
        tab = self._tab
        await tab.open(address)
        assert "Sign in" in await tab.text()
        await tab.submit({"username": "demo", "password": self._password})
        text = await tab.text()
        assert "to use OctoPerf as you?" in text
        assert self.redirect_uri.removeprefix("http://").removesuffix("/callback") in text
        assert "Signed in as demo" in text
        in_sight = "document.querySelector('button[value=allow]').getBoundingClientRect().bottom"
        assert await tab.evaluate(f"{in_sight} <= innerHeight")
        await tab.click("button[value=allow]")
        assert "Signed in" in await tab.text()


async def test_a_person_connects_a_client_and_shuts_it_out(server: Server, password: str) -> None:
    storage = MemoryStorage()
    async with browser() as tab:
        async with (
            ChromiumSignIn(tab, password) as sign_in,
            connected(server.url, sign_in, storage=storage) as agent,
        ):
            assert (await agent.call("list_workspaces"))["workspaces"]
        tokens = await storage.get_tokens()
        assert tokens is not None
        assert (await answered(server, tokens.access_token, "list_workspaces"))[0] == 200
        await tab.open(f"{server.origin}/ui/account/profile/connected-apps")
        assert "read and change" in await tab.text()
        await tab.click("td.act a")
        assert "Revoke the access of" in await tab.text()
        await tab.submit({})
        assert "Access was revoked" in await tab.text()
        status, challenge, _ = await answered(server, tokens.access_token, "list_workspaces")
        assert status == 401
        assert 'error="invalid_token"' in challenge
        await tab.open(f"{server.origin}/ui/account/activity")
        text = await tab.text()
        for action in ("sign-in", "consent.allow", "connection.create", "connection.revoke"):
            assert action in text
        assert tab.problems == []
    log = server.log.read_text("utf-8")
    assert "token_refused" in log
    assert tokens.access_token not in log
