"""The tool that looks for values to correlate."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from octoperf_edit import rest
from octoperf_edit.outline import size_bytes
from octoperf_edit.payloads import CorrelationProposal, CorrelationProposals
from octoperf_edit.virtual_users import ANSWER_MAX_BYTES, page_url
from octoperf_mcp import ToolContext, known_id, plain_text, tool

_LONGEST_PATCH = 60
_USES_SHOWN = 20
_NAME_CHARS = 120
_ANOTHER_WAY = (
    "Review the evidence with the user, then plant one: backup_virtual_user, then "
    "patch_virtual_user with its patch; call this again before the next, since a patch is made "
    "for the tree as it is. Or create_correlation_rule with its regexp for the whole project."
)
_NOTHING = (
    "Nothing that an answer made is sent again, or the recording has no bodies. After a "
    "validation, get_validation_failure_detail shows what is stale."
)


@tool(title="Propose correlations", read_only=True, needs=(rest.PROPOSE_CORRELATIONS,))
async def propose_correlations(
    ctx: ToolContext,
    virtual_user_id: str,
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
) -> CorrelationProposals:
    """Find values of a recording that an answer made and later requests send: tokens, ids, state.

    Each with the answer it comes from, where it is sent, a confidence, an extractor and the patch
    that plants it. Changes nothing and shows no recorded value.

    Args:
        virtual_user_id: Id from list_virtual_users.
        limit: Largest number of proposals.
    """
    with known_id("virtualUserId", virtual_user_id, listed_by="list_virtual_users"):
        document = await ctx.rest(rest.GET_VIRTUAL_USER, id=virtual_user_id)
        found = await ctx.rest(
            rest.PROPOSE_CORRELATIONS, virtual_user_id=virtual_user_id, limit=limit
        )
    shown: list[CorrelationProposal] = []
    size = 0
    for each in found["proposals"]:
        proposal = _shown(each)
        size += size_bytes(proposal)
        if shown and size > ANSWER_MAX_BYTES:
            break
        shown.append(proposal)
    return CorrelationProposals(
        proposals=shown,
        total=found["total"],
        next=_ANOTHER_WAY if shown else _NOTHING,
        url=await page_url(ctx, document),
    )


def _shown(proposal: Mapping[str, Any]) -> CorrelationProposal:
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
        patch=patch if len(patch) <= _LONGEST_PATCH else None,
    )


def _place(place: Mapping[str, Any]) -> dict[str, Any]:
    """A place with the name of its action made fit to be shown."""
    return {**place, "actionName": plain_text(str(place.get("actionName") or ""), _NAME_CHARS)}
