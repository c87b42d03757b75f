"""Tools that start, watch and stop runs."""

import asyncio
import contextlib
import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from octoperf_bench import rest
from octoperf_bench.loads import plan_of, poll_sec
from octoperf_bench.payloads import Run, RunStatus, StartedRun, StoppedRun
from octoperf_bench.runs import (
    LISTED_BY,
    MEMORY,
    Facts,
    facts_of,
    is_validation,
    page_of_run,
    project_of,
    read_run,
)
from octoperf_mcp import (
    Confirm,
    ToolContext,
    WaitSec,
    Watch,
    epoch_ms,
    follow,
    known_id,
    plain_text,
    tool,
    wait_for_change,
)
from octoperf_mcp.entities.runs import is_over
from octoperf_mcp.errors import ConflictError, ForbiddenError, InvalidDocumentError

Look = tuple[dict[str, Any], float]
"""A run and how far it is, 0 to 100."""

_LONGEST_CAVEAT = 300
STOP_SEC = 3
"""What stopping takes, about."""


@tool(
    title="Run a scenario",
    destructive=True,
    open_world=True,
    confirm=Confirm(
        "Run the scenario {name}? It spends credits and sends real load.",
        rest.GET_SCENARIO,
        {"id": "scenarioId"},
    ),
)
async def run_scenario(
    ctx: ToolContext,
    scenario_id: str,
    name: Annotated[str, Field(max_length=80)] = "",
    template_id: str = "",
    launch_token: str = "",
) -> StartedRun:
    """Start a real load test. Spends credits and sends real load: ask the user before.

    Never call it to explore. Poll get_bench_status with the answered benchResultIds, nextPollSec
    seconds apart; values are read from the report benchReportId. Where the client knows tasks,
    the call is a task that ends with the run; cancelling it stops the run.

    Args:
        scenario_id: Scenario to run, from list_scenarios_by_project or a create tool.
        name: Name of the run and its report; empty takes that of the scenario.
        template_id: Report template that lays out the report; empty takes the default.
        launch_token: From preview_run: starts at most one run, however often it is sent.
    """
    with known_id("scenarioId", scenario_id, listed_by="list_scenarios_by_project"):
        scenario = await ctx.rest(rest.GET_SCENARIO, id=scenario_id)
    plan = plan_of(scenario)
    try:
        report = await ctx.rest(
            rest.RUN_SCENARIO,
            id=scenario_id,
            name=name or None,
            template_id=template_id or None,
            launch_token=launch_token or None,
            body={},
        )
    except (InvalidDocumentError, ConflictError, ForbiddenError) as error:
        error.next_step = error.next_step or (
            "Nothing was started. get_scenario shows the profiles, sanity_check_virtual_user "
            "what is wrong with a virtual user."
        )
        raise
    facts = Facts(report["id"], plan.duration_sec)
    run_ids = list(report["benchResultIds"])
    for run_id in run_ids:
        MEMORY.put(ctx, run_id, facts)
    run = {"id": run_ids[0] if run_ids else "", "designProjectId": scenario["projectId"]}
    url = await page_of_run(ctx, run, facts)
    states = None
    if ctx.become_task(f"The run has started: {url}", on_cancel=lambda: _stop_all(ctx, run_ids)):
        states = [found["state"] for found, _ in await follow(ctx, _all_of(ctx, run_ids))]
    return StartedRun(
        bench_report_id=report["id"],
        bench_result_ids=run_ids,
        name=report.get("name") or name or scenario["name"],
        users=plan.users,
        planned_duration_sec=plan.duration_sec,
        states=states,
        next_poll_sec=None if states else poll_sec(plan.duration_sec),
        next=(
            _values_of(report["id"])
            if states
            else "Call get_bench_status with each of benchResultIds until finished is true."
        ),
        url=url,
    )


@tool(title="Get the progress of a run", read_only=True)
async def get_bench_status(
    ctx: ToolContext, bench_result_id: str, wait_sec: WaitSec = 0
) -> RunStatus:
    """Tell state and progress of a run: progress from 0 to 1, percent from 0 to 100.

    The run is over when finished is true, never because of its progress. Poll nextPollSec seconds
    apart, or let waitSec wait here for the next state.

    Args:
        bench_result_id: Run, from run_scenario or get_bench_report.
        wait_sec: Seconds to wait here until the state changes.
    """
    ((run, percent),) = await wait_for_change(ctx, _all_of(ctx, [bench_result_id]), wait_sec)
    facts = await facts_of(ctx, run)
    over = is_over(run["state"])
    return RunStatus(
        bench_result_id=bench_result_id,
        state=run["state"],
        finished=over,
        progress=round(percent / 100, 4),
        percent=percent,
        next_poll_sec=None if over else poll_sec(facts.duration_sec, percent / 100),
        caveats=_caveats(run),
        next=_after(run, facts),
        url=await page_of_run(ctx, run, facts),
    )


