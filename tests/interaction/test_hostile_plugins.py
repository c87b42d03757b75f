"""Third-party tools and watchers that misbehave while the server runs: it goes on serving."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import structlog

from octoperf_mcp import (
    AfterToolCall,
    BeforeToolCall,
    Host,
    Tool,
    ToolCall,
    ToolCallEnd,
    ToolContext,
    form,
    hookimpl,
    payload,
    tool,
)
from octoperf_mcp.errors import ForbiddenError
from octoperf_mcp.protocol.isolation import Isolation, isolated
from octoperf_mcp.protocol.watching import Watchers, watched
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.upstream.client import UnregisteredCallError
from tests.interaction.conftest import Server, Start, modern_request

META = "io.modelcontextprotocol/"


@payload
class Said:
    text: str
    url: str


@tool(title="Misbehave", read_only=True)
async def hostile_call(ctx: ToolContext, how: str) -> Said:  # noqa: C901, PLR0912 - one evil a line
    """Do something bad.

    Args:
        how: What.
    """
    if how == "crash":
        raise RuntimeError("inner detail")
    if how == "ask":
        answers = await ctx.ask({"sure": form("Sure?", {})})
        return Said(text=answers["sure"]["action"], url="u")
    if how == "unregistered":
        raise UnregisteredCallError("GET /x was not registered by any plugin: mend it.")
    if how == "exit":
        raise SystemExit(1)
    if how == "cancel":
        raise asyncio.CancelledError
    if how == "forever":
        await asyncio.Event().wait()
    if how == "stubborn":
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if getattr(ctx, "world").release.is_set():  # noqa: B009 - the fixture's own
                    raise
    if how == "huge":
        return Said(text="x" * 200_000, url="u")
    if how == "garbage":
        return {"not": "a payload"}  # type: ignore[return-value]
    if how == "block":
        time.sleep(0.05)  # noqa: ASYNC251 - what is under test
    return Said(text=how, url="u")


class HostilePlugin:
    """Somebody else's."""

    __name__ = "hostile"

    @hookimpl
    def register_tools(self) -> Iterable[Tool]:
        return (hostile_call,)


def foreign(registry: Registry) -> Registry:
    """The registry in which `hostile` comes from another package."""
    plugins = tuple(
        replace(one, distribution="acme") if one.name == "hostile" else one
        for one in registry.plugins
    )
    return replace(registry, plugins=plugins)


def limits(**changes: Any) -> Callable[[Registry], Registry]:
    kept = Isolation(timeout_s=0.2, max_answer_bytes=100_000, failures=100, blocked_s=0.02)
    return lambda registry: isolated(foreign(registry), replace(kept, **changes))


async def called(server: Server, how: str) -> Any:
    _, answer, _ = await server.modern(
        "tools/call", {"name": "hostile_call", "arguments": {"how": how}}
    )
    return answer["result"]


async def alive(server: Server) -> None:
    params = {"name": "echo", "arguments": {"text": "still here"}}
    status, answer, _ = await server.modern("tools/call", params)
    assert (status, answer["result"]["structuredContent"]["text"]) == (200, "still here")


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("crash", "it broke with RuntimeError"),
        ("unregistered", "failed: GET /x was not registered by any plugin: mend it."),
        ("exit", "it broke with SystemExit"),
        ("cancel", "it cancelled itself"),
        ("forever", "it took longer than 0.2 s"),
        ("huge", "bytes; at most 100000 are taken"),
        ("garbage", "it broke with"),
    ],
)
async def test_what_a_third_party_tool_does_is_told_as_its_failure(
    start: Start, how: str, told: str
) -> None:
    server = await start([HostilePlugin()], guard=limits())
    result = await called(server, how)
    content = result["structuredContent"]
    assert (result["isError"], content["code"], content["plugin"]) == (
        True,
        "plugin_failed",
        "hostile",
    )
    assert told in content["message"]
    assert "inner detail" not in str(result)
    assert (await called(server, "well"))["structuredContent"]["text"] == "well"
    await alive(server)


async def test_a_question_of_a_third_party_is_asked_and_is_no_failure(start: Start) -> None:
    server = await start([HostilePlugin()], guard=limits(failures=1))
    params = {"name": "hostile_call", "arguments": {"how": "ask"}}
    can: dict[str, Any] = {f"{META}clientCapabilities": {"elicitation": {}}}
    _, first, _ = await server.post(*modern_request("tools/call", params, can))
    asked = first["result"]
    assert asked["resultType"] == "input_required"
    assert asked["inputRequests"]["sure"]["params"]["message"] == "Sure?"
    again = {
        **params,
        "inputResponses": {"sure": {"action": "accept", "content": {}}},
        "requestState": asked["requestState"],
    }
    _, second, _ = await server.post(*modern_request("tools/call", again, can))
    assert second["result"]["structuredContent"]["text"] == "accept"


async def test_one_that_does_not_even_end_on_cancellation_is_left_behind(start: Start) -> None:
    server = await start([HostilePlugin()], guard=limits())
    try:
        assert (await called(server, "stubborn"))["structuredContent"]["code"] == "plugin_failed"
        await alive(server)
    finally:
        server.world.release.set()
        for task in asyncio.all_tasks():
            if "_run" in repr(task.get_coro()) and "isolation" in repr(task.get_coro()):
                task.cancel()


