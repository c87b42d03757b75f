"""propose_correlations: evidence and patches, within one answer."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from octoperf_edit.correlation_proposals import plant_correlations, propose_correlations
from octoperf_mcp.errors import NotFoundError

if TYPE_CHECKING:
    from tests.plugins.conftest import FakeContext

Maker = Callable[..., "FakeContext"]
Json = dict[str, Any]
PLUGIN = "octoperf_edit"
GET = "GET /design/virtual-users/v1"
PUT = "PUT /design/virtual-users/v1"
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


async def propose(context: Maker, document: Json, *proposals: Json, **asked: Any) -> Json:
    answer = {"proposals": list(proposals), "total": len(proposals)}
    ctx = context(PLUGIN, {GET: document, PROPOSE: answer})
    found: Json = await ctx.run(propose_correlations, {"virtualUserId": "v1", **asked})
    return found


async def test_a_proposal_has_its_evidence_and_its_patch_if_asked_for(
    context: Maker, document: Json
) -> None:
    found = await propose(context, document, proposal())
    (one,) = found["proposals"]
    assert one["source"] == {"actionId": "a", "actionName": "Login", "part": "BODY"}
    assert "patch" not in one
    assert "plant_correlations" in found["next"]
    (one,) = (await propose(context, document, proposal(), patches=True))["proposals"]
    assert one["patch"] == proposal()["patch"]
    assert found["url"].endswith("/design/virtual-user/v1")


async def test_a_long_patch_and_many_uses_are_cut_with_a_word(
    context: Maker, document: Json
) -> None:
    long = proposal(operations=61, uses=25)
    (one,) = (await propose(context, document, long, patches=True))["proposals"]
    assert "patch" not in one
    assert len(one["uses"]) == 20
    assert "it is sent 25 times" in one["reasons"][-1]


async def test_an_answer_ends_before_it_gets_too_large(context: Maker, document: Json) -> None:
    many = [proposal(f"n{number}", operations=50) for number in range(100)]
    found = await propose(context, document, *many, patches=True)
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


PLANT = "GET /design/correlation-rules/proposals/v1?limit=100&names=csrf%2Ccart"
BOTH: Json = {"virtualUserId": "v1", "names": ["csrf", "cart"]}


async def test_proposals_are_planted_by_name_as_one_edit(context: Maker, document: Json) -> None:
    patch = [{"op": "replace", "path": "/name", "value": "Planted"}]
    answer = {"proposals": [proposal(), proposal("cart")], "total": 2, "patch": patch}
    ctx = context(PLUGIN, {GET: document, PLANT: answer, PUT: None}, revision=7)
    found = await ctx.run(plant_correlations, BOTH)
    assert (found["planted"], found["revision"]) == (["csrf", "cart"], 8)
    assert found["diff"] == ["renamed to *Planted* (/name)"]
    assert ctx.lines.count(PUT) == 1
    assert ctx.made[-1].if_revision == 7
    assert "undo_last_edit" in found["next"]


async def test_a_name_that_was_not_proposed_is_refused_with_the_nearest(
    context: Maker, document: Json
) -> None:
    answer = {"proposals": [proposal(), proposal("cartId")], "total": 2, "patch": []}
    ctx = context(PLUGIN, {GET: document, PLANT: answer})
    error = await ctx.refuse(plant_correlations, BOTH)
    assert error.details["allowed"] == ["csrf", "cartId"]
    assert error.details["didYouMean"] == ["csrf", "cartId"]
    assert PUT not in ctx.lines
