"""Posts JSON to where an operator wants to be told, and says whether another attempt may help."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp
import orjson
from yarl import URL

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.outbound.judging import judged, parsed
from octoperf_mcp.embedded.outbound.pinned import pinned_session
from octoperf_mcp.entities.extensions import Json
from octoperf_mcp.errors import OctoPerfMcpError

ATTEMPT_S: Final = 10.0
KEY: Final = "Idempotency-Key"
"""The same for each attempt, so that a receiver can drop what it has."""

_FIRST_REFUSAL: Final = 300
_FIRST_OF_SERVERS: Final = 500
_AGAIN: Final = frozenset({408, 425, 429})
_REFUSED: Final = (
    "This platform does not send there: only to public addresses, and to hosts that "
    "[embedded] notify_to names."
)


class UndeliveredError(OctoPerfMcpError):
    """Nobody took what was sent; the message names the host, never the rest of the address.

    Args:
        message: Why.
        again: Whether another attempt may help.
        after_s: Seconds that the other side wants to wait.
    """

    code = "undelivered"

    def __init__(self, message: str, *, again: bool = False, after_s: float = 0.0) -> None:
        super().__init__(message)
        self.again = again
        self.after_s = after_s


async def deliver(address: str, body: Json, *, allowed: Collection[str], key: str) -> None:
    """Post JSON, once, to somebody who takes it: 2xx; redirects are not followed.

    Another attempt may help after a failed connection, an unknown host, 408, 425, 429 and 5xx.

    Args:
        address: Absolute, http or https; it may be a secret.
        body: What is posted.
        allowed: `public`, and hosts (`HOST` or `HOST:PORT`) that may be inside.
        key: Sent as `Idempotency-Key`.

    Raises:
        Forbidden: nothing is sent there.
        Invalid: it is no address.
        UndeliveredError: it was not taken.
    """
    url = parsed(address)
    try:
        addresses = await judged(url, allowed, _REFUSED)
    except Invalid as error:  # names are away for a while, too
        raise UndeliveredError(f"{url.host}: {error.message}", again=True) from None
    await _post(url, orjson.dumps(dict(body)), addresses, key)


async def _post(url: URL, data: bytes, addresses: Sequence[str], key: str) -> None:
    fields = {"Content-Type": "application/json", KEY: key}
    try:
        async with (
            asyncio.timeout(ATTEMPT_S),
            pinned_session(addresses) as session,
            session.post(url, data=data, headers=fields, allow_redirects=False) as answer,
        ):
            status, after = answer.status, answer.headers.get("Retry-After", "")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        message = f"{url.host} did not take it: {type(error).__name__}."
        raise UndeliveredError(message, again=True) from None
    if status < _FIRST_REFUSAL:
        return
    again = status in _AGAIN or status >= _FIRST_OF_SERVERS
    raise UndeliveredError(
        f"{url.host} did not take it: it answers {status}.",
        again=again,
        after_s=_seconds(after) if again else 0.0,
    )


def _seconds(told: str) -> float:
    """What `Retry-After` says, a number or an instant; 0 for nonsense."""
    if told.isascii() and told.isdecimal():
        return float(told)
    try:
        at = parsedate_to_datetime(told)
    except ValueError:
        return 0.0
    return max(0.0, (at.astimezone(UTC) - datetime.now(UTC)).total_seconds())
