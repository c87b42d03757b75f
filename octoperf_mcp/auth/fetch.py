"""Small JSON documents over HTTP: metadata and key sets."""

import ssl
from collections.abc import Callable
from typing import Any

import aiohttp
import orjson

from octoperf_mcp.errors import KeysUnavailableError

MOST_BYTES = 512 * 1024


class HttpFetch:
    """Gets JSON; no redirects, no cookies, bounded in time and size.

    The session opens at the first use and ends with `close`.

    Args:
        timeout_s: For everything.
        proxy: Address of the proxy on the way to an address and its Proxy-Authorization; None
            for the direct way.
        tls: Trust, instead of the system's.
    """

    def __init__(
        self,
        *,
        timeout_s: float = 5,
        proxy: Callable[[str], tuple[str, str] | None] | None = None,
        tls: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._proxy = proxy or (lambda _: None)
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, url: str) -> Any:
        """The decoded document.

        Raises:
            KeysUnavailableError: no answer in time, another status than 200, no JSON, too long.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar()
            )
        try:
            async with self._session.get(
                url,
                allow_redirects=False,
                headers={"Accept": "application/json"},
                **self._way(url),
            ) as answer:
                if answer.status != 200:  # noqa: PLR2004 - HTTP
                    raise KeysUnavailableError(f"{url} answered {answer.status}")
                body = await _bounded(answer)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise KeysUnavailableError(f"{url}: {type(error).__name__}") from error
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise KeysUnavailableError(f"{url} answered no JSON") from error

    def _way(self, url: str) -> dict[str, Any]:
        way: dict[str, Any] = {}
        if self._tls is not None and url.startswith("https:"):
            way["ssl"] = self._tls()
        proxy = self._proxy(url)
        if proxy is not None:
            way["proxy"], authorization = proxy
            if authorization:
                way["proxy_headers"] = {"Proxy-Authorization": authorization}
        return way

    async def close(self) -> None:
        """End the session."""
        if self._session is not None:
            await self._session.close()


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > MOST_BYTES:
            raise KeysUnavailableError(f"{answer.url} answered more than {MOST_BYTES} bytes")
    return bytes(body)
