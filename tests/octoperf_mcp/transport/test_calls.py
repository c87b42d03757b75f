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


async def test_attended_work_runs_in_the_task_that_attends_to_it() -> None:
    calls, call = Calls(), new_call()
    ran: list[asyncio.Task[object] | None] = []

    async def work() -> Reply:
        ran.append(asyncio.current_task())
        return Reply(b"{}")

    await calls.attend(call, work())
    assert ran == [asyncio.current_task()]
    assert call.reply().body == b"{}"
    assert len(calls) == 0


async def test_cancelling_attended_work_spares_who_attends_to_it() -> None:
    calls, call = Calls(), new_call()
    cleaned = asyncio.Event()

    async def work() -> Reply:
        asyncio.get_running_loop().call_soon(call.cancel)
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.set()
        return Reply(b"{}")

    async with asyncio.timeout(5):
        await calls.attend(call, work())
    assert (call.cancelled, cleaned.is_set(), len(calls)) == (True, True, 0)
    current = asyncio.current_task()
    assert current is not None
    assert not current.cancelling()


async def test_work_that_ends_before_its_cancellation_leaves_the_task_alone() -> None:
    calls, call = Calls(), new_call()

    async def work() -> Reply:
        call.cancel()
        return Reply(b"{}")

    async with asyncio.timeout(5):
        await calls.attend(call, work())
        await asyncio.sleep(0)
    assert call.cancelled


async def test_attended_work_tells_once_that_it_has_something_to_say() -> None:
    calls, call = Calls(), new_call()
    told: list[int] = []
    call.on_news = lambda: told.append(len(call.messages))

    async def work() -> Reply:
        call.notify(b"one")
        call.notify(b"two")
        return Reply(b"{}")

    await calls.attend(call, work())
    assert told == [1]
    assert list(call.messages) == [b"one", b"two"]
