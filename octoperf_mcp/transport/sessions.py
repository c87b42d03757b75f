"""Legacy sessions (`Mcp-Session-Id`) without a store: the id is the session, sealed.

It holds subject, revision, client capabilities, end and the client's name; its keys can be rotated
and shared by replicas. A deleted session is remembered on a short deny-list until it would have
ended anyway. Losing a session costs a client one `initialize`.
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import orjson

from octoperf_mcp.protocol.seals import Seal

FIELD: Final = "Mcp-Session-Id"
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


class DenyList(Protocol):
    """Sessions that were deleted before their end; shared by replicas where there are several."""

    async def add(self, session_id: str, expires_at: float) -> None:
        """Refuse the session until then (epoch seconds)."""

    async def contains(self, session_id: str) -> bool:
        """Whether the session was deleted."""
        ...


class MemoryDenyList:
    """For one process."""

    def __init__(self, now: Callable[[], float] = time.time, limit: int = 10_000) -> None:
        self._now = now
        self._limit = limit
        self._ends: dict[bytes, float] = {}

    async def add(self, session_id: str, expires_at: float) -> None:
        """Refuse the session until then; when full, the ended and then the oldest go first."""
        if len(self._ends) >= self._limit:
            now = self._now()
            self._ends = {key: end for key, end in self._ends.items() if end > now}
        while len(self._ends) >= self._limit:
            del self._ends[next(iter(self._ends))]
        self._ends[_digest(session_id)] = expires_at

    async def contains(self, session_id: str) -> bool:
        """Whether the session was deleted."""
        return bool(self._ends) and _digest(session_id) in self._ends


class Sessions:
    """Opens, reads and ends sessions.

    Args:
        keys: Secrets of at least 16 bytes; the first seals, all can be read. None makes one for
            the life of the process.
        denied: Where deleted sessions are remembered.
        now: Epoch seconds.
    """

    def __init__(
        self,
        keys: Sequence[bytes] = (),
        *,
        denied: DenyList | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._seal = Seal("session", keys)
        self._denied = denied or MemoryDenyList(now)
        self._now = now
        self._opened: dict[str, Session] = {}

    def open(
        self, subject: str, version: str, capabilities: Mapping[str, Any], client: str = ""
    ) -> str:
        """A new session id."""
        expires_at = int(self._now()) + LIFE_S
        dumped = orjson.dumps(capabilities)
        kept = dict(capabilities) if len(dumped) <= _MAX_CAPABILITIES_BYTES else {}
        plain = orjson.dumps([subject, version, kept, expires_at, client])
        return self._seal.seal(plain)

    async def find(self, session_id: str, subject: str) -> Session | None:
        """The session of this id; None when it is none, ended, deleted or another user's."""
        session = self._opened.get(session_id)
        if session is None:
            session = self._unsealed(session_id)
            if session is None:
                return None
            if len(self._opened) >= _CACHED:
                self._opened.clear()
            self._opened[session_id] = session
        if session.subject != subject or session.expires_at <= self._now():
            return None
        return None if await self._denied.contains(session_id) else session

    async def end(self, session_id: str, session: Session) -> None:
        """Delete a session; its id is refused from now on."""
        self._opened.pop(session_id, None)
        await self._denied.add(session_id, session.expires_at)

    def _unsealed(self, session_id: str) -> Session | None:
        if len(session_id) > _MAX_ID_CHARS:
            return None
        plain = self._seal.open(session_id)
        return None if plain is None else Session(*orjson.loads(plain))


def _digest(session_id: str) -> bytes:
    return hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).digest()
