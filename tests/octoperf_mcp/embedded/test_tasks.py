"""Tasks are durable: what a process leaves unfinished, the next one takes up."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from octoperf_mcp.embedded import tasks as module
from octoperf_mcp.embedded.failures import Invalid, NotFound
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import task
from octoperf_mcp.embedded.tasks import Tasks
from tests.octoperf_mcp.embedded.conftest import on_both


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.open(database_url)
    yield database
    await database.close()


async def echo(body: dict[str, Any], user_id: str) -> dict[str, Any]:
    return {"@type": "EchoTaskResult", "text": body["text"]}


async def never(body: dict[str, Any], user_id: str) -> dict[str, Any]:
    await asyncio.Event().wait()
    raise AssertionError


async def finished(tasks: Tasks, task_id: str, user_id: str = "ada") -> dict[str, Any] | None:
    async with asyncio.timeout(5):
        await tasks.settled(task_id)
    return await tasks.result(task_id, user_id)


@on_both
async def test_an_interrupted_task_is_run_again_at_the_next_start(database: Database) -> None:
    first = Tasks(database)
    first.handle("EchoTask", never)
    task_id = await first.submit({"@type": "EchoTask", "text": "hi"}, "ada")
    assert await first.result(task_id, "ada") is None
    await first.close()
    assert await first.result(task_id, "ada") is None

    second = Tasks(database)
    second.handle("EchoTask", echo)
    await second.resume()
    assert await finished(second, task_id) == {"@type": "EchoTaskResult", "text": "hi"}
    with pytest.raises(NotFound):
        await second.result(task_id, "eve")


async def test_a_task_begins_though_its_client_goes_away(database: Database) -> None:
    done = asyncio.Event()

    async def tells(body: dict[str, Any], user_id: str) -> dict[str, Any]:
        done.set()
        return {}

    tasks = Tasks(database)
    tasks.handle("TellsTask", tells)
    async with database.writing():
        client = asyncio.create_task(tasks.submit({"@type": "TellsTask"}, "ada"))
        await asyncio.sleep(0)
        client.cancel()
        with pytest.raises(asyncio.CancelledError):
            await client
    async with asyncio.timeout(5):
        await done.wait()
    await tasks.close()


async def test_a_task_that_is_interrupted_again_and_again_is_given_up(database: Database) -> None:
    for start in range(module.ATTEMPTS + 1):
        tasks = Tasks(database)
        tasks.handle("EchoTask", never)
        await tasks.resume()
        if start == 0:
            task_id = await tasks.submit({"@type": "EchoTask"}, "ada")
        await tasks.close()
    result = await tasks.result(task_id, "ada")
    assert result is not None
    assert result["@type"] == "FailedTaskResult"
    assert "interrupted" in result["message"]


async def test_a_failure_is_a_result_without_a_trace(database: Database) -> None:
    async def refuses(body: dict[str, Any], user_id: str) -> dict[str, Any]:
        raise Invalid("The report has no items.")

    async def breaks(body: dict[str, Any], user_id: str) -> dict[str, Any]:
        raise ZeroDivisionError("secret")

    tasks = Tasks(database)
    tasks.handle("RefusesTask", refuses)
    tasks.handle("BreaksTask", breaks)
    refused = await finished(tasks, await tasks.submit({"@type": "RefusesTask"}, "ada"))
    assert refused == {
        "@type": "FailedTaskResult",
        "message": "The report has no items.",
        "stackTrace": "",
    }
    broken = await finished(tasks, await tasks.submit({"@type": "BreaksTask"}, "ada"))
    assert broken is not None
    assert "secret" not in str(broken)


async def test_a_task_that_nobody_handles_any_more_fails(database: Database) -> None:
    first = Tasks(database)
    first.handle("GoneTask", never)
    task_id = await first.submit({"@type": "GoneTask"}, "ada")
    await first.close()
    second = Tasks(database)
    await second.resume()
    result = await finished(second, task_id)
    assert result is not None
    assert result["@type"] == "FailedTaskResult"


async def test_old_results_are_forgotten(database: Database) -> None:
    tasks = Tasks(database)
    tasks.handle("EchoTask", echo)
    task_id = await tasks.submit({"@type": "EchoTask", "text": "x"}, "ada")
    await finished(tasks, task_id)
    async with database.writing() as connection:
        await connection.execute(task.update().values(ended=1))
    await tasks.resume()
    with pytest.raises(NotFound):
        await tasks.result(task_id, "ada")


async def test_dear_work_is_done_in_turns(database: Database) -> None:
    under_way, most = 0, 0

    async def dear(body: dict[str, Any], user_id: str) -> dict[str, Any]:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        return {}

    tasks = Tasks(database)
    tasks.handle("DearTask", dear, at_once=2)
    ids = [await tasks.submit({"@type": "DearTask"}, "ada") for _ in range(5)]
    for task_id in ids:
        assert await finished(tasks, task_id) == {}
    assert most == 2
