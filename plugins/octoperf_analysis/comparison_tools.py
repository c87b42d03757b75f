"""The tool that compares two runs; the platform does the statistics."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from octoperf_analysis import rest
from octoperf_analysis.items import page_of_run
from octoperf_analysis.payloads import Number
from octoperf_mcp import Limit, ToolContext, known_id, page_in_order, payload, tool

Metric = Literal["RESPONSE_TIME", "LATENCY"]
_LISTED_BY = "list_bench_results_by_project"


@payload
class ComparedSide:
    """An action in one run; times are of its successful hits."""

    hits: int
    error_pct: Number
    median_ms: Number | None = None
    p95_ms: Number | None = None


@payload
class ComparedAction:
    """How the times of an action changed; figures are absent where there were too few samples."""

    action_id: str
    action_name: str
    verdict: str
    reason: str
    baseline: ComparedSide
    candidate: ComparedSide
    effect_pct: Number | None = None
    low_pct: Number | None = None
    high_pct: Number | None = None
    probability_slower: Number | None = None
    p_value: Number | None = None


@payload
class Comparison:
    """Verdict over two runs; `load` says how alike their load was."""

    verdict: str
    reason: str
    compared_sec: int | None = None
    load: dict[str, Any] | None = None
    actions: list[ComparedAction]
    total: int
    next_cursor: str | None = None
    next: str | None = None
    url: str


@tool(title="Compare two runs", read_only=True, needs=(rest.COMPARE,))
async def compare_runs(
    ctx: ToolContext,
    *,
    baseline_id: str,
    candidate_id: str,
    metric: Metric = "RESPONSE_TIME",
    warm_up_sec: Annotated[int, Field(ge=0)] = 0,
    min_effect_pct: Annotated[float, Field(gt=0, le=1000)] = 5,
    limit: Limit = 50,
    cursor: str = "",
) -> Comparison:
    """Compare two runs: pass, regress, improve or not_comparable, with the reason, per action.

    Tests the load first, then each action: Mann-Whitney, 95 % confidence, corrected for many
    actions. effectPct is the change of the times, lowPct to highPct its interval, worst first.

    Args:
        baseline_id: Run to compare with, from list_bench_results_by_project.
        candidate_id: Run to judge.
        metric: What to compare.
        warm_up_sec: Seconds to leave out at the start of both.
        min_effect_pct: Least change that matters, in per cent.
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    for field, run_id in (("baselineId", baseline_id), ("candidateId", candidate_id)):
        with known_id(field, run_id, listed_by=_LISTED_BY):
            run = await ctx.rest(rest.GET_BENCH_RESULT, id=run_id)
    found = await ctx.rest(
        rest.COMPARE,
        baseline_id=baseline_id,
        candidate_id=candidate_id,
        metric=metric,
        warm_up_sec=warm_up_sec,
        min_effect_pct=min_effect_pct,
    )
    page = page_in_order(found["actions"], limit=limit, cursor=cursor)
    return Comparison(
        verdict=found["verdict"],
        reason=found["reason"],
        compared_sec=found.get("comparedSec"),
        load=found.get("load"),
        actions=[_action(each) for each in page.rows],
        total=page.total,
        next_cursor=page.next_cursor,
        next=_following(found, run),
        url=await page_of_run(ctx, run),
    )


def _following(found: Mapping[str, Any], candidate: Mapping[str, Any]) -> str | None:
    """Where the cause of a regression shows; None of other verdicts."""
    if found["verdict"] != "regress":
        return None
    report = candidate.get("benchReportId")
    failing = report and found["actions"][0]["candidate"]["errorPct"] > 0
    errors = (
        f" Why requests fail: get_bench_report with reportId {report}, then get_report_errors."
        if failing
        else ""
    )
    return (
        f"When and where it got slower: explain_slowdown with benchResultId {candidate['id']}."
        f"{errors} What was edited meanwhile: list_revisions of virtual user and scenario."
    )


def _action(row: Mapping[str, Any]) -> ComparedAction:
    return ComparedAction(
        action_id=row["actionId"],
        action_name=row["actionName"],
        verdict=row["verdict"],
        reason=row["reason"],
        baseline=_side(row["baseline"]),
        candidate=_side(row["candidate"]),
        effect_pct=row.get("effectPct"),
        low_pct=row.get("lowPct"),
        high_pct=row.get("highPct"),
        probability_slower=row.get("probabilitySlower"),
        p_value=row.get("pValue"),
    )


def _side(side: Mapping[str, Any]) -> ComparedSide:
    return ComparedSide(
        hits=side["hits"],
        error_pct=side["errorPct"],
        median_ms=side.get("medianMs"),
        p95_ms=side.get("p95Ms"),
    )
