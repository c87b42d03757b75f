"""What the tools know of a run beyond its document: its page, its report, its planned length."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from octoperf_bench import links, rest
from octoperf_bench.loads import plan_of
from octoperf_mcp import ToolContext, epoch_ms, known_id
from octoperf_mcp.entities.runs import is_over
from octoperf_mcp.errors import NotFoundError

LISTED_BY = "list_bench_results_by_project or list_bench_reports_by_project"
"""Where an agent finds the id of a run without starting one."""
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Facts:
    """What never changes about a run; an empty report or a length of 0 means: not known."""

    report_id: str
    duration_sec: float


class Memory:
    """Facts by user and run, so that polling does not ask for them again; the oldest leave."""

    def __init__(self, limit: int = _REMEMBERED) -> None:
        self._limit = limit
        self._facts: OrderedDict[tuple[str, str], Facts] = OrderedDict()

    def get(self, ctx: ToolContext, run_id: str) -> Facts | None:
        """Facts of a run, if this caller was told before."""
        return self._facts.get((ctx.caller.subject, run_id))

    def put(self, ctx: ToolContext, run_id: str, facts: Facts) -> None:
        """Remember the facts of a run."""
        self._facts[ctx.caller.subject, run_id] = facts
        while len(self._facts) > self._limit:
            self._facts.popitem(last=False)

    def clear(self) -> None:
        """Forget all."""
        self._facts.clear()


MEMORY = Memory()


async def read_run(ctx: ToolContext, run_id: str) -> dict[str, Any]:
    """Document of a run.

    Raises:
        NotFoundError: nothing has this id.
    """
    with known_id("benchResultId", run_id, listed_by=LISTED_BY):
        return dict(await ctx.rest(rest.GET_BENCH_RESULT, id=run_id))


async def facts_of(ctx: ToolContext, run: Mapping[str, Any]) -> Facts:
    """Report and planned length of a run; what the run does not say is looked up once."""
    known = MEMORY.get(ctx, run["id"])
    if known is not None:
        return known
    report_id = run.get("benchReportId") or await _report_of(ctx, run)
    duration_ms = run.get("durationMs")
    duration_sec = duration_ms / 1000 if duration_ms else await _planned_sec(ctx, run)
    facts = Facts(str(report_id), duration_sec)
    if report_id or is_over(run["state"]):
        MEMORY.put(ctx, run["id"], facts)
    return facts


def is_validation(run: Mapping[str, Any]) -> bool:
    """Whether the run is the functional check of one virtual user."""
    return not run.get("scenarioId")


def project_of(run: Mapping[str, Any]) -> str:
    """Project that the user edits, not the frozen copy that belongs to the run."""
    return str(run.get("designProjectId") or run.get("projectId") or run["resultProjectId"])


async def page_of_run(ctx: ToolContext, run: Mapping[str, Any], facts: Facts) -> str:
    """The report of a run, the validation page, or the run's own page when there is neither."""
    project_id = project_of(run)
    workspace_id = await ctx.workspace_of(project_id)
    place = {"workspace_id": workspace_id, "project_id": project_id}
    if facts.report_id:
        return ctx.link(links.REPORT, report_id=facts.report_id, **place)
    if is_validation(run) and run.get("virtualUserId"):
        return ctx.link(links.VALIDATION, virtual_user_id=run["virtualUserId"], **place)
    return ctx.link(links.BENCH_RESULT, bench_result_id=run["id"], **place)


async def _report_of(ctx: ToolContext, run: Mapping[str, Any]) -> str:
    if is_validation(run):
        return ""
    try:
        reports = await ctx.rest(rest.LIST_REPORTS, project_id=project_of(run)) or []
    except NotFoundError:  # the route is not known to exist on every platform
        return ""
    holding = [item for item in reports if run["id"] in (item.get("benchResultIds") or [])]
    first = min(holding, key=_own_first, default=None)
    return str(first["id"]) if first else ""


def _own_first(report: Mapping[str, Any]) -> tuple[int, int, str]:
    return (len(report["benchResultIds"]), epoch_ms(report.get("created")) or 0, report["id"])


async def _planned_sec(ctx: ToolContext, run: Mapping[str, Any]) -> float:
    if is_validation(run):
        return 0.0
    try:
        scenario = await ctx.rest(rest.GET_SCENARIO, id=run["scenarioId"])
    except NotFoundError:  # deleted since
        return 0.0
    return float(plan_of(scenario).duration_sec)
