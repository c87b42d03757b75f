"""Getting a document from where a stranger says, without being turned on our own network.

The name is resolved here, every address of it must be public, and the connection goes to one that
was checked: a second look-up, which may answer differently, does not happen. No redirects, no
proxies of the environment, no cookies; bounded in time and size.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson
from aiohttp import hdrs

from octoperf_mcp.embedded.outbound.pinned import Pinned
from octoperf_mcp.internet_addresses import is_public

MOST_BYTES = 5 * 1024
_HTTPS_PORT = 443
_OK = 200
_MAX_AGE = re.compile(r"(?:^|,)\s*max-age=(\d{1,9})\s*(?:,|$)")

Resolve = Callable[[str, int], Awaitable[list[str]]]


class UnreachableError(Exception):
    """Nobody answered in time, or with a failure of his own: it may work later."""


class UnacceptableError(Exception):
    """The address may not be called, or what is there is no such document."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A JSON document, and for how many seconds its server lets it be kept, if it says so."""

    document: Any
    max_age_s: int | None


async def resolve(host: str, port: int) -> list[str]:
    """Addresses of a host name, as the system knows them."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


class GuardedFetch:
    """Gets JSON documents over https.

    Args:
        timeout_s: For everything together, the look-up too.
        resolve: From a host name to its addresses.
        is_allowed: Whether an address may be called.
        trust: Which certificates are accepted; default: the system's.
        port: The only port.
    """

    def __init__(
        self,
        *,
        timeout_s: float = 5,
        resolve: Resolve = resolve,
        is_allowed: Callable[[str], bool] = is_public,
        trust: ssl.SSLContext | None = None,
        port: int = _HTTPS_PORT,
    ) -> None:
        self._timeout_s = timeout_s
        self._resolve = resolve
        self._is_allowed = is_allowed
        self._trust = trust
        self._port = port

    async def __call__(self, url: str) -> Fetched:
        """Get a document.

        Raises:
            UnreachableError: no answer.
            UnacceptableError: an address of ours, another port, a redirect, no JSON, too long.
        """
        host = self._host(url)
        try:
            async with asyncio.timeout(self._timeout_s):
                addresses = await self._checked(host)
                return await self._get(url, addresses)
        except (OSError, TimeoutError, aiohttp.ClientError) as error:
            raise UnreachableError(f"{host}: {type(error).__name__}") from error

    def _host(self, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc:
            raise UnacceptableError("The address is no plain https address.")
        if (parts.port or _HTTPS_PORT) != self._port:
            raise UnacceptableError("The address names another port than that of https.")
        # An address in place of a name would not pass through a resolver.
        if ":" in parts.hostname or parts.hostname.rpartition(".")[2].isdigit():
            raise UnacceptableError("The address has no host name.")
        return parts.hostname

    async def _checked(self, host: str) -> list[str]:
        addresses = await self._resolve(host, self._port)
        if not addresses or not all(self._is_allowed(address) for address in addresses):
            raise UnacceptableError(f"{host} is not on the public internet.")
        return addresses

    async def _get(self, url: str, addresses: list[str]) -> Fetched:
        connector = aiohttp.TCPConnector(
            resolver=Pinned(addresses), use_dns_cache=False, ssl=self._trust or True
        )
        async with (
            aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            ) as session,
            session.get(
                url,
                allow_redirects=False,
                headers={hdrs.ACCEPT: "application/json", hdrs.ACCEPT_ENCODING: "identity"},
            ) as answer,
        ):
            return await _read(answer)


async def _read(answer: aiohttp.ClientResponse) -> Fetched:
    if answer.status >= 500 or answer.status == 429:  # noqa: PLR2004 - HTTP
        raise UnreachableError(f"{answer.url.host} answered {answer.status}")
    if answer.status != _OK:
        raise UnacceptableError(f"The address answered {answer.status}.")
    kind = answer.content_type
    if kind != "application/json" and not (
        kind.startswith("application/") and kind.endswith("+json")
    ):
        raise UnacceptableError("What is there is not JSON.")
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > MOST_BYTES:
            raise UnacceptableError(f"The document has more than {MOST_BYTES} bytes.")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UnacceptableError("What is there is not JSON.") from error
    return Fetched(document, _max_age_s(answer.headers.get(hdrs.CACHE_CONTROL, "")))


def _max_age_s(cache_control: str) -> int | None:
    if "no-store" in cache_control or "no-cache" in cache_control:
        return 0
    found = _MAX_AGE.search(cache_control)
    return int(found[1]) if found else None
