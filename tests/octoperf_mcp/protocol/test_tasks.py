"""The store of tasks, without HTTP."""

from octoperf_mcp.protocol import jsonrpc
from octoperf_mcp.protocol.exchange import Exchange, Reply
from octoperf_mcp.protocol.tasks import EXTENSION, LIFE_S, MAX_TASKS_OF_A_USER, Task, Tasks
from octoperf_mcp.registry.context import Caller


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def exchange(subject: str = "ann") -> Exchange:
    return Exchange(
        request=jsonrpc.Request(1, b"1", "tools/call", {}),
        caller=Caller(subject, "c", frozenset(), "", 9e9),
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
