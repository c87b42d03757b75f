"""The tool that lists the runs of a project."""

from collections.abc import Mapping
from typing import Any

from octoperf_bench import links, rest
from octoperf_bench.payloads import RunList, RunRow
from octoperf_mcp import Limit, ToolContext, epoch_ms, known_id, page_of, plain_text, tool
from octoperf_mcp.entities.runs import is_over

_LONGEST_CAUSE = 300


@tool(title="List runs", read_only=True, needs=(rest.LIST_RUNS,))
async def list_bench_results_by_project(
    ctx: ToolContext, project_id: str, scenario_id: str = "", limit: Limit = 50, cursor: str = ""
) -> RunList:
    """List the runs of one project, the newest first, those without a report too.

    cause tells why a run ended. Validations are left out. Next: get_bench_report, or
    list_bench_docker_logs for a run in ERROR.

    Args:
        project_id: Id from list_projects_by_workspace.
        scenario_id: Keep runs of this scenario.
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    with known_id("projectId", project_id, listed_by="list_projects_by_workspace"):
        workspace_id = await ctx.workspace_of(project_id)
        found = await ctx.rest(rest.LIST_RUNS, project_id=project_id) or []
    place = {"workspace_id": workspace_id, "project_id": project_id}
    rows = [
        _row(ctx, run, place) for run in found if scenario_id in ("", run.get("scenarioId") or "")
    ]
    page = page_of(rows, key=lambda row: (-(row.created or 0), row.id), limit=limit, cursor=cursor)
    return RunList(
        bench_results=page.rows,
        total=page.total,
        next_cursor=page.next_cursor,
        url=ctx.link(links.REPORTS, **place),
    )


def _row(ctx: ToolContext, run: Mapping[str, Any], place: dict[str, str]) -> RunRow:
    report_id = run.get("benchReportId") or None
    page = (
        ctx.link(links.REPORT, report_id=report_id, **place)
        if report_id
        else ctx.link(links.BENCH_RESULT, bench_result_id=run["id"], **place)
    )
    return RunRow(
        id=run["id"],
        name=str(run.get("name") or ""),
        state=run["state"],
        finished=is_over(run["state"]),
        cause=plain_text(str(run["cause"]), _LONGEST_CAUSE) if run.get("cause") else None,
        scenario_id=run.get("scenarioId") or None,
        bench_report_id=report_id,
        users=run.get("userLoad"),
        created=epoch_ms(run.get("created")),
        started_at=epoch_ms(run.get("startedAt")),
        ended_at=epoch_ms(run.get("endedAt")),
        url=page,
    )
