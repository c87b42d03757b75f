"""Redis dies under calls: they go on, what needs it says so, and all of it works again after."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

from octoperf_mcp.cli.main import run
from tests.end_to_end.test_tenant_streams import INFO, META, rpc
from tests.topology.test_beside_octoperf import Behind, overlaid

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.topology.installation import Replica

HELLO = {"protocolVersion": "2025-11-25", "capabilities": {"elicitation": {}}, "clientInfo": INFO}
OF_REQUEST = {
    f"{META}protocolVersion": "2026-07-28",
    f"{META}clientCapabilities": {},
    f"{META}clientInfo": INFO,
}
EVENTS = {"Accept": "text/event-stream"}
VERSION = {"MCP-Protocol-Version": "2026-07-28"}
DELETION = ("delete_virtual_user", {"virtualUserId": "v1"})
CREATION = {"workspaceId": "w1", "name": "Shop", "idempotencyKey": "the same"}


class Client:
    """One client of each era, byte by byte."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.http = http
        self.url = url
        self.session: dict[str, str] = {}

    async def initialize(self) -> None:
        async with self.http.post(self.url, json=rpc("initialize", HELLO)) as answer:
            self.session = {"Mcp-Session-Id": answer.headers["Mcp-Session-Id"]}

    async def legacy(self, method: str, **params: Any) -> Any:
        return await self._answer(rpc(method, params), self.session)

    async def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """What a tool answers a stateless client, also when it refuses."""
        params = {"name": tool, "arguments": arguments, "_meta": OF_REQUEST}
        named = {**VERSION, "Mcp-Method": "tools/call", "Mcp-Name": tool}
        answer = await self._answer(rpc("tools/call", params), named)
        return dict(answer["result"]["structuredContent"])

    async def _answer(self, message: Any, headers: dict[str, str]) -> Any:
        async with self.http.post(self.url, json=message, headers=headers) as answer:
            body = await answer.read()
        lines = [line.removeprefix(b"data:").strip() for line in body.splitlines()]
        return next(orjson.loads(line) for line in reversed(lines) if line.startswith(b"{"))

    async def opened(self) -> list[tuple[int, str]]:
        """Status and `Retry-After` of opening each kind of stream, and of resuming one."""
        listen = rpc("subscriptions/listen", {"notifications": {}, "_meta": OF_REQUEST})
        subscribing = {**VERSION, "Mcp-Method": "subscriptions/listen"}
        told = []
        async with self.http.post(self.url, json=listen, headers=subscribing) as answer:
            told.append((answer.status, answer.headers.get("Retry-After", "")))
        for more in ({}, {"Last-Event-ID": "0123456789abcdef-1"}):
            fields = {**EVENTS, **self.session, **more}
            async with self.http.get(self.url, headers=fields) as answer:
                told.append((answer.status, answer.headers.get("Retry-After", "")))
        return told

    async def end(self) -> int:
        async with self.http.delete(self.url, headers=self.session) as answer:
            return answer.status


async def ready(http: aiohttp.ClientSession, bridge: Replica) -> tuple[int, str]:
    """Status of `/readyz`, and what it says of Redis."""
    async with http.get(f"http://127.0.0.1:{bridge.port}/readyz") as answer:
        return answer.status, (await answer.json()).get("degraded", {}).get("shared", "")


async def up(http: aiohttp.ClientSession, bridge: Replica) -> bool:
    async with http.get(f"http://127.0.0.1:{bridge.port}/metrics") as answer:
        return "octoperf_mcp_shared_store_up 1.0" in await answer.text()


async def operator(*words: str) -> int:
    return await asyncio.to_thread(run, words)


def refused(told: dict[str, Any]) -> bool:
    """Whether a tool says that nothing was done, and when to try again."""
    assert told["code"] == "unavailable", told
    assert "nothing was done" in told["message"]
    assert "again in a few seconds" in told["hint"]
    return bool(told["retryAfterSec"] == 2)


async def test_what_needs_redis_says_so_and_works_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with (
        overlaid(tmp_path, OCTOPERF_MCP_TOOLS_CONFIRM="always") as (public, load, bridges, redis),
        aiohttp.ClientSession(
            headers={
                "Authorization": f"Bearer {Behind.last}",
                "Accept": "application/json, text/event-stream",
            }
        ) as http,
    ):
        monkeypatch.setenv("OCTOPERF_MCP_UPSTREAM_URL", public)
        monkeypatch.setenv("OCTOPERF_MCP_SHARED_REDIS_URL", redis.url)
        client = Client(http, f"{public}/mcp")
        await client.initialize()
        assert await operator("tools", "disable", "delete_scenario") == 0
        asked = await client.call(*DELETION)
        confirmed = (DELETION[0], {**DELETION[1], "confirmToken": asked["confirmToken"]})
        watch = {"uri": "octoperf://templates/agents-md"}
        assert (await client.opened())[:2] == [(200, ""), (200, "")]

        async with load.running():
            await load.more(20)
            redis.kill()
            await load.more(20)
            for bridge in bridges:
                async with asyncio.timeout(20):
                    while (found := await ready(http, bridge)) == (200, ""):
                        pass
                assert (found[0], "Redis is away" in found[1]) == (200, True)
                assert not await up(http, bridge)
            assert refused(await client.call("create_project", CREATION))
            assert refused(await client.call(*confirmed))
            question = await client.legacy("tools/call", name=DELETION[0], arguments=DELETION[1])
            assert refused(question["result"]["structuredContent"])
            subscribed = await client.legacy("resources/subscribe", **watch)
            assert subscribed["error"]["data"] == {"code": "store_unavailable", "retryAfterSec": 2}
            assert await client.opened() == [(503, "2")] * 3
            assert await client.end() == 503
            capsys.readouterr()
            assert await operator("tools", "disable", "delete_scenario") == 1
            assert "cannot be reached" in capsys.readouterr().err
            assert await operator("plugins", "list") == 0
            assert "cannot be read (Redis does not answer)" in capsys.readouterr().err
            await load.more(20)

            redis.start()
            for bridge in bridges:
                async with asyncio.timeout(20):
                    while await ready(http, bridge) != (200, ""):
                        pass
                assert await up(http, bridge)
            made = await client.call("create_project", CREATION)
            assert (await client.call("create_project", CREATION)) == {**made, "replayed": True}
            assert "code" not in await client.call(*confirmed)
            assert (await client.call(*confirmed))["code"] == "invalid_argument"
            assert "error" not in await client.legacy("resources/subscribe", **watch)
            assert (await client.opened())[:2] == [(200, ""), (200, "")]
            assert await client.end() == 204
            await load.more(20)
        assert load.failed == []
        async with asyncio.timeout(30):
            while "put them back at" not in capsys.readouterr().err:
                assert await operator("plugins", "list") == 0
