"""Clients that drip, stall, vanish or repeat themselves leave no task and no connection behind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from octoperf_mcp.protocol import jsonrpc
from octoperf_mcp.transport import reading
from tests.interaction.conftest import BOTH, legacy_request, modern_request

HEAD = b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
LISTEN = {"notifications": {"toolsListChanged": True}}


class Wire:
    """One connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def request(self, message: Any, headers: dict[str, str] | None = None) -> None:
        body = orjson.dumps(message)
        fields = {"Accept": BOTH, "Content-Length": len(body), **(headers or {})}
        lines = b"".join(f"{name}: {value}\r\n".encode() for name, value in fields.items())
        await self.send(HEAD + lines + b"\r\n" + body)

    async def modern(self, method: str, params: dict[str, Any]) -> None:
        message, headers = modern_request(method, params, {"progressToken": "p"})
        await self.request(message, headers)

    async def ends(self) -> bytes:
        """What is still there to read; the server closes."""
        try:
            return await self.reader.read()
        except ConnectionResetError:
            return b""


@asynccontextmanager
async def wired(server: Any) -> AsyncIterator[Wire]:
    host, port = server.url.removeprefix("http://").removesuffix("/mcp").split(":")
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            yield Wire(reader, writer)
        finally:
            writer.close()


