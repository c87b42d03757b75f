"""The tool that edits the action tree of a virtual user."""

import asyncio
from collections.abc import Mapping
from typing import Any

from octoperf_edit import rest
from octoperf_edit.arguments import put_document
from octoperf_edit.outline import walk
from octoperf_edit.payloads import PatchedVirtualUser
from octoperf_edit.virtual_users import page_url
from octoperf_mcp import PatchOperations, ToolContext, apply_patch, known_id, listing, tool


@tool(title="Patch a virtual user", destructive=True, parameter_aliases={"ops": "patch"})
async def patch_virtual_user(
    ctx: ToolContext, virtual_user_id: str, patch: PatchOperations, dry_run: bool = False
) -> PatchedVirtualUser:
    """Edit the action tree of one virtual user by an RFC 6902 JSON Patch: all operations or none.

    Pointers come from get_virtual_user; read octoperf://schema/vu first. An added action needs a
    fresh UUID as id and "enabled": true, or it is disabled. Call backup_virtual_user before a
    risky edit.

    Args:
        virtual_user_id: Id from list_virtual_users.
        patch: Operations in order; indexes shift after each add and remove.
        dry_run: Check and answer what would change, without saving.
    """
    with known_id("virtualUserId", virtual_user_id, listed_by="list_virtual_users"):
        document = await ctx.rest(rest.GET_VIRTUAL_USER, id=virtual_user_id)
        patched = await asyncio.to_thread(apply_patch, "virtual_user", document, patch)
        saved = patched.document
        if not dry_run:
            saved = await put_document(ctx, rest.PUT_VIRTUAL_USER, saved, schema="vu")
    return listing(
        PatchedVirtualUser,
        saved,
        url=await page_url(ctx, document),
        type=saved.get("type"),
        dry_run=dry_run,
        applied=patched.applied,
        warnings=[*patched.warnings, *_disabled_additions(document, patched.document)],
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
