"""The bridge with an issuer that behaves as Entra ID: no registration, its own scopes and audience."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from octoperf_mcp.cli.agent import MemoryStorage, connected, registered
from tests.end_to_end.clients import Person, node_program
from tests.end_to_end.conftest import Server
from tests.end_to_end.entra import API, CLIENT, EntraLike
from tests.end_to_end.test_credentials import answered

Call = Callable[[], Awaitable[dict[str, Any]]]
SHORT_S = 3


@pytest.fixture
async def entra(unused_tcp_port_factory: Callable[[], int]) -> AsyncIterator[EntraLike]:
    it = EntraLike(unused_tcp_port_factory())
    async with it.up():
        yield it


@pytest.fixture
async def bridge(
    entra: EntraLike, tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> AsyncIterator[Server]:
    """Configured as the guide says."""
    port = unused_tcp_port_factory()
    entra.api_uri = f"http://127.0.0.1:{port}/mcp"
    environ = {
        "OCTOPERF_MCP_AUTH_ISSUER": entra.issuer,
        "OCTOPERF_MCP_AUTH_AUDIENCES": API,
        "OCTOPERF_MCP_AUTH_CLIENT_ID": CLIENT,
        "OCTOPERF_MCP_AUTH_SCOPE_PREFIX": f"{entra.api_uri}/",
        "OCTOPERF_MCP_AUTH_LEEWAY_S": "2",
    }
    server = Server(tmp_path, ("--upstream", entra.origin), environ)
    await asyncio.to_thread(server.start, port)
    yield server
    await asyncio.to_thread(server.stop)


@asynccontextmanager
async def python_client(server: Server, person: Person, _folder: Path) -> AsyncIterator[Call]:
    storage = MemoryStorage()
    await storage.set_client_info(registered(CLIENT, person.redirect_uri))
    async with connected(server.url, person, storage=storage) as agent:
        yield lambda: agent.call("list_workspaces")


def typescript_client(
    package: str,
) -> Callable[[Server, Person, Path], AbstractAsyncContextManager[Call]]:
    @asynccontextmanager
    async def started(server: Server, person: Person, folder: Path) -> AsyncIterator[Call]:
        wanted = ("client.mjs", package, server.url, "legacy", CLIENT)
        async with node_program(folder, *wanted, person=person) as program:

            async def call() -> dict[str, Any]:
                result = await program.ask(call="list_workspaces", arguments={})
                return dict(result["structuredContent"])

            yield call

    return started


CLIENTS = {
    "mcp for Python": python_client,
    "TypeScript SDK 1": typescript_client("@modelcontextprotocol/sdk"),
    "TypeScript SDK 2": typescript_client("@modelcontextprotocol/client"),
}


async def for_ever(call: Call) -> None:
    while True:
        await call()


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_client_with_an_id_signs_in_and_calls(
    entra: EntraLike, bridge: Server, request: pytest.FixtureRequest, name: str
) -> None:
    folder = Path() if name == "mcp for Python" else request.getfixturevalue("node_folder")
    entra.access_life_s = SHORT_S
    person = Person()
    async with asyncio.timeout(60), CLIENTS[name](bridge, person, folder) as call:
        assert (await call())["workspaces"][0]["name"] == "Remote"
        own = {scope for scope in entra.asked[0].split() if ":" in scope}
        assert own == {f"{bridge.url}/octoperf:read", f"{bridge.url}/octoperf:write"}
        if "offline_access" in entra.asked[0]:
            while not entra.refreshed:
                assert (await call())["workspaces"]
        else:  # the provider gives no refresh token then: the person signs in again
            with pytest.raises(ConnectionError, match="Unauthorized"):
                await for_ever(call)
    assert len(person.opened) == (1 if entra.refreshed else 2)


async def test_the_call_command_takes_a_client_id_and_keeps_it(
    entra: EntraLike, bridge: Server, tmp_path: Path
) -> None:
    browser = tmp_path / "browser.py"
    browser.write_text("import sys, urllib.request as r\nr.urlopen(sys.argv[1]).read()\n", "utf-8")
    environ = {
        **os.environ,
        "BROWSER": f"{sys.executable} {browser} %s",
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }
    command = [sys.executable, "-m", "octoperf_mcp", "call", "list_workspaces", "--url", bridge.url]
    for more in (["--client-id", CLIENT], []):  # the second time it is still signed in
        process = await asyncio.create_subprocess_exec(
            *command, *more, env=environ, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate()
        assert process.returncode == 0
        assert b'"Remote"' in said
    assert len(entra.asked) == 1


async def test_the_page_for_clients_hands_out_the_client_id(bridge: Server) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{bridge.url}/public/connect.md") as answer,
    ):
        page = await answer.text()
    assert f"--client-id {CLIENT}" in page
    assert "`http://localhost:8765/callback`" in page
    assert "no client id" not in page


async def test_the_documents_name_scopes_as_the_provider_takes_them(bridge: Server) -> None:
    wanted = [f"{bridge.url}/octoperf:read", f"{bridge.url}/octoperf:write"]
    async with aiohttp.ClientSession() as session:
        address = f"{bridge.origin}/.well-known/oauth-protected-resource/mcp"
        async with session.get(address) as answer:
            assert (await answer.json())["scopes_supported"] == wanted
        async with session.post(bridge.url) as answer:
            assert f'scope="{" ".join(wanted)}"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("claims", "status", "said"),
    [
        ({}, 200, ""),
        ({"aud": f"api://{API}"}, 401, "meant for another service"),
        ({"iss": "https://sts.windows.net/5d3a11b2/", "ver": "1.0"}, 401, "another issuer"),
        ({"scp": None, "roles": ["Load.Run"]}, 403, "octoperf:read"),
        ({"scp": "octoperf:read"}, 200, ""),
        ({"exp": int(time.time()) - 600}, 401, "expired"),
    ],
)
async def test_its_tokens_are_told_from_others_of_the_same_tenant(
    entra: EntraLike, bridge: Server, claims: dict[str, Any], status: int, said: str
) -> None:
    token = entra.token(**claims)
    got, challenge, _ = await answered(bridge, token, "list_workspaces")
    assert got == status
    assert said in challenge
    assert entra.called == ([token] if status == 200 else [])
