"""Event streams: text/event-stream as the HTML standard has it."""

from typing import Final

from aiohttp import web
from multidict import CIMultiDict

KEEP_ALIVE: Final = b": keep-alive\n\n"
"""A comment: proxies see bytes, clients see nothing."""

_FIELDS: Final = CIMultiDict(
    {
        "Content-Type": "text/event-stream",
        "Cache-Control": "no-cache, no-transform",
        "X-Accel-Buffering": "no",
    }
)


def event(message: bytes) -> bytes:
    """One JSON-RPC message, which has no line break, as an event."""
    return b"event: message\ndata: " + message + b"\n\n"


def stream() -> web.StreamResponse:
    """An answer that is written event by event."""
    return web.StreamResponse(headers=_FIELDS.copy())
