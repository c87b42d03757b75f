"""Answers on the wire: the short way and aiohttp's way give the same."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from octoperf_mcp.protocol.exchange import Reply
from octoperf_mcp.transport.answers import respond

LARGE = b"[" + b"0," * 40_000
REPLIES = {
    "small": Reply(b'{"a":1}'),
    "parts": Reply(b'{"a":', tail=b"1}"),
    "large": Reply(LARGE, tail=b"0]"),
    "refused": Reply(b'{"error":{}}', code=-32601),
}
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async def handle(request: web.Request) -> web.Response:
        response = respond(REPLIES[request.query["reply"]], modern=True)
        if "more" in request.query:
            response.headers["Mcp-Session-Id"] = "s1"
        return response

    app = web.Application()
    app.router.add_post("/mcp", handle)
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.mark.parametrize("reply", REPLIES)
async def test_a_page_gets_the_same_answer_as_everybody(client: Client, reply: str) -> None:
    told = []
    for fields in ({}, {"Origin": "http://localhost"}):
        answer = await client.post(f"/mcp?reply={reply}", headers=fields)
        assert await answer.read() == REPLIES[reply].body
        told.append((answer.status, answer.reason, answer.version, sorted(answer.headers)))
    assert told[0] == told[1]


async def test_fields_that_were_added_are_sent(client: Client) -> None:
    answer = await client.post("/mcp?reply=small&more=1")
    assert answer.headers["Mcp-Session-Id"] == "s1"
    assert await answer.json() == {"a": 1}


@pytest.mark.parametrize(
    ("line", "field", "kept"),
    [
        ("HTTP/1.1", "", True),
        ("HTTP/1.1", "Connection: close\r\n", False),
        ("HTTP/1.0", "", False),
    ],
)
async def test_a_connection_is_kept_where_the_client_wants_it(
    client: Client, line: str, field: str, kept: bool
) -> None:
    reader, writer = await asyncio.open_connection(client.host, client.port)
    request = f"POST /mcp?reply=parts {line}\r\nHost: x\r\n{field}Content-Length: 0\r\n\r\n"
    async with asyncio.timeout(5):
        for _ in range(2 if kept else 1):
            writer.write(request.encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.")
            assert b"Content-Length: 7\r\n" in head
            assert await reader.readexactly(7) == b'{"a":1}'
        if not kept:
            assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def test_large_answers_to_requests_sent_at_once_all_arrive(client: Client) -> None:
    reader, writer = await asyncio.open_connection(client.host, client.port, limit=1024)
    request = b"POST /mcp?reply=large HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    count = 200
    writer.write(request * count)
    async with asyncio.timeout(20):
        for _ in range(count):
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(len(LARGE) + 2)
    writer.close()
    await writer.wait_closed()
