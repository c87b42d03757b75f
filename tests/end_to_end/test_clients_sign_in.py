"""The OAuth code of the clients that people use, against a real server and its real pages.

Each signs in without a person, calls a tool, renews its access token when that has expired, and is
shut out by a revocation on its next call.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from octoperf_mcp.cli.agent import connected
from tests.end_to_end.clients import Announcements, Person, node_program
from tests.end_to_end.conftest import Server

ACCESS_LIFE_S = 3

Call = Callable[[], Awaitable[dict[str, Any]]]


@asynccontextmanager
async def python_client(server: Server, person: Person, _folder: Path) -> AsyncIterator[Call]:
    async with connected(server.url, person) as agent:
        yield lambda: agent.call("list_workspaces")


def typescript_client(
    package: str,
) -> Callable[[Server, Person, Path], AbstractAsyncContextManager[Call]]:
    @asynccontextmanager
    async def started(server: Server, person: Person, folder: Path) -> AsyncIterator[Call]:
        wanted = ("client.mjs", package, server.url, "legacy")
        async with node_program(folder, *wanted, person=person) as program:

            async def call() -> dict[str, Any]:
                result = await program.ask(call="list_workspaces", arguments={})
                return dict(result["structuredContent"])

            yield call

    return started


@asynccontextmanager
async def mcp_remote(server: Server, person: Person, folder: Path) -> AsyncIterator[Call]:
    """The proxy that gives clients of standard input and output a remote server."""
    environ = {
        "PATH": os.environ["PATH"],
        "BROWSER": "true",  # opens nothing, successfully
        "MCP_REMOTE_CONFIG_DIR": str(server.folder / "mcp-remote"),
    }
    script = str(folder / "node_modules/mcp-remote/dist/proxy.js")
    command = StdioServerParameters(
        command=str(folder / "node_modules/.bin/node"), args=[script, server.url], env=environ
    )
    async with Announcements(person) as announced:
        with os.fdopen(os.dup(announced.end), "w", encoding="utf-8") as errors:
            async with Client(stdio_client(command, errlog=errors), mode="legacy") as client:

                async def call() -> dict[str, Any]:
                    result = await client.call_tool("list_workspaces", {})
                    assert not result.is_error, result
                    return dict(result.structured_content or {})

                yield call


CLIENTS = {
    "mcp for Python": python_client,
    "TypeScript SDK 1": typescript_client("@modelcontextprotocol/sdk"),
    "TypeScript SDK 2": typescript_client("@modelcontextprotocol/client"),
    "mcp-remote": mcp_remote,
}


@pytest.fixture
def short_lived(tmp_path: Path) -> Iterator[Server]:
    """A server whose access tokens live for moments."""
    environ = {
        "OCTOPERF_MCP_EMBEDDED_ACCESS_LIFE_S": str(ACCESS_LIFE_S),
    }
    server = Server(tmp_path, environ=environ)
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_client_signs_in_renews_its_token_and_is_shut_out_by_a_revocation(
    short_lived: Server, request: pytest.FixtureRequest, name: str
) -> None:
    folder = Path() if name == "mcp for Python" else request.getfixturevalue("node_folder")
    person = Person()
    async with asyncio.timeout(60), CLIENTS[name](short_lived, person, folder) as call:
        assert (await call())["workspaces"]
        while "grant_refreshed" not in short_lived.log.read_text("utf-8"):
            assert (await call())["workspaces"]
        assert len(person.opened) == 1
        await person.revoke(short_lived)
        if name.startswith("TypeScript"):
            with pytest.raises(ConnectionError, match="Unauthorized"):
                await call()
        else:  # these two ask the person within the call, who allows it once more
            assert (await call())["workspaces"]
        assert len(person.opened) == 2