class Census:
    """Tasks of this process and connections of the server, before and after."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._before = self._tasks()

    def _tasks(self) -> set[str]:
        own = asyncio.current_task()
        return {repr(task.get_coro()) for task in asyncio.all_tasks() if task is not own}

    def left(self) -> tuple[set[str], int, int, int]:
        endpoint = self._server.endpoint
        return (
            self._tasks() - self._before,
            len(self._server.runner.server.connections),
            len(endpoint._calls),
            len(endpoint._listening) + len(endpoint._answering._left),
        )

    async def nothing_left(self) -> None:
        await self._server.http.close()
        async with asyncio.timeout(5):
            while self.left() != (set(), 0, 0, 0):  # noqa: ASYNC110 - nothing tells of an end
                await asyncio.sleep(0.01)


@pytest.fixture
async def census(server: Any) -> AsyncIterator[Census]:
    """Every test of these ends with nothing left."""
    # what the server starts with its first streams stays
    async with wired(server) as wire:
        await wire.modern("subscriptions/listen", LISTEN)
        await wire.reader.readuntil(b"acknowledged")
    made = Census(server)
    yield made
    await made.nothing_left()


@pytest.mark.parametrize(
    "start_of_request", [b"", b"POST /mc", HEAD, HEAD + b"X-Dripping: "], ids=repr
)
async def test_who_sends_no_whole_request_head_is_hung_up_on(
    start: Any, start_of_request: bytes
) -> None:
    server = await start(idle_s=0.05)
    census = Census(server)
    async with wired(server) as wire:
        await wire.send(start_of_request)
        assert await wire.ends() == b""
    await census.nothing_left()


async def test_a_head_that_drips_in_is_hung_up_on(start: Any) -> None:
    server = await start(idle_s=0.05)
    census = Census(server)
    async with wired(server) as wire:
        with pytest.raises(ConnectionError):  # noqa: PT012 - the drip is what is tried
            await wire.send(HEAD)
            while True:
                await wire.send(b"X-Drip: drop\r\n")
                await asyncio.sleep(0.01)
    await census.nothing_left()


@pytest.mark.parametrize("body", [b"", b'{"jsonrpc"'])
async def test_a_body_that_does_not_come_is_a_408(
    server: Any, census: Census, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BODY_TIMEOUT_S", 0.02)
    async with wired(server) as wire:
        await wire.send(HEAD + b"Content-Length: 99\r\n\r\n" + body)
        head = await wire.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        assert b"application/json" in head


async def test_ten_mebibytes_are_refused_without_being_kept(server: Any, census: Census) -> None:
    async with wired(server) as wire:
        await wire.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"[" * 0x10000 + b"\r\n"
        try:
            for _ in range(160):
                await wire.send(chunk)
        except ConnectionError:
            return  # it hung up before the end
        assert (await wire.reader.readline()).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("depth", [jsonrpc.MAX_DEPTH, 240, 1000, 100_000])
@pytest.mark.parametrize("opening", [b"[", b'{"a":'], ids=["arrays", "objects"])
async def test_deep_nesting_is_refused_with_the_id_where_it_can_be_read(
    server: Any, depth: int, opening: bytes
) -> None:
    closing = {b"[": b"]", b'{"a":': b"}"}[opening]
    deep = opening * depth + b"1" + closing * depth
    body = b'{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"x":%s}}' % deep
    session = await server.initialize()
    status, answer, _ = await server.post(body, session)
    assert status == 400
    assert answer["error"]["code"] in {-32600, -32700}
    assert answer.get("id", 7) == 7
    assert depth > 900 or answer["id"] == 7


async def test_nesting_within_the_limit_reaches_the_tool(server: Any) -> None:
    deep: Any = "x"
    for _ in range(jsonrpc.MAX_DEPTH - 4):
        deep = [deep]
    arguments = {"name": "echo", "arguments": {"text": deep}}
    status, answer, _ = await server.modern("tools/call", arguments)
    assert status == 200
    assert answer["result"]["structuredContent"]["code"] == "invalid_argument"


async def progress(server: Any, wire: Wire) -> None:
    await wire.modern("tools/call", {"name": "count", "arguments": {"upTo": 2000}})
    await wire.reader.readuntil(b"notifications/progress")


async def waiting(server: Any, wire: Wire) -> None:
    await wire.modern("tools/call", {"name": "wait", "arguments": {}})
    await server.world.started.wait()


async def waiting_in_a_session(server: Any, wire: Wire) -> None:
    """It goes on for a client that may come back, and ends by itself."""
    message = legacy_request("tools/call", {"name": "wait", "arguments": {}})
    await wire.request(message, await server.initialize())
    await server.world.started.wait()
    server.world.release.set()


async def listening(server: Any, wire: Wire) -> None:
    await wire.modern("subscriptions/listen", LISTEN)
    await wire.reader.readuntil(b"acknowledged")


async def standing_by(server: Any, wire: Wire) -> None:
    (field, session), *_ = (await server.initialize()).items()
    head = (
        f"GET /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n{field}: {session}"
    )
    await wire.send(head.encode() + b"\r\n\r\n")
    await wire.reader.readuntil(b"text/event-stream")


async def pipelining(server: Any, wire: Wire) -> None:
    for _ in range(20):
        await wire.modern("tools/list", {})


async def sending_half(server: Any, wire: Wire) -> None:
    await wire.send(HEAD + b'Content-Length: 99\r\n\r\n{"json')


DOING = [
    progress,
    waiting,
    waiting_in_a_session,
    listening,
    standing_by,
    pipelining,
    sending_half,
]
LEAVING: dict[str, Callable[[Wire], object]] = {
    "closes": lambda wire: wire.writer.close(),
    "resets": lambda wire: wire.writer.transport.abort(),
    "closes its half": lambda wire: wire.writer.write_eof(),
}


@pytest.mark.parametrize("leave", LEAVING)
@pytest.mark.parametrize("do", DOING, ids=lambda each: each.__name__)
async def test_a_client_that_vanishes_leaves_nothing(
    server: Any, census: Census, do: Any, leave: str
) -> None:
    async with wired(server) as wire:
        await do(server, wire)
        LEAVING[leave](wire)
        await wire.ends()


async def test_two_calls_with_one_id_are_both_answered(server: Any, census: Census) -> None:
    """No client may do it; a session that does is told twice."""
    session = await server.initialize()
    message = legacy_request("tools/call", {"name": "wait", "arguments": {}}, 5)
    calls = [asyncio.create_task(server.post(message, session)) for _ in range(2)]
    await server.world.started.wait()
    server.world.release.set()
    async with asyncio.timeout(5):
        answers = await asyncio.gather(*calls)
    assert [answer["id"] for _, answer, _ in answers] == [5, 5]
    assert all("result" in answer for _, answer, _ in answers)


async def test_cancelling_an_id_that_is_used_twice_leaves_the_other_call(
    server: Any, census: Census
) -> None:
    session = await server.initialize()
    message = legacy_request("tools/call", {"name": "wait", "arguments": {}}, 5)
    calls = [asyncio.create_task(server.post(message, session)) for _ in range(2)]
    async with asyncio.timeout(5):
        while len(server.endpoint._calls) < 2:  # noqa: ASYNC110 - nothing tells of a start
            await asyncio.sleep(0.01)
        told = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 5}}
        await server.post(told, session)
        first, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        assert [task.result()[1]["error"]["code"] for task in first] == [jsonrpc.CANCELLED]
        server.world.release.set()
        await asyncio.gather(*calls)
