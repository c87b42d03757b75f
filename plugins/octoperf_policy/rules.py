"""What the policy refuses."""

from pathlib import Path

from octoperf_mcp import Host, ToolCall, ToolContext
from octoperf_mcp.errors import ForbiddenError
from octoperf_policy.settings import PolicySettings


def why_refused(settings: PolicySettings, tool: str, *, read_only: bool) -> str:
    """Why a tool is refused, empty when it is not."""
    if tool in settings.refuse:
        return f"The operator of this server refuses {tool} at present."
    if settings.freeze and not read_only:
        return "The operator of this server has frozen all changes."
    return ""


async def refuse(host: Host, _context: ToolContext, call: ToolCall) -> None:
    """Refuse a call.

    Raises:
        ForbiddenError: the policy says so.
    """
    why = why_refused(host.settings, call.tool, read_only=call.read_only)
    if why:
        raise ForbiddenError(
            f"{why} {host.settings.reason}".strip(),
            next_step="Tell the user; what only reads still works." if host.settings.freeze else "",
        )


def maintenance(host: Host) -> str:
    """Why the server is not ready."""
    path = host.settings.maintenance_file
    return f"{path} exists" if path and Path(path).exists() else ""
