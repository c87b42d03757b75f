"""From the log of changes to open streams, over real connections."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest
import structlog
from aiohttp import ClientSession, web

from octoperf_mcp.protocol.relay import CHANGES, Entry, MemoryRelay
from octoperf_mcp.registry.changes import Change
from octoperf_mcp.transport import sse
from octoperf_mcp.transport.broadcast import Broadcast, SessionListener

TOOLS = Change("tools").packed()


class Streams:
    """A server whose every GET is a session's stream, from the change named in the query on."""

    def __init__(self, relay: MemoryRelay, *, keep_alive_s: float = 60, life_s: float = 60) -> None:
        self.broadcast = Broadcast(relay, keep_alive_s=keep_alive_s)
        self.life_s = life_s
        self.origin = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        response = sse.stream()
        await response.prepare(request)
        await response.write(b": open\n\n")
        listener = SessionListener("s", int(request.query.get("after", "0")))
        await self.broadcast.serve(response, request, listener, self.life_s)
        await response.write_eof()
        return response


@asynccontextmanager
async def serving(streams: Streams) -> AsyncIterator[ClientSession]:
    app = web.Application()
    app.router.add_get("/", streams.handle)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    streams.origin = f"http://{host}:{port}"
    async with asyncio.timeout(20), ClientSession(streams.origin) as client:
        yield client
    streams.broadcast.close()
    await runner.cleanup()
    assert len(streams.broadcast) == 0


async def ids(answer: object, count: int) -> list[int]:
    """Numbers of the next events."""
    found: list[int] = []
    async for line in answer.content:  # type: ignore[attr-defined]
        if line.startswith(b"id: "):
            found.append(int(line.rpartition(b"-")[2]))
            if len(found) == count:
                break
    return found


async def test_all_streams_hear_of_each_change_once_wherever_they_began() -> None:
    relay = MemoryRelay()
    for _ in range(3):
        await relay.append(CHANGES, TOOLS)
    streams = Streams(relay)
    async with (
        serving(streams) as client,
        client.get("/", params={"after": "3"}) as newest,
        client.get("/", params={"after": "0"}) as oldest,
        client.get("/", params={"after": "2"}) as middle,
    ):
        for answer in (newest, oldest, middle):
            await answer.content.readline()
        for _ in range(5):
            await relay.append(CHANGES, TOOLS)
        assert await ids(newest, 5) == [4, 5, 6, 7, 8]
        assert await ids(oldest, 8) == [1, 2, 3, 4, 5, 6, 7, 8]
        assert await ids(middle, 6) == [3, 4, 5, 6, 7, 8]


async def test_changes_that_are_gone_keep_nobody_from_hearing_the_next() -> None:
    relay = MemoryRelay(max_log_bytes=1)
    for _ in range(3):
        await relay.append(CHANGES, TOOLS)
    streams = Streams(relay)
    async with (
        serving(streams) as client,
        client.get("/", params={"after": "3"}) as newest,
        client.get("/", params={"after": "0"}) as oldest,
    ):
        for answer in (newest, oldest):
            await answer.content.readline()
        await relay.append(CHANGES, TOOLS)
        assert await ids(newest, 1) == [4]
        assert (await ids(oldest, 2))[-1] == 4


async def test_a_silent_stream_carries_comments() -> None:
    streams = Streams(MemoryRelay(), keep_alive_s=0.02)
    async with serving(streams) as client, client.get("/") as answer:
        async for line in answer.content:
            if line == b": keep-alive\n":
                break


@pytest.mark.parametrize("keep_alive_s", [60, 0.02])
async def test_a_stream_ends_when_its_time_is_over(keep_alive_s: float) -> None:
    streams = Streams(MemoryRelay(), keep_alive_s=keep_alive_s, life_s=0.1)
    async with serving(streams) as client, client.get("/") as answer:
        assert (await answer.read()).startswith(b": open\n\n")


async def test_a_client_that_reads_nothing_loses_its_connection_and_nobody_else() -> None:
    relay = MemoryRelay()
    streams = Streams(relay)
    async with serving(streams) as client, client.get("/") as reading:
        await reading.content.readline()
        host, _, port = streams.origin.removeprefix("http://").partition(":")
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        loop = asyncio.get_running_loop()
        deaf.setblocking(False)
        await loop.sock_connect(deaf, (host, int(port)))
        await loop.sock_sendall(deaf, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        while len(streams.broadcast) < 2:  # noqa: ASYNC110 - nothing tells of the beginning
            await asyncio.sleep(0.01)
        written = 0
        while len(streams.broadcast) > 1:
            for _ in range(100):
                await relay.append(CHANGES, TOOLS)
            written += 100
            assert await ids(reading, 100) == list(range(written - 99, written + 1))
        deaf.close()


class Broken(MemoryRelay):
    """A relay that breaks when it is waited on."""

    async def read(self, after: Mapping[str, int], timeout_s: float) -> Sequence[Entry]:
        raise RuntimeError("gone")


async def test_streams_end_when_the_changes_cannot_be_followed() -> None:
    streams = Streams(Broken())
    with structlog.testing.capture_logs() as lines:
        async with serving(streams) as client:
            for _ in range(2):
                async with client.get("/") as answer:
                    assert await answer.read() == b": open\n\n"
    assert [line["event"] for line in lines] == ["broadcast_failed"] * 2
