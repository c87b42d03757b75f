"""Small values kept for a user, wherever calls of the same user may come in."""

import hashlib
from typing import Protocol

from octoperf_mcp.protocol.relay import Relay
from octoperf_mcp.registry.context import Caller


class KeptValues(Protocol):
    """Values by name, each user's apart, each with a life."""

    async def put(
        self, caller: Caller, name: str, data: bytes, life_s: int, *, only_new: bool = False
    ) -> bool:
        """Keep a value for so long; with `only_new` False where the name has one already."""
        ...

    async def get(self, caller: Caller, name: str) -> bytes | None:
        """The value of a name, None when there is none."""
        ...

    async def drop(self, caller: Caller, name: str) -> None:
        """Forget a value."""


class SharedValues:
    """In what replicas share."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    async def put(
        self, caller: Caller, name: str, data: bytes, life_s: int, *, only_new: bool = False
    ) -> bool:
        """See `KeptValues.put`."""
        return await self._relay.put(_of(caller, name), data, life_s, only_new=only_new)

    async def get(self, caller: Caller, name: str) -> bytes | None:
        """See `KeptValues.get`."""
        return await self._relay.get(_of(caller, name))

    async def drop(self, caller: Caller, name: str) -> None:
        """See `KeptValues.drop`."""
        await self._relay.drop(_of(caller, name))


def _of(caller: Caller, name: str) -> str:
    return f"kept/{hashlib.sha256(caller.subject.encode()).hexdigest()[:32]}/{name}"
