"""Calls under way and slow calls, told in the log."""

from collections import Counter
from collections.abc import AsyncIterator

import structlog

from octoperf_mcp import Host, ToolCall, ToolCallEnd, ToolContext

log = structlog.get_logger(__name__)


def _under_way(host: Host) -> Counter[str]:
    counter: Counter[str] = host.state.setdefault("under_way", Counter())
    return counter


async def began(host: Host, _context: ToolContext, call: ToolCall) -> None:
    """Count a call."""
    _under_way(host)[call.tool] += 1


async def ended(host: Host, _context: ToolContext, call: ToolCall, end: ToolCallEnd) -> None:
    """Forget a call, or tell that it was slow."""
    _under_way(host)[call.tool] -= 1
    if 0 < host.settings.slow_call_s * 1000 < end.duration_ms:
        host.state["slow"] = host.state.get("slow", 0) + 1
        log.warning(
            "slow_tool_call",
            tool=call.tool,
            duration_ms=round(end.duration_ms),
            outcome=end.outcome,
            error_code=end.error_code,
        )


async def lifespan(host: Host) -> AsyncIterator[None]:
    """Tell what holds, and at the end how many calls were slow."""
    settings = host.settings
    log.info("policy_holds", freeze=settings.freeze, refuse=list(settings.refuse))
    yield
    log.info("policy_ends", slow_calls=host.state.get("slow", 0))


async def drain(host: Host) -> None:
    """Tell which calls the end waits for."""
    waiting = {tool: count for tool, count in _under_way(host).items() if count > 0}
    if waiting:
        log.info("drain_waits_for", tools=waiting)
