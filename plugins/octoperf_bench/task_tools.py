"""The tool that polls background tasks."""

from collections.abc import Mapping
from typing import Any

from octoperf_bench import links, rest
from octoperf_bench.payloads import TaskState
from octoperf_bench.runs import facts_of, page_of_run, read_run
from octoperf_mcp import (
    ToolContext,
    WaitSec,
    message_of,
    status_of,
    tool,
    wait_for_change,
    watch_task,
)
from octoperf_mcp.errors import UpstreamError

POLL_SEC = 3


@tool(title="Get the result of a task", read_only=True)
async def get_task_result(ctx: ToolContext, task_id: str, wait_sec: WaitSec = 0) -> TaskState:
    """Tell whether a background task (applying correlations, exporting a PDF, …) is done.

    Call it until status is SUCCESS or FAILED, with waitSec to wait here. On FAILED, message says
    why.

    Args:
        task_id: Task, from the tool that started it.
        wait_sec: Seconds to wait here for the end.
    """
    result = await wait_for_change(ctx, watch_task(ctx, task_id), wait_sec)
    status = status_of(result)
    pending = status == "PENDING"
    return TaskState(
        task_id=task_id,
        status=status,
        message=message_of(result),
        result=dict(result) if result and status == "SUCCESS" else None,
        next_poll_sec=POLL_SEC if pending else None,
        next="Call get_task_result again, with waitSec." if pending else _after(result or {}),
        url=await _page(ctx, task_id, result or {}),
    )


def _after(result: Mapping[str, Any]) -> str | None:
    """What a printed report's file is fetched with."""
    if not result.get("filename"):
        return None
    return "download_bench_result_file with result.filename gives an address for the file."


async def _page(ctx: ToolContext, task_id: str, result: Mapping[str, Any]) -> str:
    """Page of what the task works on; the start page when the platform does not tell."""
    subject = result if _names_its_subject(result) else await _submitted(ctx, task_id)
    if subject.get("benchReportId"):
        report = await ctx.rest(rest.GET_REPORT, id=subject["benchReportId"])
        return ctx.link(
            links.REPORT, report_id=report["id"], **await _place(ctx, report["projectId"])
        )
    if subject.get("virtualUserId"):
        project_id = subject.get("projectId")
        if not project_id:
            virtual_user = await ctx.rest(rest.GET_VIRTUAL_USER, id=subject["virtualUserId"])
            project_id = virtual_user["projectId"]
        return ctx.link(
            links.VIRTUAL_USER,
            virtual_user_id=subject["virtualUserId"],
            **await _place(ctx, project_id),
        )
    if subject.get("benchResultId"):
        run = await read_run(ctx, subject["benchResultId"])
        return await page_of_run(ctx, run, await facts_of(ctx, run))
    return ctx.link(links.WORKSPACES)


def _names_its_subject(result: Mapping[str, Any]) -> bool:
    return any(result.get(name) for name in ("benchReportId", "virtualUserId", "benchResultId"))


async def _submitted(ctx: ToolContext, task_id: str) -> Mapping[str, Any]:
    try:
        task = await ctx.rest(rest.GET_TASK, id=task_id)
    except UpstreamError:  # optional: the original has no such route
        return {}
    return task if isinstance(task, Mapping) else {}


async def _place(ctx: ToolContext, project_id: str) -> dict[str, str]:
    return {"workspace_id": await ctx.workspace_of(project_id), "project_id": project_id}
