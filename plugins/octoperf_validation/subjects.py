"""The virtual user that a tool is about, and its pages."""

from typing import Any

from octoperf_mcp import DeepLink, ToolContext, known_id, plain_text
from octoperf_validation import rest

STALE_CATEGORIES = ("AUTH", "RECORDING_MISMATCH")
"""Categories of failures that a recorded token or id, sent again, is the usual cause of."""
STALE = (
    "If it is sent a token or id of the recording, propose_correlations finds the answer that each "
    "comes from, and plant_correlations plants them."
)
MESSAGE_MAX_CHARS = 1000
_VALUE_MAX_CHARS = 300


async def virtual_user_of(ctx: ToolContext, virtual_user_id: str) -> dict[str, Any]:
    """Document of a virtual user.

    Raises:
        NotFoundError: nothing has this id.
    """
    with known_id("virtualUserId", virtual_user_id, listed_by="list_virtual_users"):
        return dict(await ctx.rest(rest.GET_VIRTUAL_USER, id=virtual_user_id))


async def page_of(ctx: ToolContext, link: DeepLink, project_id: str, virtual_user_id: str) -> str:
    """Address of a page of the virtual user."""
    return ctx.link(
        link,
        workspace_id=await ctx.workspace_of(project_id),
        project_id=project_id,
        virtual_user_id=virtual_user_id,
    )


def short_text(value: Any) -> str | None:
    """A word or short sentence of the platform or the target; None when there is none."""
    return plain_text(str(value), _VALUE_MAX_CHARS) if value else None
