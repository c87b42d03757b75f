"""Logs in the memory of one process."""

import asyncio

from octoperf_mcp.protocol.relay import CHANGES, IDLE_S, MAX_VALUES, Entry, MemoryRelay


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_messages_are_numbered_and_read_from_any_point() -> None:
    relay = MemoryRelay()
    assert [await relay.append("a", data) for data in (b"1", b"2", b"3")] == [1, 2, 3]
    assert await relay.read({"a": 1}, 0) == [Entry("a", 2, b"2"), Entry("a", 3, b"3")]
    assert await relay.last("a") == 3
    assert await relay.last("unknown") == 0


async def test_logs_are_read_in_the_order_asked_for() -> None:
    relay = MemoryRelay()
    await relay.append("a", b"a1")
    await relay.append("b", b"b1")
    entries = await relay.read({"b": 0, "a": 0}, 0)
    assert [entry.data for entry in entries] == [b"b1", b"a1"]


async def test_who_waits_is_woken_by_either_log() -> None:
    relay = MemoryRelay()
    async with asyncio.timeout(5):
        reading = asyncio.create_task(relay.read({"a": 0, "b": 0}, 60))
        await asyncio.sleep(0)
        await relay.append("b", b"x")
        assert await reading == [Entry("b", 1, b"x")]


async def test_waiting_ends_and_leaves_nothing_behind() -> None:
    relay = MemoryRelay()
    assert await relay.read({"a": 0}, 0) == []
    assert not relay._logs


async def test_a_log_keeps_its_newest_messages_within_its_budget() -> None:
    relay = MemoryRelay(max_log_bytes=25)
    for number in range(10):
        await relay.append("a", b"%010d" % number)
    assert [entry.number for entry in await relay.read({"a": 0}, 0)] == [9, 10]
    await relay.append("a", b"x" * 100)
    assert [entry.number for entry in await relay.read({"a": 0}, 0)] == [11]


async def test_logs_nobody_touches_are_gone_after_an_hour() -> None:
    clock = Clock()
    relay = MemoryRelay(clock)
    await relay.append(CHANGES, b"c")
    await relay.append("old", b"x")
    clock.now = IDLE_S + 1
    await relay.append("new", b"x")
    await relay.append("new", b"x")
    assert await relay.last("old") == 0
    assert (await relay.last("new"), await relay.last(CHANGES)) == (2, 1)


async def test_too_much_in_all_drops_the_least_recent_log() -> None:
    relay = MemoryRelay(max_total_bytes=250)
    for name in ("a", "b", "c"):
        await relay.append(name, b"x" * 99)
    assert [await relay.last(name) for name in ("a", "b", "c")] == [0, 1, 1]
    await relay.forget("b")
    assert await relay.last("b") == 0
    await relay.append("d", b"x" * 99)
    assert await relay.last("c") == 1


async def test_a_log_that_is_waited_for_stays() -> None:
    relay = MemoryRelay(max_total_bytes=50)
    await relay.append("a", b"x")
    async with asyncio.timeout(5):
        reading = asyncio.create_task(relay.read({"a": 1}, 60))
        await asyncio.sleep(0)
        await relay.append("b", b"x" * 60)
        await relay.append("a", b"y")
        assert [entry.data for entry in await reading] == [b"y"]


async def test_values_end_and_new_ones_do_not_replace_those_that_live() -> None:
    clock = Clock()
    relay = MemoryRelay(clock)
    assert await relay.put("a", b"1", 10)
    assert not await relay.put("a", b"2", 10, only_new=True)
    assert await relay.get("a") == b"1"
    clock.now = 10
    assert await relay.get("a") is None
    assert await relay.put("a", b"2", 10, only_new=True)
    await relay.drop("a")
    assert await relay.get("a") is None


async def test_too_many_values_drop_what_has_ended_and_then_the_oldest() -> None:
    clock = Clock()
    relay = MemoryRelay(clock)
    await relay.put("long", b"", 100)
    await relay.put("short", b"", 1)
    for number in range(MAX_VALUES - 2):
        await relay.put(str(number), b"", 100)
    clock.now = 2
    await relay.put("new", b"", 100)
    assert await relay.get("long") is not None
    await relay.put("newer", b"", 100)
    assert await relay.get("long") is None
    assert await relay.get("new") is not None
