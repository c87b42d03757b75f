"""The connections of one user, one per origin, and the addresses that a whole worker knows."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gevent.socket

from octoperf_mcp.embedded.engine.wire.connection import Address, Connection
from octoperf_mcp.embedded.engine.wire.forbidden_addresses import (
    ForbiddenAddressError,
    is_forbidden,
)
from octoperf_mcp.embedded.engine.wire.guarded_socket import GuardedSocket
from octoperf_mcp.embedded.engine.wire.http_failures import ExchangeFailedError
from octoperf_mcp.embedded.engine.wire.reach import Reach
from octoperf_mcp.embedded.engine.wire.throttle import Throttle
from octoperf_mcp.entities.playing import ActionFailedError

_DNS_LIFE_S = 30.0
_SECOND_MS = 1000


@dataclass(frozen=True, slots=True)
class Server:
    """An HTTP server of the project, as the engine needs it; time-outs of 0 wait for ever."""

    scheme: str
    hostname: str
    port: int
    connect_timeout_ms: int = 0
    read_timeout_ms: int = 0
    keep_alive: bool = True
    resources_pool: int = 6
    """Resources of a page that a user fetches at a time."""

    @property
    def tls(self) -> bool:
        """Whether it speaks HTTPS."""
        return self.scheme == "https"

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Server":
        """From a document of kind http_server."""
        scheme = str(document.get("protocol") or "HTTPS").lower()
        return cls(
            scheme,
            str(document.get("hostname") or ""),
            int(document.get("port") or (443 if scheme == "https" else 80)),
            int(document.get("connectTimeoutMs") or 0),
            int(document.get("responseTimeoutMs") or 0),
            document.get("keepAlive") is not False,
            max(1, int(document.get("resourcesPool") or 6)),
        )


class Addresses:
    """Name look-ups of a worker process, kept for half a minute; static hosts never expire."""

    def __init__(
        self, static_hosts: Mapping[str, str] | None = None, reach: Reach | None = None
    ) -> None:
        self._static = {name.lower(): to for name, to in (static_hosts or {}).items()}
        self._reach = reach
        self._known: dict[tuple[str, int], tuple[float, list[Address]]] = {}

    def __call__(self, host: str, port: int) -> list[Address]:
        """Addresses in the form of `getaddrinfo`.

        Raises:
            OSError: the name is unknown.
            ForbiddenAddressError: it leads to where no load goes, or not that much.
        """
        key = (host, port)
        kept = self._known.get(key)
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        target = self._static.get(host.lower(), host)
        asked = self._reach.addresses(target) if self._reach else (target,)
        found = [
            each
            for one in asked
            for each in gevent.socket.getaddrinfo(one, port, type=gevent.socket.SOCK_STREAM)
        ]
        places = [str(place[0]) for *_, place in found]
        for place in places:
            if is_forbidden(place):
                raise ForbiddenAddressError(host, place)
        if self._reach is not None:
            self._reach.require(target, places)
        self._known[key] = (time.monotonic() + _DNS_LIFE_S, found)
        return found


class Transport:
    """Connections of one user: one per origin, and some more for what is fetched side by side."""

    def __init__(
        self, addresses: Addresses, *, bits_per_second: int = 0, longest_answer_s: float = 600.0
    ) -> None:
        self._addresses = addresses
        self._throttle = Throttle(bits_per_second) if bits_per_second > 0 else None
        self._longest_answer_s = longest_answer_s
        self._connections: dict[tuple[str, str, int, int], Connection] = {}
        self._sockets: set[GuardedSocket] = set()

    def connection(self, server: Server, lane: int = 0) -> Connection:
        """The user's connection to this origin; one exchange at a time uses a lane."""
        key = (server.scheme, server.hostname, server.port, lane)
        known = self._connections.get(key)
        if known is None:
            known = self._connections[key] = self._made(server)
        return known

    def open(self, server: Server) -> GuardedSocket:
        """A connection of its own, for what is not HTTP.

        Raises:
            ActionFailedError: it did not come about.
        """
        try:
            sock = self._made(server).connected()
        except ExchangeFailedError as error:
            raise ActionFailedError(error.message) from error
        longest_s = _seconds(server.read_timeout_ms) or self._longest_answer_s
        place = (server.hostname, server.port, server.tls)
        opened = GuardedSocket(sock, place, longest_s, self._throttle, self._sockets.discard)
        self._sockets.add(opened)
        return opened

    def _made(self, server: Server) -> Connection:
        return Connection(
            server.hostname,
            server.port,
            tls=server.tls,
            resolve=self._addresses,
            connect_timeout_s=_seconds(server.connect_timeout_ms),
            read_timeout_s=_seconds(server.read_timeout_ms),
            longest_s=self._longest_answer_s,
            throttle=self._throttle,
        )

    def close(self) -> None:
        """Close every connection."""
        for connection in self._connections.values():
            connection.close()
        for sock in list(self._sockets):
            sock.close()
        self._connections.clear()


def _seconds(ms: int) -> float | None:
    return ms / _SECOND_MS if ms > 0 else None
