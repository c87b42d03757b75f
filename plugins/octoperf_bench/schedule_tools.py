"""Tools of scheduled jobs: scenarios that start by themselves."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from octoperf_bench import links, rest
from octoperf_bench.payloads import DeletedJob, JobFire, JobList, ScheduledJob
from octoperf_bench.scenario_tools import Name
from octoperf_mcp import (
    Confirm,
    Limit,
    ToolContext,
    epoch_ms,
    known_id,
    page_of,
    plain_text,
    tool,
)
from octoperf_mcp.errors import UpstreamError

_LISTED_BY = "list_scheduled_jobs_by_project"
_LONGEST = 300
_CHECK = "Show the user nextRun in local time: cron runs in UTC, so summer time shifts it."

RunAt = Annotated[str, Field(max_length=40)]
Expression = Annotated[str, Field(max_length=120)]


@tool(
    title="Schedule one run",
    destructive=True,
    open_world=True,
    confirm=Confirm(
        "Schedule the scenario {name} for {runAt}? It spends credits then and sends real load.",
        rest.GET_SCENARIO,
        {"id": "scenarioId"},
    ),
)
async def schedule_scenario_once(
    ctx: ToolContext, scenario_id: str, run_at: RunAt, name: Name, template_id: str = ""
) -> ScheduledJob:
    """Schedule one future run of a scenario. Spends credits when it fires: ask the user before.

    Pre-flight with get_scenario_matching_plans: a job without a plan fails unseen.

    Args:
        scenario_id: Scenario to run, from list_scenarios_by_project.
        run_at: ISO-8601 with an offset, 2027-06-15T03:00:00+02:00.
        name: Name of the job and its run.
        template_id: Report template; empty takes the default.
    """
    trigger = {"@type": "DateTrigger", "date": run_at}
    return await _schedule(ctx, scenario_id, trigger, name, template_id)


@tool(
    title="Schedule recurring runs",
    destructive=True,
    open_world=True,
    confirm=Confirm(
        "Run the scenario {name} at every {expression} (cron, UTC)? Each run spends credits.",
        rest.GET_SCENARIO,
        {"id": "scenarioId"},
    ),
)
async def schedule_scenario_cron(
    ctx: ToolContext, scenario_id: str, expression: Expression, name: Name, template_id: str = ""
) -> ScheduledJob:
    """Schedule recurring runs of a scenario. Each spends credits: ask the user before.

    Pre-flight with get_scenario_matching_plans: a job without a plan fails unseen.

    Args:
        scenario_id: Scenario to run, from list_scenarios_by_project.
        expression: Unix cron, exactly 5 fields in UTC: minute, hour, day of month, month, day of
            week (0 and 7 are Sunday).
        name: Name of the job and its runs.
        template_id: Report template; empty takes the default.
    """
    trigger = {"@type": "UnixCronTrigger", "expression": expression}
    return await _schedule(ctx, scenario_id, trigger, name, template_id)


@tool(title="List scheduled jobs", read_only=True)
async def list_scheduled_jobs_by_project(
    ctx: ToolContext, project_id: str, limit: Limit = 100, cursor: str = ""
) -> JobList:
    """List the scheduled jobs of one project, disabled ones too, the next to run first.

    lastRun tells what became of the latest start: STARTED, REFUSED with its reason, or MISSED.

    Args:
        project_id: Id from list_projects_by_workspace.
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    with known_id("projectId", project_id, listed_by="list_projects_by_workspace"):
        workspace_id = await ctx.workspace_of(project_id)
        found = await ctx.rest(rest.LIST_JOBS, project_id=project_id) or []
    url = ctx.link(links.JOBS, workspace_id=workspace_id, project_id=project_id)
    page = page_of(
        [_job(job, url, following=None) for job in found],
        key=lambda row: (0 if row.next_run else 1, row.next_run or 0, row.id),
        limit=limit,
        cursor=cursor,
    )
    return JobList(
        scheduled_jobs=page.rows, total=page.total, next_cursor=page.next_cursor, url=url
    )


