"""The tasks extension (`io.modelcontextprotocol/tasks`): calls that go on after their answer.

A tool decides in the middle of a call that it will take long; the client is answered a task and
asks for its state. Tasks live in the memory of this process, and die with it; what they follow on
the platform goes on, and the polling tools tell of it.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import structlog

from octoperf_mcp.errors import InvalidParamsError, MissingCapabilityError
from octoperf_mcp.protocol import jsonrpc, results
from octoperf_mcp.protocol.exchange import Exchange, Reply
from octoperf_mcp.protocol.versions import META_SERVER_INFO
from octoperf_mcp.registry.context import Caller, OnCancel
from octoperf_mcp.registry.questions import Question, unfit_answer

log = structlog.get_logger(__name__)

EXTENSION: Final = "io.modelcontextprotocol/tasks"
LIFE_S: Final = 3600
"""How long a task is kept after its end."""

POLL_MS: Final = 1000
MAX_TASKS_OF_A_USER: Final = 100
_ENDED: Final = frozenset(("completed", "failed", "cancelled"))
_ACK: Final = b'{"resultType":"complete"}'


class Task:
    """One call that goes on: its state, its questions, its end."""

    def __init__(
        self,
        exchange: Exchange,
        message: str,
        now: Callable[[], float],
        on_cancel: OnCancel | None = None,
    ) -> None:
        self.id = secrets.token_urlsafe(20)
        self.owner = exchange.caller.identity
        self.surface = exchange.surface.name
        self.message = message
        self._exchange = exchange
        self._on_cancel = on_cancel
        self.status = "working"
        self._now = now
        self.created = self.updated = now()
        self._work = asyncio.current_task()
        self._questions: dict[str, Question] = {}
        self._answers: dict[str, Any] = {}
        self._answered = asyncio.Event()
        self._asked = 0
        self._end: dict[str, Any] = {}

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in _ENDED

    def expired(self) -> bool:
        """Whether it may be forgotten."""
        return self.ended and self._now() > self.updated + LIFE_S

    def renew(self, caller: Caller) -> None:
        """Go on with the token of a later request of the same user, which lasts longer."""
        if caller.scopes >= self._exchange.caller.scopes:
            self._exchange.caller = caller

    def say(self, message: str) -> None:
        """Tell what is going on."""
        if message and not self.ended:
            self.message = message
            self.updated = self._now()

    async def ask(self, questions: Mapping[str, Question]) -> dict[str, Any]:
        """Wait for the client's answers; each question gets a key of its own in the task."""
        keys = {}
        for key, question in questions.items():
            self._asked += 1
            keys[key] = f"{key}-{self._asked}"
            self._questions[keys[key]] = question
        self._become("input_required")
        while any(made in self._questions for made in keys.values()):
            self._answered.clear()
            await self._answered.wait()
        return {key: self._answers.pop(made) for key, made in keys.items()}

    def answer(self, responses: Mapping[str, Any]) -> None:
        """Take answers, some or all; keys that nobody asked for are ignored.

        Raises:
            InvalidParamsError: an answer has the wrong shape; none is taken then.
        """
        given = {key: value for key, value in responses.items() if key in self._questions}
        for key, value in given.items():
            if wrong := unfit_answer(self._questions[key], value):
                raise InvalidParamsError(f"inputResponses.{key[:200]} {wrong}.")
        for key, value in given.items():
            del self._questions[key]
            self._answers[key] = value
        if given and not self._questions and not self.ended:
            self._become("working")
        self._answered.set()

    def cancel(self) -> None:
        """Stop the work; what has ended stays as it is."""
        if not self.ended:
            self._become("cancelled")
            if self._work is not None:
                self._work.cancel()

    async def wind_up(self) -> None:
        """See `LongCall.wind_up`."""
        if self.status != "cancelled" or self._on_cancel is None:
            return
        try:
            await self._on_cancel()
        except Exception:
            log.exception("task_cancel_failed", task_id=self.id)

    def finish(self, reply: Reply) -> None:
        """Keep what the call would have answered."""
        if self.ended:
            return
        answer = orjson.loads(reply.body)
        if "error" in answer:
            self._end = {"error": answer["error"]}
            self._become("failed")
        else:
            self._end = {"result": answer["result"]}
            self._become("completed")

    def members(self) -> dict[str, Any]:
        """What every shape of a task has."""
        told = {"statusMessage": self.message} if self.message else {}
        life_s = (self.updated if self.ended else self._now()) - self.created + LIFE_S
        return {
            "taskId": self.id,
            "status": self.status,
            **told,
            "createdAt": _iso(self.created),
            "lastUpdatedAt": _iso(self.updated),
            "ttlMs": round(life_s * 1000),
            "pollIntervalMs": POLL_MS,
        }

    def details(self) -> dict[str, Any]:
        """The same with what belongs to its status."""
        if self.status != "input_required":
            return {**self.members(), **self._end}
        asked = {
            key: {"method": question.method, "params": question.params}
            for key, question in self._questions.items()
        }
        return {**self.members(), "inputRequests": asked}

    def _become(self, status: str) -> None:
        self.status = status
        self.updated = self._now()


