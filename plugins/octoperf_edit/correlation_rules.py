"""Tools that change and delete correlation rules."""

import asyncio
from collections.abc import Mapping
from typing import Any

from octoperf_edit import links, rest
from octoperf_edit.arguments import check_variable
from octoperf_edit.correlation import check_regex, facts_of
from octoperf_edit.editables import CORRELATION_RULE
from octoperf_edit.payloads import Deleted, PatchedCorrelationRule
from octoperf_mcp import (
    AppliedOperation,
    Confirm,
    IfRevision,
    PatchOperations,
    ToolContext,
    apply_patch,
    edit_document,
    known_id,
    tool,
)

_LISTED_BY = "list_correlation_rules"
_PLANTED = (
    "Extractors and ${variable} references that it planted stay in the virtual users; "
    "patch_virtual_user removes them."
)


@tool(
    title="Patch a correlation rule",
    destructive=True,
    needs=(rest.PUT_CORRELATION_RULE,),
    parameter_aliases={"ops": "patch"},
)
async def patch_correlation_rule(
    ctx: ToolContext,
    correlation_rule_id: str,
    patch: PatchOperations,
    *,
    dry_run: bool = False,
    if_revision: IfRevision | None = None,
) -> PatchedCorrelationRule:
    """Change one correlation rule, its extractor or injection rules, by an RFC 6902 JSON Patch.

    All operations or none. Read octoperf://schema/correlation-rules, and
    octoperf://schema/injection-rules for the eight kinds. An added injection rule needs
    "enabled": true. Next: apply_correlations_to_virtual_user.

    Args:
        correlation_rule_id: Id from list_correlation_rules.
        patch: Operations in order; /injectionRules/- appends.
        dry_run: Check and answer what would change, without saving.
        if_revision: Refuse if it has another revision than this one by now.
    """
    applied: list[AppliedOperation] = []

    async def change(stored: dict[str, Any]) -> dict[str, Any]:
        patched = await asyncio.to_thread(apply_patch, "correlation_rule", stored, patch)
        applied[:] = patched.applied
        _check_extractor(stored, patched.document)
        return patched.document

    with known_id("correlationRuleId", correlation_rule_id, listed_by=_LISTED_BY):
        edited = await edit_document(
            ctx,
            CORRELATION_RULE,
            correlation_rule_id,
            change,
            if_revision=if_revision,
            dry_run=dry_run,
        )
    project_id = edited.before["projectId"]
    return PatchedCorrelationRule(
        **facts_of(ctx, await ctx.workspace_of(project_id), project_id, edited.after),
        revision=edited.revision,
        summary=edited.told.summary,
        diff=edited.told.diff,
        dry_run=dry_run,
        applied=applied,
        warnings=_disabled(edited.after),
    )


@tool(
    title="Delete a correlation rule",
    destructive=True,
    idempotent=True,
    confirm=Confirm(
        "Delete the correlation rule {name}?",
        rest.GET_CORRELATION_RULE,
        {"id": "correlationRuleId"},
    ),
)
async def delete_correlation_rule(ctx: ToolContext, correlation_rule_id: str) -> Deleted:
    """Delete one correlation rule of a project. What it planted in virtual users stays.

    Args:
        correlation_rule_id: Id from list_correlation_rules.
    """
    with known_id("correlationRuleId", correlation_rule_id, listed_by=_LISTED_BY):
        stored = await ctx.rest(rest.GET_CORRELATION_RULE, id=correlation_rule_id)
        await ctx.rest(rest.DELETE_CORRELATION_RULE, id=correlation_rule_id)
    project_id = stored["projectId"]
    return Deleted(
        id=correlation_rule_id,
        name=str(stored.get("name") or ""),
        next=_PLANTED,
        url=ctx.link(
            links.CORRELATION_RULES,
            workspace_id=await ctx.workspace_of(project_id),
            project_id=project_id,
        ),
    )


def _check_extractor(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """The rules for new rules, where the patch touches what they are about."""
    old, new = before.get("extractor") or {}, after.get("extractor") or {}
    if new.get("variable") != old.get("variable"):
        check_variable(str(new.get("variable") or ""), "patch")
    template = new.get("template")
    if new.get("regexp") != old.get("regexp") and template in (None, "", "$1$"):
        check_regex(str(new.get("regexp") or ""), "patch")


def _disabled(rule: Mapping[str, Any]) -> list[str]:
    return [
        f"The {injection.get('@type')} at /injectionRules/{index} has no enabled: true, so it "
        "is disabled."
        for index, injection in enumerate(rule.get("injectionRules") or [])
        if injection.get("enabled") is None
    ]