async def test_one_that_blocks_the_event_loop_is_reported_with_its_name(start: Start) -> None:
    server = await start([HostilePlugin()], guard=limits())
    with structlog.testing.capture_logs() as logs:
        assert (await called(server, "block"))["structuredContent"]["text"] == "block"
    (event,) = [one for one in logs if one["event"] == "plugin_blocked_event_loop"]
    assert (event["plugin"], event["tool"], event["blocked_ms"] >= 50) == (
        "hostile",
        "hostile_call",
        True,
    )


async def test_a_breaker_leaves_a_failing_plugin_alone_and_no_other(start: Start) -> None:
    server = await start([HostilePlugin()], guard=limits(failures=2, pause_s=60))
    for _ in range(2):
        assert (await called(server, "crash"))["structuredContent"]["code"] == "plugin_failed"
    content = (await called(server, "well"))["structuredContent"]
    assert (content["code"], content["plugin"]) == ("plugin_off", "hostile")
    assert 0 < content["retryAfterSec"] <= 60
    await alive(server)


async def test_after_the_pause_one_call_decides(start: Start) -> None:
    server = await start([HostilePlugin()], guard=limits(failures=1, pause_s=0))
    assert (await called(server, "crash"))["structuredContent"]["code"] == "plugin_failed"
    assert (await called(server, "well"))["structuredContent"]["text"] == "well"


async def test_a_wrong_argument_is_the_callers_fault(start: Start) -> None:
    server = await start([HostilePlugin()], guard=limits(failures=1))
    for _ in range(3):
        _, answer, _ = await server.modern("tools/call", {"name": "hostile_call", "arguments": {}})
        assert answer["result"]["structuredContent"]["code"] == "invalid_argument"
    assert (await called(server, "well"))["structuredContent"]["text"] == "well"


Check = Callable[[Host, ToolContext, ToolCall], Any]


def looking(
    before: Mapping[str, tuple[Check, bool]], told: list[Any]
) -> Callable[[Registry], Registry]:
    """A guard with these checks; ends are put into `told`."""

    async def tell(host: Host, _context: ToolContext, call: ToolCall, end: ToolCallEnd) -> None:
        told.append((call.tool, end.outcome, end.error_code))
        raise RuntimeError("after")

    class Looking:
        @hookimpl
        def register_before_tool_call(self) -> Iterable[BeforeToolCall]:
            return [BeforeToolCall(check, essential) for check, essential in before.values()]

    hooks = Looking().register_before_tool_call()

    def guard(registry: Registry) -> Registry:
        from octoperf_mcp.registry.extending import Registered

        with_hooks = replace(
            registry,
            before_calls=tuple(Registered("fixture", one) for one in hooks),
            after_calls=(Registered("fixture", AfterToolCall(tell)),),
        )
        made = watched(with_hooks, Host)
        for one in made.tools.values():
            watchers: Watchers = one.watchers  # type: ignore[attr-defined]
            object.__setattr__(watchers, "limit_s", 0.2)
        return made

    return guard


async def echoed(server: Server) -> Any:
    _, answer, _ = await server.modern(
        "tools/call", {"name": "echo", "arguments": {"text": "said"}}
    )
    return answer["result"]["structuredContent"]


async def refuse(host: Host, context: ToolContext, call: ToolCall) -> None:
    raise ForbiddenError("Not today.")


async def crash(host: Host, context: ToolContext, call: ToolCall) -> None:
    raise RuntimeError("inner detail")


async def wait(host: Host, context: ToolContext, call: ToolCall) -> None:
    await asyncio.Event().wait()


async def leave(host: Host, context: ToolContext, call: ToolCall) -> None:
    raise SystemExit


async def change(host: Host, context: ToolContext, call: ToolCall) -> None:
    call.arguments["text"] = "changed"  # type: ignore[index]


async def test_a_check_refuses_a_call_and_those_after_are_told(start: Start) -> None:
    told: list[Any] = []
    server = await start(guard=looking({"a": (refuse, True)}, told))
    assert (await echoed(server))["code"] == "forbidden"
    assert told == []


@pytest.mark.parametrize("check", [crash, wait, leave, change])
async def test_a_failing_check_refuses_where_it_is_essential_only(
    start: Start, check: Check
) -> None:
    told: list[Any] = []
    strict = await start(guard=looking({"a": (check, True)}, told))
    content = await echoed(strict)
    assert (content["code"], content["plugin"]) == ("plugin_failed", "fixture")
    assert "inner detail" not in str(content)
    lenient = await start(guard=looking({"a": (check, False)}, told))
    assert (await echoed(lenient))["text"] == "said"
    assert told == [("echo", "ok", "")]


async def test_ends_are_told_with_what_went_wrong_and_change_nothing(start: Start) -> None:
    told: list[Any] = []
    server = await start(guard=looking({}, told))
    assert (await echoed(server))["text"] == "said"
    await server.modern("tools/call", {"name": "delete_thing", "arguments": {"thingId": "gone"}})
    await server.modern("tools/call", {"name": "break_down", "arguments": {}})
    assert told == [
        ("echo", "ok", ""),
        ("delete_thing", "tool_error", "not_found"),
        ("break_down", "crashed", "RuntimeError"),
    ]


async def test_without_watchers_and_third_parties_tools_stay_as_they_are(start: Start) -> None:
    seen: list[bool] = []

    def guard(registry: Registry) -> Registry:
        seen.append(watched(isolated(registry, Isolation()), Host) is registry)
        return registry

    await start(guard=guard)
    assert seen == [True]
