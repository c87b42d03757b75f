"""A server that is started again: clients of the handshake era go on with their session."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest

from octoperf_mcp.cli.agent import MemoryStorage, connected
from octoperf_mcp.cli.sign_in import FormSignIn

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Server

SECRETS = "OCTOPERF_MCP_SERVER_SECRETS"
BOTH = "application/json, text/event-stream"
FIRST, SECOND = "f" * 40, "s" * 40


async def posted(
    server: Server, storage: MemoryStorage, method: str, session: str = ""
) -> tuple[int, str]:
    """Status of a request, and the session that it names."""
    tokens = await storage.get_tokens()
    assert tokens
    headers = {"Authorization": f"Bearer {tokens.access_token}", "Accept": BOTH}
    if session:
        headers["Mcp-Session-Id"] = session
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t"}}
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    async with (
        aiohttp.ClientSession() as http,
        http.post(server.url, json=body, headers=headers) as answer,
    ):
        await answer.read()
        return answer.status, answer.headers.get("Mcp-Session-Id", "")


async def test_a_connected_client_does_not_notice_a_restart(
    fresh_server: Server, password: str
) -> None:
    server = fresh_server
    server.environ[SECRETS] = FIRST
    server.start()
    port = int(server.origin.rpartition(":")[2])
    async with connected(server.url, FormSignIn("demo", password), mode="legacy") as agent:
        assert (await agent.call("list_workspaces"))["workspaces"]
        assert server.stop() == 0
        server.start(port)
        assert (await agent.call("list_workspaces"))["workspaces"]
        server.kill()
        server.start(port)
        assert (await agent.call("list_workspaces"))["workspaces"]
    handshakes = server.log.read_text("utf-8").count('"rpc_method":"initialize"')
    assert handshakes == 1


async def test_a_server_knows_its_callers_before_it_takes_connections(
    fresh_server: Server, password: str
) -> None:
    server, storage = fresh_server, MemoryStorage()
    server.environ[SECRETS] = FIRST
    server.start()
    port = int(server.origin.rpartition(":")[2])
    async with connected(server.url, FormSignIn("demo", password), storage=storage):
        assert server.stop() == 0
    starting = asyncio.create_task(asyncio.to_thread(server.start, port))
    async with aiohttp.ClientSession() as http:
        assert await first_answer(http, f"{server.origin}/readyz") == 200
    assert (await posted(server, storage, "initialize"))[0] == 200
    await starting
    assert "verification_keys_unavailable" not in server.log.read_text("utf-8")


async def first_answer(http: aiohttp.ClientSession, address: str) -> int:
    """Status of the first answer of a server that is starting."""
    while True:
        try:
            async with http.get(address) as answer:
                return answer.status
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("later", "status"),
    [
        (f"{SECOND} {FIRST}", 200),  # rotated: the newest first, the old one still good
        (SECOND, 404),  # the client starts anew
        ("", 404),
    ],
    ids=["rotated", "replaced", "none"],
)
async def test_a_session_lives_as_long_as_its_secret(
    fresh_server: Server, password: str, later: str, status: int
) -> None:
    server = fresh_server
    server.environ[SECRETS] = FIRST
    server.start()
    port = int(server.origin.rpartition(":")[2])
    storage = MemoryStorage()
    async with connected(server.url, FormSignIn("demo", password), storage=storage):
        opened, session = await posted(server, storage, "initialize")
    assert opened == 200
    server.kill()
    server.environ[SECRETS] = later
    server.start(port)
    assert (await posted(server, storage, "ping", session))[0] == status
    assert (await posted(server, storage, "initialize"))[0] == 200
