"""Web pages of other origins in a real browser: who may call `/mcp`, and what they may read."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from tests.end_to_end.browser import Tab, browser, chromium
from tests.end_to_end.conftest import Server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from octoperf_mcp.cli.agent import Agent, MemoryStorage

pytestmark = pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")

CLIENT = """
const told = {};
const fields = ["Mcp-Session-Id", "WWW-Authenticate", "X-Request-Id"];
async function send(name, method, body, headers, token = TOKEN) {
  const answer = await fetch(URL_OF_MCP, {
    method,
    body: body && JSON.stringify({ jsonrpc: "2.0", ...body }),
    headers: {
      ...(token && { Authorization: `Bearer ${token}` }),
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      ...headers,
    },
  });
  const read = Object.fromEntries(fields.map((each) => [each, answer.headers.get(each)]));
  const stream = answer.headers.get("Content-Type") === "text/event-stream";
  const reader = stream && answer.body.getReader();
  const text = stream ? new TextDecoder().decode((await reader.read()).value) : await answer.text();
  if (stream) await reader.cancel();
  told[name] = { status: answer.status, text, ...read };
  return told[name];
}
const meta = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};
const stateless = (method, name) => ({
  "MCP-Protocol-Version": "2026-07-28",
  "Mcp-Method": method,
  ...(name && { "Mcp-Name": name }),
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
});
const run = async () => {
  await send("challenge", "POST", { id: 1, method: "tools/list" }, {}, "");
  await send(
    "call",
    "POST",
    {
      id: 1,
      method: "tools/call",
      params: { name: "list_workspaces", arguments: {}, _meta: meta },
    },
    stateless("tools/call", "list_workspaces"),
  );
  await send(
    "listen",
    "POST",
    {
      id: 2,
      method: "subscriptions/listen",
      params: { notifications: { toolsListChanged: true }, _meta: meta },
    },
    stateless("subscriptions/listen"),
  );
  const info = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "page" } };
  const opened = await send("opened", "POST", { id: 3, method: "initialize", params: info }, {});
  const session = { "Mcp-Session-Id": opened["Mcp-Session-Id"] };
  await send("ping", "POST", { id: 4, method: "ping" }, session);
  await send("stream", "GET", null, { ...session, "Last-Event-ID": "changes-0" });
  await send("closed", "DELETE", null, session);
  return told;
};
"""


async def try_all(tab: Tab, url: str, token: str) -> dict[str, Any]:
    """What a page's client was answered, by step; `failed` where the browser refused."""
    constants = f"const URL_OF_MCP = {json.dumps(url)}, TOKEN = {json.dumps(token)};"
    found = await tab.command(
        "Runtime.evaluate",
        expression=f"(() => {{ {constants} {CLIENT} return run().then(JSON.stringify, "
        "(error) => JSON.stringify({ failed: String(error) })); })()",
        awaitPromise=True,
        returnByValue=True,
    )
    return dict(json.loads(found["result"]["value"]))


@asynccontextmanager
async def site() -> AsyncIterator[int]:
    """A web site of somebody else; answers its port."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>A page</title>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@pytest.fixture
async def token(
    signed_in: Callable[[], AbstractAsyncContextManager[Agent]], storage: MemoryStorage
) -> str:
    async with signed_in():
        tokens = await storage.get_tokens()
    assert tokens
    return str(tokens.access_token)


def all_worked(told: dict[str, Any]) -> None:
    assert "failed" not in told, told
    statuses = {name: answer["status"] for name, answer in told.items()}
    assert statuses == {
        "challenge": 401,
        "call": 200,
        "listen": 200,
        "opened": 200,
        "ping": 200,
        "stream": 200,
        "closed": 204,
    }
    assert "resource_metadata=" in told["challenge"]["WWW-Authenticate"]
    assert '"workspaces"' in told["call"]["text"]
    assert "notifications/subscriptions/acknowledged" in told["listen"]["text"]


async def test_a_page_on_this_machine_speaks_both_eras(server: Server, token: str) -> None:
    """The Inspector's web client is one: another port, so another origin."""
    async with site() as port, browser() as tab:
        await tab.open(f"http://127.0.0.1:{port}/")
        all_worked(await try_all(tab, server.url, token))


async def test_a_page_of_elsewhere_is_stopped_by_the_browser(server: Server, token: str) -> None:
    """Every name below `localhost` leads here, and none of them is ours."""
    async with site() as port, browser() as tab:
        await tab.open(f"http://evil.localhost:{port}/")
        told = await try_all(tab, server.url, token)
        assert told == {"failed": "TypeError: Failed to fetch"}
        assert "blocked by CORS policy" in " ".join(tab.problems)


async def test_a_page_that_the_operator_allows_may_call(tmp_path: Path, password: str) -> None:
    from octoperf_mcp.cli.agent import MemoryStorage, connected
    from octoperf_mcp.cli.sign_in import FormSignIn

    async with site() as port, browser() as tab:
        origin = f"http://friend.localhost:{port}"
        server = Server(tmp_path, environ={"OCTOPERF_MCP_SERVER_ALLOWED_ORIGINS": origin})
        server.start()
        try:
            storage = MemoryStorage()
            async with connected(server.url, FormSignIn("demo", password), storage=storage):
                tokens = await storage.get_tokens()
            assert tokens
            await tab.open(origin)
            all_worked(await try_all(tab, server.url, tokens.access_token))
        finally:
            server.stop()


async def test_a_name_rebound_to_this_machine_gets_nothing(server: Server, token: str) -> None:
    """DNS rebinding: to the browser it is one origin, so nothing but the name can be refused."""
    port = server.origin.rpartition(":")[2]
    async with browser() as tab:
        await tab.open(f"http://rebound.localhost:{port}/healthz")
        told = await try_all(tab, "/mcp", token)
        assert {answer["status"] for answer in told.values()} == {421}
