"""Streams of one tenant tell nothing of what another does, however much is asked for."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

from octoperf_mcp.cli.agent import MemoryStorage, connected
from octoperf_mcp.cli.sign_in import FormSignIn
from tests.end_to_end.conftest import Server
from tests.end_to_end.test_credentials import octoperf_mcp

if TYPE_CHECKING:
    from pathlib import Path

INFO = {"name": "tests", "version": "1"}
META = "io.modelcontextprotocol/"
LISTS = ("toolsListChanged", "promptsListChanged", "resourcesListChanged")
END = "notifications/tools/list_changed"


def rpc(method: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


async def until_the_end(stream: aiohttp.ClientResponse) -> list[Any]:
    """What is heard up to the change of tools, with which everything before has been told."""
    heard = []
    async for line in stream.content:
        data = line.removeprefix(b"data:").strip()
        if line.startswith(b"data:") and data:
            heard.append(orjson.loads(data))
            if heard[-1].get("method") == END:
                break
    return heard


async def test_no_stream_tells_of_what_is_anothers(tmp_path: Path, password: str) -> None:
    server = Server(tmp_path, arguments=("--enable", "conformance"))
    server.start()
    try:
        eves = octoperf_mcp(server, "users", "add", "eve", "--generate")
        storage = MemoryStorage()
        async with connected(server.url, FormSignIn("eve", eves), storage=storage) as eve:
            await eve.call("list_workspaces")
        tokens = await storage.get_tokens()
        assert tokens is not None
        async with (
            asyncio.timeout(60),
            connected(server.url, FormSignIn("demo", password)) as ada,
            aiohttp.ClientSession(
                headers={
                    "Authorization": f"Bearer {tokens.access_token}",
                    "Accept": "application/json, text/event-stream",
                }
            ) as session,
        ):
            workspace = (await ada.call("list_workspaces"))["workspaces"][0]["id"]
            made = {"workspaceId": workspace, "name": "ada-owns-this"}
            project = (await ada.call("create_project", made))["id"]
            uris = [f"octoperf://{kind}/{project}" for kind in ("project", "projects", "vu")]
            hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": INFO}
            async with session.post(server.url, json=rpc("initialize", hello)) as answer:
                legacy = {"Mcp-Session-Id": answer.headers["Mcp-Session-Id"]}
            listen = {
                "notifications": {**dict.fromkeys(LISTS, True), "resourceSubscriptions": uris},
                "_meta": {
                    f"{META}protocolVersion": "2026-07-28",
                    f"{META}clientCapabilities": {},
                    f"{META}clientInfo": INFO,
                },
            }
            modern = {
                "MCP-Protocol-Version": "2026-07-28",
                "Mcp-Method": "subscriptions/listen",
            }
            body = rpc("subscriptions/listen", listen)
            async with (
                session.get(server.url, headers=legacy) as own,
                session.post(server.url, json=body, headers=modern) as subscribed,
            ):
                assert (own.status, subscribed.status) == (200, 200)
                for name in ("a", "b"):
                    variable = {"projectId": project, "name": name, "value": "ada-owns-this"}
                    await ada.call("create_constant_variable", variable)
                await ada.call("test_trigger_tool_change")
                heard = await asyncio.gather(until_the_end(own), until_the_end(subscribed))
    finally:
        server.stop()
    methods = [[message["method"] for message in each] for each in heard]
    assert methods == [[END], ["notifications/subscriptions/acknowledged", END]]
    told = json.dumps(heard)
    for secret in (project, workspace, "ada-owns-this"):
        assert secret not in told
