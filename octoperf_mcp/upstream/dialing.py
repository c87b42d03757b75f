"""Making connections to one origin: addresses raced, a proxy's tunnel, TLS."""

import asyncio
import contextlib
import functools
import socket
import ssl
from collections.abc import Callable
from typing import Final, TypeVar
from urllib.parse import urlsplit

import aiohappyeyeballs

from octoperf_mcp.upstream.proxies import Proxy

_NEXT_ADDRESS_S: Final = 0.25
_MAX_HEAD_BYTES: Final = 16 * 1024
_END: Final = b"\r\n\r\n"
_OK: Final = range(200, 300)
_PROXY_AUTHENTICATION: Final = 407

P = TypeVar("P", bound=asyncio.Protocol)


class ProxyRefusedError(OSError):
    """The proxy does not open the way; the text says why."""


class ForbiddenAddressError(OSError):
    """The origin's name means an address that may not be connected to."""


class Dialer:
    """Connects to an origin.

    Args:
        origin: `http://host:port` or `https://…`; a path is not looked at.
        tls: Instead of the usual trust in the system's certificates.
        ca_file: Certificates that are trusted besides those.
        proxy: On the way. Towards an https origin it is asked for a tunnel; an http origin is
            asked through it (`forwards`).
        permitted: Which addresses may be connected to: all that a name means must be. A proxy
            looks names up by itself.
    """

    def __init__(
        self,
        origin: str,
        *,
        tls: ssl.SSLContext | None = None,
        ca_file: str = "",
        proxy: Proxy | None = None,
        permitted: Callable[[str], bool] | None = None,
    ) -> None:
        parts = urlsplit(origin)
        self._tls = parts.scheme == "https"
        self._context = tls
        self._ca_file = ca_file
        self._proxy = proxy
        self._permitted = permitted
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._tls else 80)
        self.forwards = proxy is not None and not self._tls

    async def dial(self, make: Callable[[], P]) -> P:
        """A connection of this protocol.

        Raises:
            OSError: there is none; ssl.SSLError when it is not trusted.
        """
        loop = asyncio.get_running_loop()
        if self._tls and self._context is None:
            self._context = await asyncio.to_thread(trust, self._ca_file)
        opened = await self._socket(loop)
        try:
            if self._proxy is not None and self._tls:
                await self._tunnel(loop, opened, self._proxy)
            _, protocol = await loop.create_connection(
                make,
                sock=opened,
                ssl=self._context if self._tls else None,
                server_hostname=self._host if self._tls else None,
            )
        except BaseException:
            opened.close()
            raise
        return protocol

    async def _socket(self, loop: asyncio.AbstractEventLoop) -> socket.socket:
        proxy = self._proxy
        host, port = (proxy.host, proxy.port) if proxy else (self._host, self._port)
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        if self._permitted is not None and proxy is None:
            addresses = [str(each[4][0]) for each in found]
            if not all(map(self._permitted, addresses)):
                raise ForbiddenAddressError("an address that may not be called")
        opened = await aiohappyeyeballs.start_connection(
            found, happy_eyeballs_delay=_NEXT_ADDRESS_S, loop=loop
        )
        with contextlib.suppress(OSError):
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return opened

    async def _tunnel(
        self, loop: asyncio.AbstractEventLoop, opened: socket.socket, proxy: Proxy
    ) -> None:
        """Ask a proxy for a way to the origin (RFC 9110, 9.3.6).

        Raises:
            ProxyRefusedError: it refuses, or speaks no HTTP.
        """
        host = f"[{self._host}]" if ":" in self._host else self._host
        head = f"CONNECT {host}:{self._port} HTTP/1.1\r\nHost: {host}:{self._port}\r\n"
        if proxy.authorization:
            head += f"Proxy-Authorization: {proxy.authorization}\r\n"
        await loop.sock_sendall(opened, f"{head}\r\n".encode("latin-1"))
        answer = b""
        while _END not in answer:
            more = await loop.sock_recv(opened, 4096)
            answer += more
            if not more or len(answer) > _MAX_HEAD_BYTES:
                raise ProxyRefusedError("the proxy did not answer the request for a tunnel")
        _require_tunnel(answer)


def _require_tunnel(answer: bytes) -> None:
    line = answer.partition(b"\r\n")[0].split(b" ")
    if not line[0].startswith(b"HTTP/1.") or len(line) < 2 or not line[1].isdigit():  # noqa: PLR2004
        raise ProxyRefusedError("the proxy speaks no HTTP")
    status = int(line[1])
    if status == _PROXY_AUTHENTICATION:
        raise ProxyRefusedError("the proxy wants other credentials (407)")
    if status not in _OK:
        raise ProxyRefusedError(f"the proxy refused the tunnel ({status})")
    if answer.partition(_END)[2]:
        raise ProxyRefusedError("the proxy spoke into its tunnel")


@functools.lru_cache(maxsize=8)
def trust(ca_file: str = "") -> ssl.SSLContext:
    """Trust in the system's certificates, or in those of SSL_CERT_FILE, and in a file's.

    Raises:
        OSError: the file cannot be read; ssl.SSLError when it holds no certificate.
    """
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    context.set_alpn_protocols(["http/1.1"])
    return context
