"""propose_correlations: evidence and patches, within one answer."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from octoperf_edit.correlation_proposals import propose_correlations
from octoperf_mcp.errors import NotFoundError

if TYPE_CHECKING:
    from tests.plugins.conftest import FakeContext

Maker = Callable[..., "FakeContext"]
Json = dict[str, Any]
PLUGIN = "octoperf_edit"
GET = "GET /design/virtual-users/v1"
PROPOSE = "GET /design/correlation-rules/proposals/v1?limit=20"


def proposal(name: str = "csrf", operations: int = 2, uses: int = 1) -> Json:
    place = {"actionId": "a", "actionName": "Log\u200bin"}
    return {
        "name": name,
        "confidence": 0.9,
        "reasons": ["the value looks random"],
        "source": {**place, "part": "BODY"},
        "uses": [{**place, "where": "path"}] * uses,
        "extractor": {"@type": "RegexpVariableExtractor", "regexp": "x" * 900},
        "injectionTargets": ["PATH"],
        "injectionRules": [],
        "patch": [
            {"op": "replace", "path": f"/children/{n}", "value": ""} for n in range(operations)
        ],
    }


async def propose(context: Maker, document: Json, *proposals: Json) -> Json:
    answer = {"proposals": list(proposals), "total": len(proposals)}
    ctx = context(PLUGIN, {GET: document, PROPOSE: answer})
    found: Json = await ctx.run(propose_correlations, {"virtualUserId": "v1"})
    return found


async def test_a_proposal_has_its_evidence_and_a_patch(context: Maker, document: Json) -> None:
    found = await propose(context, document, proposal())
    (one,) = found["proposals"]
    assert one["source"] == {"actionId": "a", "actionName": "Login", "part": "BODY"}
    assert one["patch"] == proposal()["patch"]
    assert "patch_virtual_user" in found["next"]
    assert found["url"].endswith("/design/virtual-user/v1")


async def test_a_long_patch_and_many_uses_are_cut_with_a_word(
    context: Maker, document: Json
) -> None:
    (one,) = (await propose(context, document, proposal(operations=61, uses=25)))["proposals"]
    assert "patch" not in one
    assert len(one["uses"]) == 20
    assert "it is sent 25 times" in one["reasons"][-1]


async def test_an_answer_ends_before_it_gets_too_large(context: Maker, document: Json) -> None:
    many = [proposal(f"n{number}", operations=50) for number in range(100)]
    found = await propose(context, document, *many)
    assert 5 < len(found["proposals"]) < 100
    assert found["total"] == 100


async def test_nothing_found_and_no_such_virtual_user_say_what_to_do(
    context: Maker, document: Json
) -> None:
    found = await propose(context, document)
    assert "get_validation_failure_detail" in found["next"]
    ctx = context(PLUGIN, {GET: NotFoundError("404", status=404)})
    error = await ctx.refuse(propose_correlations, {"virtualUserId": "v1"})
    assert error.next_step == "Take virtualUserId from list_virtual_users."
