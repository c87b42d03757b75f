"""The tool that edits the action tree of a virtual user."""

from collections.abc import Mapping
from typing import Any

from octoperf_edit.editables import VIRTUAL_USER
from octoperf_edit.outline import walk
from octoperf_edit.payloads import PatchedVirtualUser
from octoperf_edit.virtual_users import page_url
from octoperf_mcp import (
    IfRevision,
    PatchOperations,
    ToolContext,
    known_id,
    listing,
    patch_document,
    tool,
)


@tool(title="Patch a virtual user", destructive=True, parameter_aliases={"ops": "patch"})
async def patch_virtual_user(
    ctx: ToolContext,
    virtual_user_id: str,
    patch: PatchOperations,
    *,
    dry_run: bool = False,
    if_revision: IfRevision | None = None,
) -> PatchedVirtualUser:
    """Edit the action tree of one virtual user by an RFC 6902 JSON Patch: all operations or none.

    Pointers come from get_virtual_user; read octoperf://schema/vu first. An added action needs a
    fresh UUID as id and "enabled": true, or it is disabled. The answer says what changed, by
    action.

    Args:
        virtual_user_id: Id from list_virtual_users.
        patch: Operations in order; indexes shift after each add and remove.
        dry_run: Check and answer what would change, without saving.
        if_revision: Refuse if it has another revision than this one by now.
    """
    with known_id("virtualUserId", virtual_user_id, listed_by="list_virtual_users"):
        edited, applied = await patch_document(
            ctx, VIRTUAL_USER, virtual_user_id, patch, if_revision=if_revision, dry_run=dry_run
        )
    return listing(
        PatchedVirtualUser,
        edited.after,
        url=await page_url(ctx, edited.before),
        type=edited.after.get("type"),
        revision=edited.revision,
        summary=edited.told.summary,
        diff=edited.told.diff,
        dry_run=dry_run,
        applied=applied,
        warnings=_disabled_additions(edited.before, edited.after),
    )


def _disabled_additions(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """A warning for each new action without `enabled`, which reads as false."""
    known = {action.get("id") for _, action in walk(before)}
    return [
        f"The new {action.get('@type')} at {pointer} has no enabled: true, so it is disabled."
        + (" The property is enabled, not isEnabled." if "isEnabled" in action else "")
        for pointer, action in walk(after)
        if action.get("id") not in known and action.get("enabled") is None
    ]
