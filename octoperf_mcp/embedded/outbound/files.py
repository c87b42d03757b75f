"""Fetches from addresses that users name: never from inside, unless the operator says so.

Redirects are followed a few times, each judged like the first address. No cookies, no credentials,
no proxy.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Collection
from typing import BinaryIO, cast

import aiohttp
from yarl import URL

from octoperf_mcp.embedded.failures import Forbidden, Invalid, TooLarge
from octoperf_mcp.embedded.outbound.judging import judged, parsed
from octoperf_mcp.embedded.outbound.pinned import pinned_session

LIMIT_S = 60.0
MAX_REDIRECTS = 3
_CHUNK_BYTES = 64 * 1024
_IN_MEMORY_BYTES = 1024 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OK = 200
_REFUSED = "This platform does not fetch from there: only public addresses that it is allowed to."


@contextlib.asynccontextmanager
async def fetched(
    url: str, *, allowed: Collection[str], most_bytes: int, limit_s: float = LIMIT_S
) -> AsyncIterator[BinaryIO]:
    """The file at an address, open at its start.

    Args:
        url: Absolute, http or https.
        allowed: `public`, and hosts (`HOST` or `HOST:PORT`) that may be inside.
        most_bytes: Most bytes of the file.
        limit_s: Seconds it may take, redirects included.

    Raises:
        Forbidden: nothing is fetched from there.
        Invalid: it is no address, does not answer, or answers another status than 200.
        TooLarge: the file is larger.
    """
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as spooled:
        file = cast("BinaryIO", spooled)
        try:
            async with asyncio.timeout(limit_s):
                await _fetch(url, file, allowed, most_bytes)
        except TimeoutError:
            raise Invalid(f"The address did not answer within {limit_s:g} s.") from None
        file.seek(0)
        yield file


async def _fetch(url: str, file: BinaryIO, allowed: Collection[str], most_bytes: int) -> None:
    here = parsed(url)
    for _ in range(MAX_REDIRECTS + 1):
        addresses = await judged(here, allowed, _REFUSED)
        onward = await _get(here, addresses, file, most_bytes)
        if onward is None:
            return
        if here.scheme == "https" and onward.scheme != "https":
            raise Forbidden("The address redirects from https to http.")
        here = onward
    raise Invalid(f"The address redirects more than {MAX_REDIRECTS} times.")


async def _get(url: URL, addresses: list[str], file: BinaryIO, most_bytes: int) -> URL | None:
    """Write the answer into the file; or where it redirects to."""
    try:
        async with (
            pinned_session(addresses) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            if answer.status in _REDIRECTS and (location := answer.headers.get("Location")):
                return parsed(str(url.join(URL(location))))
            if answer.status != _OK:
                raise Invalid(f"The address answers {answer.status}, not the file.")
            await _copy(answer, file, most_bytes)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise Invalid(f"The file cannot be fetched: {type(error).__name__}.") from error
    return None


async def _copy(answer: aiohttp.ClientResponse, file: BinaryIO, most_bytes: int) -> None:
    size = 0
    async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
        size += len(chunk)
        if size > most_bytes:
            raise TooLarge(f"The file has more than {most_bytes} bytes.")
        file.write(chunk)
