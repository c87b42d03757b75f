"""When a safe call is made again, and after how long."""

import random
from typing import Final

from octoperf_mcp.errors import RateLimitedError, UnreachableError, UpstreamError
from octoperf_mcp.registry.rest_calls import RestCall

DOWN: Final = frozenset({502, 503, 504})
"""Statuses of a proxy or a server that is overloaded or restarting."""

LONGEST_WAIT_S: Final = 2.0
"""A longer `Retry-After` is the caller's to wait for."""

_FIRST_S: Final = 0.1
_random: Final = random.SystemRandom()


def is_safe(call: RestCall) -> bool:
    """Whether doing it twice is doing it once, and nothing is changed (RFC 9110, 9.2.1)."""
    return call.method in {"GET", "HEAD"}


def pause_s(error: UpstreamError, attempt: int) -> float | None:
    """Seconds to wait before the call is made again; None when that makes no sense.

    Args:
        error: What the last attempt ended with.
        attempt: How many there were, from 1.
    """
    told = error.retry_after_s
    if told is not None and told > LONGEST_WAIT_S:
        return None
    if isinstance(error, RateLimitedError):
        return told
    if not is_outage(error) or (isinstance(error, UnreachableError) and not error.repeat):
        return None
    spread: float = _random.uniform(0.5, 1.0) * _FIRST_S * 2 ** (attempt - 1)
    return max(told or 0.0, spread)


def is_outage(error: UpstreamError) -> bool:
    """Whether the upstream, or the way to it, is down."""
    return isinstance(error, UnreachableError) or error.status in DOWN
