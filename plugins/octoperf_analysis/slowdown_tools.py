"""The tool that tells what moved first when a run got slower."""

from collections.abc import Iterator, Mapping
from typing import Any

from octoperf_analysis import rest
from octoperf_analysis.items import VALUE_TOOLS, page_of_run, window
from octoperf_analysis.payloads import Number
from octoperf_mcp import ToolContext, known_id, payload, tool
from octoperf_mcp.errors import NotFoundError

_DRAWN = ("LineChartReportItem", "TopReportItem", "LoadGeneratorsChartReportItem")


@payload
class Onset:
    """When a curve left its first level for good, and its medians before and after."""

    name: str
    metric: str
    action_id: str | None = None
    at_ms: int
    before: Number
    after: Number
    unit: str
    change_pct: Number


@payload
class EvidenceChart:
    """A report item that draws one of the curves, and the tool that reads it."""

    item_id: str
    name: str
    tool: str


@payload
class Slowdown:
    """Suspects moved no later than the response times; onsets are the others; both by time."""

    reason: str
    suspects: list[Onset]
    onsets: list[Onset]
    charts: list[EvidenceChart]
    report_id: str | None = None
    url: str


@tool(title="Explain a slowdown", read_only=True, needs=(rest.SLOWDOWN,))
async def explain_slowdown(
    ctx: ToolContext,
    bench_result_id: str,
    from_ms: int | None = None,
    to_ms: int | None = None,
) -> Slowdown:
    """Find what moved first when a run got slower: users, generators, errors, hits or actions.

    Moving first makes a suspect, no proof: charts name the items to look at. Generators at their
    limit measure themselves, not the system.

    Args:
        bench_result_id: Run, from run_scenario or list_bench_results_by_project.
        from_ms: Start of a time window in epoch ms; absent is the start of the run.
        to_ms: End of the window in epoch ms; absent is the end of the run.
    """
    query = window(from_ms, to_ms)
    listed_by = "list_bench_results_by_project"
    with known_id("benchResultId", bench_result_id, listed_by=listed_by):
        run = await ctx.rest(rest.GET_BENCH_RESULT, id=bench_result_id)
    found = await ctx.rest(rest.SLOWDOWN, bench_result_id=bench_result_id, **query)
    onsets = [_onset(each) for each in found["onsets"]]
    suspected = set(found["suspects"])
    suspects = [onsets[number] for number in found["suspects"]]
    others = [each for number, each in enumerate(onsets) if number not in suspected]
    report_id = run.get("benchReportId")
    return Slowdown(
        reason=found["reason"],
        suspects=suspects,
        onsets=others,
        charts=await _charts(ctx, report_id, {each.metric for each in onsets}),
        report_id=report_id,
        url=await page_of_run(ctx, run),
    )


def _onset(row: Mapping[str, Any]) -> Onset:
    return Onset(
        name=row["name"],
        metric=row["metric"],
        action_id=row.get("actionId"),
        at_ms=row["atMs"],
        before=row["before"],
        after=row["after"],
        unit=row["unit"],
        change_pct=row["changePct"],
    )


async def _charts(
    ctx: ToolContext, report_id: str | None, metrics: set[str]
) -> list[EvidenceChart]:
    if not report_id or not metrics:
        return []
    try:
        report = await ctx.rest(rest.GET_REPORT, id=report_id)
    except NotFoundError:  # deleted since; the figures stay
        return []
    return [
        EvidenceChart(item_id=item["id"], name=item.get("name") or "", tool=tool)
        for item, tool in _drawn(report)
        if metrics & _shown(item)
    ]


def _drawn(report: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    for item in report.get("items") or []:
        if item["@type"] in _DRAWN and item["@type"] in VALUE_TOOLS:
            yield item, VALUE_TOOLS[item["@type"]]


def _shown(item: Mapping[str, Any]) -> set[str]:
    """Metrics of an item; a chart of response times stands for all their figures."""
    shown = {str(metric["id"]) for metric in item.get("metrics") or []}
    if any(metric.startswith("RESPONSE_TIME_") for metric in shown):
        shown |= {"RESPONSE_TIME_AVG", "RESPONSE_TIME_MEDIAN", "RESPONSE_TIME_PERCENTILE_95"}
    return shown | ({"MONITORING"} if item["@type"].startswith("LoadGenerators") else set())
