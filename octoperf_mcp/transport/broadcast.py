"""From the log of changes to all open streams, by one task.

A task, a queue or a timer for each stream would cost more than the write itself: bytes that are the
same for many streams are made once and handed to their transports.
"""

import asyncio
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import orjson
import structlog
from aiohttp import hdrs, web

from octoperf_mcp.protocol.relay import CHANGES, Entry, Relay, watched_log
from octoperf_mcp.protocol.subscriptions import Frames, Subscription, legacy_notification
from octoperf_mcp.registry.changes import Change
from octoperf_mcp.transport import sse

_log = structlog.get_logger(__name__)

STANDALONE: Final = CHANGES
"""Name of every session's own stream in the ids of its events."""

MAX_UNREAD_BYTES: Final = 64 * 1024
"""A client that leaves more than that unread loses its connection; it comes back for the rest."""

_IN_A_ROW: Final = 256
"""Streams written to before others get their turn."""


class Listener(ABC):
    """One open stream; `number` is that of the last change it has seen."""

    __slots__ = ("_chunked", "_ended", "_stopped", "_transport", "ends_at", "joined", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.joined = False
        self.ends_at = math.inf
        self._ended: asyncio.Future[None] | None = None
        self._stopped = False
        self._transport: asyncio.Transport | None = None
        self._chunked = False

    @property
    def last(self) -> bytes:
        """What is written when the server ends the stream."""
        return b""

    @abstractmethod
    async def frame(self, entry: Entry, change: Change, relay: Relay) -> bytes:
        """What a change is to the client, empty when it is nothing."""

    def open(self, response: web.StreamResponse, request: web.Request) -> asyncio.Future[None]:
        """Take part; answers what is done when the stream is to end."""
        self._transport = request.transport
        self._chunked = response.headers.get(hdrs.TRANSFER_ENCODING) == "chunked"
        self._ended = asyncio.get_running_loop().create_future()
        if self._stopped:
            self.stop()
        return self._ended

    def stop(self) -> None:
        """End the stream from our side."""
        self._stopped = True
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)

    def write(self, frame: bytes) -> None:
        """Send bytes, unless the stream is about to end."""
        transport = self._transport
        if self._stopped or transport is None or transport.is_closing():
            return
        transport.write(_chunk(frame) if self._chunked else frame)
        if transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            transport.abort()


class SessionListener(Listener):
    """The changes of lists, and of the resources that the session subscribed to."""

    __slots__ = ("_seen", "_uris", "_watched")

    def __init__(self, session_id: str, number: int) -> None:
        super().__init__(number)
        self._watched = watched_log(session_id)
        self._seen = 0
        self._uris: set[str] = set()

    async def frame(self, entry: Entry, change: Change, relay: Relay) -> bytes:
        """See `Listener.frame`."""
        if change.uri and not await self._watches(change.uri, relay):
            return b""
        return _numbered(change, entry.number)

    async def _watches(self, uri: str, relay: Relay) -> bool:
        if await relay.last(self._watched) > self._seen:
            for entry in await relay.read({self._watched: self._seen}, 0):
                self._seen = entry.number
                watched, on = orjson.loads(entry.data)
                (self._uris.add if on else self._uris.discard)(watched)
        return uri in self._uris


class SubscriptionListener(Listener):
    """What one `subscriptions/listen` was granted."""

    __slots__ = ("_frames", "_granted")

    def __init__(self, granted: Subscription, frames: Frames, number: int) -> None:
        super().__init__(number)
        self._granted = granted
        self._frames = frames

    @property
    def last(self) -> bytes:
        """The result of the request."""
        return sse.event(self._frames.ended())

    async def frame(self, _entry: Entry, change: Change, _relay: Relay) -> bytes:
        """See `Listener.frame`."""
        return sse.event(self._frames.changed(change)) if self._granted.wants(change) else b""


class Broadcast:
    """The task that follows the changes, as long as somebody listens."""

    def __init__(self, relay: Relay, *, keep_alive_s: float) -> None:
        self._relay = relay
        self._keep_alive_s = keep_alive_s
        self._listeners: dict[Listener, None] = {}
        self._number = 0
        self._beat = 0.0
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._listeners)

    def close(self) -> None:
        """End all streams."""
        for listener in list(self._listeners):
            listener.stop()

    async def serve(
        self, response: web.StreamResponse, request: web.Request, listener: Listener, life_s: float
    ) -> bytes:
        """Write changes to a stream until it ends; answers what is to be written last."""
        loop = asyncio.get_running_loop()
        ended = listener.open(response, request)
        listener.ends_at = loop.time() + life_s
        self._listeners[listener] = None
        try:
            if self._task is None:
                self._number = listener.number
                self._beat = loop.time() + self._keep_alive_s
                self._task = loop.create_task(self._run())
            self._end_in_time(listener)
            await self._catch_up(listener)
            await ended
        finally:
            del self._listeners[listener]
            if not self._listeners and self._task is not None:
                self._task.cancel()
                self._task = None
        return listener.last

    async def _catch_up(self, listener: Listener) -> None:
        """Tell what the others have heard already; from then on it hears with them."""
        while listener.number < self._number:
            entries = await self._relay.read({CHANGES: listener.number}, 0)
            for entry in entries:
                await self._tell(listener, entry, Change.unpacked(entry.data))
            if not entries:
                listener.number = self._number  # what was there is gone
        listener.joined = True

    async def _tell(self, listener: Listener, entry: Entry, change: Change) -> None:
        if entry.number > listener.number:
            listener.number = entry.number
            frame = await listener.frame(entry, change, self._relay)
            if frame:
                listener.write(frame)

    async def _run(self) -> None:
        try:
            await self._follow()
        except Exception:  # noqa: BLE001 - the top of a task: logged
            _log.exception("broadcast_failed")
            self._task = None
            self.close()  # clients come back, and the next one starts anew

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            pause_s = max(self._beat - loop.time(), 0)
            entries = await self._relay.read({CHANGES: self._number}, pause_s)
            await self._spread(entries)
            if loop.time() >= self._beat:
                self._beat = loop.time() + self._keep_alive_s
                for listener in list(self._listeners):
                    listener.write(sse.KEEP_ALIVE)
                    self._end_in_time(listener)

    def _end_in_time(self, listener: Listener) -> None:
        """Set a timer where the end is near: one for each stream would take half a KiB."""
        if listener.ends_at < self._beat:
            asyncio.get_running_loop().call_at(listener.ends_at, listener.stop)

    async def _spread(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._number = entry.number
            change = Change.unpacked(entry.data)
            for turn, listener in enumerate(list(self._listeners), 1):
                if listener.joined:
                    await self._tell(listener, entry, change)
                if not turn % _IN_A_ROW:
                    await asyncio.sleep(0)


@lru_cache(maxsize=64)
def _numbered(change: Change, number: int) -> bytes:
    return sse.numbered(legacy_notification(change), f"{STANDALONE}-{number}")


@lru_cache(maxsize=64)
def _chunk(frame: bytes) -> bytes:
    """One chunk (RFC 9112, 7.1)."""
    return b"%x\r\n%b\r\n" % (len(frame), frame)
