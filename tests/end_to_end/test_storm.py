"""Badly behaved clients, by the hundred, at a server in a process of its own."""

from __future__ import annotations

import asyncio
import json
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest

from octoperf_mcp.config import LimitsSettings
from tests.end_to_end.conftest import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from octoperf_mcp.cli.agent import MemoryStorage
    from tests.end_to_end.conftest import SignedIn

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what a process holds")

AT_ONCE = 40
MEBIBYTE = 1024 * 1024
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With the limits that operators have: one user's storm is refused, and takes no room."""
    limit = str(LimitsSettings().requests_per_s)
    environ = {"OCTOPERF_MCP_LIMITS_REQUESTS_PER_S": limit}
    running = Server(tmp_path_factory.mktemp("server"), environ=environ)
    running.start()
    yield running
    running.stop()


def sockets(pid: int) -> int:
    """How many sockets a process holds."""
    found = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found += str(entry.readlink()).startswith("socket:")
        except FileNotFoundError:
            continue
    return found


def resident_mib(pid: int) -> float:
    """Memory that a process occupies."""
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * 4096 / MEBIBYTE


def request(token: str, method: str, length: int | None = None) -> bytes:
    """A whole stateless request, or one whose body is still to come."""
    params = {"notifications": {"toolsListChanged": True}, "_meta": META}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    return (
        b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n"
        + f"Mcp-Method: {method}\r\nAuthorization: Bearer {token}\r\n".encode()
        + f"Content-Length: {length or len(body)}\r\n\r\n".encode()
        + (b"" if length else body)
    )


def kinds(token: str) -> list[bytes]:
    """What one client of each kind sends before it vanishes."""
    return [
        b"",
        b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",  # TLS
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer hush\x00hush\r\n\r\n",
        request("nobody", "tools/list"),
        request(token, "tools/list"),
        request(token, "tools/list", 400) + b'{"jsonrpc',
        request(token, "tools/list", 4 * MEBIBYTE) + b"[" * (2 * MEBIBYTE),
        request(token, "tools/list", 10 * MEBIBYTE) + b"[" * 100_000,
        request(token, "subscriptions/listen"),
        request(token, "tools/list") * 50,
    ]


async def vanish(port: int, data: bytes, *, reset: bool) -> None:
    """Send, wait for what comes first, and leave."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        await writer.drain()
        if reset:
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(1, 13, linger)  # SOL_SOCKET, SO_LINGER
    except ConnectionError:
        pass
    finally:
        writer.close()


async def test_a_storm_of_clients_that_vanish_leaves_nothing_behind(
    server: Server, signed_in: SignedIn, storage: MemoryStorage
) -> None:
    async with signed_in() as agent:
        await agent.call("list_workspaces")
    tokens = await storage.get_tokens()
    assert tokens
    assert server.process
    pid, port = server.process.pid, int(server.origin.rpartition(":")[2])
    sent = kinds(tokens.access_token)

    async def storm() -> None:
        for reset in (False, True):
            for data in sent:
                await asyncio.gather(*(vanish(port, data, reset=reset) for _ in range(AT_ONCE)))

    async def calm() -> None:
        async with asyncio.timeout(30):
            while sockets(pid) > before:  # noqa: ASYNC110 - another process closes them
                await asyncio.sleep(0.05)

    before = sockets(pid)
    await storm()
    await calm()
    memory = resident_mib(pid)
    for _ in range(3):
        await storm()
    await calm()
    assert resident_mib(pid) < memory + 64
    headers = {"Authorization": f"Bearer {tokens.access_token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.get(f"{server.origin}/readyz") as answer,
    ):
        assert answer.status == 200
    lines = server.log.read_text("utf-8").splitlines()
    for unwanted in ('"http_status":500', "Traceback", "hush"):
        assert [line for line in lines if unwanted in line] == []
