"""The tool that tells how many users a system bears."""

from typing import Any

from octoperf_analysis import rest
from octoperf_analysis.items import page_of_run
from octoperf_analysis.payloads import Number
from octoperf_mcp import ToolContext, known_id, payload, tool


@payload
class Knee:
    """Where hits stop growing, each figure with its interval of 95 % confidence."""

    users: Number
    users_low: Number
    users_high: Number
    hits_per_sec: Number
    hits_per_sec_low: Number
    hits_per_sec_high: Number


@payload
class Capacity:
    """The knee where it is certain; `fit` has lambda, sigma, kappa and r2; `levels` is measured."""

    reason: str
    knee: Knee | None = None
    fit: dict[str, Any] | None = None
    warnings: list[str]
    levels: list[dict[str, Any]]
    url: str


@tool(title="Estimate the capacity from a ramp", read_only=True, needs=(rest.CAPACITY,))
async def estimate_capacity(ctx: ToolContext, bench_result_id: str) -> Capacity:
    """Fit the Universal Scalability Law to a ramp: beyond which users hits no longer grow.

    Without knee, reason says why: the ramp was too short or flat, or growth had no certain end.
    Users wait between requests as their scenario says: the knee holds for that pace.

    Args:
        bench_result_id: Run of a ramp or stairs, from list_bench_results_by_project.
    """
    listed_by = "list_bench_results_by_project"
    with known_id("benchResultId", bench_result_id, listed_by=listed_by):
        run = await ctx.rest(rest.GET_BENCH_RESULT, id=bench_result_id)
    found = await ctx.rest(rest.CAPACITY, bench_result_id=bench_result_id)
    knee = found.get("knee")
    return Capacity(
        reason=found["reason"],
        knee=knee
        and Knee(
            users=knee["users"],
            users_low=knee["usersLow"],
            users_high=knee["usersHigh"],
            hits_per_sec=knee["hitsPerSec"],
            hits_per_sec_low=knee["hitsPerSecLow"],
            hits_per_sec_high=knee["hitsPerSecHigh"],
        ),
        fit=found.get("fit"),
        warnings=found["warnings"],
        levels=found["levels"],
        url=await page_of_run(ctx, run),
    )
