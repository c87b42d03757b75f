"""Small JSON documents over HTTP: metadata and key sets."""

from typing import Any

import aiohttp
import orjson

from octoperf_mcp.errors import KeysUnavailableError

MOST_BYTES = 512 * 1024


class HttpFetch:
    """Gets JSON; no redirects, no cookies, bounded in time and size.

    The session opens at the first use and ends with `close`.
    """

    def __init__(self, *, timeout_s: float = 5) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
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
                url, allow_redirects=False, headers={"Accept": "application/json"}
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