class Tasks:
    """All tasks of this process, each open to its own user on its own surface only."""

    def __init__(self, info: Mapping[str, Any], now: Callable[[], float] = time.time) -> None:
        self._meta = {"_meta": {META_SERVER_INFO: dict(info)}}
        self._now = now
        self._tasks: dict[str, Task] = {}

    def become(
        self,
        exchange: Exchange,
        message: str,
        *,
        required: bool,
        on_cancel: OnCancel | None = None,
    ) -> bool:
        """See `ToolContext.become_task`."""
        if exchange.task is not None:
            return True
        declares = exchange.modern and declared(exchange)
        if not declares and required:
            raise _missing()
        if not declares or exchange.settle is None or not self._room_for(exchange.caller.identity):
            return False
        task = Task(exchange, message, self._now, on_cancel)
        self._tasks[task.id] = exchange.task = task
        members = {"resultType": "task", **task.members(), **self._meta}
        exchange.notify = None
        exchange.settle(_reply(exchange, orjson.dumps(members)))
        return True

    def get(self, exchange: Exchange) -> Reply:
        """Answer `tasks/get`."""
        details = self._find(exchange).details()
        members = {"resultType": "complete", **details, **self._meta}
        return _reply(exchange, orjson.dumps(members))

    def update(self, exchange: Exchange) -> Reply:
        """Answer `tasks/update`."""
        task = self._find(exchange)
        task.answer(results.object_param(results.params_of(exchange), "inputResponses"))
        return _reply(exchange, _ACK)

    def cancel(self, exchange: Exchange) -> Reply:
        """Answer `tasks/cancel`."""
        self._find(exchange).cancel()
        return _reply(exchange, _ACK)

    def _find(self, exchange: Exchange) -> Task:
        if not declared(exchange):
            raise _missing()
        task_id = results.text_param(results.params_of(exchange), "taskId")
        task = self._tasks.get(task_id)
        asking = (exchange.caller.identity, exchange.surface.name)
        if task is None or (task.owner, task.surface) != asking:
            raise InvalidParamsError("There is no such task.", data={"taskId": task_id[:200]})
        task.renew(exchange.caller)
        return task

    def _room_for(self, owner: tuple[str, str]) -> bool:
        """Whether the user may have one more; without room the call just goes on as a call."""
        for task_id in [task.id for task in self._tasks.values() if task.expired()]:
            del self._tasks[task_id]
        theirs = sum(task.owner == owner for task in self._tasks.values())
        return theirs < MAX_TASKS_OF_A_USER


def declared(exchange: Exchange) -> bool:
    """Whether the client of a stateless request knows tasks."""
    extensions = exchange.capabilities.get("extensions")
    return isinstance(extensions, dict) and EXTENSION in extensions


def _missing() -> MissingCapabilityError:
    return MissingCapabilityError(
        "This needs a client that declares the tasks extension.",
        data={"requiredCapabilities": {"extensions": {EXTENSION: {}}}},
    )


def _reply(exchange: Exchange, result: bytes) -> Reply:
    return Reply(jsonrpc.result(exchange.request.id_json, result))


def _iso(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")
