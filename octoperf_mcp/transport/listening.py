"""Streams that stay open for changes: a session's GET, and `subscriptions/listen`.

One task follows the log of changes in the relay and writes to all streams (`broadcast.py`). A
stream ends with the caller's token, after an hour, when its client reads too slowly, or when the
server stops.
"""

import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from octoperf_mcp.protocol.exchange import Exchange
from octoperf_mcp.protocol.relay import CHANGES, Relay
from octoperf_mcp.protocol.subscriptions import Frames, Subscription
from octoperf_mcp.registry.context import Caller
from octoperf_mcp.transport import sse
from octoperf_mcp.transport.answers import refuse
from octoperf_mcp.transport.broadcast import (
    STANDALONE,
    Broadcast,
    Listener,
    SessionListener,
    SubscriptionListener,
)
from octoperf_mcp.transport.limits import Limits
from octoperf_mcp.transport.streams import RETRY_MS, primed

MAX_STREAMS: Final = 20_000
MAX_AGE_S: Final = 3600.0
_MAX_DIGITS: Final = 15


@dataclass(slots=True)
class Opening:
    """A stream that is to be opened: by the handler itself, so that little else stays in memory."""

    listener: Listener
    first: bytes
    user: Hashable
    expires_at: float
    session_id: str = ""
    replacing: bool = False


class Listening:
    """All listeners of this process."""

    def __init__(
        self,
        relay: Relay,
        *,
        keep_alive_s: float,
        limits: Limits,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._relay = relay
        self._limits = limits
        self._now = now
        self._broadcast = Broadcast(relay, keep_alive_s=keep_alive_s)
        self._by_session: dict[str, Listener] = {}
        self._closing = False

    def __len__(self) -> int:
        return len(self._broadcast)

    def close(self) -> None:
        """End all streams, and open no more."""
        self._closing = True
        self._broadcast.close()

    async def standalone(
        self, caller: Caller, *, session_id: str, version: str, last_event_id: str
    ) -> Opening:
        """A session's own stream, from now or from an event on; a newer one takes its place."""
        older = self._by_session.get(session_id)
        if older is not None:
            older.stop()
        number = await self._start(last_event_id)
        event_id = f"{STANDALONE}-{number}"
        first = sse.priming(event_id, RETRY_MS) if primed(version) else sse.KEEP_ALIVE
        listener = SessionListener(session_id, number)
        return Opening(
            listener,
            first,
            caller.identity,
            caller.expires_at,
            session_id,
            replacing=older is not None,
        )

    async def subscription(
        self, exchange: Exchange, granted: Subscription, info: Mapping[str, object]
    ) -> Opening:
        """The answer to `subscriptions/listen`."""
        frames = Frames(exchange, info)
        listener = SubscriptionListener(granted, frames, await self._relay.last(CHANGES))
        first = sse.event(frames.acknowledged(granted))
        caller = exchange.caller
        return Opening(listener, first, caller.identity, caller.expires_at)

    async def _start(self, last_event_id: str) -> int:
        """Number of the change to go on from."""
        newest = await self._relay.last(CHANGES)
        number = last_event_id.removeprefix(f"{STANDALONE}-")
        seen = (
            int(number)
            if number.isascii() and number.isdecimal() and len(number) <= _MAX_DIGITS
            else newest
        )
        return min(seen, newest)

    async def serve(self, request: web.Request, opening: Opening) -> web.StreamResponse:
        """Write the stream from its first bytes to its last.

        Raises:
            Busy: the user has too many open streams.
        """
        if self._closing or len(self._broadcast) >= MAX_STREAMS:
            return refuse(503, "There are too many open streams.", {"Retry-After": "30"})
        self._limits.enter(opening.user, replacing=opening.replacing)
        if opening.session_id:
            self._by_session[opening.session_id] = opening.listener
        try:
            response = sse.stream()
            await response.prepare(request)
            await response.write(opening.first)
            opening.first = b""
            life_s = max(min(MAX_AGE_S, opening.expires_at - self._now()), 0)
            last = await self._broadcast.serve(response, request, opening.listener, life_s)
            if last:
                await response.write(last)
            await response.write_eof()
            return response
        finally:
            self._limits.leave(opening.user)
            if self._by_session.get(opening.session_id) is opening.listener:
                del self._by_session[opening.session_id]
