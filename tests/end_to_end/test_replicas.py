"""Two servers that share Redis and secrets: a client does not notice which one answers."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from tests.end_to_end.conftest import Server
from tests.redis_server import RedisServer, running_redis

VERSION = "2025-11-25"
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def replicas(
    redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Server]]:
    environ = {
        "OCTOPERF_MCP_SHARED_REDIS_URL": redis.url,
        "OCTOPERF_MCP_SERVER_SECRETS": "one secret for all replicas".replace(" ", "-") * 2,
    }
    arguments = ("--auth", "off", "--enable", "conformance")
    pair = [Server(_folder(tmp_path_factory, name), arguments, environ) for name in ("a", "b")]
    for server in pair:
        server.start()
    yield pair[0], pair[1]
    for server in pair:
        server.stop()


def _folder(factory: pytest.TempPathFactory, name: str) -> Path:
    return factory.mktemp(name)


class Client:
    """A handshake client that says which replica it talks to."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._headers = dict(ACCEPT)
        self._last_id = 0

    async def open(self, server: Server, **capabilities: Any) -> None:
        params = {
            "protocolVersion": VERSION,
            "capabilities": capabilities,
            "clientInfo": {"name": "test", "version": "1"},
        }
        async with self.post(server, self.request("initialize", **params)) as answer:
            assert answer.status == 200
            self._headers["Mcp-Session-Id"] = answer.headers["Mcp-Session-Id"]

    def request(self, method: str, **params: Any) -> dict[str, Any]:
        self._last_id += 1
        return {"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": params}

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        return self.request("tools/call", name=tool, arguments=arguments)

    def post(self, server: Server, message: dict[str, Any]) -> Any:
        return self._session.post(server.url, json=message, headers=self._headers)

    def get(self, server: Server, last_event_id: str = "") -> Any:
        more = {"Last-Event-ID": last_event_id} if last_event_id else {}
        return self._session.get(server.url, headers={**self._headers, **more})

    def delete(self, server: Server) -> Any:
        return self._session.delete(server.url, headers=self._headers)

    async def ping(self, server: Server) -> int:
        async with self.post(server, self.request("tools/list")) as answer:
            return int(answer.status)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    timeout = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield Client(session)


async def events(answer: aiohttp.ClientResponse) -> AsyncIterator[tuple[str, Any]]:
    """Id and message of each event."""
    event_id = ""
    async for raw in answer.content:
        line = raw.decode().rstrip("\n")
        if line.startswith("id: "):
            event_id = line[4:]
        elif line.startswith("data: "):
            yield event_id, orjson.loads(line[6:] or "null")


async def test_a_session_opened_at_one_replica_works_at_the_other_until_deleted(
    replicas: tuple[Server, Server], client: Client
) -> None:
    here, there = replicas
    await client.open(here)
    assert await client.ping(there) == 200
    async with client.delete(here) as answer:
        assert answer.status == 204
    assert await client.ping(there) == 404
    assert await client.ping(here) == 404


async def test_a_stream_that_broke_off_at_one_replica_is_resumed_at_the_other(
    replicas: tuple[Server, Server], client: Client
) -> None:
    here, there = replicas
    await client.open(here)
    async with client.post(here, client.call("test_reconnection")) as answer:
        first, _ = await anext(events(answer))
    async with client.get(there, first) as answer:
        assert answer.status == 200
        messages = [message async for _, message in events(answer) if message]
    assert messages[-1]["result"]["content"]


async def test_a_question_asked_by_one_replica_is_answered_at_the_other(
    replicas: tuple[Server, Server], client: Client
) -> None:
    here, there = replicas
    await client.open(here, elicitation={})
    call = client.call("test_elicitation", message="Who are you?")
    async with client.post(here, call) as answer:
        async for _, message in events(answer):
            if message and message.get("method") == "elicitation/create":
                said = {"action": "accept", "content": {"username": "ann", "email": "a@b.c"}}
                reply = {"jsonrpc": "2.0", "id": message["id"], "result": said}
                async with client.post(there, reply) as taken:
                    assert taken.status == 202
            elif message:
                break
    assert "accept" in str(message["result"])


async def test_a_change_made_at_one_replica_is_told_at_the_other(
    replicas: tuple[Server, Server], client: Client
) -> None:
    here, there = replicas
    await client.open(here)
    subscribe = client.request("resources/subscribe", uri="test://watched-resource")
    async with client.post(here, subscribe) as answer:
        assert answer.status == 200
    async with client.get(there) as stream:
        told = events(stream)
        await anext(told)
        async with client.post(here, client.call("test_trigger_resource_update")) as answer:
            assert answer.status == 200, await answer.text()
        assert "watched-resource" in str(await anext(told))


async def test_without_redis_calls_go_on_and_what_needs_it_says_so_until_it_is_back(
    redis: RedisServer, replicas: tuple[Server, Server], client: Client
) -> None:
    here, there = replicas
    await client.open(here)
    async with client.get(there) as stream:
        redis.kill()
        try:
            assert await client.ping(here) == 200
            assert await client.ping(there) == 200
            async with client.delete(here) as answer:
                assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
                assert "share cannot be reached" in (await answer.json())["error"]["message"]
            assert await client.ping(here) == 200
            async with client.post(there, client.call("test_tool_with_progress")) as answer:
                assert answer.status == 200
                assert "result" in await answer.text()
        finally:
            redis.start()
        assert stream.status == 200
    async with asyncio.timeout(20):
        for server in replicas:
            await client.open(server)
            while await deleted(client, server) != 204:  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0.1)
    assert await client.ping(here) == 404


async def deleted(client: Client, server: Server) -> int:
    async with client.delete(server) as answer:
        return int(answer.status)
