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


async def listed_tools(server: Server, token: str) -> set[str]:
    """Names of the tools that a token is shown."""
    _, _, body = await sent(server, token, "tools/list", {})
    return {tool["name"] for tool in body["result"]["tools"]}


async def answered(server: Server, token: str, tool: str, **arguments: Any) -> tuple[int, str, Any]:
    """As `called`, with the challenge."""
    return await sent(server, token, "tools/call", {"name": tool, "arguments": arguments})


async def sent(
    server: Server, token: str, method: str, params: dict[str, Any]
) -> tuple[int, str, Any]:
    """Send one request; status, challenge and body."""
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": method,
        "params": {
            **params,
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
        "Mcp-Method": method,
        **({"Mcp-Name": params["name"]} if "name" in params else {}),
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
    assert "which this token leaves out" in answer["error"]["message"]
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        body = {"name": "Not mine", "type": "DESIGN", "workspaceId": workspace["id"]}
        async with session.post(f"{server.origin}/design/projects", json=body) as refused:
            assert refused.status == 403
            assert "bench" in (await refused.json())["message"]
    names = await listed_tools(server, token)
    assert {"run_scenario", "list_workspaces", "get_bench_report"} <= names
    assert not {"create_project", "import_har_virtual_user", "delete_bench_report"} & names
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


async def test_a_token_that_only_reads_is_shown_only_tools_that_read(server: Server) -> None:
    made = ("token", "create", "--name", "reader", "--days", "1", "--read-only")
    token = octoperf_mcp(server, *made, "--url", server.origin)
    names = await listed_tools(server, token)
    assert "list_workspaces" in names
    assert not [name for name in names if name.startswith(("create_", "delete_", "run_", "patch_"))]


async def test_a_token_without_areas_is_shown_every_tool(server: Server) -> None:
    full = octoperf_mcp(
        server, "token", "create", "--name", "all", "--days", "1", "--url", server.origin
    )
    short = octoperf_mcp(server, "token", "--url", server.origin)
    assert await listed_tools(server, full) == await listed_tools(server, short)


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