@tool(title="Get a run", read_only=True)
async def get_bench_result(ctx: ToolContext, bench_result_id: str, wait_sec: WaitSec = 0) -> Run:
    """Read a run or validation run: its state, dates, tags, scenario and report.

    The state is CREATED, PENDING, SCALING, PREPARING, INITIALIZING, RUNNING, and at last
    FINISHED, ABORTED or ERROR.

    Args:
        bench_result_id: Run, from run_scenario, validate_virtual_user or get_bench_report.
        wait_sec: Seconds to wait here until the state changes.
    """
    watch = Watch(
        lambda: read_run(ctx, bench_result_id),
        state=lambda run: str(run["state"]),
        over=lambda run: is_over(run["state"]),
        describe=lambda run: str(run["state"]),
    )
    run = await wait_for_change(ctx, watch, wait_sec)
    facts = await facts_of(ctx, run)
    return Run(
        id=run["id"],
        name=run.get("name") or "",
        description=run.get("description") or "",
        state=run["state"],
        finished=is_over(run["state"]),
        project_id=project_of(run),
        result_project_id=run.get("resultProjectId"),
        scenario_id=run.get("scenarioId") or None,
        batch_id=run.get("batchId"),
        virtual_user_id=run.get("virtualUserId") or None,
        bench_report_id=facts.report_id or None,
        tags=sorted(run.get("tags") or []),
        users=run.get("userLoad"),
        duration_sec=facts.duration_sec or None,
        created=epoch_ms(run.get("created")),
        last_modified=epoch_ms(run.get("lastModified")),
        started_at=epoch_ms(run.get("startedAt")),
        ended_at=epoch_ms(run.get("endedAt")),
        cause=run.get("cause") or None,
        caveats=_caveats(run),
        next=_after(run, facts),
        url=await page_of_run(ctx, run, facts),
    )


@tool(
    title="Stop a run",
    destructive=True,
    idempotent=True,
    confirm=Confirm("Stop the run? It cannot be resumed."),
)
async def stop_bench_result(ctx: ToolContext, bench_result_id: str) -> StoppedRun:
    """Abort a run or validation run. It cannot be resumed; what was measured stays readable.

    Stopping takes some seconds: poll get_bench_result until the state is ABORTED. A run that is
    over stays as it is.

    Args:
        bench_result_id: Run to stop, from run_scenario or list_bench_results_by_project.
    """
    try:
        with known_id("benchResultId", bench_result_id, listed_by=LISTED_BY):
            answer = await ctx.rest(rest.STOP, id=bench_result_id)
    except ConflictError:  # it was over already
        answer = None
    run = dict(answer) if answer else await read_run(ctx, bench_result_id)
    facts = await facts_of(ctx, run)
    over = is_over(run["state"])
    return StoppedRun(
        bench_result_id=bench_result_id,
        state=run["state"],
        finished=over,
        next_poll_sec=None if over else STOP_SEC,
        next=_after(run, facts) if over else "Poll get_bench_result until the state is ABORTED.",
        url=await page_of_run(ctx, run, facts),
    )


def _all_of(ctx: ToolContext, run_ids: Sequence[str]) -> Watch[list[Look]]:
    """Runs that go on side by side, over when all are."""

    async def read() -> list[Look]:
        return list(await asyncio.gather(*(_look(ctx, run_id) for run_id in run_ids)))

    return Watch(
        read,
        state=lambda looks: tuple(run["state"] for run, _ in looks),
        over=lambda looks: all(is_over(run["state"]) for run, _ in looks),
        describe=lambda looks: "; ".join(f"{run['state']}, {done:g} %" for run, done in looks),
    )


async def _stop_all(ctx: ToolContext, run_ids: Sequence[str]) -> None:
    for run_id in run_ids:
        with contextlib.suppress(ConflictError):  # it was over already
            await ctx.rest(rest.STOP, id=run_id)


async def _look(ctx: ToolContext, run_id: str) -> Look:
    run = await read_run(ctx, run_id)
    answer = await ctx.rest(rest.GET_PROGRESS, id=run_id)
    return run, _percent(answer)


def _percent(answer: Any) -> float:
    """The platform's 0 to 100; a run that has not begun may answer nothing, or NaN as text."""
    value = answer.get("value") if isinstance(answer, Mapping) else answer
    try:
        number = float(value or 0)
    except ValueError:
        return 0.0
    return round(min(max(number, 0.0), 100.0), 2) if math.isfinite(number) else 0.0


def _caveats(run: Mapping[str, Any]) -> list[str] | None:
    """Why figures of a run are not to be trusted; None: nothing is known against them."""
    return [plain_text(str(each), _LONGEST_CAVEAT) for each in run.get("caveats") or []] or None


def _values_of(report_id: str) -> str:
    """Where the figures of a finished run are read: two short answers say most."""
    return (
        f"With reportId {report_id}: get_report_table_values has the figures of each action,"
        " get_report_errors says what failed; get_bench_report lists all there is to read."
    )


def _after(run: Mapping[str, Any], facts: Facts) -> str:
    state = run["state"]
    if not is_over(state):
        tool_name = "get_virtual_user_validation" if is_validation(run) else "get_bench_status"
        return f"Call {tool_name} with waitSec until finished is true."
    if state == "ERROR":
        return (
            "The load generators could not be provided, so there are no values. "
            "list_bench_docker_logs tells why."
        )
    if is_validation(run):
        return "get_virtual_user_validation_index tells which actions passed."
    if facts.report_id:
        return _values_of(facts.report_id)
    return "list_bench_reports_by_project finds its report."
