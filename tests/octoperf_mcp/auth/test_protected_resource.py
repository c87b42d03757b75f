from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from yarl import URL

from octoperf_mcp.auth.bearer import add_auth, anonymous_caller
from octoperf_mcp.auth.hosts import OwnOrigins
from octoperf_mcp.protocol.surfaces import Surfaces
from octoperf_mcp.registry.manager import load_registry

ORIGIN = "https://octoperf.example.com"
SURFACES = Surfaces(load_registry())
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(aiohttp_client: Any) -> Client:
    app = web.Application()
    add_auth(
        app,
        None,
        origins=OwnOrigins(ORIGIN),
        issuer=ORIGIN,
        anonymous=anonymous_caller(),
        has_surface=SURFACES.has,
    )
    made: Client = await aiohttp_client(app)
    return made


@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-protected-resource/mcp/",
        "/mcp/.well-known/oauth-protected-resource",
    ],
)
async def test_the_document_is_found_wherever_clients_look(client: Client, path: str) -> None:
    answer = await client.get(path, headers={"Host": "octoperf.example.com"})
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert await answer.json() == {
        "resource": f"{ORIGIN}/mcp",
        "authorization_servers": [ORIGIN],
        "scopes_supported": ["octoperf:read", "octoperf:write"],
        "bearer_methods_supported": ["header"],
        "resource_name": "OctoPerf",
        "resource_documentation": f"{ORIGIN}/mcp/public/AGENTS.md",
    }


@pytest.mark.parametrize("surface", ["readonly", "x/import,edit", "x/import%2Cedit", "w/w1/p/p-1"])
async def test_a_surface_is_a_resource_as_its_user_typed_it(client: Client, surface: str) -> None:
    for path in (
        f"/.well-known/oauth-protected-resource/mcp/{surface}",
        f"/mcp/{surface}/.well-known/oauth-protected-resource",
    ):
        answer = await client.get(URL(path, encoded=True), headers={"Host": "octoperf.example.com"})
        assert answer.status == 200
        told = await answer.json()
        assert told["resource"] == f"{ORIGIN}/mcp/{surface}"
        assert told["authorization_servers"] == [ORIGIN]


@pytest.mark.parametrize("surface", ["x/nothing", "elsewhere", "w/"])
async def test_what_is_no_surface_has_no_document(client: Client, surface: str) -> None:
    for path in (
        f"/.well-known/oauth-protected-resource/mcp/{surface}",
        f"/mcp/{surface}/.well-known/oauth-protected-resource",
    ):
        answer = await client.get(path, headers={"Host": "octoperf.example.com"})
        assert answer.status == 404
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_a_browser_client_passes_its_preflight(client: Client) -> None:
    answer = await client.options("/.well-known/oauth-protected-resource/mcp")
    assert answer.status == 204
    assert "MCP-Protocol-Version" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("host", ["evil.example", "octoperf.example.com:8443", "localhost:8091"])
async def test_a_foreign_host_is_refused(client: Client, host: str) -> None:
    """Otherwise a name that an attacker points here would become the resource."""
    answer = await client.get("/.well-known/oauth-protected-resource", headers={"Host": host})
    assert answer.status == 421
    assert host not in await answer.text()


async def test_a_path_that_is_not_ours_has_no_document(client: Client) -> None:
    answer = await client.get("/.well-known/oauth-protected-resource/mcpx")
    assert answer.status == 404
