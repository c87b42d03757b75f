"""The tool that changes the settings of a variable."""

import asyncio
from collections.abc import Mapping
from typing import Any

from octoperf_edit import rest
from octoperf_edit.arguments import check_variable
from octoperf_edit.editables import VARIABLE
from octoperf_edit.payloads import PatchedVariable
from octoperf_edit.variables import HIDDEN, check_free, facts_of, names_of
from octoperf_mcp import (
    AppliedOperation,
    IfRevision,
    PatchOperations,
    ToolContext,
    apply_patch,
    edit_document,
    known_id,
    tool,
)
from octoperf_mcp.errors import InvalidArgumentError

Json = dict[str, Any]
_SECRET = "SecretVariable"  # noqa: S105 - the name of a kind
_VEIL = {"type": "ENCRYPTED", "value": HIDDEN}


@tool(
    title="Patch a variable",
    destructive=True,
    needs=(rest.GET_VARIABLE,),
    parameter_aliases={"ops": "patch"},
)
async def patch_variable(
    ctx: ToolContext,
    variable_id: str,
    patch: PatchOperations,
    *,
    dry_run: bool = False,
    if_revision: IfRevision | None = None,
) -> PatchedVariable:
    """Change the settings of one variable by an RFC 6902 JSON Patch: all operations or none.

    Settings are below /variable, as list_variables shows them; read octoperf://schema/variables.
    A secret gets its value by create_secret_variable.

    Args:
        variable_id: Id from list_variables.
        patch: Operations in order.
        dry_run: Check and answer what would change, without saving.
        if_revision: Refuse if it has another revision than this one by now.
    """
    applied: list[AppliedOperation] = []
    warnings: list[str] = []

    async def change(stored: Json) -> Json:
        document, sealed = _veiled(stored)
        patched = await asyncio.to_thread(apply_patch, "variable", document, patch)
        applied[:] = patched.applied
        warnings[:] = await _renamed(ctx, document, patched.document)
        return _unveiled(patched.document, sealed)

    with known_id("variableId", variable_id, listed_by="list_variables"):
        edited = await edit_document(
            ctx, VARIABLE, variable_id, change, if_revision=if_revision, dry_run=dry_run
        )
    workspace_id = await ctx.workspace_of(edited.before["projectId"])
    return PatchedVariable(
        **facts_of(ctx, workspace_id, edited.after),
        warnings=warnings or None,
        revision=edited.revision,
        summary=edited.told.summary,
        diff=edited.told.diff,
        dry_run=dry_run,
        applied=applied,
    )


def _veiled(stored: Json) -> tuple[Json, Any]:
    """The document as a patch may see it, and the value that is hidden from it, if any."""
    inner = stored.get("variable") or {}
    if inner.get("@type") != _SECRET:
        return stored, None
    return {**stored, "variable": {**inner, "value": _VEIL}}, inner.get("value")


def _unveiled(document: Json, sealed: Any) -> Json:
    inner = document.get("variable") or {}
    is_secret = inner.get("@type") == _SECRET
    if is_secret != (sealed is not None) or (is_secret and inner.get("value") != _VEIL):
        raise InvalidArgumentError(
            "A patch neither reads nor writes the value of a secret.",
            field="patch",
            next_step="create_secret_variable with the same name gives it a new value.",
        )
    return {**document, "variable": {**inner, "value": sealed}} if is_secret else document


async def _renamed(
    ctx: ToolContext, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[str]:
    """Check the names that are new; a warning for those that are gone."""
    old, new = names_of(before), names_of(after)
    added = [name for name in new if name not in old]
    for name in added:
        check_variable(name, "patch")
    if added:
        listed = await ctx.rest(rest.LIST_VARIABLES, project_id=before["projectId"])
        check_free(added, [each for each in listed if each["id"] != before["id"]], "patch")
    return [
        f"Texts that refer to ${{{name}}} are not changed: patch_virtual_user mends them."
        for name in old
        if name not in new
    ]
