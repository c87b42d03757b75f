"""Streams that stay open for changes: a session's GET, and `subscriptions/listen`.

Nothing is kept for one listener: each follows the log of changes in the relay, and takes what it
wants. A stream ends with the caller's token, after an hour, or when the server stops.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import orjson
from aiohttp import web

from octoperf_mcp.protocol.exchange import Exchange
from octoperf_mcp.protocol.relay import CHANGES, Entry, Relay, watched_log
from octoperf_mcp.protocol.subscriptions import Frames, Subscription, legacy_notification
from octoperf_mcp.registry.changes import Change
from octoperf_mcp.registry.context import Caller
from octoperf_mcp.transport import sse
from octoperf_mcp.transport.answers import refuse
from octoperf_mcp.transport.streams import RETRY_MS, primed

MAX_STREAMS: Final = 20_000
MAX_AGE_S: Final = 3600.0
_MAX_DIGITS: Final = 15
STANDALONE: Final = CHANGES
"""Name of every session's own stream in the ids of its events."""


class _Watch(Protocol):
    """What one listener follows."""

    positions: dict[str, int]

    def frames(self, entries: Sequence[Entry]) -> bytes:
        """What these entries are to the client."""
        ...


class _SessionWatch:
    """The changes of lists, and of the resources that the session subscribed to."""

    def __init__(self, session_id: str, number: int) -> None:
        self._watched = watched_log(session_id)
        self._uris: set[str] = set()
        # the subscriptions come first, since they decide about the changes
        self.positions = {self._watched: 0, CHANGES: number}

    def frames(self, entries: Sequence[Entry]) -> bytes:
        frames = []
        for entry in entries:
            self.positions[entry.log] = entry.number
            if entry.log == self._watched:
                uri, on = orjson.loads(entry.data)
                (self._uris.add if on else self._uris.discard)(uri)
                continue
            change = Change.unpacked(entry.data)
            if not change.uri or change.uri in self._uris:
                message = legacy_notification(change)
                frames.append(sse.numbered(message, f"{STANDALONE}-{entry.number}"))
        return b"".join(frames)


class _SubscriptionWatch:
    """What one `subscriptions/listen` was granted."""

    def __init__(self, granted: Subscription, frames: Frames, number: int) -> None:
        self._granted = granted
        self._frames = frames
        self.positions = {CHANGES: number}

    def frames(self, entries: Sequence[Entry]) -> bytes:
        self.positions[CHANGES] = entries[-1].number
        changes = [Change.unpacked(entry.data) for entry in entries]
        return b"".join(
            sse.event(self._frames.changed(change))
            for change in changes
            if self._granted.wants(change)
        )


class _Listener:
    """One open stream, and what is written when the server ends it."""

    def __init__(self, last: bytes = b"") -> None:
        self._task = asyncio.current_task()
        self.last = last
        self.stopped = False

    def stop(self) -> None:
        """End the stream from our side."""
        if not self.stopped and self._task is not None:
            self.stopped = True
            self._task.cancel()


class Listening:
    """All listeners of this process."""

    def __init__(
        self, relay: Relay, *, keep_alive_s: float, now: Callable[[], float] = time.time
    ) -> None:
        self._relay = relay
        self._keep_alive_s = keep_alive_s
        self._now = now
        self._listeners: set[_Listener] = set()
        self._by_session: dict[str, _Listener] = {}
        self._closing = False

    def __len__(self) -> int:
        return len(self._listeners)

    def close(self) -> None:
        """End all streams, and open no more."""
        self._closing = True
        for listener in list(self._listeners):
            listener.stop()

    async def standalone(
        self,
        request: web.Request,
        caller: Caller,
        *,
        session_id: str,
        version: str,
        last_event_id: str,
    ) -> web.StreamResponse:
        """A session's own stream, from now or from an event on; a newer one takes its place."""
        older = self._by_session.get(session_id)
        if older is not None:
            older.stop()
        number = await self._start(last_event_id)
        watch = _SessionWatch(session_id, number)
        event_id = f"{STANDALONE}-{number}"
        first = sse.priming(event_id, RETRY_MS) if primed(version) else sse.KEEP_ALIVE
        listener = _Listener()
        self._by_session[session_id] = listener
        try:
            return await self._serve(request, caller, watch, listener, first)
        finally:
            if self._by_session.get(session_id) is listener:
                del self._by_session[session_id]

    async def subscription(
        self,
        request: web.Request,
        exchange: Exchange,
        granted: Subscription,
        info: Mapping[str, object],
    ) -> web.StreamResponse:
        """The answer to `subscriptions/listen`."""
        frames = Frames(exchange, info)
        watch = _SubscriptionWatch(granted, frames, await self._relay.last(CHANGES))
        first, last = sse.event(frames.acknowledged(granted)), sse.event(frames.ended())
        return await self._serve(request, exchange.caller, watch, _Listener(last), first)

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

    async def _serve(
        self,
        request: web.Request,
        caller: Caller,
        watch: _Watch,
        listener: _Listener,
        first: bytes,
    ) -> web.StreamResponse:
        if self._closing or len(self._listeners) >= MAX_STREAMS:
            return refuse(503, "There are too many open streams.", {"Retry-After": "30"})
        self._listeners.add(listener)
        try:
            response = sse.stream()
            await response.prepare(request)
            await response.write(first)
            try:
                await self._follow(response, watch, self._ends_at(caller))
            except asyncio.CancelledError:
                if not listener.stopped:
                    raise
            if listener.last:
                await response.write(listener.last)
            await response.write_eof()
            return response
        finally:
            self._listeners.discard(listener)

    async def _follow(self, response: web.StreamResponse, watch: _Watch, ends_at: float) -> None:
        while (left := ends_at - self._now()) > 0:
            pause_s = min(self._keep_alive_s, left)
            entries = await self._relay.read(watch.positions, pause_s)
            frames = watch.frames(entries) if entries else sse.KEEP_ALIVE
            if frames:
                await response.write(frames)

    def _ends_at(self, caller: Caller) -> float:
        return min(self._now() + MAX_AGE_S, caller.expires_at)
