"""What happens around calls, and what `/readyz` is told."""

from octoperf_mcp import Host, ToolCall, ToolCallEnd, ToolContext
from octoperf_mcp.errors import ForbiddenError

_TELLING = "delivery_tell_team"
_REFUSED = "refused in a row"


async def refuse_while_quiet(host: Host, _context: ToolContext, call: ToolCall) -> None:
    """Send nothing while `[delivery] quiet` is on."""
    if call.tool == _TELLING and host.settings.quiet:
        raise ForbiddenError(
            "The team wants no messages now.", next_step="Give the verdict to the user instead."
        )


async def remember(host: Host, _context: ToolContext, call: ToolCall, end: ToolCallEnd) -> None:
    """Count messages that were refused."""
    if call.tool == _TELLING:
        host.state[_REFUSED] = 0 if end.outcome == "ok" else host.state.get(_REFUSED, 0) + 1


def trouble(host: Host) -> str:
    """Why the server is not ready; empty when it is."""
    refused, limit = host.state.get(_REFUSED, 0), host.settings.unready_after
    return f"the chat refused the last {refused} messages" if limit and refused >= limit else ""
