"""Event streams reach through nginx as they are written, and end when their replica stops."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp

from octoperf_mcp.cli.agent import MemoryStorage, connected
from octoperf_mcp.cli.sign_in import FormSignIn
from tests.end_to_end.conftest import PASSWORD
from tests.end_to_end.test_tenant_streams import END, INFO, META, rpc, until_the_end

if TYPE_CHECKING:
    from tests.topology.conftest import Installation

HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": INFO}
LISTEN = {
    "notifications": {"toolsListChanged": True},
    "_meta": {
        f"{META}protocolVersion": "2026-07-28",
        f"{META}clientCapabilities": {},
        f"{META}clientInfo": INFO,
    },
}
MODERN = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "subscriptions/listen"}


async def test_streams_of_both_eras_hear_at_once_what_any_replica_has_to_say(
    installation: Installation,
) -> None:
    storage = MemoryStorage()
    url = installation.url
    async with (
        asyncio.timeout(60),
        connected(url, FormSignIn("demo", PASSWORD), storage=storage) as agent,
    ):
        tokens = await storage.get_tokens()
        assert tokens is not None
        headers = {
            "Authorization": f"Bearer {tokens.access_token}",
            "Accept": "application/json, text/event-stream",
        }
        async with aiohttp.ClientSession(headers=headers) as session:
            async with session.post(url, json=rpc("initialize", HELLO)) as answer:
                legacy = {"Mcp-Session-Id": answer.headers["Mcp-Session-Id"]}
            listen = rpc("subscriptions/listen", LISTEN)
            async with (
                session.get(url, headers=legacy) as own,
                session.post(url, json=listen, headers=MODERN) as subscribed,
            ):
                assert (own.status, subscribed.status) == (200, 200)
                await agent.call("test_trigger_tool_change")
                heard = await asyncio.gather(until_the_end(own), until_the_end(subscribed))
                assert [each[-1]["method"] for each in heard] == [END, END]
                stopped = [asyncio.to_thread(each.stop) for each in installation.replicas]
                assert await asyncio.gather(*stopped) == [0, 0]
                # each stream has come to its proper end; a broken one raises
                await asyncio.gather(own.read(), subscribed.read())
