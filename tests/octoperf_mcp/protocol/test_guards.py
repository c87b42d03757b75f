"""Calls with a key are done once; destructive ones are confirmed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, cast

import orjson
import pytest

from octoperf_mcp import Caller, Confirm, RestCall, Tool, ToolContext, payload, tool
from octoperf_mcp.errors import (
    ConflictError,
    InvalidArgumentError,
    NotFoundError,
    StoreUnavailableError,
    UnavailableError,
)
from octoperf_mcp.protocol.confirming import (
    LIFE_S,
    TOKEN,
    ConfirmationRequiredError,
    Confirming,
    DeclinedError,
    Mode,
)
from octoperf_mcp.protocol.guards import guarded
from octoperf_mcp.protocol.kept_values import SharedValues
from octoperf_mcp.protocol.once import KEY, Once, StillRunningError, UnknownOutcomeError
from octoperf_mcp.protocol.relay import MemoryRelay
from octoperf_mcp.protocol.seals import Seal
from octoperf_mcp.registry.manager import load_registry

READ_THING = RestCall("GET", "/things/{id}")
MAKE_THING = RestCall("POST", "/things")


@dataclass
class World:
    """The platform, and what happens to calls."""

    thing: dict[str, Any] = field(default_factory=lambda: {"name": "Shop", "version": 1})
    made: int = 0
    failures: list[Exception] = field(default_factory=list)
    hold: asyncio.Event | None = None
    began: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Context:
    """A tool's context; `answer` is what the user says, None where nobody can be asked."""

    world: World
    caller: Caller = field(default_factory=lambda: Caller("ann", "c", frozenset(), "t", 9e9))
    answer: str | None = None
    asked: list[str] = field(default_factory=list)

    async def rest(self, call: RestCall, /, *, body: Any = None, **values: Any) -> Any:
        if call is READ_THING:
            return self.world.thing
        self.world.began.set()
        if self.world.hold is not None:
            await self.world.hold.wait()
        if self.world.failures:
            raise self.world.failures.pop()
        self.world.made += 1
        return {"id": str(self.world.made)}

    def can_ask(self, question: Any) -> bool:
        return self.answer is not None

    async def ask(self, questions: Mapping[str, Any], *, proven: bool = False) -> Any:
        assert proven
        ((key, question),) = questions.items()
        self.asked.append(question.params["message"])
        return {key: {"action": self.answer}}


@payload
class Made:
    id: str


@tool(title="Create")
async def create_thing(ctx: ToolContext, name: str) -> Made:
    """Create a thing.

    Args:
        name: Its name.
    """
    return Made(**await ctx.rest(MAKE_THING))


@tool(
    title="Delete",
    destructive=True,
    confirm=Confirm("Delete {name} ({thingId})?", READ_THING, {"id": "thingId"}),
)
async def delete_thing(ctx: ToolContext, thing_id: str) -> Made:
    """Delete a thing.

    Args:
        thing_id: Which.
    """
    return Made(**await ctx.rest(MAKE_THING))


@tool(title="Patch", destructive=True)
async def patch_thing(ctx: ToolContext, thing_id: str) -> Made:
    """Patch a thing.

    Args:
        thing_id: Which.
    """
    return Made(**await ctx.rest(MAKE_THING))


