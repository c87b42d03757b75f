"""Two servers on one PostgreSQL database: signed in at one, known and shut out at the other."""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import socket
from typing import TYPE_CHECKING

import aiohttp
import pytest
import sqlalchemy as sa

from octoperf_mcp.cli.agent import MemoryStorage, connected
from octoperf_mcp.cli.sign_in import FormSignIn
from tests.end_to_end.conftest import Server
from tests.end_to_end.test_kill_switch import started

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

POSTGRES = "OCTOPERF_MCP_TESTS_POSTGRES"
HEADERS = {
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2026-07-28",
    "Mcp-Method": "tools/call",
    "Mcp-Name": "list_workspaces",
}
CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {
        "name": "list_workspaces",
        "arguments": {},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
        },
    },
}


def free_port() -> int:
    """A port of its own: the replica prints the public address, which is the other one's."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
async def replicas(tmp_path: Path) -> AsyncIterator[tuple[Server, Server]]:
    address = os.environ.get(POSTGRES)
    if not address:
        pytest.skip(f"{POSTGRES} names no PostgreSQL server")
    asyncpg = pytest.importorskip("asyncpg")
    name = f"octoperf_test_{secrets.token_hex(8)}"
    admin = await asyncpg.connect(address)
    await admin.execute(f"CREATE SCHEMA {name}")
    url = sa.make_url(address).update_query_dict({"search_path": name})
    environ = {
        "OCTOPERF_MCP_EMBEDDED_DATABASE_URL": url.render_as_string(hide_password=False),
        "OCTOPERF_MCP_EMBEDDED_SECRETS_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "OCTOPERF_MCP_SERVER_SECRETS": secrets.token_hex(32),
    }
    folders = [tmp_path / each for each in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    first = Server(folders[0], environ=environ)
    first.start()
    public = ("--public-url", first.origin)
    second = Server(folders[1], arguments=public, environ=environ)
    port = free_port()
    second.start(port)
    second.url = f"http://127.0.0.1:{port}/mcp"
    yield first, second
    for each in (first, second):
        if each.process is not None:
            each.stop()
    await admin.execute(f"DROP SCHEMA {name} CASCADE")
    await admin.close()


async def called(server: Server, token: str) -> tuple[int, str]:
    headers = {**HEADERS, "Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(server.url, json=CALL, headers=headers) as answer,
    ):
        return answer.status, await answer.text()


async def test_signed_in_at_one_known_and_shut_out_at_the_other(
    replicas: tuple[Server, Server], password: str
) -> None:
    first, second = replicas
    storage = MemoryStorage()
    async with connected(first.url, FormSignIn("demo", password), storage=storage) as agent:
        workspace = (await agent.call("list_workspaces"))["workspaces"][0]["id"]
        await agent.call("create_project", {"workspaceId": workspace, "name": "Shared"})
    tokens, client = await storage.get_tokens(), await storage.get_client_info()
    assert tokens is not None
    assert client is not None
    status, text = await called(second, tokens.access_token)
    assert status == 200
    assert workspace in text
    form = {"token": str(tokens.refresh_token), "client_id": str(client.client_id)}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{first.origin}/auth/oauth2/revoke", data=form) as answer,
    ):
        assert answer.status == 200
    assert (await called(first, tokens.access_token))[0] == 401
    # a replica believes for at most a second what it knows of a grant (embedded/idp/live.py)
    async with asyncio.timeout(20):
        while (await called(second, tokens.access_token))[0] != 401:
            pass


async def test_both_write_one_audit_trail(replicas: tuple[Server, Server], password: str) -> None:
    first, second = replicas
    storage = MemoryStorage()
    async with connected(first.url, FormSignIn("demo", password), storage=storage) as agent:
        workspace = (await agent.call("list_workspaces"))["workspaces"][0]["id"]
        made = await agent.call("create_project", {"workspaceId": workspace, "name": "Shared"})
    tokens = await storage.get_tokens()
    assert tokens is not None
    headers = {"Authorization": f"Bearer {tokens.access_token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        path = f"{second.origin}/design/projects/{made['id']}"
        async with session.delete(path) as answer:
            assert answer.status == 204
        async with session.get(f"{first.origin}/users/current/activity") as answer:
            noted = (await answer.json())["activity"]
    done = [(each["tool"], each["action"]) for each in noted if made["id"] in each["entityIds"]]
    assert done == [
        ("", "DELETE /design/projects/{id}"),
        ("create_project", "POST /design/projects"),
    ]


async def test_a_secret_sealed_at_one_is_opened_at_the_other(
    replicas: tuple[Server, Server], password: str
) -> None:
    first, second = replicas
    storage = MemoryStorage()
    async with connected(first.url, FormSignIn("demo", password), storage=storage) as agent:
        workspace = (await agent.call("list_workspaces"))["workspaces"][0]["id"]
        project = await agent.call("create_project", {"workspaceId": workspace, "name": "Shared"})
        arguments = {"projectId": project["id"], "name": "key", "value": "hunter2"}
        made = await agent.call("create_secret_variable", arguments)
    tokens = await storage.get_tokens()
    assert tokens is not None
    headers = {"Authorization": f"Bearer {tokens.access_token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        path = f"{second.origin}/design/variables/{made['id']}"
        async with session.get(path) as answer:
            kept = await answer.json()
        assert "hunter2" not in str(kept)
        # sent back as it is, it is opened to see whose it is
        async with session.put(path, json=kept) as answer:
            assert answer.status == 200, await answer.text()


async def test_a_run_is_stopped_at_the_replica_that_does_not_play_it(
    replicas: tuple[Server, Server], password: str
) -> None:
    first, second = replicas
    storage = MemoryStorage()
    async with connected(first.url, FormSignIn("demo", password), storage=storage) as agent:
        run_id = await started(agent)
        which = {"benchResultId": run_id}
        while (await agent.call("get_bench_status", which))["state"] != "RUNNING":
            pass
        tokens = await storage.get_tokens()
        assert tokens is not None
        headers = {"Authorization": f"Bearer {tokens.access_token}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"{second.origin}/runtime/bench-results/stop/{run_id}") as answer,
        ):
            assert answer.status < 300, await answer.text()
        while not (found := await agent.call("get_bench_result", {**which, "waitSec": 25}))[
            "finished"
        ]:
            pass
    assert (found["state"], found["cause"]) == ("ABORTED", "demo aborted the test")
