"""Handshake revisions in raw HTTP: sessions, errors, and what clients get away with."""

from typing import Any

import pytest

LATEST = "2025-11-25"


def rpc(method: str, params: Any = None, rpc_id: Any = 3) -> dict[str, Any]:
    made = {"jsonrpc": "2.0", "id": rpc_id, "method": method}
    return made if params is None else {**made, "params": params}


@pytest.mark.parametrize(
    ("asked", "settled"),
    [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        (LATEST, LATEST),
        ("2099-01-01", LATEST),
        ("", LATEST),
    ],
)
async def test_the_revision_is_the_one_asked_for_where_known(
    server: Any, asked: str, settled: str
) -> None:
    params = {"protocolVersion": asked, "capabilities": {}, "clientInfo": {"name": "t"}}
    status, answer, headers = await server.post(rpc("initialize", params))
    assert (status, answer["result"]["protocolVersion"]) == (200, settled)
    assert answer["result"]["serverInfo"]["title"] == "OctoPerf MCP"
    assert headers["Mcp-Session-Id"].isascii()


@pytest.mark.parametrize(
    "params",
    [None, [], {}, {"protocolVersion": 5}, {"protocolVersion": LATEST, "capabilities": []}],
)
async def test_a_broken_handshake_is_invalid_params_and_opens_nothing(
    server: Any, params: Any
) -> None:
    _, answer, headers = await server.post(rpc("initialize", params))
    assert answer["error"]["code"] == -32602
    assert "Mcp-Session-Id" not in headers


async def test_no_version_field_after_initialize_is_fine(server: Any) -> None:
    """Gemini CLI never sends it (reference, mcp-protocol 3.1)."""
    session = await server.initialize()
    done = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert (await server.post(done, session))[0] == 202
    status, answer, _ = await server.post(rpc("tools/list"), session)
    assert (status, answer["id"]) == (200, 3)
    assert answer["result"]["tools"]


async def test_stateless_members_do_not_reach_old_clients(server: Any) -> None:
    session = await server.initialize()
    for method, params in {
        "tools/list": None,
        "prompts/list": None,
        "resources/list": None,
        "resources/read": {"uri": "octoperf://templates/agents-md"},
        "tools/call": {"name": "echo", "arguments": {"text": "x"}},
        "prompts/get": {"name": "greet", "arguments": {"who": "A"}},
    }.items():
        _, answer, _ = await server.post(rpc(method, params), session)
        assert answer["result"].keys().isdisjoint({"resultType", "ttlMs", "cacheScope", "_meta"})


@pytest.mark.parametrize("version", ["2025-06-18", LATEST])
async def test_the_version_field_may_be_sent(server: Any, version: str) -> None:
    session = await server.initialize(version)
    headers = {**session, "MCP-Protocol-Version": version}
    status, _, _ = await server.post(rpc("tools/list"), headers)
    assert status == 200


async def test_an_unknown_version_field_is_refused_as_a_modern_one(server: Any) -> None:
    session = await server.initialize()
    headers = {**session, "MCP-Protocol-Version": "1999-01-01"}
    status, answer, _ = await server.post(rpc("tools/list"), headers)
    assert (status, answer["id"]) == (400, 3)


async def test_a_request_without_session_is_refused_with_its_id(server: Any) -> None:
    status, answer, _ = await server.post(rpc("tools/list"))
    assert (status, answer["id"], answer["error"]["code"]) == (400, 3, -32600)


async def test_a_ping_needs_no_session(server: Any) -> None:
    status, answer, _ = await server.post(rpc("ping"))
    assert (status, answer) == (200, {"jsonrpc": "2.0", "id": 3, "result": {}})


@pytest.mark.parametrize(
    "spoil", [lambda s: s[:-1], lambda s: s + "A", lambda s: "x", str.swapcase]
)
async def test_a_made_up_session_is_not_found(server: Any, spoil: Any) -> None:
    session = await server.initialize()
    headers = {"Mcp-Session-Id": spoil(session["Mcp-Session-Id"])}
    status, answer, _ = await server.post(rpc("tools/list"), headers)
    assert (status, answer["id"]) == (404, 3)


async def test_a_deleted_session_is_not_found(server: Any) -> None:
    session = await server.initialize()
    async with server.http.delete(server.url, headers=session) as answer:
        assert answer.status == 204
    status, answer, _ = await server.post(rpc("tools/list"), session)
    assert (status, answer["id"]) == (404, 3)
    async with server.http.delete(server.url, headers=session) as again:
        assert again.status == 404


async def test_the_session_of_somebody_else_is_not_found(server: Any) -> None:
    session = await server.initialize(Authorization="Bearer write:ann")
    headers = {**session, "Authorization": "Bearer write:bob"}
    status, _, _ = await server.post(rpc("tools/list"), headers)
    assert status == 404
    assert (await server.post(rpc("tools/list"), session))[0] == 200


async def test_methods_that_fail_are_errors_in_a_200(server: Any) -> None:
    session = await server.initialize()
    for method, params, code in (
        ("nothing", None, -32601),
        ("server/discover", None, -32601),
        ("tools/call", {"name": "ecko"}, -32602),
        ("tools/call", None, -32602),
        ("tools/call", [], -32602),
        ("tools/list", {"cursor": "x"}, -32602),
        ("resources/read", {"uri": "fixture://none"}, -32602),
        ("logging/setLevel", {"level": "loud"}, -32602),
    ):
        status, answer, _ = await server.post(rpc(method, params), session)
        assert (status, answer["error"]["code"], answer["id"]) == (200, code, 3), method


async def test_batches_are_refused(server: Any) -> None:
    session = await server.initialize("2025-03-26")
    status, answer, _ = await server.post([rpc("tools/list")], session)
    assert (status, answer["error"]["code"]) == (400, -32600)
    assert "id" not in answer


async def test_a_response_is_accepted(server: Any) -> None:
    session = await server.initialize()
    assert (await server.post({"jsonrpc": "2.0", "id": 1, "result": {}}, session))[0] == 202


async def test_an_older_tool_name_still_works(server: Any) -> None:
    session = await server.initialize()
    params = {"name": "remove_thing", "arguments": {"thingId": "9"}}
    _, answer, _ = await server.post(rpc("tools/call", params), session)
    assert answer["result"]["structuredContent"]["text"] == "9 by anonymous"


async def test_a_tools_failure_is_a_result_that_says_what_to_do(server: Any) -> None:
    session = await server.initialize()
    params = {"name": "delete_thing", "arguments": {"thingId": "gone"}}
    _, answer, _ = await server.post(rpc("tools/call", params), session)
    told = answer["result"]["structuredContent"]
    assert answer["result"]["isError"] is True
    assert told.pop("requestId")
    assert told == {
        "code": "not_found",
        "message": "No thing has this id.",
        "status": 404,
        "hint": "Call list_things.",
        "next": [],
    }


@pytest.mark.parametrize("how", ["error", "cancel"])
async def test_a_crash_shows_a_request_id_and_no_internals(
    server: Any, how: str, capfd: pytest.CaptureFixture[str]
) -> None:
    session = await server.initialize()
    params = {"name": "break_down", "arguments": {"how": how}}
    status, answer, _ = await server.post(rpc("tools/call", params), session)
    assert (status, answer["error"]["code"]) == (200, -32603)
    assert "secret" not in str(answer)
    request_id = answer["error"]["data"]["requestId"]
    logged = "".join(capfd.readouterr())
    assert request_id in logged
    assert "Traceback" in logged
