"""Connections to addresses that were looked up, and judged, before."""

import socket
from collections.abc import Sequence

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

_HEADERS = {"Accept": "*/*", "User-Agent": "octoperf-mcp"}


def pinned_session(addresses: Sequence[str]) -> aiohttp.ClientSession:
    """A client that connects to these addresses only, without cookies."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=Pinned(addresses), use_dns_cache=False, limit=1),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=_HEADERS,
    )


class Pinned(AbstractResolver):
    """Answers with the addresses that were checked, whatever the name means by now."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """See `AbstractResolver`."""
        del family  # the connector is told of each
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """See `AbstractResolver`."""
