"""Destructive tools ask the user before they do it, in both eras."""

import asyncio
from typing import Any

import orjson
import pytest

from octoperf_mcp import Confirm, Tool, ToolContext, hookimpl, tool
from octoperf_mcp.protocol.confirming import Confirming
from octoperf_mcp.protocol.guards import guarded
from octoperf_mcp.protocol.relay import MemoryRelay
from octoperf_mcp.protocol.seals import Seal
from octoperf_mcp.registry.registry import Registry
from tests.interaction.conftest import Said, Server, Start, legacy_request, modern_request

META = "io.modelcontextprotocol/"
CALL = {"name": "erase", "arguments": {"what": "it"}}


@tool(title="Erase", destructive=True, confirm=Confirm("Erase {what}?"))
async def erase(ctx: ToolContext, what: str) -> Said:
    """Erase something.

    Args:
        what: Which.
    """
    return Said(text=f"{what} is gone", url="https://octoperf.test/ui")


class Plugin:
    __name__ = "erasing"

    @hookimpl
    def register_tools(self) -> tuple[Tool, ...]:
        return (erase,)


def asks(registry: Registry) -> Registry:
    confirming = Confirming("ask", Seal("confirmation"), MemoryRelay())
    return guarded(registry, once=None, confirming=confirming)


@pytest.fixture
async def server(start: Start) -> Server:
    return await start([Plugin()], guard=asks)


async def modern(server: Server, **members: Any) -> Any:
    meta: dict[str, Any] = {f"{META}clientCapabilities": {"elicitation": {}}}
    body, headers = modern_request("tools/call", {**CALL, **members}, meta)
    return (await server.post(body, headers))[1]["result"]


@pytest.mark.parametrize(
    ("action", "said"), [("accept", "it is gone"), ("decline", "did not agree")]
)
async def test_a_stateless_client_answers_and_sends_the_call_again(
    server: Server, action: str, said: str
) -> None:
    first = await modern(server)
    assert first["resultType"] == "input_required"
    ((key, asked),) = first["inputRequests"].items()
    assert asked["params"]["message"] == "Erase it?"
    unasked = await modern(server, inputResponses={key: {"action": "accept"}})
    assert unasked["resultType"] == "input_required"
    answers = {key: {"action": action}}
    second = await modern(server, inputResponses=answers, requestState=first["requestState"])
    assert said in second["content"][0]["text"]
    assert second.get("isError", False) is (action == "decline")


async def test_a_session_is_sent_the_question_on_the_stream_of_the_call(server: Server) -> None:
    params = {
        "protocolVersion": "2025-11-25",
        "capabilities": {"elicitation": {}},
        "clientInfo": {"name": "t", "version": "1"},
    }
    _, _, fields = await server.post(legacy_request("initialize", params))
    session = {"Mcp-Session-Id": fields["Mcp-Session-Id"], "Accept": "text/event-stream"}
    session["Accept"] += ", application/json"
    async with asyncio.timeout(5):
        call = legacy_request("tools/call", CALL, 7)
        async with server.http.post(server.url, json=call, headers=session) as answer:
            async for line in answer.content:
                message = orjson.loads(line[6:] or b"0") if line.startswith(b"data: {") else None
                if message and message.get("method") == "elicitation/create":
                    assert message["params"]["message"] == "Erase it?"
                    reply = {"jsonrpc": "2.0", "id": message["id"], "result": {"action": "accept"}}
                    assert (await server.post(reply, session))[0] == 202
                elif message:
                    break
    assert "it is gone" in str(message)


async def test_a_session_that_takes_no_stream_is_served_at_once(server: Server) -> None:
    session = await server.initialize(Accept="application/json")
    _, answer, _ = await server.post(legacy_request("tools/call", CALL), session)
    assert answer["result"]["structuredContent"]["text"] == "it is gone"
