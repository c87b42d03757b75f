"""Who may: challenges, scopes, hosts, origins, pages."""

from typing import Any

import pytest

READ_ONLY = {"Authorization": "Bearer read:ann"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "PUT"])
async def test_without_a_token_every_method_is_challenged(server: Any, method: str) -> None:
    server.world.auth_required = True
    async with server.http.request(method, server.url) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


async def test_a_token_that_may_only_read_is_told_what_writing_needs(server: Any) -> None:
    params = {"name": "delete_thing", "arguments": {"thingId": "1"}}
    status, _, headers = await server.modern("tools/call", params, **READ_ONLY)
    assert status == 403
    assert headers["WWW-Authenticate"].endswith('scope="octoperf:read octoperf:write"')


async def test_the_scope_to_write_implies_reading(server: Any) -> None:
    params = {"name": "echo", "arguments": {"text": "x"}}
    fields = {"Authorization": "Bearer write:ann"}
    status, _, _ = await server.modern("tools/call", params, **fields)
    assert status == 200


async def test_a_token_without_scopes_reads_public_files_only(server: Any) -> None:
    fields = {"Authorization": "Bearer none:ann"}
    public = {"uri": "octoperf://templates/agents-md"}
    assert (await server.modern("resources/read", public, **fields))[0] == 200
    private = {"uri": "fixture://things/1"}
    assert (await server.modern("resources/read", private, **fields))[0] == 403
    assert (await server.modern("tools/list", {}, **fields))[0] == 200


async def test_a_token_that_the_upstream_refuses_is_challenged_anew(server: Any) -> None:
    params = {"name": "break_down", "arguments": {"how": "token"}}
    status, _, headers = await server.modern("tools/call", params)
    assert status == 401
    assert 'error="invalid_token"' in headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "evil.example:8091", "Origin": "http://evil.example:8091"}, 421),
        ({"Host": ""}, 421),
        ({"Host": "localhost"}, 200),
        ({"Host": "LOCALHOST:1"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://localhost.evil.example"}, 403),
        ({"Origin": "https://evil.example#http://localhost"}, 403),
        ({"Origin": "http://localhost:6274"}, 200),
        ({"Origin": "http://[::1]:6274"}, 200),
    ],
)
async def test_foreign_hosts_and_origins_are_refused_before_the_token_is_asked(
    server: Any, headers: dict[str, str], status: int
) -> None:
    server.world.auth_required = status != 200
    got, answer, _ = await server.modern("tools/list", {}, **headers)
    assert got == status
    assert status == 200 or answer["error"]["code"] == -32600


async def test_a_configured_origin_may_call(start: Any) -> None:
    server = await start(allowed_origins=("https://Page.example/",))
    assert (await server.modern("tools/list", {}, Origin="https://page.example"))[0] == 200
    assert (await server.modern("tools/list", {}, Origin="https://other.example"))[0] == 403
    server = await start(allowed_origins=("*",))
    assert (await server.modern("tools/list", {}, Origin="https://other.example"))[0] == 200


PREFLIGHT = {
    "Origin": "http://localhost:6274",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,mcp-param-workspace-id",
}


async def test_a_pre_flight_is_answered_without_a_token(server: Any) -> None:
    server.world.auth_required = True
    async with server.http.options(server.url, headers=PREFLIGHT) as answer:
        assert answer.status == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:6274"
        assert answer.headers["Access-Control-Allow-Methods"] == "POST"
        allowed = answer.headers["Access-Control-Allow-Headers"].lower().split(",")
        assert {"authorization", "content-type", "mcp-param-workspace-id"} <= set(allowed)
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Origin": "https://evil.example"}, 403), ({"Host": "evil.example"}, 421)],
)
async def test_a_foreign_pre_flight_is_refused(
    server: Any, headers: dict[str, str], status: int
) -> None:
    async with server.http.options(server.url, headers={**PREFLIGHT, **headers}) as answer:
        assert answer.status == status
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_page_may_read_the_fields_it_needs(server: Any) -> None:
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}}
    sent = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    _, _, headers = await server.post(sent, {"Origin": "http://localhost:6274"})
    assert headers["Access-Control-Allow-Origin"] == "http://localhost:6274"
    exposed = headers["Access-Control-Expose-Headers"].split(",")
    assert {"Mcp-Session-Id", "WWW-Authenticate", "MCP-Protocol-Version"} <= set(exposed)


async def test_a_refused_page_learns_nothing(server: Any) -> None:
    _, _, headers = await server.modern("tools/list", {}, Origin="https://evil.example")
    assert "Access-Control-Allow-Origin" not in headers
