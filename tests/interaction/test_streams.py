"""Streams that break off and go on, and those that stay open for changes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

import octoperf_conformance

META = "io.modelcontextprotocol/"
STREAM = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
WATCHED = "test://watched-resource"


@pytest.fixture
async def server(start: Any) -> Any:
    return await start(plugins=[octoperf_conformance])


def call(name: str, **arguments: Any) -> bytes:
    params = {"name": name, "arguments": arguments, "_meta": {"progressToken": "p"}}
    return orjson.dumps({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": params})


async def frames(answer: Any) -> AsyncIterator[dict[str, str]]:
    """Events as they come, comments left out."""
    found: dict[str, str] = {}
    async for line in answer.content:
        text = line.decode().rstrip("\n")
        if text and not text.startswith(":"):
            name, _, value = text.partition(": ")
            found[name] = value
        elif not text and found:
            yield found
            found = {}


def said(frame: dict[str, str]) -> Any:
    return orjson.loads(frame["data"])


@asynccontextmanager
async def getting(server: Any, session: dict[str, str], last: str = "") -> AsyncIterator[Any]:
    headers = {**session, "Accept": "text/event-stream"}
    if last:
        headers["Last-Event-ID"] = last
    async with server.http.get(server.url, headers=headers) as answer:
        yield answer


async def trigger(server: Any, session: dict[str, str], name: str) -> None:
    status, answer, _ = await server.post(call(name), session)
    assert (status, "result" in answer) == (200, True)


async def test_a_stream_that_the_server_lets_go_is_resumed_to_its_end(server: Any) -> None:
    session = await server.initialize()
    headers = {**STREAM, **session}
    async with asyncio.timeout(5):
        async with server.http.post(
            server.url, data=call("test_reconnection"), headers=headers
        ) as answer:
            primed, *rest = [frame async for frame in frames(answer)]
        assert (primed["data"], primed["retry"]) == ("", "1000")
        assert [said(frame)["params"]["data"] for frame in rest] == ["Before disconnect"]
        async with getting(server, session, rest[-1]["id"]) as answer:
            later = [frame async for frame in frames(answer)]
        assert said(later[0])["params"]["data"] == "After reconnect"
        assert said(later[-1])["id"] == 3
        async with getting(server, session, primed["id"]) as answer:
            again = [frame async for frame in frames(answer)]
    assert again == rest + later


async def test_what_a_client_that_left_has_missed_is_there_when_it_comes_back(
    server: Any,
) -> None:
    session = await server.initialize()
    headers = {**STREAM, **session}
    async with asyncio.timeout(5):
        async with server.http.post(
            server.url, data=call("test_tool_with_progress"), headers=headers
        ) as answer:
            primed = await anext(frames(answer))
            answer.close()
        async with getting(server, session, primed["id"]) as answer:
            found = [said(frame) async for frame in frames(answer)]
    assert [message["params"]["progress"] for message in found[:-1]] == [0, 50, 100]
    assert found[-1]["id"] == 3


async def test_older_revisions_get_no_event_without_data(server: Any) -> None:
    session = await server.initialize("2025-06-18")
    headers = {**STREAM, **session}
    async with (
        asyncio.timeout(5),
        server.http.post(
            server.url, data=call("test_tool_with_progress"), headers=headers
        ) as answer,
    ):
        found = [frame async for frame in frames(answer)]
    assert all(frame["data"] and frame["id"] for frame in found)


@pytest.mark.parametrize("last", ["x", "x-1", "0-99999999999999999999", "-", "a-b"])
async def test_events_that_are_not_there_cannot_be_resumed(server: Any, last: str) -> None:
    session = await server.initialize()
    async with getting(server, session, last) as answer:
        assert answer.status == 400


async def test_another_session_cannot_resume_a_stream(server: Any) -> None:
    session, other = await server.initialize(), await server.initialize()
    headers = {**STREAM, **session}
    async with server.http.post(
        server.url, data=call("test_tool_with_progress"), headers=headers
    ) as answer:
        primed = await anext(frames(answer))
        async with getting(server, other, primed["id"]) as refused:
            assert refused.status == 400


async def test_a_session_hears_of_changes_on_its_own_stream(server: Any) -> None:
    session = await server.initialize()
    async with asyncio.timeout(5), getting(server, session) as answer:
        stream = frames(answer)
        primed = await anext(stream)
        await trigger(server, session, "test_trigger_tool_change")
        first = await anext(stream)
        await trigger(server, session, "test_trigger_prompt_change")
        second = await anext(stream)
    assert primed["data"] == ""
    assert said(first)["method"] == "notifications/tools/list_changed"
    assert said(second)["method"] == "notifications/prompts/list_changed"
    async with asyncio.timeout(5), getting(server, session, first["id"]) as answer:
        stream = frames(answer)
        await anext(stream)
        assert await anext(stream) == second


async def test_a_resource_is_told_of_from_subscribe_to_unsubscribe(server: Any) -> None:
    session = await server.initialize()

    async def change(method: str) -> None:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"uri": WATCHED}}
        assert (await server.post(body, session))[1]["result"] == {}

    async with asyncio.timeout(5), getting(server, session) as answer:
        stream = frames(answer)
        await anext(stream)
        await trigger(server, session, "test_trigger_resource_update")
        await change("resources/subscribe")
        await trigger(server, session, "test_trigger_resource_update")
        updated = said(await anext(stream))
        await change("resources/unsubscribe")
        await trigger(server, session, "test_trigger_resource_update")
        await trigger(server, session, "test_trigger_tool_change")
        after = said(await anext(stream))
    assert (updated["method"], updated["params"]["uri"]) == (
        "notifications/resources/updated",
        WATCHED,
    )
    assert after["method"] == "notifications/tools/list_changed"


async def test_what_is_no_resource_cannot_be_subscribed_to(server: Any) -> None:
    session = await server.initialize()
    params = {"uri": "test://nothing"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "resources/subscribe", "params": params}
    assert (await server.post(body, session))[1]["error"]["code"] == -32602


async def test_a_second_stream_of_a_session_takes_the_place_of_the_first(server: Any) -> None:
    session = await server.initialize()
    async with asyncio.timeout(5), getting(server, session) as first:
        older = frames(first)
        await anext(older)
        async with getting(server, session) as second:
            newer = frames(second)
            await anext(newer)
            with pytest.raises(StopAsyncIteration):
                await anext(older)
            await trigger(server, session, "test_trigger_tool_change")
            assert said(await anext(newer))["method"] == "notifications/tools/list_changed"


@asynccontextmanager
async def listening(server: Any, **wanted: Any) -> AsyncIterator[Any]:
    meta = {f"{META}protocolVersion": "2026-07-28", f"{META}clientCapabilities": {}}
    params = {"notifications": wanted, "_meta": meta}
    method = "subscriptions/listen"
    body = {"jsonrpc": "2.0", "id": "listen:0", "method": method, "params": params}
    headers = {**STREAM, "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method}
    async with server.http.post(server.url, data=orjson.dumps(body), headers=headers) as answer:
        yield answer


async def test_a_stateless_client_listens_to_what_it_asked_for(server: Any) -> None:
    session = await server.initialize()
    async with (
        asyncio.timeout(5),
        listening(
            server,
            toolsListChanged=True,
            promptsListChanged=False,
            resourceSubscriptions=[WATCHED, "test://nothing"],
        ) as answer,
    ):
        stream = frames(answer)
        granted = said(await anext(stream))
        await trigger(server, session, "test_trigger_prompt_change")
        await trigger(server, session, "test_trigger_tool_change")
        await trigger(server, session, "test_trigger_resource_update")
        changed, updated = said(await anext(stream)), said(await anext(stream))
    assert granted["method"] == "notifications/subscriptions/acknowledged"
    assert granted["params"]["notifications"] == {
        "toolsListChanged": True,
        "resourceSubscriptions": [WATCHED],
    }
    assert changed["method"] == "notifications/tools/list_changed"
    assert updated["params"]["uri"] == WATCHED
    for message in (granted, changed, updated):
        assert message["params"]["_meta"] == {f"{META}subscriptionId": "listen:0"}


async def test_a_stopping_server_ends_what_listens(server: Any) -> None:
    session = await server.initialize()
    async with (
        asyncio.timeout(5),
        listening(server, toolsListChanged=True) as modern,
        getting(server, session) as legacy,
    ):
        first, second = frames(modern), frames(legacy)
        await anext(first)
        await anext(second)
        assert await server.endpoint.drain(5) == 0
        ended = said(await anext(first))
        with pytest.raises(StopAsyncIteration):
            await anext(second)
    assert (ended["id"], ended["result"]["resultType"]) == ("listen:0", "complete")


async def test_clients_that_leave_leave_nothing_behind(server: Any) -> None:
    session = await server.initialize()
    async with asyncio.timeout(5):
        async with listening(server, toolsListChanged=True) as modern:
            await anext(frames(modern))
            modern.close()
        async with getting(server, session) as legacy:
            await anext(frames(legacy))
            legacy.close()
        while len(server.endpoint._listening):  # noqa: ASYNC110 - nothing tells of the end
            await asyncio.sleep(0.01)
    assert not server.endpoint._listening._by_session


@pytest.mark.parametrize("wanted", [{"resourceSubscriptions": "x"}, {"resourceSubscriptions": [1]}])
async def test_a_filter_of_the_wrong_shape_is_invalid_params(server: Any, wanted: Any) -> None:
    async with listening(server, **wanted) as answer:
        assert answer.status == 400
        assert orjson.loads(await answer.read())["error"]["code"] == -32602
