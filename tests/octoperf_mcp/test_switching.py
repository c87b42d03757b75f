"""Switches that replicas share: turned by several at once, lost by the store, unreachable."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest
from aiohttp import web

from octoperf_mcp.config import PluginsSettings, ToolsSettings
from octoperf_mcp.entities.switches import Switches
from octoperf_mcp.errors import StoreUnavailableError
from octoperf_mcp.protocol.relay import MemoryRelay, Relay
from octoperf_mcp.registry.changes import Change
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.registry.switched import composed
from octoperf_mcp.switching import RelaySwitches, Switching
from tests.redis_server import RedisServer, running_redis

ALL = PluginsSettings(), ToolsSettings()


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@contextlib.asynccontextmanager
async def relays(redis: RedisServer, count: int = 2) -> AsyncIterator[list[Relay]]:
    """So many processes that share one Redis."""
    from octoperf_mcp.protocol.relay_redis import RedisRelay

    prefix = secrets.token_hex(4)
    opened = [RedisRelay(redis.url, prefix) for _ in range(count)]
    for relay in opened:
        await relay.open()
    yield list(opened)
    for relay in opened:
        await relay.close()


async def test_operators_who_turn_at_once_lose_nothing(redis: RedisServer) -> None:
    async with relays(redis) as shared, asyncio.timeout(30):
        stores = [RelaySwitches(relay) for relay in shared]
        names = [f"tool_{number}" for number in range(40)]
        turning = [
            stores[number % 2].turn("tool", name, on=False) for number, name in enumerate(names)
        ]
        await asyncio.gather(*turning)
        state = await stores[0].read()
    assert state.tools_off == frozenset(names)
    assert state.version == len(names)


async def test_a_value_is_swapped_only_where_nobody_else_changed_it(redis: RedisServer) -> None:
    async with relays(redis) as shared:
        for here, there in (shared, [relay := MemoryRelay(), relay]):
            assert await here.swap("a", None, b"1")
            assert not await there.swap("a", None, b"2")
            assert not await there.swap("a", b"0", b"2")
            assert await there.swap("a", b"1", b"2")
            assert await here.get("a") == b"2"


async def test_what_an_emptied_store_has_lost_is_put_back(redis: RedisServer) -> None:
    async with relays(redis) as shared:
        first, second = (RelaySwitches(relay, lambda: 1_000.0) for relay in shared)
        await first.turn("tool", "a", on=False)
        known = await second.turn("plugin", "bench", on=False)
        await shared[0].drop(RelaySwitches.LOG)
        assert await first.read() == Switches()
        kept = await first.renewed(known)
        assert kept.turned_names == known.turned_names
        assert (kept.put_back_at, kept.epoch) == (1_000, known.epoch)
        assert await second.renewed(known) == await second.read() == kept


async def test_what_was_turned_after_the_loss_goes_over_what_is_put_back(
    redis: RedisServer,
) -> None:
    async with relays(redis) as shared:
        first, second = (RelaySwitches(relay) for relay in shared)
        await first.turn("tool", "a", on=False)
        known = await first.turn("tool", "b", on=False)
        await shared[0].drop(RelaySwitches.LOG)
        after = await second.turn("tool", "a", on=True)
        assert after.epoch != known.epoch
        kept = await first.renewed(known)
        assert kept.turned_names[:2] == (frozenset("b"), frozenset("a"))
        assert await second.renewed(after) == kept


async def test_a_store_that_is_set_back_is_brought_forward(redis: RedisServer) -> None:
    """As by a snapshot, or by a fail-over to a copy that lagged."""
    async with relays(redis) as shared:
        store = RelaySwitches(shared[0])
        await store.turn("tool", "a", on=False)
        earlier = await shared[0].get(RelaySwitches.LOG)
        assert earlier is not None
        known = await store.turn("tool", "a", on=True)
        await shared[0].drop(RelaySwitches.LOG)
        assert await shared[0].swap(RelaySwitches.LOG, None, earlier)
        kept = await store.renewed(known)
        assert kept.turned_names[:2] == (frozenset(), frozenset("a"))
        assert kept.version > known.version


class Server:
    """A switchboard, what it serves, and what it told."""

    def __init__(self, store: RelaySwitches, required: Sequence[str] = ()) -> None:
        self.told: list[Change] = []
        self.deaf = False
        self.served, self.told_all = asyncio.Event(), asyncio.Event()
        self.registry = composed(*ALL)
        self.board = Switching(
            self.registry,
            lambda state: composed(*ALL, state),
            self.adopt,
            self.announce,
            required=required,
        )
        self.board.store = store

    async def adopt(self, registry: Registry) -> None:
        self.registry = registry
        self.served.set()

    async def announce(self, change: Change) -> None:
        if self.deaf:
            raise StoreUnavailableError
        self.told.append(change)
        if change.kind == "resources":
            self.told_all.set()


async def test_clients_are_told_once_they_can_be(redis: RedisServer) -> None:
    async with relays(redis, 1) as (relay,):
        server = Server(RelaySwitches(relay))
        server.deaf = True
        await server.board.turn("tool", "delete_scenario", on=False)
        assert "delete_scenario" not in server.registry.tools
        assert server.told == []
        server.deaf = False
        await server.board.turn("tool", "delete_scenario", on=True)
        assert {change.kind for change in server.told} == {"tools", "prompts", "resources"}


async def test_a_server_that_starts_without_its_store_is_not_ready_until_it_has_read(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with running_redis(tmp_path_factory.mktemp("redis")) as redis:
        async with relays(redis, 1) as (relay,), asyncio.timeout(60):
            await RelaySwitches(relay).turn("tool", "delete_scenario", on=False)
            kept = await relay.get(RelaySwitches.LOG)
            assert kept is not None
            redis.kill()
            server = Server(RelaySwitches(relay))
            life = server.board.run(web.Application())
            await anext(life)
            assert "switches" in server.board.trouble()
            redis.start()
            while True:
                with contextlib.suppress(StoreUnavailableError):
                    await relay.swap(RelaySwitches.LOG, None, kept)
                    break
                await asyncio.sleep(0)
            await server.served.wait()
            assert "delete_scenario" not in server.registry.tools
            await server.told_all.wait()
            assert server.board.trouble() == ""
            await anext(life, None)


async def test_a_required_plugin_is_not_turned_off() -> None:
    relay = MemoryRelay()
    server = Server(RelaySwitches(relay), required=("bench",))
    with pytest.raises(LookupError, match=r"\[plugins\] required names it"):
        await server.board.turn("plugin", "bench", on=False)
    assert await RelaySwitches(relay).read() == Switches()
    await server.board.turn("plugin", "analysis", on=False)
    assert "get_bench_report" not in server.registry.tools


def test_what_the_operator_turns_on_goes_over_what_is_configured() -> None:
    configured = ToolsSettings(disable=("delete_scenario",))
    assert "delete_scenario" not in composed(PluginsSettings(), configured).tools
    state = Switches().turned("tool", "delete_scenario", on=True)
    assert "delete_scenario" in composed(PluginsSettings(), configured, state).tools
    state = Switches.unpacked(state.turned("tool", "delete_scenario", on=False).packed())
    assert "delete_scenario" not in composed(PluginsSettings(), configured, state).tools
