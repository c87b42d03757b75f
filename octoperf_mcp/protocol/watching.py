"""What plugins do before and after each call of a tool.

Where no plugin does, tools stay as they are and a call pays nothing.
"""

import asyncio
import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Final

import structlog

from octoperf_mcp.errors import OctoPerfMcpError, PluginFailedError, ToolError
from octoperf_mcp.protocol.isolation import within
from octoperf_mcp.registry.context import ToolContext
from octoperf_mcp.registry.extending import (
    AfterToolCall,
    BeforeToolCall,
    Host,
    Registered,
    ToolCall,
    ToolCallEnd,
)
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.registry.tools import Tool

log = structlog.get_logger(__name__)

LIMIT_S: Final = 5.0
"""Longest that one look at a call may take."""

HostOf = Callable[[str], Host]
"""The host of a plugin, by name."""


@dataclass(frozen=True, slots=True)
class Watchers:
    """All that look at calls."""

    before: tuple[Registered[BeforeToolCall], ...]
    after: tuple[Registered[AfterToolCall], ...]
    host_of: HostOf
    limit_s: float = LIMIT_S

    async def check(self, context: ToolContext, call: ToolCall) -> None:
        """Ask all who look before.

        Raises:
            ToolError: one of them refuses, or an essential one failed.
        """
        for one in self.before:
            try:
                await within(one.value.check(self.host_of(one.plugin), context, call), self.limit_s)
            except ToolError:
                raise
            except BaseException as error:
                _raise_if_ours(error)
                _log_failure("plugin_check_failed", one.plugin, call, error)
                if one.value.essential:
                    raise PluginFailedError(
                        f"The plugin {one.plugin}, which has to agree to each call, failed.",
                        plugin=one.plugin,
                    ) from error

    async def tell(self, context: ToolContext, call: ToolCall, end: ToolCallEnd) -> None:
        """Tell all who look after."""
        for one in self.after:
            try:
                await within(
                    one.value.tell(self.host_of(one.plugin), context, call, end), self.limit_s
                )
            except BaseException as error:  # noqa: BLE001 - of a plugin, logged or ours
                _raise_if_ours(error)
                _log_failure("plugin_not_told", one.plugin, call, error)


@dataclass(frozen=True, slots=True)
class WatchedTool(Tool):
    """A tool at whose calls plugins look."""

    inner: Tool
    plugin: str
    watchers: Watchers

    async def call(self, context: ToolContext, arguments: Mapping[str, Any]) -> Any:
        """See `Tool.call`."""
        call = ToolCall(
            self.name,
            self.plugin,
            MappingProxyType(copy.deepcopy(dict(arguments))),
            bool(self.definition["annotations"]["readOnlyHint"]),
        )
        await self.watchers.check(context, call)
        began = time.perf_counter()
        try:
            answer = await self.inner.call(context, arguments)
        except ToolError as error:
            await self._told(context, call, began, "tool_error", error.code)
            raise
        except OctoPerfMcpError as error:
            await self._told(context, call, began, "crashed", error.code)
            raise
        except Exception as error:
            await self._told(context, call, began, "crashed", type(error).__name__)
            raise
        size = len(answer) if isinstance(answer, bytes) else 0
        await self._told(context, call, began, "ok", "", size)
        return answer

    def checked(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Tool.checked`."""
        return self.inner.checked(arguments)

    async def _told(  # noqa: PLR0917 - all of one end
        self,
        context: ToolContext,
        call: ToolCall,
        began: float,
        outcome: Any,
        code: str,
        size: int = 0,
    ) -> None:
        took_ms = (time.perf_counter() - began) * 1000
        await self.watchers.tell(context, call, ToolCallEnd(outcome, code, took_ms, size))


def watched(registry: Registry, host_of: HostOf) -> Registry:
    """The registry with its tools under the eyes of those who look at calls, if there are any."""
    if not (registry.before_calls or registry.after_calls):
        return registry
    watchers = Watchers(registry.before_calls, registry.after_calls, host_of)
    tools = {
        name: _watched(tool, registry.owners.get(name, ""), watchers)
        for name, tool in registry.tools.items()
    }
    return replace(registry, tools=MappingProxyType(tools))


def _watched(tool: Tool, plugin: str, watchers: Watchers) -> Tool:
    members = {item.name: getattr(tool, item.name) for item in fields(Tool)}
    return WatchedTool(**members, inner=tool, plugin=plugin, watchers=watchers)


def _raise_if_ours(error: BaseException) -> None:
    """Cancellation of the call itself, and the end of the process, are no failures of a plugin."""
    if isinstance(error, KeyboardInterrupt):
        raise error
    task = asyncio.current_task()
    if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
        raise error


def _log_failure(event: str, plugin: str, call: ToolCall, error: BaseException) -> None:
    log.error(event, plugin=plugin, tool=call.tool, exc_info=error)
