"""Tools and plugins turned off and on while the server runs, at every replica.

The state lies with what replicas share: the database of the embedded platform, or Redis. Each
replica watches it, composes its registry anew, serves that from then on, and tells its clients
that the lists have changed.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

import structlog
from aiohttp import web

from octoperf_mcp.entities.switches import Kind, PluginRow, Switches, SwitchStore, ToolRow
from octoperf_mcp.errors import ConfigError, StoreUnavailableError
from octoperf_mcp.protocol.relay import Relay
from octoperf_mcp.registry.changes import Change
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.registry.switched import (
    plugin_rows,
    require_dispensable,
    require_known,
    tool_rows,
)

log = structlog.get_logger(__name__)

WAIT_S: Final = 30.0
_AGAIN_S: Final = 2.0
_LOOK_S: Final = 5.0
"""An emptied store says nothing of it: it is looked at this often."""

Compose = Callable[[Switches], Registry]
Adopt = Callable[[Registry], Awaitable[None]]
Announce = Callable[[Change], Awaitable[None]]


class RelaySwitches:
    """Switches in the store that replicas of a bridge share.

    They have no end there, so that no rule of eviction for keys that expire takes them. A store
    that comes back empty, or as it was some time ago, is given again what a replica still knows.
    """

    LOG: Final = "switches"

    def __init__(self, relay: Relay, now: Callable[[], float] = time.time) -> None:
        self._relay = relay
        self._now = now

    async def read(self) -> Switches:
        """See `SwitchStore.read`."""
        return _unpacked(await self._relay.get(self.LOG))

    async def renewed(self, known: Switches) -> Switches:
        """See `SwitchStore.renewed`."""
        while True:
            found = await self._relay.get(self.LOG)
            stored = _unpacked(found)
            if not known.epoch or (stored.epoch == known.epoch and not stored.is_behind(known)):
                return stored
            kept = known.over(stored) if stored.is_behind(known) else stored.over(known)
            if kept.turned_names == stored.turned_names:
                return stored
            kept = replace(kept, put_back_at=int(self._now()))
            if await self._swapped(found, kept):
                log.warning("switches_put_back", why="what replicas share had lost them")
                return kept

    async def turn(self, kind: Kind, name: str, *, on: bool) -> Switches:
        """See `SwitchStore.turn`."""
        while True:
            found = await self._relay.get(self.LOG)
            changed = _unpacked(found).turned(kind, name, on=on)
            if await self._swapped(found, changed):
                return changed

    async def news(self, known: Switches, timeout_s: float) -> None:
        """See `SwitchStore.news`."""
        last = await self._relay.last(self.LOG)
        if await self.read() == known:
            await self._relay.read({self.LOG: last}, min(timeout_s, _LOOK_S))

    async def _swapped(self, before: bytes | None, after: Switches) -> bool:
        done = await self._relay.swap(self.LOG, before, after.packed())
        if done:
            with contextlib.suppress(StoreUnavailableError):  # the others look by themselves
                await self._relay.append(self.LOG, str(after.version).encode())
        return done


def _unpacked(found: bytes | None) -> Switches:
    return Switches() if found is None else Switches.unpacked(found)


class Switching:
    """The switchboard of one server.

    `store` is set before the application starts; without one, nothing can be turned. `followers`
    get each registry that is served from then on.

    Args:
        registry: What is served at first, as configured.
        compose: Makes the registry of a state; it may take seconds, and runs in a thread.
        adopt: Serves a registry from then on.
        announce: Tells clients of a change; raises StoreUnavailableError where it cannot.
        followers: The first of those that get each registry.
        required: Plugins that cannot be turned off.
    """

    def __init__(
        self,
        registry: Registry,
        compose: Compose,
        adopt: Adopt,
        announce: Announce,
        *,
        followers: Iterable[Callable[[Registry], None]] = (),
        required: Sequence[str] = (),
    ) -> None:
        self.store: SwitchStore | None = None
        self.followers = [*followers]
        self._registry = registry
        self._compose = compose
        self._adopt = adopt
        self._announce = announce
        self._required = required
        self._state = Switches()
        self._unread = False
        self._untold: dict[Change, None] = {}
        self._turning = asyncio.Lock()
        self._closing = False

    def plugins(self) -> Sequence[PluginRow]:
        """See `Switchboard.plugins`."""
        return plugin_rows(self._registry)

    def tools(self) -> Sequence[ToolRow]:
        """See `Switchboard.tools`."""
        return tool_rows(self._registry)

    async def turn(self, kind: Kind, name: str, *, on: bool) -> None:
        """See `Switchboard.turn`."""
        if self.store is None:
            raise LookupError("This server shares nothing with which a switch could be kept.")
        try:
            require_known(self._registry, kind, name)
            require_dispensable(self._required, kind, name, on=on)
        except ConfigError as error:
            raise LookupError(error.message) from error
        await self._follow(await self.store.turn(kind, name, on=on))

    async def run(self, _app: web.Application) -> AsyncIterator[None]:
        """Take up the state before the first request, then follow it."""
        if self.store is None:
            yield
            return
        await self._take_up(self.store)
        watching = asyncio.get_running_loop().create_task(self._watch(self.store))
        yield
        self._closing = True
        watching.cancel()
        await asyncio.wait({watching}, timeout=_AGAIN_S)

    def trouble(self) -> str:
        """Why this server may show what the operator turned off; empty when it does not."""
        return "the switches of the operator could not be read yet" if self._unread else ""

    async def _take_up(self, store: SwitchStore) -> None:
        try:
            await self._follow(await store.read())
        except Exception as error:  # noqa: BLE001 - of any store; logged, and tried again
            self._unread = True
            log.warning("switches_not_read", reason=str(error)[:200])

    async def _watch(self, store: SwitchStore) -> None:
        lost = self._unread
        while not self._closing:
            try:
                if not self._unread:
                    await store.news(self._state, _AGAIN_S if self._untold else WAIT_S)
                await self._follow(await store.renewed(self._state))
                await self._tell()
            except Exception as error:
                if not lost:
                    known = isinstance(error, StoreUnavailableError)  # its log has the reason
                    log.warning("switches_not_followed", exc_info=None if known else error)
                lost = True
                await asyncio.sleep(_AGAIN_S)
            else:
                if lost:
                    log.warning("switches_are_followed_again")
                lost = self._unread = False

    async def _follow(self, state: Switches) -> None:
        async with self._turning:
            if state == self._state or state.is_behind(self._state):
                return
            if state.turned_names == self._state.turned_names:
                self._state = state
                return
            before, after = self._registry, await asyncio.to_thread(self._compose, state)
            await self._adopt(after)
            for follow in self.followers:
                follow(after)
            self._registry, self._state = after, state
            log.info("switches_followed", version=state.version, tools=len(after.tools))
            self._untold |= dict.fromkeys(changes(before, after))
        with contextlib.suppress(StoreUnavailableError):  # told later, by who watches
            await self._tell()

    async def _tell(self) -> None:
        """Tell clients what they were not told yet."""
        while self._untold:
            change = next(iter(self._untold))
            await self._announce(change)
            self._untold.pop(change, None)


def changes(before: Registry, after: Registry) -> list[Change]:
    """What clients are told: which lists differ."""
    lists: list[Change] = []
    if before.tools.keys() != after.tools.keys() or before.owners != after.owners:
        lists.append(Change("tools"))
    prompts = before.prompts.keys() != after.prompts.keys()
    if prompts or lists:  # every tool has a prompt
        lists.append(Change("prompts"))
    files = before.public_assets.keys() != after.public_assets.keys()
    if files or lists or before.resources != after.resources:  # the guide lists the tools
        lists.append(Change("resources"))
    return lists


SWITCHING = web.AppKey("switching", Switching)
