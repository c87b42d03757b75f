"""The end of a listener: who connected is served, who comes later is free to go elsewhere."""

from __future__ import annotations

import asyncio
import socket
import sys

import pytest

from octoperf_mcp.cli.listeners import bound, take_no_more
from octoperf_mcp.errors import ConfigError


def test_a_taken_address_is_named_with_the_way_out() -> None:
    with bound("127.0.0.1", 0) as first:
        first.listen()
        port = first.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"127\.0\.0\.1:{port} .*--port 0"):
            bound("127.0.0.1", port)


@pytest.mark.skipif(sys.platform != "linux", reason="the filter is Linux's")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_who_comes_to_a_listener_at_its_end_is_refused_and_never_reset(host: str) -> None:
    listener = bound(host, 0)
    listener.listen(8)
    port = listener.getsockname()[1]
    with socket.create_connection((host, port)) as early:
        early.sendall(b"a call")
        take_no_more(listener)
        late = asyncio.ensure_future(asyncio.open_connection(host, port))
        accepted, _ = await asyncio.get_running_loop().sock_accept(listener)
        with accepted:
            early.sendall(b", and more")
            assert await received(accepted, 16) == b"a call, and more"
        with pytest.raises(BlockingIOError):
            listener.accept()
        assert not late.done()
        listener.close()
    with pytest.raises(ConnectionRefusedError):
        await late


async def received(connection: socket.socket, size: int) -> bytes:
    loop, got = asyncio.get_running_loop(), b""
    connection.setblocking(False)
    while len(got) < size:
        got += await loop.sock_recv(connection, size)
    return got
