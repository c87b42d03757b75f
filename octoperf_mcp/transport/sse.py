"""Event streams: text/event-stream as the HTML standard has it."""

from typing import Final

from aiohttp import web
from multidict import CIMultiDict

KEEP_ALIVE: Final = b": keep-alive\n\n"
"""A comment: proxies see bytes, clients see nothing."""

KEEP_ALIVE_S: Final = 15.0
"""Longest silence of a stream."""

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


def numbered(message: bytes, event_id: str) -> bytes:
    """The same with an id, after which a client can resume the stream."""
    return b"event: message\nid: " + event_id.encode() + b"\ndata: " + message + b"\n\n"


def priming(event_id: str, retry_ms: int) -> bytes:
    """The first event of a stream that can be resumed: an id and no data (2025-11-25)."""
    return b"id: %b\nretry: %d\ndata: \n\n" % (event_id.encode(), retry_ms)


def stream() -> web.StreamResponse:
    """An answer that is written event by event."""
    return web.StreamResponse(headers=_FIELDS.copy())
