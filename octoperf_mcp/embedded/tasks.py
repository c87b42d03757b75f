"""Tasks: long work that a client asks for once and whose result it polls."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import sqlalchemy as sa
import structlog

from octoperf_mcp.embedded.failures import Invalid, NotFound
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import now_ms, task
from octoperf_mcp.errors import OctoPerfMcpError

log = structlog.get_logger()

Work = Callable[[dict[str, Any], str], Awaitable[dict[str, Any]]]
"""From the body of the task and the user's id to the result, which has an `@type`."""

ATTEMPTS = 3
"""A task that was under way this often when the process died is given up."""

KEPT_MS = 7 * 24 * 3600 * 1000
"""How long a result can be read."""


class Tasks:
    """Durable rows: a task that a stop or kill -9 interrupts is started again at the next start.

    A handler must therefore bear being run twice.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._works: dict[str, Work] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._beginning: set[asyncio.Task[None]] = set()

    def handle(self, type_name: str, work: Work, *, at_once: int = 0) -> None:
        """Name the work of a task's `@type`, of which `at_once` run together at most; 0: all."""
        self._works[type_name] = work if not at_once else _in_turns(work, at_once)

    async def submit(self, body: dict[str, Any], user_id: str) -> str:
        """Keep a task and begin with it; answers its id, a UUID.

        Raises:
            Invalid: no room handles its `@type`.
        """
        type_name = body.get("@type")
        if not isinstance(type_name, str) or type_name not in self._works:
            raise Invalid(
                f"There is no task of @type {type_name!r}.",
                details={"allowed": sorted(self._works)},
            )
        row = {
            "id": str(uuid.uuid4()),
            "user_id": user_id,
            "type": type_name,
            "body": body,
            "created": now_ms(),
            "attempts": 1,
            "ended": None,
            "result": None,
        }
        await asyncio.shield(self._begin(row))
        return str(row["id"])

    async def result(self, task_id: str, user_id: str) -> dict[str, Any] | None:
        """The result, None while the task runs.

        Raises:
            NotFound: this user has no such task.
        """
        found: dict[str, Any] | None = (await self._row(task_id, user_id)).result
        return found

    async def submitted(self, task_id: str, user_id: str) -> dict[str, Any]:
        """The task as it was submitted, with its id.

        Raises:
            NotFound: this user has no such task.
        """
        return {**(await self._row(task_id, user_id)).body, "id": task_id}

    async def _row(self, task_id: str, user_id: str) -> Any:
        query = sa.select(task.c.body, task.c.result).where(
            task.c.id == task_id, task.c.user_id == user_id
        )
        async with self._database.reading() as reader:
            row = (await reader.execute(query)).one_or_none()
        if row is None:
            raise NotFound(f"You have no task {task_id!r}.")
        return row

    async def resume(self) -> None:
        """Start again what an earlier process left unfinished; forget results that are old."""
        async with self._database.writing() as writer:
            await writer.execute(task.delete().where(task.c.ended < now_ms() - KEPT_MS))
            waiting = sa.select(task).where(task.c.ended.is_(None)).order_by(task.c.created)
            rows = [dict(row) for row in (await writer.execute(waiting)).mappings()]
            await writer.execute(
                task.update().where(task.c.ended.is_(None)).values(attempts=task.c.attempts + 1)
            )
        for row in rows:
            if row["attempts"] >= ATTEMPTS:
                await self._end(row["id"], _failed("The task was interrupted again and again."))
            else:
                self._start(row)

    async def settled(self, task_id: str) -> None:
        """Wait until a task of this process has ended."""
        if task_id in self._running:
            await asyncio.wait([self._running[task_id]])

    def _begin(self, row: dict[str, Any]) -> "asyncio.Task[None]":
        """Keep and start a task together, whatever becomes of the caller meanwhile."""

        async def begin() -> None:
            await self._database.write(lambda writer: writer.execute(task.insert().values(row)))
            self._start(row)

        beginning = asyncio.create_task(begin())
        self._beginning.add(beginning)
        beginning.add_done_callback(self._beginning.discard)
        return beginning

    async def close(self) -> None:
        """Interrupt what runs; the next start takes it up again."""
        await asyncio.gather(*self._beginning, return_exceptions=True)
        for running in self._running.values():
            running.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _start(self, row: dict[str, Any]) -> None:
        running = asyncio.create_task(self._run(row), name=f"task-{row['type']}")
        self._running[row["id"]] = running
        running.add_done_callback(lambda _: self._running.pop(row["id"], None))

    async def _run(self, row: dict[str, Any]) -> None:
        try:
            result = await self._works[row["type"]](row["body"], row["user_id"])
        except OctoPerfMcpError as error:
            result = _failed(error.message)
        except Exception:  # the top of a task: its failure is its result
            log.exception("task_failed", task_type=row["type"], task_id=row["id"])
            result = _failed("The task failed inside the platform; its log says why.")
        await self._end(row["id"], result)

    async def _end(self, task_id: str, result: dict[str, Any]) -> None:
        ending = task.update().where(task.c.id == task_id).values(ended=now_ms(), result=result)
        await self._database.write(lambda writer: writer.execute(ending))


def _in_turns(work: Work, at_once: int) -> Work:
    turns = asyncio.Semaphore(at_once)

    async def taking_turns(body: dict[str, Any], user_id: str) -> dict[str, Any]:
        async with turns:
            return await work(body, user_id)

    return taking_turns


def _failed(message: str) -> dict[str, Any]:
    return {"@type": "FailedTaskResult", "message": message, "stackTrace": ""}
