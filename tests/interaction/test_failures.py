"""What an agent reads when a call fails: what is wrong, what was meant, calls that lead on."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from octoperf_mcp import Tool, ToolContext, hookimpl, known_id, payload, tool
from octoperf_mcp.errors import NotFoundError, RateLimitedError, ToolError
from tests.interaction.conftest import Said, Start, legacy_request

THINGS = [{"id": "5f2ac1", "name": "Shop"}, {"id": "b7703d", "name": "Blog"}]
URL = "https://octoperf.test/ui"


@payload
class Thing:
    id: str
    name: str


@payload
class Things:
    things: list[Thing]
    total: int
    url: str


@tool(title="List things", read_only=True)
async def list_things(ctx: ToolContext, place_id: str) -> Things:
    """List things.

    Args:
        place_id: Where.
    """
    things = [Thing(**thing) for thing in THINGS] * (1000 if place_id == "large" else 1)
    return Things(things=things, total=len(things), url=URL)


@tool(title="Paint", destructive=False)
async def paint_thing(
    ctx: ToolContext,
    *,
    place_id: str,
    thing_id: str,
    colour: Literal["red", "green"] = "red",
    limit: Annotated[int, Field(ge=1, le=9)] = 1,
    coats: list[str] | None = None,
) -> Said:
    """Paint a thing.

    Args:
        place_id: Where.
        thing_id: The thing, as returned by list_things.
        colour: How.
        limit: How much.
        coats: Names of the coats.
    """
    if place_id == "taken":
        raise ToolError("Full.", next_step="See list_things.", details={"placeId": "p2"})
    if place_id == "busy":
        raise RateLimitedError("Too many calls.", status=429, next_step="Wait.")
    with known_id("thingId", thing_id, listed_by="list_things"):
        if thing_id not in {thing["id"] for thing in THINGS}:
            raise NotFoundError("No.", status=404)
    return Said(text=colour, url=URL)


@tool(title="Fire", destructive=True, open_world=True)
async def fire_thing(ctx: ToolContext) -> Said:
    """Send load."""
    return Said(text="", url=URL)


@tool(title="Douse", destructive=True)
async def douse_fire(ctx: ToolContext, fire_id: str) -> Said:
    """Stop it.

    Args:
        fire_id: From fire_thing or list_things.
    """
    return Said(text=fire_id, url=URL)


class Plugin:
    __name__ = "things"

    @hookimpl
    def register_tools(self) -> Iterable[Tool]:
        return (list_things, paint_thing, fire_thing, douse_fire)


@pytest.fixture
async def call(start: Start) -> Callable[..., Awaitable[Any]]:
    server = await start([Plugin()])
    session = await server.initialize()

    async def call(name: str, **arguments: Any) -> Any:
        params = {"name": name, "arguments": arguments}
        _, answer, _ = await server.post(legacy_request("tools/call", params), session)
        return answer["result"]["structuredContent"]

    return call


@pytest.mark.parametrize("sent", ["shop", "5f2acl", "Shoop"])
async def test_a_name_or_a_misspelt_id_is_answered_with_the_id_that_was_meant(
    call: Any, sent: str
) -> None:
    told = await call("paint_thing", placeId="p1", thingId=sent)
    assert (told["code"], told["field"], told["got"]) == ("not_found", "thingId", sent)
    assert told["didYouMean"] == "5f2ac1"
    assert told["next"] == [
        {"tool": "paint_thing", "arguments": {"placeId": "p1", "thingId": "5f2ac1"}},
        {"tool": "list_things", "arguments": {"placeId": "p1"}},
    ]


async def test_an_id_like_no_other_leads_to_the_listing(call: Any) -> None:
    told = await call("paint_thing", placeId="p1", thingId="nothing of the kind")
    assert "didYouMean" not in told
    assert told["next"] == [{"tool": "list_things", "arguments": {"placeId": "p1"}}]


async def test_a_missing_argument_leads_to_the_tool_that_lists_it(call: Any) -> None:
    told = await call("paint_thing", placeId="p1")
    assert (told["code"], told["field"]) == ("invalid_argument", "thingId")
    assert told["next"] == [{"tool": "list_things", "arguments": {"placeId": "p1"}}]


async def test_what_sends_load_is_not_proposed_to_find_an_id(call: Any) -> None:
    """Who wants to stop a run must not be told to start one."""
    told = await call("douse_fire")
    assert told["next"] == [{"tool": "list_things", "arguments": {}}]


async def test_a_wrong_choice_is_answered_with_the_right_one(call: Any) -> None:
    told = await call("paint_thing", placeId="p1", thingId="5f2ac1", colour="Gren")
    assert told["allowed"] == ["red", "green"]
    assert told["didYouMean"] == "green"
    assert told["next"][0]["arguments"]["colour"] == "green"


@pytest.mark.parametrize("sent", ["1,2", '["1", "2"]', " 1 , 2,"])
async def test_a_text_in_the_place_of_a_list_is_answered_with_the_list(
    call: Any, sent: str
) -> None:
    told = await call("paint_thing", placeId="p1", thingId="5f2ac1", coats=sent)
    assert told["didYouMean"] == ["1", "2"]
    assert told["next"][0]["arguments"]["coats"] == ["1", "2"]


@pytest.mark.parametrize(("sent", "bound"), [(0, 1), (99, 9)])
async def test_a_number_beyond_its_bound_is_answered_with_the_bound(
    call: Any, sent: int, bound: int
) -> None:
    told = await call("paint_thing", placeId="p1", thingId="5f2ac1", limit=sent)
    assert told["didYouMean"] == bound
    assert told["next"][0]["arguments"]["limit"] == bound


async def test_an_id_that_the_error_names_is_filled_into_the_next_call(call: Any) -> None:
    told = await call("paint_thing", placeId="taken", thingId="5f2ac1")
    assert told["next"] == [{"tool": "list_things", "arguments": {"placeId": "p2"}}]


async def test_a_refused_value_is_not_proposed_again(call: Any) -> None:
    told = await call("paint_thing", placeId="p1", thingId="5f2ac1", colour="mauve")
    assert told["next"] == [
        {"tool": "paint_thing", "arguments": {"placeId": "p1", "thingId": "5f2ac1"}}
    ]


async def test_a_misspelt_argument_is_answered_with_the_call_that_was_meant(call: Any) -> None:
    told = await call("paint_thing", placeId="p1", thing_id="5f2ac1")
    assert told["didYouMean"] == "thingId"
    assert told["next"][0] == {
        "tool": "paint_thing",
        "arguments": {"placeId": "p1", "thingId": "5f2ac1"},
    }


async def test_what_may_work_later_can_be_sent_again(call: Any) -> None:
    arguments = {"placeId": "busy", "thingId": "x"}
    told = await call("paint_thing", **arguments)
    assert told["hint"] == "Wait."
    assert told["next"] == [{"tool": "paint_thing", "arguments": arguments}]


async def test_a_long_listing_is_cut_and_says_so(call: Any) -> None:
    found = await call("list_things", placeId="large")
    assert found["truncated"]["total"] == 2000
    assert found["truncated"]["returned"] == len(found["things"]) < 2000