@tool(
    title="Enable a scheduled job",
    destructive=True,
    idempotent=True,
    confirm=Confirm("Enable the scheduled job? It spends credits at each start."),
)
async def enable_scheduled_job(ctx: ToolContext, job_id: str) -> ScheduledJob:
    """Arm a paused job again; it spends credits at each start from now on.

    Args:
        job_id: Id from list_scheduled_jobs_by_project.
    """
    with known_id("jobId", job_id, listed_by=_LISTED_BY):
        job = await ctx.rest(rest.ENABLE_JOB, id=job_id)
    return _job(job, await _page(ctx, job), following=_CHECK)


@tool(title="Disable a scheduled job", idempotent=True)
async def disable_scheduled_job(ctx: ToolContext, job_id: str) -> ScheduledJob:
    """Pause a job without losing it; prefer this over delete_scheduled_job.

    Args:
        job_id: Id from list_scheduled_jobs_by_project.
    """
    with known_id("jobId", job_id, listed_by=_LISTED_BY):
        job = await ctx.rest(rest.DISABLE_JOB, id=job_id)
    return _job(job, await _page(ctx, job), following="enable_scheduled_job arms it again.")


@tool(
    title="Delete a scheduled job",
    destructive=True,
    idempotent=True,
    confirm=Confirm("Delete the scheduled job?"),
)
async def delete_scheduled_job(ctx: ToolContext, job_id: str) -> DeletedJob:
    """Delete a job for good. Its past runs stay; disable_scheduled_job only pauses it.

    Args:
        job_id: Id from list_scheduled_jobs_by_project.
    """
    try:
        job = await ctx.rest(rest.GET_JOB, id=job_id)
    except UpstreamError:  # optional: the original may have no such route
        job = None
    with known_id("jobId", job_id, listed_by=_LISTED_BY):
        await ctx.rest(rest.DELETE_JOB, id=job_id)
    return DeletedJob(
        id=job_id,
        name=str((job or {}).get("name") or ""),
        url=await _page(ctx, job) if job else ctx.link(links.WORKSPACES),
    )


async def _schedule(
    ctx: ToolContext, scenario_id: str, trigger: Mapping[str, Any], name: str, template_id: str
) -> ScheduledJob:
    with known_id("scenarioId", scenario_id, listed_by="list_scenarios_by_project"):
        scenario = await ctx.rest(rest.GET_SCENARIO, id=scenario_id)
    body = {
        "id": "",
        "userId": "",
        "projectId": scenario["projectId"],
        "scenarioId": scenario_id,
        "name": name,
        "templateId": template_id or None,
        "trigger": dict(trigger),
        "enabled": True,
    }
    job = await ctx.rest(rest.CREATE_JOB, body=body)
    return _job(job, await _page(ctx, job), following=_CHECK)


def _job(job: Mapping[str, Any], url: str, *, following: str | None) -> ScheduledJob:
    runs = job.get("runs") or []
    return ScheduledJob(
        id=job["id"],
        scenario_id=str(job.get("scenarioId") or ""),
        name=str(job.get("name") or ""),
        trigger=_in_words(job.get("trigger") or {}),
        enabled=bool(job.get("enabled")),
        next_run=epoch_ms(job.get("nextRun")),
        last_run=_fire(runs[0]) if runs else None,
        next=following,
        url=url,
    )


def _fire(run: Mapping[str, Any]) -> JobFire:
    message = run.get("message")
    return JobFire(
        due=epoch_ms(run.get("due")),
        outcome=str(run.get("outcome") or ""),
        missed=run.get("missed"),
        message=plain_text(str(message), _LONGEST) if message else None,
        bench_report_id=run.get("benchReportId"),
        bench_result_id=run.get("benchResultId"),
    )


def _in_words(trigger: Any) -> str:
    if not isinstance(trigger, Mapping):
        return str(trigger)
    if trigger.get("expression"):
        return f"cron {trigger['expression']} (UTC)"
    return f"once at {trigger.get('date')}"


async def _page(ctx: ToolContext, job: Mapping[str, Any]) -> str:
    project_id = job["projectId"]
    workspace_id = await ctx.workspace_of(project_id)
    return ctx.link(links.JOBS, workspace_id=workspace_id, project_id=project_id)
