"""The only way of a browser to the network: SOCKS 5 on loopback, with the guards of the engine.

A browser resolves no names itself behind it, so that the address that is checked is the one that is
connected to. It moves bytes only: connections stay what the browser makes them (RFC 1928).
"""

import asyncio
import contextlib
import ipaddress
import os
import socket
from collections.abc import Callable

from octoperf_mcp.embedded.engine.wire.forbidden_addresses import (
    ForbiddenAddressError,
    is_forbidden,
    is_forbidden_host,
)
from octoperf_mcp.embedded.engine.wire.reach import Reach

_BLOCK = 1 << 16
_CONNECT_S = 30.0
_VERSION, _CONNECT = 5, 1
_IPV4, _NAME, _IPV6 = 1, 3, 4
_GRANTED, _NOT_ALLOWED, _UNREACHABLE, _UNKNOWN_COMMAND = 0, 2, 4, 7
_TAIL = b"\x00\x01" + bytes(6)

OnRefusal = Callable[[str, str], None]
"""Takes `host:port` and why there is no connection."""


class Socks:
    """One server, for one browser user."""

    def __init__(self, on_refusal: OnRefusal, reach: Reach | None = None) -> None:
        self._reach = reach
        self._on_refusal = on_refusal
        self._server: asyncio.Server | None = None

    async def open(self) -> int:
        """Listen; answers the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await self._connect(reader, writer)
        writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(bytes((_VERSION, 0)))
        _, command, _, kind = await reader.readexactly(4)
        host = await _host(reader, kind)
        port = int.from_bytes(await reader.readexactly(2))
        if command != _CONNECT:
            writer.write(bytes((_VERSION, _UNKNOWN_COMMAND)) + _TAIL)
            return
        try:
            far_reader, far_writer = await _opened(host, port, self._reach)
        except OSError as error:
            denied = isinstance(error, ForbiddenAddressError)
            reason = str(error) if denied else _reason(error)
            self._on_refusal(f"{host}:{port}", reason)
            writer.write(bytes((_VERSION, _NOT_ALLOWED if denied else _UNREACHABLE)) + _TAIL)
            return
        writer.write(bytes((_VERSION, _GRANTED)) + _TAIL)
        try:
            await asyncio.gather(_pass(reader, far_writer), _pass(far_reader, writer))
        finally:
            far_writer.close()


def _reason(error: OSError) -> str:
    if isinstance(error, socket.gaierror) or not error.errno:
        return error.strerror or str(error) or "timed out"
    return os.strerror(error.errno)


async def _host(reader: asyncio.StreamReader, kind: int) -> str:
    if kind == _NAME:
        (length,) = await reader.readexactly(1)
        return (await reader.readexactly(length)).decode("ascii", "replace")
    size = {_IPV4: 4, _IPV6: 16}.get(kind, 0)
    return str(ipaddress.ip_address(await reader.readexactly(size)))


async def _opened(
    host: str, port: int, reach: Reach | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the first address that answers; all addresses of a name are checked."""
    if is_forbidden_host(host):
        raise ForbiddenAddressError(host, host)
    loop = asyncio.get_running_loop()
    names = reach.addresses(host) if reach is not None else (host,)
    found = [
        one for name in names for one in await loop.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    ]
    if reach is not None:
        reach.require(host, [str(place[0]) for *_, place in found])
    for *_, place in found:
        if is_forbidden(str(place[0])):
            raise ForbiddenAddressError(host, str(place[0]))
    failure: OSError = OSError("no address")
    for *_, place in found:
        try:
            async with asyncio.timeout(_CONNECT_S):
                return await asyncio.open_connection(str(place[0]), port)
        except OSError as error:
            failure = error
    raise failure


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_BLOCK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.close()
