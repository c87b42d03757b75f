"""The tool that lists the load generators of a run."""

from octoperf_analysis import rest
from octoperf_analysis.items import page_of_run
from octoperf_analysis.payloads import LoadGenerator, LoadGenerators
from octoperf_mcp import Limit, ToolContext, epoch_ms, known_id, page_of, tool

_LISTED_BY = "list_bench_results_by_project or list_bench_reports_by_project"


@tool(title="List the load generators of a run", read_only=True)
async def list_bench_load_generators(
    ctx: ToolContext, bench_result_id: str, limit: Limit = 100, cursor: str = ""
) -> LoadGenerators:
    """List the load generators of a run: where each ran, with how many users, and when.

    A processor near its limit or a large lag of its timers makes measured times too long.

    Args:
        bench_result_id: Run, from run_scenario or get_bench_report.
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    with known_id("benchResultId", bench_result_id, listed_by=_LISTED_BY):
        run = await ctx.rest(rest.GET_BENCH_RESULT, id=bench_result_id)
    found = await ctx.rest(rest.LOAD_GENERATORS, bench_result_id=bench_result_id) or []
    rows = [
        LoadGenerator(
            id=str(each.get("id") or each.get("host") or ""),
            region=each.get("region"),
            host=each.get("host"),
            users=each.get("vuCount"),
            start=epoch_ms(each.get("start")),
            end=epoch_ms(each.get("end")),
            max_cpu_pct=each.get("maxCpuPct"),
            max_lag_ms=each.get("maxLagMs"),
            max_machine_cpu_pct=each.get("maxMachineCpuPct"),
            max_memory_pct=each.get("maxMemoryPct"),
            overloaded_sec=each.get("overloadedSec"),
        )
        for each in found
    ]
    page = page_of(rows, key=lambda row: (row.region or "", row.id), limit=limit, cursor=cursor)
    return LoadGenerators(
        bench_result_id=bench_result_id,
        load_generators=page.rows,
        total=page.total,
        next_cursor=page.next_cursor,
        url=await page_of_run(ctx, run),
    )
