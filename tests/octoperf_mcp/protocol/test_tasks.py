"""The store of tasks, without HTTP."""

import asyncio
from typing import Any

import orjson
import pytest

from octoperf_mcp.errors import NotFoundError
from octoperf_mcp.protocol import jsonrpc
from octoperf_mcp.protocol.exchange import Exchange, Reply
from octoperf_mcp.protocol.tasks import EXTENSION, LIFE_S, MAX_TASKS_OF_A_USER, Task, Tasks
from octoperf_mcp.registry.context import Caller


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def exchange(subject: str = "ann", token: str = "first", **params: Any) -> Exchange:
    return Exchange(
        request=jsonrpc.Request(1, b"1", "tools/call", params),
        caller=Caller(subject, "c", frozenset({token[:5]}), token, 9e9),
        request_id="r",
        version="2026-07-28",
        modern=True,
        capabilities={"extensions": {EXTENSION: {}}},
        settle=lambda _: None,
    )


async def test_a_user_with_too_many_tasks_goes_on_with_calls() -> None:
    clock = Clock()
    tasks = Tasks({}, clock)
    calls = [exchange() for _ in range(MAX_TASKS_OF_A_USER)]
    assert all(tasks.become(call, "", required=False) for call in calls)
    assert not tasks.become(exchange(), "", required=False)
    assert tasks.become(exchange("bob"), "", required=False)
    for call in calls:
        assert isinstance(call.task, Task)
        call.task.finish(Reply(b'{"result":{}}'))
    assert not tasks.become(exchange(), "", required=False)
    clock.now += LIFE_S + 1
    assert tasks.become(exchange(), "", required=False)


async def test_a_call_becomes_a_task_once() -> None:
    tasks, call = Tasks({}), exchange()
    assert tasks.become(call, "", required=True)
    task = call.task
    assert tasks.become(call, "", required=True)
    assert call.task is task


def begun(tasks: Tasks, call: Exchange, **more: Any) -> Task:
    assert tasks.become(call, "", required=True, **more)
    assert isinstance(call.task, Task)
    return call.task


async def test_who_asks_for_a_task_brings_it_a_fresh_token() -> None:
    tasks, call = Tasks({}), exchange()
    task = begun(tasks, call)
    tasks.get(exchange(token="first again", taskId=task.id))
    assert call.caller.token == "first again"
    tasks.get(exchange(token="other scopes", taskId=task.id))
    assert call.caller.token == "first again"


async def test_a_task_is_kept_for_an_hour_after_its_end_however_long_it_took() -> None:
    clock = Clock()
    tasks = Tasks({}, clock)
    task = begun(tasks, exchange())
    clock.now += 3 * LIFE_S
    assert task.members()["ttlMs"] == 4 * LIFE_S * 1000
    task.finish(Reply(b'{"result":{"content":[]}}'))
    clock.now += LIFE_S - 1
    begun(tasks, exchange())
    found = orjson.loads(tasks.get(exchange(taskId=task.id)).body)["result"]
    assert (found["status"], found["ttlMs"]) == ("completed", 4 * LIFE_S * 1000)


@pytest.mark.parametrize("fails", [False, True])
async def test_cancelling_ends_the_work_on_the_platform_too(fails: bool) -> None:
    stopped = []

    async def stop() -> None:
        stopped.append(True)
        if fails:
            raise NotFoundError("gone", status=404)

    task = begun(Tasks({}), exchange(), on_cancel=stop)
    task.cancel()
    await task.wind_up()
    assert stopped == [True]
    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(0)


async def test_a_server_that_stops_leaves_the_work_on_the_platform_alone() -> None:
    async def stop() -> None:
        raise AssertionError

    task = begun(Tasks({}), exchange(), on_cancel=stop)
    await task.wind_up()
    assert task.status == "working"
