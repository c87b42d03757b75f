"""From a run to a verdict over it and over each of its actions."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from octoperf_mcp import ToolContext, known_id, payload
from octoperf_mcp_delivery import links, rest
from octoperf_mcp_delivery.settings import DeliverySettings

FINISHED: Final = "FINISHED"
_HITS: Final = {"@type": "SingleTermFilter", "field": "subSampleType", "term": "Hit"}
_METRICS: Final = (
    "HITS_TOTAL",
    "ERRORS_PERCENT",
    "RESPONSE_TIME_AVG",
    "RESPONSE_TIME_PERCENTILE_95",
)
_MS: Final = 1000
"""The platform answers seconds."""


@payload
class Check:
    """One claim; `action` is empty for that over the whole run."""

    action: str
    passed: bool
    reason: str
    hits: int
    error_pct: float
    average_ms: float
    p95_ms: float


@payload
class Verdict:
    """Whether a run was good."""

    bench_result_id: str
    name: str
    state: str
    passed: bool
    checks: list[Check]
    next: str
    url: str


async def judged(ctx: ToolContext, run_id: str) -> Verdict:
    """The verdict over a run by the limits of `[delivery]`.

    Raises:
        UpstreamError: the run is not there, or its values cannot be read.
    """
    with known_id("benchResultId", run_id, listed_by="list_bench_results_by_project"):
        run = await ctx.rest(rest.GET_RUN, id=run_id)
    limits = ctx.settings(DeliverySettings)
    checks = await _checks(ctx, run_id, limits) if run["state"] == FINISHED else []
    passed = run["state"] == FINISHED and all(check.passed for check in checks)
    return Verdict(
        bench_result_id=run_id,
        name=str(run.get("name") or "Load test"),
        state=run["state"],
        passed=passed,
        checks=checks,
        next="" if passed else "get_report_errors shows requests that failed.",
        url=await page_of(ctx, run),
    )


async def page_of(ctx: ToolContext, run: Mapping[str, Any]) -> str:
    """The report of a run, or the page of the run itself."""
    project_id = run.get("designProjectId") or run["projectId"]
    place = {"workspace_id": await ctx.workspace_of(project_id), "project_id": project_id}
    if run.get("benchReportId"):
        return ctx.link(links.REPORT, report_id=run["benchReportId"], **place)
    return ctx.link(links.BENCH_RESULT, bench_result_id=run["id"], **place)


async def _checks(ctx: ToolContext, run_id: str, limits: DeliverySettings) -> list[Check]:
    metrics = [
        {"id": name, "type": "BASIC", "benchResultId": run_id, "filters": [_HITS], "configs": []}
        for name in _METRICS
    ]
    item = {"id": "delivery", "name": "delivery", "description": "", "metrics": metrics}
    whole = await ctx.rest(rest.SUMMARY, body={**item, "@type": "SummaryReportItem"})
    rows = await ctx.rest(rest.TABLE, body={**item, "@type": "StatisticTableReportItem"})
    checks = [_check("", whole, limits)]
    for row in rows:
        values = [each["value"] for each in row["values"]]
        checks.append(_check(str(row.get("actionName") or row["actionId"]), values, limits))
    return checks


def _check(action: str, values: Sequence[Any], limits: DeliverySettings) -> Check:
    hits, error_pct, average_s, p95_s = (float(value or 0) for value in values)
    p95_ms = p95_s * _MS
    reasons = []
    if not hits:
        reasons.append("nothing was requested")
    if error_pct > limits.max_error_pct:
        reasons.append(f"{error_pct:.2f} % errors, more than {limits.max_error_pct:g} %")
    if limits.max_p95_ms and p95_ms > limits.max_p95_ms:
        reasons.append(f"p95 {p95_ms:.0f} ms, more than {limits.max_p95_ms:g} ms")
    return Check(
        action=action,
        passed=not reasons,
        reason="; ".join(reasons),
        hits=int(hits),
        error_pct=round(error_pct, 3),
        average_ms=round(average_s * _MS, 3),
        p95_ms=round(p95_ms, 3),
    )
