"""The official clients, in both eras, list and call every tool of a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from octoperf_mcp.cli.agent import connected
from tests.end_to_end.clients import Person, node_program
from tests.end_to_end.conftest import Server
from tests.end_to_end.every_tool import CALLS, call_all, seeded

MODERN = "2026-07-28"


class PythonClient:
    """The `mcp` package; it checks results against the schemas that it listed."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def tools(self) -> list[dict[str, Any]]:
        listed = await self._client.list_tools()
        return [tool.model_dump(by_alias=True, exclude_none=True) for tool in listed.tools]

    async def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        result = await self._client.call_tool(tool, arguments)
        return dict(result.model_dump(by_alias=True, exclude_none=True, mode="json"))


class NodeClient:
    """One of the programs in `node/`; they too check results."""

    def __init__(self, program: Any) -> None:
        self._program = program

    async def tools(self) -> list[dict[str, Any]]:
        return list(await self._program.ask(list=True))

    async def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return dict(await self._program.ask(call=tool, arguments=arguments))


Connect = Callable[..., AbstractAsyncContextManager[Any]]


def python_client(mode: str) -> Connect:
    @asynccontextmanager
    async def started(server: Server, _node: Callable[[], Path], _tmp: Path) -> AsyncIterator[Any]:
        async with connected(server.url, Person(), mode=mode) as agent:
            yield PythonClient(agent.client)

    return started


def typescript_client(package: str, era: str) -> Connect:
    @asynccontextmanager
    async def started(server: Server, node: Callable[[], Path], _tmp: Path) -> AsyncIterator[Any]:
        wanted = ("client.mjs", package, server.url, era)
        async with node_program(node(), *wanted, person=Person()) as program:
            yield NodeClient(program)

    return started


def inspector(era: str, who: Callable[[], Person] = Person) -> Connect:
    @asynccontextmanager
    async def started(server: Server, node: Callable[[], Path], tmp: Path) -> AsyncIterator[Any]:
        environ = {
            "HOME": str(tmp),
            "BROWSER": "true",  # opens nothing, successfully
            "MCP_AUTO_OPEN_ENABLED": "true",
            "MCP_INSPECTOR_SECRET_STORE": "memory",
        }
        wanted = ("inspector.mjs", server.url, era, str(tmp))
        async with node_program(node(), *wanted, person=who(), environ=environ) as program:
            yield NodeClient(program)

    return started


CLIENTS = {
    "mcp for Python, handshake": python_client("legacy"),
    "mcp for Python, stateless": python_client(MODERN),
    "TypeScript SDK 1": typescript_client("@modelcontextprotocol/sdk", "legacy"),
    "TypeScript SDK 2, handshake": typescript_client("@modelcontextprotocol/client", "legacy"),
    "TypeScript SDK 2, stateless": typescript_client("@modelcontextprotocol/client", MODERN),
    "Inspector, handshake": inspector("legacy"),
    "Inspector, stateless": inspector("modern"),
}


@pytest.fixture(scope="module")
def account(server: Server) -> dict[str, Any]:
    return asyncio.run(seeded(server))


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_client_lists_and_calls_every_tool(
    server: Server,
    account: dict[str, Any],
    request: pytest.FixtureRequest,
    tmp_path: Path,
    name: str,
) -> None:
    def node() -> Path:
        return Path(request.getfixturevalue("node_folder"))

    async with asyncio.timeout(120), CLIENTS[name](server, node, tmp_path) as client:
        tools = {tool["name"]: tool for tool in await client.tools()}
        assert set(tools) == set(CALLS)
        results = await call_all(client.call, account, name)
    wrong = {
        tool: complaint
        for tool, result in results.items()
        if (complaint := complaint_about(result, tools[tool]["outputSchema"], server.origin))
    }
    assert wrong == {}


def complaint_about(result: dict[str, Any], schema: dict[str, Any], origin: str) -> str:
    """What a host or a model would miss in a result; empty for nothing."""
    if result.get("isError"):
        return json.dumps(result)[:600]
    content = result["structuredContent"]
    problems = [error.message for error in Draft202012Validator(schema).iter_errors(content)]
    if problems:
        return "; ".join(problems)
    page = content.get("pageUrl") or content.get("url", "")
    if not page.startswith(f"{origin}/ui/"):
        return f"no page: {page}"
    if json.loads(result["content"][0]["text"]) != content:
        return "text and structured content differ"
    return ""
