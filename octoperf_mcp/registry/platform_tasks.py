"""Background tasks of the platform: submitted with `POST /tasks`, their result asked for.

The result is empty while the task runs; a failure is a result of its own type.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

from octoperf_mcp.registry.captures import plain_text
from octoperf_mcp.registry.context import ToolContext
from octoperf_mcp.registry.ids import known_id
from octoperf_mcp.registry.polling import Watch
from octoperf_mcp.registry.rest_calls import RestCall

TASK_RESULT = RestCall(
    "GET",
    "/tasks/{id}/result",
    answer="TaskResult",
    source="OctoPerf/octoperf-maven-plugin: task-rest-api/TasksApi.java",
)
"""To be registered by every plugin that follows tasks."""

TaskStatus = Literal["PENDING", "SUCCESS", "FAILED"]
TaskResult = Mapping[str, Any] | None

_MESSAGE_MAX_CHARS: Final = 2000
_FAILED: Final = "FailedTaskResult"


def watch_task(ctx: ToolContext, task_id: str) -> Watch[TaskResult]:
    """What to wait for or follow; None is the result of an unfinished task."""

    async def read() -> TaskResult:
        with known_id("taskId", task_id, listed_by="the tool that started it"):
            answer: TaskResult = await ctx.rest(TASK_RESULT, id=task_id)
        return answer or None

    return Watch(read, state=status_of, over=bool, describe=lambda _: "task PENDING")


def status_of(result: TaskResult) -> TaskStatus:
    """Where a task stands."""
    if not result:
        return "PENDING"
    return "FAILED" if result.get("@type") == _FAILED else "SUCCESS"


def message_of(result: TaskResult) -> str:
    """The platform's own words; of a stack trace only its first line."""
    if not result:
        return "The task is waiting or running."
    trace = str(result.get("stackTrace") or "").strip()
    text = str(result.get("message") or trace.partition("\n")[0])
    if not text and result.get("filename"):
        text = f"The file {result['filename']} is ready."
    return plain_text(text or "Done.", _MESSAGE_MAX_CHARS)
