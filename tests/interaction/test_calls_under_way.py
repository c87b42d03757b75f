"""Calls that take time: disconnects, cancellation, streams, shut-down, on a production runner."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson
import pytest

MODERN = "2026-07-28"
META = "io.modelcontextprotocol/"
BOTH = "application/json, text/event-stream"
WAIT = {"name": "wait", "arguments": {}}


def request_of(
    method: str, params: dict[str, Any], *, modern: bool, rpc_id: Any = "call-1", **meta: Any
) -> tuple[bytes, dict[str, str]]:
    headers = {"Content-Type": "application/json", "Accept": BOTH}
    if modern:
        meta |= {f"{META}protocolVersion": MODERN, f"{META}clientCapabilities": {}}
        headers |= {"MCP-Protocol-Version": MODERN, "Mcp-Method": method}
        headers |= {"Mcp-Name": params["name"]}
    sent = {**params, "_meta": meta} if meta else params
    body = {"jsonrpc": "2.0", "id": rpc_id, "method": method, "params": sent}
    return orjson.dumps(body), headers


@asynccontextmanager
async def raw(server: Any, body: bytes, headers: dict[str, str]) -> AsyncIterator[Any]:
    """A request on a connection of its own, written byte by byte."""
    address = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    lines = [f"POST {address.path} HTTP/1.1", f"Host: {address.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    writer.write("\r\n".join(lines).encode() + body)
    await writer.drain()
    try:
        yield reader
    finally:
        writer.close()


async def events(answer: aiohttp.ClientResponse) -> list[Any]:
    """The messages of a stream, comments, ids and the first event without data left out."""
    frames = (await answer.read()).decode().split("\n\n")
    assert frames.pop() == ""
    found = []
    for frame in frames:
        if frame.startswith(":"):
            continue
        members = dict(line.split(": ", 1) for line in frame.split("\n"))
        if members["data"]:
            assert members["event"] == "message"
            found.append(orjson.loads(members["data"]))
    return found


async def test_a_stateless_client_that_leaves_cancels_its_call(server: Any) -> None:
    body, headers = request_of("tools/call", WAIT, modern=True)
    async with asyncio.timeout(5):
        async with raw(server, body, headers):
            await server.world.started.wait()
        await server.world.cancelled.wait()
    assert not server.world.finished.is_set()


async def test_a_stateless_client_that_leaves_its_stream_cancels_its_call(start: Any) -> None:
    server = await start(keep_alive_s=0.01)
    body, headers = request_of("tools/call", WAIT, modern=True)
    async with asyncio.timeout(5):
        async with raw(server, body, headers) as reader:
            await reader.readuntil(b": keep-alive")
        await server.world.cancelled.wait()


@pytest.mark.parametrize("keep_alive_s", [15, 0.01], ids=["plain", "stream"])
async def test_a_legacy_client_that_leaves_does_not_cancel_its_call(
    start: Any, keep_alive_s: float
) -> None:
    server = await start(keep_alive_s=keep_alive_s)
    session = await server.initialize()
    body, headers = request_of("tools/call", WAIT, modern=False)
    async with asyncio.timeout(5):
        async with raw(server, body, {**headers, **session}) as reader:
            await server.world.started.wait()
            if keep_alive_s < 1:
                await reader.readuntil(b": keep-alive")
        # a second request shows that the server has seen the connection end
        await server.post({"jsonrpc": "2.0", "id": 2, "method": "ping"}, session)
        server.world.release.set()
        await server.world.finished.wait()
    assert not server.world.cancelled.is_set()


async def test_a_legacy_call_is_cancelled_by_notification_and_answered(server: Any) -> None:
    session = await server.initialize()
    body, headers = request_of("tools/call", WAIT, modern=False)
    async with asyncio.timeout(5):
        call = asyncio.create_task(server.post(body, {**headers, **session}))
        await server.world.started.wait()
        other = await server.initialize(Authorization="Bearer write:bob")
        cancel = {
            "jsonrpc": "2.0",
            "method": "notifications/cancelled",
            "params": {"requestId": "call-1", "reason": "changed my mind"},
        }
        assert (await server.post(cancel, other))[0] == 202
        assert not server.world.cancelled.is_set()
        assert (await server.post(cancel, session))[0] == 202
        status, answer, _ = await call
        await server.world.cancelled.wait()
    assert (status, answer["id"], answer["error"]["code"]) == (200, "call-1", -32800)


@pytest.mark.parametrize("request_id", ["unknown", 5, None, {}, [], True])
async def test_cancelling_what_is_not_there_is_no_error(server: Any, request_id: Any) -> None:
    session = await server.initialize()
    sent = {
        "jsonrpc": "2.0",
        "method": "notifications/cancelled",
        "params": {"requestId": request_id},
    }
    assert (await server.post(sent, session))[0] == 202


@pytest.mark.parametrize("modern", [True, False])
async def test_silence_turns_the_answer_into_a_stream_with_comments(
    start: Any, modern: bool
) -> None:
    server = await start(keep_alive_s=0.01)
    session = {} if modern else await server.initialize()
    body, headers = request_of("tools/call", WAIT, modern=modern)
    async with asyncio.timeout(5):
        async with raw(server, body, {**headers, **session}) as reader:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readuntil(b": keep-alive\n\n")
            await reader.readuntil(b": keep-alive\n\n")
            server.world.release.set()
            await reader.readuntil(b"event: message\n")
            await reader.readuntil(b"data: ")
            answer = orjson.loads(await reader.readuntil(b"\n\n"))
    assert b"200 OK" in head
    assert b"Content-Type: text/event-stream\r\n" in head
    assert b"X-Accel-Buffering: no\r\n" in head
    assert b"Content-Encoding" not in head
    assert answer["id"] == "call-1"
    assert answer["result"]["structuredContent"]["text"] == "done"


async def test_a_client_that_takes_no_stream_waits_for_plain_json(start: Any) -> None:
    server = await start(keep_alive_s=0.01)
    body, headers = request_of("tools/call", WAIT, modern=True, progressToken=1)
    async with asyncio.timeout(5):
        call = asyncio.create_task(server.post(body, {**headers, "Accept": "application/json"}))
        await server.world.started.wait()
        server.world.release.set()
        status, answer, fields = await call
    assert (status, fields["Content-Type"]) == (200, "application/json")
    assert answer["result"]["structuredContent"]["text"] == "done"


@pytest.mark.parametrize("modern", [True, False])
@pytest.mark.parametrize("token", ["t", 0, 7])
async def test_progress_goes_to_who_asked_and_grows(server: Any, modern: bool, token: Any) -> None:
    session = {} if modern else await server.initialize()
    params = {"name": "count", "arguments": {"upTo": 3}}
    body, headers = request_of("tools/call", params, modern=modern, progressToken=token)
    async with server.http.post(server.url, data=body, headers={**headers, **session}) as answer:
        messages = await events(answer)
    *progress, last = messages
    assert [m["params"]["progress"] for m in progress] == [1, 2, 3]
    assert {m["params"]["progressToken"] for m in progress} == {token}
    assert {m["method"] for m in progress} == {"notifications/progress"}
    assert last["id"] == "call-1"


@pytest.mark.parametrize("meta", [{}, {"progressToken": True}, {"progressToken": None}])
async def test_nobody_who_did_not_ask_gets_progress(server: Any, meta: dict[str, Any]) -> None:
    params = {"name": "count", "arguments": {"upTo": 3}}
    body, headers = request_of("tools/call", params, modern=True, **meta)
    status, answer, fields = await server.post(body, headers)
    assert (status, fields["Content-Type"]) == (200, "application/json")
    assert answer["result"]["structuredContent"]["text"] == "3"


async def test_an_error_after_the_stream_began_is_in_the_stream(server: Any) -> None:
    params = {"name": "break_down", "arguments": {"how": "late token"}}
    body, headers = request_of("tools/call", params, modern=True, progressToken=1)
    async with server.http.post(server.url, data=body, headers=headers) as answer:
        assert answer.status == 200
        *_, last = await events(answer)
    assert (last["error"]["code"], last["error"]["data"]) == (-32603, {"code": "invalid_token"})


@pytest.mark.parametrize(
    ("level", "seen"),
    [(None, []), ("debug", ["info", "error"]), ("warning", ["error"])],
)
async def test_stateless_log_messages_need_a_level_in_the_request(
    server: Any, level: str | None, seen: list[str]
) -> None:
    params = {"name": "chatter", "arguments": {}}
    meta = {} if level is None else {f"{META}logLevel": level}
    body, headers = request_of("tools/call", params, modern=True, **meta)
    async with server.http.post(server.url, data=body, headers=headers) as answer:
        if not seen:
            assert answer.content_type == "application/json"
            return
        messages = await events(answer)
    assert [m["params"]["level"] for m in messages[:-1]] == seen


async def test_a_legacy_session_sets_its_level_once(server: Any) -> None:
    session = await server.initialize()
    setting = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "logging/setLevel",
        "params": {"level": "error"},
    }
    assert (await server.post(setting, session))[1]["result"] == {}
    body, headers = request_of("tools/call", {"name": "chatter"}, modern=False)
    async with server.http.post(server.url, data=body, headers={**headers, **session}) as answer:
        messages = await events(answer)
    assert [m["params"]["level"] for m in messages[:-1]] == ["error"]


async def test_draining_waits_for_calls_and_refuses_new_ones(server: Any) -> None:
    body, headers = request_of("tools/call", WAIT, modern=True)
    async with asyncio.timeout(5):
        call = asyncio.create_task(server.post(body, headers))
        await server.world.started.wait()
        draining = asyncio.create_task(server.endpoint.drain(5))
        await asyncio.sleep(0)
        status, answer, fields = await server.post(*request_of("tools/call", WAIT, modern=True))
        assert (status, fields["Retry-After"], "error" in answer) == (503, "5", True)
        server.world.release.set()
        assert (await call)[1]["result"]["structuredContent"]["text"] == "done"
        assert await draining == 0


async def test_a_call_that_outlives_the_drain_is_told_to_come_again(server: Any) -> None:
    body, headers = request_of("tools/call", WAIT, modern=True)
    async with asyncio.timeout(5):
        call = asyncio.create_task(server.post(body, headers))
        await server.world.started.wait()
        assert await server.endpoint.drain(0) == 1
        status, answer, _ = await call
    assert (status, answer["error"]["code"]) == (200, -32603)
    assert server.world.cancelled.is_set()
