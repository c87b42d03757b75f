"""Questions in the middle of a call, in both eras (basic/patterns/mrtr, client/elicitation)."""

import asyncio
from typing import Any

import orjson
import pytest

import octoperf_conformance

META = "io.modelcontextprotocol/"
CAN: dict[str, Any] = {"elicitation": {}, "sampling": {}, "roots": {}}
NAMED = {"user_name": {"action": "accept", "content": {"name": "Ann"}}}
ONE = "test_input_required_result_elicitation"
PROVEN = "test_input_required_result_request_state"


@pytest.fixture
async def server(start: Any) -> Any:
    return await start(plugins=[octoperf_conformance])


async def modern(
    server: Any, name: str, capabilities: Any = None, token: str = "", **members: Any
) -> tuple[int, Any]:
    """Status and answer of a stateless call."""
    method = members.pop("method", "tools/call")
    params = {
        "name": name,
        **members,
        "_meta": {
            f"{META}protocolVersion": "2026-07-28",
            f"{META}clientCapabilities": CAN if capabilities is None else capabilities,
        },
    }
    body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
    headers = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method, "Mcp-Name": name}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    status, answer, _ = await server.post(body, headers)
    return status, answer


async def test_a_stateless_call_asks_and_goes_on_with_the_answer(server: Any) -> None:
    _, first = await modern(server, ONE)
    result = first["result"]
    assert result["resultType"] == "input_required"
    assert result["inputRequests"]["user_name"]["method"] == "elicitation/create"
    _, second = await modern(server, ONE, inputResponses=NAMED, requestState=result["requestState"])
    assert second["result"]["content"][0]["text"] == "Hello, Ann!"
    assert second["result"]["resultType"] == "complete"


async def test_earlier_answers_travel_in_the_state(server: Any) -> None:
    name = "test_input_required_result_multi_round"
    _, one = await modern(server, name)
    given = {"step1": {"action": "accept", "content": {"name": "Ann"}}}
    _, two = await modern(
        server, name, inputResponses=given, requestState=one["result"]["requestState"]
    )
    assert list(two["result"]["inputRequests"]) == ["step2"]
    given = {"step2": {"action": "accept", "content": {"color": "blue"}}}
    _, three = await modern(
        server, name, inputResponses=given, requestState=two["result"]["requestState"]
    )
    assert three["result"]["content"][0]["text"] == "Ann likes blue."


async def test_a_prompt_may_ask_too(server: Any) -> None:
    name = "test_input_required_result_prompt"
    _, first = await modern(server, name, method="prompts/get")
    state = first["result"]["requestState"]
    given = {"user_context": {"action": "accept", "content": {"context": "night"}}}
    _, second = await modern(
        server, name, method="prompts/get", inputResponses=given, requestState=state
    )
    (message,) = second["result"]["messages"]
    assert message["content"]["text"] == "Use the following context: night"


async def test_an_answer_nobody_asked_for_proves_nothing(server: Any) -> None:
    given = {"confirm": {"action": "accept", "content": {"ok": True}}}
    _, answer = await modern(server, PROVEN, inputResponses=given)
    assert answer["result"]["resultType"] == "input_required"
    state = answer["result"]["requestState"]
    _, answer = await modern(server, PROVEN, inputResponses=given, requestState=state)
    assert "state-ok" in answer["result"]["content"][0]["text"]


async def test_a_state_is_good_for_its_user_and_its_request_only(server: Any) -> None:
    _, first = await modern(server, PROVEN, token="write:ann")
    state = first["result"]["requestState"]
    given = {"confirm": {"action": "accept", "content": {"ok": True}}}
    retry = {"inputResponses": given, "requestState": state}
    for name, arguments, token in (
        (PROVEN, {}, "write:bob"),
        ("test_input_required_result_tampered_state", None, "write:ann"),
        (PROVEN, {"other": 1}, "write:ann"),
    ):
        more = {} if arguments is None else {"arguments": arguments}
        _, refused = await modern(server, name, token=token, **retry, **more)
        assert "result" not in refused or refused["result"].get("isError"), name
    _, good = await modern(server, PROVEN, token="write:ann", **retry)
    assert "state-ok" in good["result"]["content"][0]["text"]