class Clock:
    """Epoch seconds that a test moves, or that move by a step with each look."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.step = 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


class Guards:
    """Tools behind guards, of one replica."""

    def __init__(self, mode: Mode = "ask", relay: MemoryRelay | None = None) -> None:
        self.clock = Clock()
        self.relay = relay or MemoryRelay()
        once = Once(SharedValues(self.relay), self.clock)
        seal = Seal("confirmation", [b"k" * 32])
        confirming = Confirming(mode, seal, self.relay, self.clock)
        bare = replace(
            load_registry(installed=False),
            tools=MappingProxyType(
                {made.name: made for made in (create_thing, delete_thing, patch_thing)}
            ),
        )
        self.tools: Mapping[str, Tool] = guarded(bare, once=once, confirming=confirming).tools
        self.unkept = guarded(bare, once=None, confirming=confirming).tools

    async def call(self, name: str, context: Context, /, **arguments: Any) -> Any:
        found = await self.tools[name].call(cast("ToolContext", context), arguments)
        return orjson.loads(found)


async def test_the_same_key_and_arguments_give_the_first_result() -> None:
    guards, context = Guards(), Context(World())
    first = await guards.call("create_thing", context, name="a", idempotencyKey="k")
    again = await guards.call("create_thing", context, name="a", idempotencyKey="k")
    assert first == {"id": "1"}
    assert again == {"id": "1", "replayed": True}
    assert context.world.made == 1


async def test_another_key_another_user_or_no_key_does_it_again() -> None:
    guards, world = Guards(), World()
    bob = Caller("bob", "c", frozenset(), "t", 9e9)
    await guards.call("create_thing", Context(world), name="a", idempotencyKey="k")
    await guards.call("create_thing", Context(world), name="a", idempotencyKey="l")
    await guards.call("create_thing", Context(world, bob), name="a", idempotencyKey="k")
    await guards.call("create_thing", Context(world), name="a")
    assert world.made == 4


async def test_the_same_key_for_another_call_is_refused() -> None:
    guards, context = Guards(), Context(World())
    await guards.call("create_thing", context, name="a", idempotencyKey="k")
    with pytest.raises(InvalidArgumentError) as caught:
        await guards.call("create_thing", context, name="b", idempotencyKey="k")
    assert caught.value.details["field"] == KEY
    assert context.world.made == 1


@pytest.mark.parametrize("key", ["", "x" * 129, 7, ["k"]])
async def test_a_key_that_is_none_is_refused(key: Any) -> None:
    with pytest.raises(InvalidArgumentError):
        await Guards().call("create_thing", Context(World()), name="a", idempotencyKey=key)


async def test_calls_at_the_same_time_wait_for_the_first_also_at_another_replica() -> None:
    relay, world = MemoryRelay(), World(hold=asyncio.Event())
    here, there = Guards(relay=relay), Guards(relay=relay)
    arguments = {"name": "a", "idempotencyKey": "k"}
    async with asyncio.timeout(5):
        calls = [
            asyncio.create_task(guards.call("create_thing", Context(world), **arguments))
            for guards in (here, here, there)
        ]
        await world.began.wait()
        assert world.hold
        world.hold.set()
        found = await asyncio.gather(*calls)
    assert [answer["id"] for answer in found] == ["1", "1", "1"]
    assert sum("replayed" in answer for answer in found) == 2


async def test_the_work_goes_on_when_its_client_goes() -> None:
    guards, world = Guards(), World(hold=asyncio.Event())
    arguments = {"name": "a", "idempotencyKey": "k"}
    async with asyncio.timeout(5):
        call = asyncio.create_task(guards.call("create_thing", Context(world), **arguments))
        await world.began.wait()
        call.cancel()
        await asyncio.wait([call])
        assert world.hold
        world.hold.set()
        again = await guards.call("create_thing", Context(world), **arguments)
    assert again == {"id": "1", "replayed": True}


async def test_what_was_refused_may_be_tried_again_with_the_same_key() -> None:
    guards, context = Guards(), Context(World(failures=[NotFoundError("No.", status=404)]))
    with pytest.raises(NotFoundError):
        await guards.call("create_thing", context, name="a", idempotencyKey="k")
    found = await guards.call("create_thing", context, name="a", idempotencyKey="k")
    assert found == {"id": "1"}


async def test_what_may_have_been_done_is_not_done_again() -> None:
    guards, context = Guards(), Context(World(failures=[UnavailableError("Gone.")]))
    with pytest.raises(UnavailableError):
        await guards.call("create_thing", context, name="a", idempotencyKey="k")
    with pytest.raises(UnknownOutcomeError):
        await guards.call("create_thing", context, name="a", idempotencyKey="k")
    assert context.world.made == 0


async def test_a_first_call_that_was_cut_off_with_its_server_is_told() -> None:
    relay, world = MemoryRelay(), World(hold=asyncio.Event())
    here, there = Guards(relay=relay), Guards(relay=relay)
    async with asyncio.timeout(5):
        call = asyncio.create_task(
            here.call("create_thing", Context(world), name="a", idempotencyKey="k")
        )
        await world.began.wait()
        there.clock.step = 26
        with pytest.raises(StillRunningError):
            await there.call("create_thing", Context(world), name="a", idempotencyKey="k")
        there.clock.now += 601
        with pytest.raises(UnknownOutcomeError):
            await there.call("create_thing", Context(world), name="a", idempotencyKey="k")
        assert world.hold
        world.hold.set()
        await call


class Away(MemoryRelay):
    async def get(self, name: str) -> bytes | None:
        raise StoreUnavailableError


async def test_without_the_store_nothing_is_done_and_calls_without_a_key_are() -> None:
    guards, context = Guards(relay=Away()), Context(World())
    with pytest.raises(UnavailableError):
        await guards.call("create_thing", context, name="a", idempotencyKey="k")
    assert context.world.made == 0
    assert await guards.call("create_thing", context, name="a") == {"id": "1"}


async def test_only_where_answers_are_kept_do_schemas_show_the_key() -> None:
    guards = Guards()
    assert KEY in guards.tools["create_thing"].definition["inputSchema"]["properties"]
    assert "replayed" in guards.tools["create_thing"].definition["outputSchema"]["properties"]
    assert KEY not in guards.tools["delete_thing"].definition["inputSchema"]["properties"]
    assert guards.unkept["create_thing"] is create_thing
    with pytest.raises(InvalidArgumentError):
        await guards.unkept["create_thing"].call(
            cast("ToolContext", Context(World())), {"name": "a", KEY: "k"}
        )


async def test_who_can_be_asked_is_asked_by_name_and_what_is_declined_is_not_done() -> None:
    guards = Guards()
    yes, no = Context(World(), answer="accept"), Context(World(), answer="decline")
    assert await guards.call("delete_thing", yes, thingId="7") == {"id": "1"}
    assert yes.asked == ["Delete Shop (7)?"]
    with pytest.raises(DeclinedError):
        await guards.call("delete_thing", no, thingId="7")
    assert no.world.made == 0


async def test_who_cannot_be_asked_is_served_at_once() -> None:
    assert await Guards().call("delete_thing", Context(World()), thingId="7") == {"id": "1"}


async def test_edits_are_asked_about_only_always_and_nothing_ever_with_never() -> None:
    for mode, name, asked in (
        ("ask", "patch_thing", 0),
        ("always", "patch_thing", 1),
        ("never", "delete_thing", 0),
    ):
        context = Context(World(), answer="accept")
        await Guards(cast("Mode", mode)).call(name, context, thingId="7")
        assert len(context.asked) == asked


async def test_wrong_arguments_are_told_before_anybody_is_asked() -> None:
    context = Context(World(), answer="accept")
    with pytest.raises(InvalidArgumentError):
        await Guards().call("delete_thing", context, thing="7")
    assert context.asked == []


async def test_what_changed_while_the_user_thought_is_left_alone() -> None:
    context = Context(World(), answer="accept")
    ask = context.ask

    async def slow(questions: Mapping[str, Any], *, proven: bool = False) -> Any:
        context.world.thing["version"] = 2
        return await ask(questions, proven=proven)

    context.ask = slow  # type: ignore[method-assign]
    with pytest.raises(ConflictError):
        await Guards().call("delete_thing", context, thingId="7")
    assert context.world.made == 0


async def token_of(guards: Guards, context: Context) -> str:
    with pytest.raises(ConfirmationRequiredError) as caught:
        await guards.call("delete_thing", context, thingId="7")
    assert caught.value.message == "Delete Shop (7)?"
    return str(caught.value.details[TOKEN])


async def test_a_second_call_with_the_token_of_the_first_is_done_once_at_any_replica() -> None:
    relay, context = MemoryRelay(), Context(World())
    here, there = Guards("always", relay), Guards("always", relay)
    assert TOKEN in here.tools["delete_thing"].definition["inputSchema"]["properties"]
    token = await token_of(here, context)
    found = await there.call("delete_thing", context, thingId="7", confirmToken=token)
    assert found == {"id": "1"}
    with pytest.raises(InvalidArgumentError, match="used already"):
        await here.call("delete_thing", context, thingId="7", confirmToken=token)


async def test_a_token_is_for_one_user_call_state_and_five_minutes() -> None:
    guards, context = Guards("always"), Context(World())
    token = await token_of(guards, context)
    bob = Context(context.world, Caller("bob", "c", frozenset(), "t", 9e9))
    for asker, arguments, why in (
        (bob, {"thingId": "7"}, "another call"),
        (context, {"thingId": "8"}, "another call"),
        (context, {"thingId": "7", TOKEN: token[:-2] + "AA"}, "none that this server gave"),
    ):
        with pytest.raises(InvalidArgumentError, match=why):
            await guards.call("delete_thing", asker, **{TOKEN: token, **arguments})
    context.world.thing["version"] = 2
    with pytest.raises(InvalidArgumentError, match="earlier state"):
        await guards.call("delete_thing", context, thingId="7", confirmToken=token)
    context.world.thing["version"] = 1
    guards.clock.now += LIFE_S
    with pytest.raises(InvalidArgumentError, match="expired"):
        await guards.call("delete_thing", context, thingId="7", confirmToken=token)
    assert context.world.made == 0
