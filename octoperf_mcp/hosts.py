"""Plugins in the running server: each with its settings and memory, entered, asked, left."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, Final

import structlog
from aiohttp import web

from octoperf_mcp.config import Settings
from octoperf_mcp.protocol.isolation import within
from octoperf_mcp.registry.extending import Host, Lifespan, Registered
from octoperf_mcp.registry.registry import Registry

log = structlog.get_logger(__name__)

_LOOK: Final = "octoperf-mcp plugins check {}"
LIMIT_S: Final = 10.0
"""Longest that a plugin may take to start, to drain and to stop."""


class Hosts:
    """The hosts of all enabled plugins.

    What a third-party plugin raises here is logged and changes nothing for others; what a
    built-in one raises at start stops the start.
    """

    def __init__(
        self, registry: Registry, settings: Settings, origin: str, limit_s: float = LIMIT_S
    ) -> None:
        self._registry = registry
        self._settings = settings
        self._origin = origin
        self._limit_s = limit_s
        self._hosts: dict[str, Host] = {}
        self._entered: dict[str, AsyncExitStack] = {}
        self._broken: dict[str, str] = {}
        self._know(registry)

    def of(self, plugin: str) -> Host:
        """The host of an enabled plugin."""
        return self._hosts[plugin]

    def join(self, app: web.Application) -> None:
        """Enter the lifespans with the application, in the order of the plugins' names."""
        app.cleanup_ctx.append(self._run)

    async def adopt(self, registry: Registry) -> None:
        """Enter plugins that were enabled since, and leave those that were disabled."""
        self._know(registry)
        enabled = {plugin.name for plugin in registry.plugins if plugin.state == "enabled"}
        for name in [name for name in self._entered if name not in enabled]:
            await self._entered.pop(name).aclose()
        self._hosts = {name: host for name, host in self._hosts.items() if name in enabled}
        new = {one.plugin for one in registry.lifespans} - self._entered.keys()
        self._registry = registry
        for one in registry.lifespans:
            if one.plugin in new:
                await self._enter(one)

    def _know(self, registry: Registry) -> None:
        broken = {one.name: one.reason for one in registry.plugins if one.state == "broken"}
        for name, reason in broken.items():
            if self._broken.get(name) != reason:
                log.error("plugin_not_loaded", plugin=name, reason=reason, next=_LOOK.format(name))
        self._broken = broken
        kinds = {section.name: section.settings for section in registry.config_sections}
        for plugin in registry.plugins:
            if plugin.state == "enabled" and plugin.name not in self._hosts:
                name = registry.section_owners.get(plugin.name, "")
                own = self._settings.section(name, kinds[name]) if name else None
                self._hosts[plugin.name] = Host(plugin.name, own, self._origin)

    def checks(self, taken: Collection[str]) -> dict[str, Callable[[], str]]:
        """The health checks by name; a name that is taken gets the plugin's before it."""
        checks: dict[str, Callable[[], str]] = {}
        for one in self._registry.health_checks:
            name = one.value.name
            if name in taken or name in checks:
                name = f"{one.plugin}.{name}"
            checks[name] = partial(self._checked, one)
        return checks

    async def drain(self) -> None:
        """Tell all who want to know that the server begins to drain."""
        for one in self._registry.drains:
            try:
                await within(one.value(self.of(one.plugin)), self._limit_s)
            except Exception:
                log.exception("plugin_drain_failed", plugin=one.plugin)

    def _checked(self, one: Registered[Any]) -> str:
        try:
            reason = str(one.value.check(self.of(one.plugin)))
        except Exception as error:
            log.exception("plugin_health_check_failed", plugin=one.plugin)
            reason = f"its check failed: {type(error).__name__}"
        return f"{reason} (plugin {one.plugin})" if reason else ""

    async def _run(self, _app: web.Application) -> AsyncIterator[None]:
        try:
            for one in self._registry.lifespans:
                await self._enter(one)
            yield
        finally:
            while self._entered:
                _, entered = self._entered.popitem()
                await entered.aclose()

    async def _enter(self, one: Registered[Lifespan]) -> None:
        entered = self._entered.setdefault(one.plugin, AsyncExitStack())
        made: Any = one.value(self.of(one.plugin))
        life = asynccontextmanager(lambda: made)() if inspect.isasyncgen(made) else made
        if one.plugin not in self._registry.third_party:
            await entered.enter_async_context(life)
            return
        try:
            async with asyncio.timeout(self._limit_s):
                await life.__aenter__()
        except Exception:
            log.exception("plugin_start_failed", plugin=one.plugin)
            return
        entered.push_async_callback(self._leave, life, one.plugin)

    async def _leave(self, life: Any, plugin: str) -> None:
        try:
            async with asyncio.timeout(self._limit_s):
                await life.__aexit__(None, None, None)
        except Exception:
            log.exception("plugin_stop_failed", plugin=plugin)


HOSTS: Final = web.AppKey("hosts", Hosts)
