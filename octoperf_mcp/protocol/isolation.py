"""Calls of third-party tools: a time limit, a size limit, an eye on the event loop, a breaker.

Code of others runs in this very process, so this is no sandbox: it keeps mistakes of one plugin
from the calls of others, and says whose they are. Built-in tools are not wrapped.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Final, cast

import structlog

from octoperf_mcp.errors import (
    AuthError,
    OctoPerfMcpError,
    PluginFailedError,
    PluginOffError,
    ProtocolError,
    ToolError,
)
from octoperf_mcp.protocol.dialogue import InputRequired
from octoperf_mcp.registry.context import ToolContext
from octoperf_mcp.registry.questions import Question
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.registry.tools import Tool

log = structlog.get_logger(__name__)

BLOCKED_S: Final = 0.5
"""Longest that one step of a plugin may keep everybody else waiting."""


@dataclass(frozen=True, slots=True)
class Isolation:
    """What is allowed to a third-party plugin; see `[plugins]` of the configuration."""

    timeout_s: float = 60.0
    max_answer_bytes: int = 8 * 1024 * 1024
    failures: int = 5
    pause_s: float = 30.0
    blocked_s: float = BLOCKED_S


class Breaker:
    """Refuses calls of a plugin for a while, once so many failed in a row.

    After the pause one call is let through; if it fails, the pause begins anew.
    """

    def __init__(
        self, plugin: str, limits: Isolation, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._plugin = plugin
        self._limits = limits
        self._now = now
        self._failures = 0
        self._open_until = 0.0

    def check(self) -> None:
        """Refuse a call while the breaker is open.

        Raises:
            PluginOffError: it is.
        """
        left = self._open_until - self._now()
        if left > 0:
            raise PluginOffError(
                f"The plugin {self._plugin} failed {self._failures} times in a row and is left "
                f"alone for {left:.0f} s more.",
                plugin=self._plugin,
                retry_after_s=round(left, 1),
            )

    def succeeded(self) -> None:
        """Close it."""
        self._failures = 0
        self._open_until = 0.0

    def failed(self, tool: str, reason: str) -> None:
        """Count a failure that is the plugin's."""
        self._failures += 1
        if self._failures < self._limits.failures:
            return
        self._open_until = self._now() + self._limits.pause_s
        log.error(
            "plugin_breaker_opened",
            plugin=self._plugin,
            tool=tool,
            failures=self._failures,
            reason=reason,
        )


class Stepped:
    """Runs a coroutine and remembers the longest time that one of its steps kept the event loop."""

    def __init__(self, work: Awaitable[Any]) -> None:
        self._work = work
        self.longest_s = 0.0

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self._work.__await__()
        sent: Any = None
        thrown: BaseException | None = None
        while True:
            began = time.perf_counter()
            try:
                yielded = steps.send(sent) if thrown is None else steps.throw(thrown)
            except StopIteration as end:
                return end.value
            finally:
                self.longest_s = max(self.longest_s, time.perf_counter() - began)
            sent = thrown = None
            try:
                sent = yield yielded
            except BaseException as error:  # noqa: BLE001 - cancellation goes to the coroutine
                thrown = error


class Unhurried:
    """A context whose questions take none of the plugin's time: it waits while people think."""

    def __init__(self, context: ToolContext) -> None:
        self._context = context
        self._waited_s = 0.0
        self._open = 0
        self._since = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    @property
    def waited_s(self) -> float:
        """Seconds in which at least one question was open."""
        now = time.monotonic()
        return self._waited_s + (now - self._since if self._open else 0.0)

    async def ask(
        self, questions: Mapping[str, Question], *, proven: bool = False
    ) -> Mapping[str, Any]:
        """See `ToolContext.ask`."""
        if not self._open:
            self._since = time.monotonic()
        self._open += 1
        try:
            return await self._context.ask(questions, proven=proven)
        finally:
            self._waited_s = self.waited_s
            self._since = time.monotonic()
            self._open -= 1


