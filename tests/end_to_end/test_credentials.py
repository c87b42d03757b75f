"""Credentials that are not made by signing in: CI tokens at /mcp, keys and sessions at REST only."""

import re
import subprocess
import sys
from typing import Any

import aiohttp

from tests.end_to_end.conftest import Server


def octoperf_mcp(server: Server, *arguments: str) -> str:
    """Run a command on the server's data, beside it; what it printed."""
    command = [sys.executable, "-m", "octoperf_mcp", *arguments]
    command += ["--data-dir", str(server.folder / "data")]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True)
    return done.stdout.strip()


async def called(server: Server, token: str, tool: str, **arguments: Any) -> tuple[int, Any]:
    """Call a tool as the curl of a script does; status and body."""
    status, _, body = await answered(server, token, tool, **arguments)
    return status, body


async def answered(server: Server, token: str, tool: str, **arguments: Any) -> tuple[int, str, Any]:
    """As `called`, with the challenge."""
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {
            "name": tool,
            "arguments": arguments,
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
                "io.modelcontextprotocol/clientInfo": {"name": "script", "version": "1"},
            },
        },
    }
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/call",
        "Mcp-Name": tool,
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(server.url, json=message, headers=headers) as answer,
    ):
        challenge = answer.headers.get("WWW-Authenticate", "")
        return answer.status, challenge, await answer.json()


async def test_a_ci_token_calls_tools_within_its_limits_until_it_is_revoked(
    server: Server,
) -> None:
    limits = ("--name", "nightly", "--days", "7", "--area", "bench")
    token = octoperf_mcp(server, "token", "create", *limits, "--url", server.origin)
    assert re.fullmatch(r"opct_\S+", token)
    status, answer = await called(server, token, "list_workspaces")
    assert status == 200
    (workspace,) = answer["result"]["structuredContent"]["workspaces"]
    arguments = {"workspaceId": workspace["id"], "name": "Not mine to make"}
    status, answer = await called(server, token, "create_project", **arguments)
    assert status == 200
    assert answer["result"]["isError"]
    assert "bench" in answer["result"]["content"][0]["text"]
    assert (await called(server, token[:-1], "list_workspaces"))[0] == 401
    listed = octoperf_mcp(server, "token", "list")
    assert "nightly" in listed
    octoperf_mcp(server, "token", "revoke", listed.split()[0])
    async with aiohttp.ClientSession() as session:
        while (await called(server, token, "list_workspaces"))[0] == 200:
            pass  # another process revoked it: dead within a second
        async with session.get(
            f"{server.origin}/users/current", headers={"Authorization": f"Bearer {token}"}
        ) as refused:
            assert refused.status == 401


async def test_session_tokens_and_api_keys_are_for_the_rest_api_only(
    server: Server, password: str
) -> None:
    async with aiohttp.ClientSession() as session:
        pair = {"username": "demo", "password": password}
        async with session.post(f"{server.origin}/public/users/login", data=pair) as answer:
            token = (await answer.json())["token"]["token"]
        headers = {"Authorization": f"Bearer {token}"}
        async with session.post(f"{server.origin}/users/api-key", headers=headers) as answer:
            key = (await answer.json())["value"]
        for credential in (token, key):
            headers = {"Authorization": f"Bearer {credential}"}
            async with session.get(f"{server.origin}/users/current", headers=headers) as answer:
                assert (await answer.json())["username"] == "demo"
            assert (await called(server, credential, "list_workspaces"))[0] == 401
