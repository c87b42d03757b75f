"""Legacy sessions (`Mcp-Session-Id`) without a store: the id is the session, sealed.

It holds subject, revision, client capabilities, end and the client's name; its keys can be rotated
and shared by replicas. A deleted session is remembered on a short deny-list until it would have
ended anyway. Losing a session costs a client one `initialize`.
"""

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from multidict import istr

from octoperf_mcp.errors import StoreUnavailableError
from octoperf_mcp.protocol.relay import MemoryRelay, Relay, session_key
from octoperf_mcp.protocol.seals import Seal

FIELD: Final = istr("Mcp-Session-Id")
LIFE_S: Final = 24 * 3600
_MAX_ID_CHARS: Final = 8192
_MAX_CAPABILITIES_BYTES: Final = 2048
_CACHED: Final = 4096


@dataclass(frozen=True, slots=True)
class Session:
    """What a legacy client settled with `initialize`."""

    subject: str
    version: str
    capabilities: Mapping[str, Any]
    expires_at: float
    client: str = ""
    surface: str = ""


class Sessions:
    """Opens, reads and ends sessions.

    Args:
        keys: Secrets of at least 16 bytes; the first seals, all can be read. None makes one for
            the life of the process.
        relay: Where deleted sessions are remembered; by default the memory of this process.
        now: Epoch seconds.
    """

    def __init__(
        self,
        keys: Sequence[bytes] = (),
        *,
        relay: Relay | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._seal = Seal("session", keys)
        self._relay = relay or MemoryRelay()
        self._ended: set[str] = set()
        self._now = now
        self._opened: dict[str, Session] = {}

    def open(
        self,
        subject: str,
        version: str,
        capabilities: Mapping[str, Any],
        client: str = "",
        surface: str = "",
    ) -> str:
        """A new session id, good for the surface of this name only."""
        expires_at = int(self._now()) + LIFE_S
        dumped = orjson.dumps(capabilities)
        kept = dict(capabilities) if len(dumped) <= _MAX_CAPABILITIES_BYTES else {}
        plain = orjson.dumps([subject, version, kept, expires_at, client, surface])
        return self._seal.seal(plain)

    async def find(self, session_id: str, subject: str, surface: str = "") -> Session | None:
        """The session of this id; None when it is none, ended, deleted or of another user.

        So it is when it was opened on another surface.
        """
        session = self._opened.get(session_id)
        if session is None:
            session = self._unsealed(session_id)
            if session is None:
                return None
            if len(self._opened) >= _CACHED:
                self._opened.clear()
            self._opened[session_id] = session
        if session.subject != subject or session.surface != surface:
            return None
        if session.expires_at <= self._now():
            return None
        return None if await self._was_ended(session_id) else session

    async def end(self, session_id: str, session: Session) -> None:
        """Delete a session; its id is refused from now on.

        Raises:
            StoreUnavailableError: the other replicas cannot be told, so the session goes on.
        """
        key = _key(session_id)
        await self._relay.put(key, b"1", session.expires_at - self._now())
        self._opened.pop(session_id, None)
        if len(self._ended) >= _CACHED:
            self._ended.clear()
        self._ended.add(key)

    async def _was_ended(self, session_id: str) -> bool:
        """Whether it was deleted; where nobody knows, the token alone decides about access."""
        key = _key(session_id)
        if key in self._ended:
            return True
        try:
            return await self._relay.get(key) is not None
        except StoreUnavailableError:
            return False

    def _unsealed(self, session_id: str) -> Session | None:
        if len(session_id) > _MAX_ID_CHARS:
            return None
        plain = self._seal.open(session_id)
        return None if plain is None else Session(*orjson.loads(plain))


@functools.lru_cache(_CACHED)
def _key(session_id: str) -> str:
    return f"ended/{session_key(session_id)}"
