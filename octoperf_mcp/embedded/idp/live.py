"""Which grants are alive: asked on each call, remembered for at most a second."""

import time
from collections.abc import Callable

from octoperf_mcp.embedded.idp.grants import Grants, LiveGrant
from octoperf_mcp.embedded.store.schema import now_ms

REMEMBER_S = 1.0
_MOST = 10_000


class LiveGrants:
    """Answers from memory what was true within the last second.

    What this process revokes is dead at once; what another replica does, within that second.

    Args:
        grants: The table.
        clock: Monotonic seconds.
    """

    def __init__(self, grants: Grants, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._grants = grants
        self._clock = clock
        self._known: dict[str, tuple[float, LiveGrant | None]] = {}
        self._epoch = 0
        self._used: dict[str, int] = {}

    async def get(self, grant_id: str) -> LiveGrant | None:
        """The grant if it is alive; counts as a use of it."""
        entry = self._known.get(grant_id)
        if entry is None or self._clock() - entry[0] >= REMEMBER_S:
            entry = await self._ask(grant_id)
        if entry[1] is not None:
            self._used[grant_id] = now_ms()
        return entry[1]

    async def revoke(self, grant_id: str, *, user_id: str | None = None) -> bool:
        """End a grant, from the next call on; whether it was alive."""
        ended = await self._grants.revoke(grant_id, user_id=user_id)
        self.forget()
        return ended

    def forget(self) -> None:
        """Ask anew about everything: some grants may have ended."""
        self._epoch += 1
        self._known.clear()

    async def flush(self) -> None:
        """Write down the uses counted since the last time."""
        used, self._used = self._used, {}
        await self._grants.touch(used)

    async def _ask(self, grant_id: str) -> tuple[float, LiveGrant | None]:
        epoch = self._epoch
        asked_at = self._clock()
        entry = (asked_at, await self._grants.live(grant_id))
        if epoch == self._epoch:  # what was read before a revocation is not remembered after it
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[grant_id] = entry
        return entry
