"""Posts JSON to where an operator wants to be told, again after a while where that may help."""

import asyncio
import random
from collections.abc import Collection, Sequence
from typing import Final

import aiohttp
import orjson
from yarl import URL

from octoperf_mcp.embedded.outbound.judging import judged, parsed
from octoperf_mcp.embedded.outbound.pinned import pinned_session
from octoperf_mcp.entities.extensions import Json
from octoperf_mcp.errors import OctoPerfMcpError

PAUSES_S: Final = (1.0, 5.0, 25.0)
"""Before the second, third and fourth attempt, each up to half as long again."""
ATTEMPT_S: Final = 10.0
_LONGEST_PAUSE_S: Final = 60.0
_FIRST_REFUSAL: Final = 300
_FIRST_OF_SERVERS: Final = 500
_AGAIN: Final = frozenset({408, 425, 429})
_REFUSED: Final = (
    "This platform does not send there: only to public addresses, and to hosts that "
    "[embedded] notify_to names."
)


class UndeliveredError(OctoPerfMcpError):
    """Nobody took what was sent; the message names the host, never the rest of the address."""

    code = "undelivered"


class _AgainError(Exception):
    """Another attempt may help; `after_s` is what the other side wants to wait."""

    def __init__(self, reason: str, after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.after_s = after_s


async def deliver(
    address: str, body: Json, *, allowed: Collection[str], pauses_s: Sequence[float] = PAUSES_S
) -> None:
    """Post JSON until somebody takes it: 2xx; redirects are not followed.

    It is sent again after a failed connection, 408, 425, 429 and 5xx; `Retry-After` in seconds is
    heeded, up to a minute.

    Args:
        address: Absolute, http or https; it may be a secret.
        body: What is posted.
        allowed: `public`, and hosts (`HOST` or `HOST:PORT`) that may be inside.
        pauses_s: Seconds to wait before each further attempt.

    Raises:
        Forbidden: nothing is sent there.
        Invalid: it is no address, or its host is not known.
        UndeliveredError: it was not taken, at last.
    """
    url = parsed(address)
    data = orjson.dumps(dict(body))
    for pause_s in (*pauses_s, None):
        try:
            await _post(url, data, await judged(url, allowed, _REFUSED))
        except _AgainError as error:
            if pause_s is None:
                raise UndeliveredError(f"{url.host} did not take it: {error}.") from None
            jitter = 1 + random.random() / 2  # noqa: S311 - spreads attempts, hides nothing
            await asyncio.sleep(max(pause_s * jitter, error.after_s))
        else:
            return


async def _post(url: URL, data: bytes, addresses: Sequence[str]) -> None:
    try:
        async with (
            asyncio.timeout(ATTEMPT_S),
            pinned_session(addresses) as session,
            session.post(
                url, data=data, headers={"Content-Type": "application/json"}, allow_redirects=False
            ) as answer,
        ):
            status, after = answer.status, answer.headers.get("Retry-After", "")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise _AgainError(type(error).__name__) from None
    if status < _FIRST_REFUSAL:
        return
    if status in _AGAIN or status >= _FIRST_OF_SERVERS:
        wait_s = min(float(after), _LONGEST_PAUSE_S) if after.isdecimal() else 0.0
        raise _AgainError(f"it answers {status}", wait_s)
    raise UndeliveredError(f"{url.host} did not take it: it answers {status}.")