@dataclass(frozen=True, slots=True)
class IsolatedTool(Tool):
    """A third-party tool behind its limits."""

    inner: Tool
    plugin: str
    limits: Isolation
    breaker: Breaker

    async def call(self, context: ToolContext, arguments: Mapping[str, Any]) -> Any:
        """See `Tool.call`."""
        self.inner.checked(arguments)
        self.breaker.check()
        unhurried = Unhurried(context)
        stepped = Stepped(self.inner.call(cast("ToolContext", unhurried), arguments))
        try:
            answer = await within(stepped, self.limits.timeout_s, lambda: unhurried.waited_s)
            self._require_small(answer)
        except BaseException as error:
            if (told := self._told(error)) is error:
                raise
            raise told from error
        finally:
            blocked = stepped.longest_s > self.limits.blocked_s
            if blocked:
                log.warning(
                    "plugin_blocked_event_loop",
                    plugin=self.plugin,
                    tool=self.name,
                    blocked_ms=round(stepped.longest_s * 1000),
                )
                self.breaker.failed(self.name, "it blocked the event loop")
        if not blocked:
            self.breaker.succeeded()
        return answer

    def checked(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Tool.checked`."""
        return self.inner.checked(arguments)

    def _told(self, error: BaseException) -> BaseException:
        """What a call that raised ends with."""
        task = asyncio.current_task()
        cancelled = isinstance(error, asyncio.CancelledError)
        if isinstance(error, KeyboardInterrupt) or (cancelled and (not task or task.cancelling())):
            return error
        if isinstance(error, InputRequired):  # a question: the client calls again with the answer
            return error
        if isinstance(error, AuthError | ProtocolError | ToolError):
            if isinstance(error, PluginFailedError):
                self.breaker.failed(self.name, error.message)
            return error
        if isinstance(error, TimeoutError):
            reason = f"it took longer than {self.limits.timeout_s:g} s and was cancelled"
            return self._failure(reason)
        if cancelled:
            return self._failure("it cancelled itself")
        log.error("plugin_call_crashed", plugin=self.plugin, tool=self.name, exc_info=error)
        if isinstance(error, OctoPerfMcpError):  # ours, of a rule that the plugin broke
            return self._failure(error.message.removesuffix("."))
        return self._failure(f"it broke with {type(error).__name__}")

    def _require_small(self, answer: Any) -> None:
        if isinstance(answer, bytes) and len(answer) > self.limits.max_answer_bytes:
            raise PluginFailedError(
                f"{self.name} of the plugin {self.plugin} answered {len(answer)} bytes; at most "
                f"{self.limits.max_answer_bytes} are taken.",
                plugin=self.plugin,
                next_step="Ask for less: a filter, a shorter time range, fewer rows.",
            )

    def _failure(self, reason: str) -> PluginFailedError:
        self.breaker.failed(self.name, reason)
        return PluginFailedError(
            f"{self.name} of the third-party plugin {self.plugin} failed: {reason}.",
            plugin=self.plugin,
        )


async def within(
    work: Awaitable[Any], limit_s: float, waited_s: Callable[[], float] = lambda: 0.0
) -> Any:
    """The outcome of work, which is left behind when it does not even end on cancellation.

    Args:
        work: What is done.
        limit_s: Longest that it may take.
        waited_s: Seconds so far that do not count.

    Raises:
        TimeoutError: it took too long.
    """
    task = asyncio.ensure_future(_run(work))
    began = time.monotonic()
    done: set[Any] = set()
    try:
        while not done and (left := limit_s + waited_s() - (time.monotonic() - began)) > 0:
            done, _ = await asyncio.wait({task}, timeout=left)
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait({task}, timeout=limit_s)
        raise
    if not done:
        task.cancel()
        task.add_done_callback(_forget)
        raise TimeoutError
    kind, value = task.result()
    if kind == "left":
        raise value
    return value


async def _run(work: Awaitable[Any]) -> tuple[str, Any]:
    """The outcome as a value: SystemExit in a task would end the event loop."""
    try:
        return "done", await work
    except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
        return "left", error


def _forget(task: "asyncio.Future[Any]") -> None:
    if not task.cancelled():
        task.exception()


def isolated(
    registry: Registry, limits: Isolation, breakers: dict[str, Breaker] | None = None
) -> Registry:
    """The registry with the tools of third parties behind their limits.

    Args:
        registry: What is registered.
        limits: Of each of them.
        breakers: Those of a registry before, by plugin; completed.
    """
    others = registry.third_party
    if not others:
        return registry
    breakers = {} if breakers is None else breakers
    for name in others:
        breakers.setdefault(name, Breaker(name, limits))
    tools = {
        name: _isolated(tool, registry.owners[name], limits, breakers, others)
        for name, tool in registry.tools.items()
    }
    return replace(registry, tools=MappingProxyType(tools))


def _isolated(
    tool: Tool,
    plugin: str,
    limits: Isolation,
    breakers: Mapping[str, Breaker],
    others: frozenset[str],
) -> Tool:
    breaker = breakers.get(plugin)
    if breaker is None or plugin not in others:
        return tool
    members = {item.name: getattr(tool, item.name) for item in fields(Tool)}
    return IsolatedTool(**members, inner=tool, plugin=plugin, limits=limits, breaker=breaker)
