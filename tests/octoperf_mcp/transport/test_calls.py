"""Calls under way, without HTTP."""

import asyncio

from octoperf_mcp.protocol.exchange import Reply
from octoperf_mcp.transport.calls import MAX_QUEUED, Call, Calls


def new_call() -> Call:
    return Call(asyncio.get_running_loop())


async def answered() -> Reply:
    return Reply(b"{}")


async def test_a_client_that_does_not_read_costs_bounded_memory() -> None:
    call = new_call()
    release = asyncio.Event()

    async def work() -> Reply:
        for _ in range(MAX_QUEUED * 2):
            call.notify(b"x")
        await release.wait()
        return Reply(b"{}")

    calls = Calls()
    calls.start(call, work())
    async with asyncio.timeout(5):
        await call.news(5)
        assert len(call.messages) == MAX_QUEUED
        call.detach()
        assert not call.messages
        call.notify(b"late")
        assert not call.messages
        release.set()
        assert await calls.drain(5) == 0


async def test_nothing_is_remembered_of_calls_that_ended() -> None:
    calls = Calls()
    async with asyncio.timeout(5):
        for number in range(3):
            call = new_call()
            calls.start(call, answered(), ("session", number))
            while not call.done:
                await call.news(5)
            assert call.reply().body == b"{}"
        await calls.drain(5)
    assert len(calls) == 0
    assert not calls._by_key


async def test_a_second_call_with_the_same_id_is_the_one_to_cancel() -> None:
    calls, first, second = Calls(), new_call(), new_call()
    forever = asyncio.Event()

    async def work() -> Reply:
        await forever.wait()
        return Reply(b"{}")

    async with asyncio.timeout(5):
        calls.start(first, work(), ("s", 1))
        calls.start(second, work(), ("s", 1))
        calls.cancel("s", 1)
        assert (first.cancelled, second.cancelled) == (False, True)
        assert await calls.drain(0) == 1


async def test_a_call_cancelled_before_it_began_still_cleans_up() -> None:
    calls, call = Calls(), new_call()
    cleaned = asyncio.Event()

    async def work() -> Reply:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.set()
        return Reply(b"{}")

    async with asyncio.timeout(5):
        calls.start(call, work())
        call.cancel()
        await cleaned.wait()
        await calls.drain(5)
    assert len(calls) == 0
