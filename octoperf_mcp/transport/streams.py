"""Streams of handshake sessions that a client can resume (2025-11-25, basic/transports).

Each event is kept in the relay before it is written. What a stream's client left unread is there
for its GET with `Last-Event-ID`, which then goes on live.
"""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from typing import Final

from octoperf_mcp.errors import StoreUnavailableError
from octoperf_mcp.protocol.relay import Relay, session_key
from octoperf_mcp.protocol.versions import LATEST_LEGACY
from octoperf_mcp.transport import sse

RETRY_MS: Final = 1000
_PRIMED: Final = frozenset((LATEST_LEGACY,))
"""Revisions whose clients know events without data."""

_END: Final = b""
"""Entry that closes a stream."""

_ATTEMPTS: Final = 10
_PAUSE_S: Final = 1.0
_MAX_DIGITS: Final = 15
_START: Final = b" "


class EventStream:
    """One stream of a session, written by the call that it belongs to."""

    def __init__(self, relay: Relay, session_id: str) -> None:
        self._relay = relay
        self._name = secrets.token_hex(8)
        self._log = _log(session_id, self._name)
        self.closed = False

    async def open(self, version: str) -> bytes:
        """What is written first; a stream that cannot be kept has nothing to resume from."""
        try:
            number = await self._relay.append(self._log, _START)
        except StoreUnavailableError:
            return b""
        return sse.priming(f"{self._name}-{number}", RETRY_MS) if primed(version) else b""

    async def keep(self, message: bytes) -> bytes:
        """The event of a message; without an id where it cannot be kept."""
        try:
            number = await self._relay.append(self._log, message)
        except StoreUnavailableError:
            return sse.event(message)
        return sse.numbered(message, f"{self._name}-{number}")

    async def close(self, message: bytes) -> bytes:
        """The event of the last message."""
        event = await self.keep(message)
        with contextlib.suppress(StoreUnavailableError):
            await self._relay.append(self._log, _END)
        self.closed = True
        return event

    async def close_unseen(self, message: bytes) -> None:
        """Keep the last message for a client that is away, also while the relay is, for a while."""
        for _ in range(_ATTEMPTS):
            with contextlib.suppress(StoreUnavailableError):
                await self._relay.append(self._log, message)
                await self._relay.append(self._log, _END)
                break
            await asyncio.sleep(_PAUSE_S)
        self.closed = True


class Resumed:
    """A stream from an event on; `gone` when its events are no longer, or never were, there."""

    def __init__(self, relay: Relay, session_id: str, last_event_id: str) -> None:
        self._relay = relay
        self._name, _, number = last_event_id.rpartition("-")
        self._log = _log(session_id, self._name)
        self._number = (
            int(number)
            if number.isascii() and number.isdecimal() and len(number) <= _MAX_DIGITS
            else -1
        )

    async def gone(self) -> bool:
        """Whether there is nothing to resume."""
        last = await self._relay.last(self._log) if self._number >= 0 else -1
        return last < max(self._number, 1)

    async def events(self, pause_s: float) -> AsyncIterator[bytes]:
        """The rest of the stream; a comment whenever nothing came for so long."""
        while True:
            entries = await self._relay.read({self._log: self._number}, pause_s)
            frames = b"".join(
                sse.numbered(entry.data, f"{self._name}-{entry.number}")
                for entry in entries
                if entry.data not in {_START, _END}
            )
            if frames or not entries:
                yield frames or sse.KEEP_ALIVE
            if entries:
                self._number = entries[-1].number
                if entries[-1].data == _END:
                    return


def primed(version: str) -> bool:
    """Whether a revision's streams begin with an event without data."""
    return version in _PRIMED


def _log(session_id: str, name: str) -> str:
    return f"{session_key(session_id)}/stream/{name}"