@pytest.mark.parametrize("state", ["", "x", 5, "AAAA" * 20])
async def test_a_state_that_is_none_of_ours_is_invalid_params(server: Any, state: Any) -> None:
    status, answer = await modern(server, ONE, inputResponses=NAMED, requestState=state)
    assert (status, answer["error"]["code"]) == (400, -32602)


@pytest.mark.parametrize(
    "answer", [5, {}, {"action": "maybe"}, {"action": "accept", "content": []}]
)
async def test_an_answer_of_the_wrong_shape_is_invalid_params(server: Any, answer: Any) -> None:
    status, refused = await modern(server, ONE, inputResponses={"user_name": answer})
    assert (status, refused["error"]["code"]) == (400, -32602)


@pytest.mark.parametrize("capabilities", [{}, {"elicitation": {"url": {}}}, {"sampling": {}}])
async def test_a_client_that_cannot_be_asked_is_told_what_it_lacks(
    server: Any, capabilities: Any
) -> None:
    status, answer = await modern(server, ONE, capabilities)
    assert (status, answer["error"]["code"]) == (400, -32021)
    assert answer["error"]["data"] == {"requiredCapabilities": {"elicitation": {}}}


async def opened(server: Any, capabilities: Any = None) -> dict[str, str]:
    """A session of a client that can be asked."""
    params = {
        "protocolVersion": "2025-11-25",
        "capabilities": CAN if capabilities is None else capabilities,
        "clientInfo": {"name": "t", "version": "1"},
    }
    body = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    _, _, headers = await server.post(body)
    return {"Mcp-Session-Id": headers["Mcp-Session-Id"]}


async def messages(answer: Any) -> Any:
    """The messages of a stream as they come."""
    async for line in answer.content:
        if line.startswith(b"data: {"):
            yield orjson.loads(line[6:])


CALL = {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": ONE}}
STREAM = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


async def test_a_session_is_asked_on_the_stream_of_the_call(server: Any) -> None:
    session, other = await opened(server), await opened(server)
    async with asyncio.timeout(5):
        headers = {**STREAM, **session}
        async with server.http.post(server.url, data=orjson.dumps(CALL), headers=headers) as answer:
            stream = messages(answer)
            asked = await anext(stream)
            assert asked["method"] == "elicitation/create"
            wrong = {"jsonrpc": "2.0", "id": asked["id"], "result": {"action": "cancel"}}
            assert (await server.post(wrong, other))[0] == 202
            right = {"jsonrpc": "2.0", "id": asked["id"], "result": NAMED["user_name"]}
            assert (await server.post(right, session))[0] == 202
            last = await anext(stream)
    assert (last["id"], last["result"]["content"][0]["text"]) == (3, "Hello, Ann!")


async def test_a_session_that_refuses_is_a_failure_of_the_tool(server: Any) -> None:
    session = await opened(server)
    async with asyncio.timeout(5):
        headers = {**STREAM, **session}
        async with server.http.post(server.url, data=orjson.dumps(CALL), headers=headers) as answer:
            stream = messages(answer)
            asked = await anext(stream)
            error = {"code": -1, "message": "not now"}
            refusal = {"jsonrpc": "2.0", "id": asked["id"], "error": error}
            await server.post(refusal, session)
            last = await anext(stream)
    assert last["result"]["isError"]
    assert "not now" in last["result"]["content"][0]["text"]


async def test_answers_to_nothing_take_no_memory(server: Any) -> None:
    session = await opened(server)
    for rpc_id in (1, "x", "A" * 60):
        body = {"jsonrpc": "2.0", "id": rpc_id, "result": {"big": "x" * 1000}}
        assert (await server.post(body, session))[0] == 202
    assert not server.endpoint._server.relay._logs
