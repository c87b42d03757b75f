"""The tools that look for values to correlate, and plant what was found."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from octoperf_edit import rest
from octoperf_edit.editables import VIRTUAL_USER
from octoperf_edit.outline import size_bytes
from octoperf_edit.payloads import CorrelationProposal, CorrelationProposals, PlantedCorrelations
from octoperf_edit.virtual_users import ANSWER_MAX_BYTES, page_url
from octoperf_mcp import (
    IfRevision,
    PatchOperations,
    ToolContext,
    known_id,
    patch_document,
    plain_text,
    tool,
)
from octoperf_mcp.errors import InvalidArgumentError

_LONGEST_PATCH = 60
_USES_SHOWN = 20
_NAME_CHARS = 120
_MOST_PROPOSALS = 100
_PLANT = (
    "Review the evidence with the user, then plant_correlations with the names of those to plant,"
    " all at once. Or create_correlation_rule with a regexp for the whole project."
)
_PLANTED = "validate_virtual_user shows whether the target takes it; undo_last_edit takes it back."
_NOTHING = (
    "Nothing that an answer made is sent again, or the recording has no bodies. After a "
    "validation, get_validation_failure_detail shows what is stale."
)


@tool(title="Propose correlations", read_only=True, needs=(rest.PROPOSE_CORRELATIONS,))
async def propose_correlations(
    ctx: ToolContext,
    virtual_user_id: str,
    limit: Annotated[int, Field(ge=1, le=_MOST_PROPOSALS)] = 20,
    *,
    patches: bool = False,
) -> CorrelationProposals:
    """Find values of a recording that an answer made and later requests send: tokens, ids, state.

    Each with the answer it comes from, where it is sent, a confidence and an extractor. Changes
    nothing and shows no recorded value; plant_correlations plants them.

    Args:
        virtual_user_id: Id from list_virtual_users.
        limit: Largest number of proposals.
        patches: Answer for each the patch that would plant it alone.
    """
    with known_id("virtualUserId", virtual_user_id, listed_by="list_virtual_users"):
        document = await ctx.rest(rest.GET_VIRTUAL_USER, id=virtual_user_id)
        found = await ctx.rest(
            rest.PROPOSE_CORRELATIONS, virtual_user_id=virtual_user_id, limit=limit
        )
    shown: list[CorrelationProposal] = []
    size = 0
    for each in found["proposals"]:
        proposal = _shown(each, patches=patches)
        size += size_bytes(proposal)
        if shown and size > ANSWER_MAX_BYTES:
            break
        shown.append(proposal)
    return CorrelationProposals(
        proposals=shown,
        total=found["total"],
        next=_PLANT if shown else _NOTHING,
        url=await page_url(ctx, document),
    )


@tool(title="Plant correlations", destructive=True, needs=(rest.PROPOSE_CORRELATIONS,))
async def plant_correlations(
    ctx: ToolContext,
    virtual_user_id: str,
    names: Annotated[list[str], Field(min_length=1, max_length=_MOST_PROPOSALS)],
    *,
    if_revision: IfRevision | None = None,
) -> PlantedCorrelations:
    """Plant proposals of propose_correlations in a virtual user, as one edit.

    Each adds an extractor to the answer that makes the value and writes ${name} where the value is
    sent. Other virtual users stay as they are.

    Args:
        virtual_user_id: Id from list_virtual_users.
        names: Names of the proposals to plant.
        if_revision: Refuse if it has another revision than this one by now.
    """
    with known_id("virtualUserId", virtual_user_id, listed_by="list_virtual_users"):
        read = await ctx.revised(rest.GET_VIRTUAL_USER, id=virtual_user_id)
        found = await ctx.rest(
            rest.PROPOSE_CORRELATIONS,
            virtual_user_id=virtual_user_id,
            limit=_MOST_PROPOSALS,
            names=",".join(names),
        )
    _require_known(names, [str(each["name"]) for each in found["proposals"]])
    edited, _ = await patch_document(
        ctx,
        VIRTUAL_USER,
        virtual_user_id,
        TypeAdapter(PatchOperations).validate_python(found["patch"]),
        if_revision=if_revision or read.revision,
    )
    return PlantedCorrelations(
        virtual_user_id=virtual_user_id,
        planted=list(dict.fromkeys(names)),
        revision=edited.revision,
        diff=edited.told.diff,
        next=_PLANTED,
        url=await page_url(ctx, edited.before),
    )


def _require_known(names: Sequence[str], proposed: Sequence[str]) -> None:
    unknown = next((name for name in names if name not in proposed), None)
    if unknown is not None:
        near = difflib.get_close_matches(unknown, proposed, n=1)
        raise InvalidArgumentError(
            f"No proposal has the name {unknown!r}.",
            field="names",
            got=unknown,
            allowed=list(proposed)[:_USES_SHOWN],
            did_you_mean=[near[0] if name == unknown else name for name in names] if near else None,
            next_step="propose_correlations lists the proposals; planted ones are none any more.",
        )


def _shown(proposal: Mapping[str, Any], *, patches: bool) -> CorrelationProposal:
    patch = proposal["patch"]
    uses = [_place(use) for use in proposal["uses"]]
    reasons = list(proposal["reasons"])
    if len(uses) > _USES_SHOWN:
        reasons.append(f"it is sent {len(uses)} times, the first {_USES_SHOWN} are shown")
    return CorrelationProposal(
        name=proposal["name"],
        confidence=proposal["confidence"],
        reasons=reasons,
        source=_place(proposal["source"]),
        uses=uses[:_USES_SHOWN],
        extractor=proposal["extractor"],
        injection_targets=proposal["injectionTargets"],
        patch=patch if patches and len(patch) <= _LONGEST_PATCH else None,
    )


def _place(place: Mapping[str, Any]) -> dict[str, Any]:
    """A place with the name of its action made fit to be shown."""
    return {**place, "actionName": plain_text(str(place.get("actionName") or ""), _NAME_CHARS)}
