"""Tools and plugins turned off and on while the server runs, at every replica.

The state lies with what replicas share: the database of the embedded platform, or Redis. Each
replica watches it, composes its registry anew, serves that from then on, and tells its clients
that the lists have changed.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

import structlog
from aiohttp import web

from octoperf_mcp.entities.switches import Kind, PluginRow, Switches, SwitchStore, ToolRow
from octoperf_mcp.errors import ConfigError, StoreUnavailableError
from octoperf_mcp.protocol.relay import Relay
from octoperf_mcp.registry.changes import Change
from octoperf_mcp.registry.manager import Registry
from octoperf_mcp.registry.switched import plugin_rows, require_known, tool_rows

log = structlog.get_logger(__name__)

WAIT_S: Final = 30.0
_AGAIN_S: Final = 2.0
_KEPT_S: Final = 10 * 365 * 86_400.0

Compose = Callable[[Switches], Registry]
Adopt = Callable[[Registry], Awaitable[None]]
Announce = Callable[[Change], Awaitable[None]]


class RelaySwitches:
    """Switches in the store that replicas of a bridge share."""

    LOG: Final = "switches"

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    async def read(self) -> Switches:
        """See `SwitchStore.read`."""
        found = await self._relay.get(self.LOG)
        return Switches() if found is None else Switches.unpacked(found)

    async def turn(self, kind: Kind, name: str, *, on: bool) -> Switches:
        """See `SwitchStore.turn`."""
        changed = (await self.read()).turned(kind, name, on=on)
        await self._relay.put(self.LOG, changed.packed(), _KEPT_S)
        await self._relay.append(self.LOG, str(changed.version).encode())
        return changed

    async def news(self, version: int, timeout_s: float) -> None:
        """See `SwitchStore.news`."""
        last = await self._relay.last(self.LOG)
        if (await self.read()).version == version:
            await self._relay.read({self.LOG: last}, timeout_s)


class Switching:
    """The switchboard of one server.

    `store` is set before the application starts; without one, nothing can be turned. `followers`
    get each registry that is served from then on.

    Args:
        registry: What is served at first, as configured.
        compose: Makes the registry of a state; it may take seconds, and runs in a thread.
        adopt: Serves a registry from then on.
        announce: Tells clients of a change.
    """

    def __init__(
        self, registry: Registry, compose: Compose, adopt: Adopt, announce: Announce
    ) -> None:
        self.store: SwitchStore | None = None
        self.followers: list[Callable[[Registry], None]] = []
        self._registry = registry
        self._compose = compose
        self._adopt = adopt
        self._announce = announce
        self._state = Switches()
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

    async def _take_up(self, store: SwitchStore) -> None:
        try:
            await self._follow(await store.read())
        except StoreUnavailableError:
            log.warning("switches_not_read")

    async def _watch(self, store: SwitchStore) -> None:
        while not self._closing:
            try:
                await store.news(self._state.version, WAIT_S)
                await self._follow(await store.read())
            except Exception:
                log.exception("switches_not_followed")
                await asyncio.sleep(_AGAIN_S)

    async def _follow(self, state: Switches) -> None:
        async with self._turning:
            if state.version == self._state.version:
                return
            before, after = self._registry, await asyncio.to_thread(self._compose, state)
            await self._adopt(after)
            for follow in self.followers:
                follow(after)
            self._registry, self._state = after, state
            log.info("switches_followed", version=state.version, tools=len(after.tools))
            for change in changes(before, after):
                await self._announce(change)


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
