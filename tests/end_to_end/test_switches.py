"""Tools and plugins turned off and on while servers run: clients of both eras are told at once."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from octoperf_mcp.cli.main import run
from octoperf_mcp.cli.serving import Serving, serving
from octoperf_mcp.config import load_settings
from octoperf_mcp.registry.switched import composed
from tests.interaction.conftest import BOTH, legacy_request, modern_request
from tests.redis_server import RedisServer, running_redis

LISTS = {"toolsListChanged": True, "promptsListChanged": True, "resourcesListChanged": True}
BASE = {
    "OCTOPERF_MCP_AUTH_MODE": "off",
    "OCTOPERF_MCP_LIMITS_REQUESTS_PER_S": "0",
    "OCTOPERF_MCP_SERVER_PORT": "0",
}


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


class Client:
    """Talks to one server as clients of both eras do."""

    def __init__(self, http: aiohttp.ClientSession, server: Serving) -> None:
        self.http = http
        self.server = server

    async def ask(self, method: str, params: dict[str, Any] | None = None) -> Any:
        body, headers = modern_request(method, params)
        fields = {"Accept": BOTH, "Content-Type": "application/json", **headers}
        async with self.http.post(
            self.server.url, data=orjson.dumps(body), headers=fields
        ) as answer:
            return orjson.loads(await answer.read())

    async def tools(self) -> set[str]:
        names: set[str] = set()
        cursor: dict[str, Any] = {}
        while True:
            page = (await self.ask("tools/list", cursor))["result"]
            names |= {tool["name"] for tool in page["tools"]}
            if "nextCursor" not in page:
                return names
            cursor = {"cursor": page["nextCursor"]}

    async def refusal(self, tool: str) -> str:
        answer = await self.ask("tools/call", {"name": tool, "arguments": {}})
        return str(answer["error"]["message"])

    async def public(self, path: str) -> str:
        async with self.http.get(f"{self.server.origin}/mcp/public/{path}") as answer:
            return await answer.text()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[aiohttp.StreamReader]:
        """`subscriptions/listen` of a stateless client."""
        body, headers = modern_request("subscriptions/listen", {"notifications": LISTS})
        fields = {"Accept": BOTH, "Content-Type": "application/json", **headers}
        async with self.http.post(
            self.server.url, data=orjson.dumps(body), headers=fields
        ) as answer:
            await said(answer.content, "notifications/subscriptions/acknowledged")
            yield answer.content

    @asynccontextmanager
    async def session(self) -> AsyncIterator[aiohttp.StreamReader]:
        """The stream of a handshake client."""
        hello = legacy_request(
            "initialize",
            {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t"}},
        )
        fields = {"Accept": BOTH, "Content-Type": "application/json"}
        async with self.http.post(
            self.server.url, data=orjson.dumps(hello), headers=fields
        ) as answer:
            session = {"Mcp-Session-Id": answer.headers["Mcp-Session-Id"]}
        listen = {"Accept": "text/event-stream", **session}
        async with self.http.get(self.server.url, headers=listen) as stream:
            yield stream.content


async def said(stream: aiohttp.StreamReader, method: str) -> None:
    """Read until a message of this method came."""
    async with asyncio.timeout(60):
        async for line in stream:
            data = line.removeprefix(b"data: ").strip()
            if data.startswith(b"{") and orjson.loads(data).get("method") == method:
                return
    raise AssertionError(f"the stream ended without {method}")


@asynccontextmanager
async def running(environ: dict[str, str], data_dir: Path) -> AsyncIterator[Client]:
    settings = load_settings(environ={**BASE, **environ})
    registry = composed(settings.plugins, settings.tools)
    async with (
        serving(settings, registry, data_dir) as server,
        aiohttp.ClientSession() as http,
    ):
        yield Client(http, server)


async def command(*arguments: str) -> int:
    """The command of an operator, beside the servers."""
    return await asyncio.to_thread(run, arguments)


async def test_a_tool_is_disabled_and_enabled_on_the_embedded_platform(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ("--data-dir", str(tmp_path))
    async with (
        running({}, tmp_path) as client,
        client.listening() as modern,
        client.session() as legacy,
    ):
        assert "delete_scenario" in await client.tools()
        assert await command("tools", "disable", "delete_scenario", *data) == 0
        assert "delete_scenario is disabled" in capsys.readouterr().out
        for stream in (modern, legacy):
            for kind in ("tools", "prompts", "resources"):
                await said(stream, f"notifications/{kind}/list_changed")
        assert "delete_scenario" not in await client.tools()
        assert "`delete_scenario`" not in await client.public("AGENTS.md")
        refused = await client.refusal("delete_scenario")
        assert refused == "delete_scenario was disabled by the operator of this server."
        prompts = (await client.ask("prompts/list"))["result"]["prompts"]
        assert "delete_scenario" not in {prompt["name"] for prompt in prompts}
        assert await command("tools", "enable", "delete_scenario", *data) == 0
        await said(modern, "notifications/tools/list_changed")
        assert "delete_scenario" in await client.tools()
        assert "`delete_scenario`" in await client.public("AGENTS.md")


async def test_plugins_are_turned_and_a_restart_remembers(tmp_path: Path) -> None:
    data = ("--data-dir", str(tmp_path))
    async with running({}, tmp_path) as client, client.listening() as stream:
        assert await command("plugins", "disable", "bench", *data) == 0
        await said(stream, "notifications/tools/list_changed")
        assert "run_scenario" not in await client.tools()
        refused = await client.refusal("run_scenario")
        assert "the area bench, which the operator of this server disabled" in refused
        assert await command("plugins", "enable", "conformance", *data) == 0
        await said(stream, "notifications/tools/list_changed")
        assert "test_simple_text" in await client.tools()
    async with running({}, tmp_path) as client:
        names = await client.tools()
        assert ("run_scenario" in names, "test_simple_text" in names) == (False, True)
        async with client.listening() as stream:
            assert await command("plugins", "enable", "bench", *data) == 0
            await said(stream, "notifications/tools/list_changed")
        assert "run_scenario" in await client.tools()


async def test_a_plugin_with_a_life_is_entered_and_left_while_the_server_runs(
    tmp_path: Path,
) -> None:
    data = ("--data-dir", str(tmp_path))
    environ = {"OCTOPERF_MCP_POLICY_REFUSE": "list_workspaces"}
    settings = load_settings(environ={**BASE, **environ}, idle=("policy",))
    registry = composed(settings.plugins, settings.tools)
    async with (
        serving(settings, registry, tmp_path) as server,
        aiohttp.ClientSession() as http,
    ):
        client = Client(http, server)
        asked = ("tools/call", {"name": "list_workspaces", "arguments": {}})
        assert "refuses" not in str(await client.ask(*asked))
        assert await command("plugins", "enable", "policy", *data) == 0
        async with asyncio.timeout(60):
            while "refuses list_workspaces" not in str(await client.ask(*asked)):
                pass


async def test_replicas_of_a_bridge_follow_through_redis(
    tmp_path: Path, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {
        "OCTOPERF_MCP_UPSTREAM_URL": "http://127.0.0.1:9",
        "OCTOPERF_MCP_SHARED_REDIS_URL": redis.url,
        "OCTOPERF_MCP_SHARED_PREFIX": secrets.token_hex(8),
        "OCTOPERF_MCP_SERVER_SECRETS": secrets.token_hex(32),
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(running(environ, tmp_path)) for _ in "ab"]
        streams = [await stack.enter_async_context(client.listening()) for client in clients]
        assert await command("tools", "disable", "list_workspaces") == 0
        for client, stream in zip(clients, streams, strict=True):
            await said(stream, "notifications/tools/list_changed")
            async with asyncio.timeout(60):  # the note of a faster replica may come first
                while "list_workspaces" in await client.tools():
                    await said(stream, "notifications/tools/list_changed")
            assert "disabled by the operator" in await client.refusal("list_workspaces")


def test_a_bridge_without_a_shared_store_says_where_to_write_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["tools", "disable", "list_workspaces", "--upstream", "https://a.test"]) == 2
    told = capsys.readouterr().err
    assert "[shared] redis_url is empty" in told
    assert "'list_workspaces' into [tools] disable and restart" in told
    assert run(["plugins", "disable", "benc", "--upstream", "https://a.test"]) == 2
    assert "did you mean bench?" in capsys.readouterr().err


async def test_a_tool_that_the_configuration_disables_says_so(tmp_path: Path) -> None:
    environ = {
        "OCTOPERF_MCP_UPSTREAM_URL": "http://127.0.0.1:9",
        "OCTOPERF_MCP_TOOLS_DISABLE": "list_workspaces",
        "OCTOPERF_MCP_PLUGINS_DISABLE": "bench",
    }
    async with running(environ, tmp_path) as client:
        names = await client.tools()
        assert names.isdisjoint({"list_workspaces", "run_scenario"})
        assert "disabled by the operator" in await client.refusal("list_workspaces")
        assert "operator of this server disabled" in await client.refusal("run_scenario")
        assert "Unknown tool" in await client.refusal("no_such_tool")
