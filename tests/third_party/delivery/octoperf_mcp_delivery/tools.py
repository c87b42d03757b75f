"""The tools."""

import dataclasses
from typing import Annotated, Any

from pydantic import Field

from octoperf_mcp import Limit, ToolContext, epoch_ms, page_of, payload, tool
from octoperf_mcp_delivery import formats, links, rest
from octoperf_mcp_delivery.verdicts import FINISHED, Verdict, judged
from octoperf_mcp_delivery.verdicts import page_of as page_of_run


@payload
class Written:
    """A document."""

    passed: bool
    text: str
    url: str


@payload
class Sent:
    """A message that the chat took."""

    passed: bool
    sent: bool
    url: str


@payload
class RunRow:
    """One finished run."""

    id: str
    name: str
    state: str
    created: int | None = None
    url: str


@payload
class RunRows:
    """Runs that can be judged."""

    runs: list[RunRow]
    total: int
    next_cursor: str | None = None
    url: str


@tool(title="Judge a run", read_only=True)
async def delivery_judge_run(ctx: ToolContext, bench_result_id: str) -> Verdict:
    """Say whether a finished run was good: errors and p95 of the run and of each action.

    The limits are the operator's. Next: delivery_write_junit, delivery_tell_team.

    Args:
        bench_result_id: Run, from run_scenario or list_bench_results_by_project.
    """
    return await judged(ctx, bench_result_id)


@tool(title="List runs to judge", read_only=True, needs=(rest.LIST_RUNS,))
async def delivery_judge_runs(
    ctx: ToolContext, project_id: str, limit: Limit = 20, cursor: str = ""
) -> RunRows:
    """List the finished runs of a project that delivery_judge_run can judge, the newest first.

    Args:
        project_id: Id from list_projects_by_workspace.
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    workspace_id = await ctx.workspace_of(project_id)
    found = await ctx.rest(rest.LIST_RUNS, project_id=project_id) or []
    rows = [
        RunRow(
            id=run["id"],
            name=str(run.get("name") or ""),
            state=run["state"],
            created=epoch_ms(run.get("created")),
            url=await page_of_run(ctx, run),
        )
        for run in found
        if run["state"] == FINISHED
    ]
    page = page_of(rows, key=lambda row: (-(row.created or 0), row.id), limit=limit, cursor=cursor)
    url = ctx.link(links.REPORTS, workspace_id=workspace_id, project_id=project_id)
    return RunRows(runs=page.rows, total=page.total, next_cursor=page.next_cursor, url=url)


@tool(title="Write JUnit XML", read_only=True)
async def delivery_write_junit(ctx: ToolContext, bench_result_id: str) -> Written:
    """Write the verdict over a run as JUnit XML, for the test report of a pipeline.

    Args:
        bench_result_id: Run, from run_scenario or list_bench_results_by_project.
    """
    verdict = await judged(ctx, bench_result_id)
    return Written(passed=verdict.passed, text=formats.junit(_wire(verdict)), url=verdict.url)


@tool(title="Write Markdown", read_only=True)
async def delivery_write_markdown(ctx: ToolContext, bench_result_id: str) -> Written:
    """Write the verdict over a run as a Markdown table, for a pull request or a page.

    Args:
        bench_result_id: Run, from run_scenario or list_bench_results_by_project.
    """
    verdict = await judged(ctx, bench_result_id)
    return Written(passed=verdict.passed, text=formats.markdown(_wire(verdict)), url=verdict.url)


@tool(title="Tell the team", open_world=True, needs=(rest.SAY,))
async def delivery_tell_team(
    ctx: ToolContext, bench_result_id: str, note: Annotated[str, Field(max_length=500)] = ""
) -> Sent:
    """Send the verdict over a run, with a link to its report, to the team's chat.

    Args:
        bench_result_id: Run, from run_scenario or list_bench_results_by_project.
        note: A sentence of yours, such as the cause of a failure.
    """
    verdict = await judged(ctx, bench_result_id)
    await ctx.rest(rest.SAY, body=formats.message(_wire(verdict), note))
    return Sent(passed=verdict.passed, sent=True, url=verdict.url)


@tool(title="Keep the verdict", idempotent=True, needs=(rest.KEEP,))
async def delivery_keep_verdict(ctx: ToolContext, bench_result_id: str) -> Sent:
    """Keep the verdict over a run beside its results.

    Args:
        bench_result_id: Run, from run_scenario or list_bench_results_by_project.
    """
    verdict = await judged(ctx, bench_result_id)
    await ctx.rest(rest.KEEP, bench_result_id=bench_result_id, body=_wire(verdict))
    return Sent(passed=verdict.passed, sent=True, url=verdict.url)


def _wire(verdict: Verdict) -> dict[str, Any]:
    """As `delivery_judge_run` answers it."""
    checks = [
        {
            "action": check.action,
            "passed": check.passed,
            "reason": check.reason,
            "hits": check.hits,
            "errorPct": check.error_pct,
            "averageMs": check.average_ms,
            "p95Ms": check.p95_ms,
        }
        for check in verdict.checks
    ]
    whole = {item.name: getattr(verdict, item.name) for item in dataclasses.fields(verdict)}
    return {**whole, "checks": checks}
