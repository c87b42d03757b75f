"""Items of a report: which tool reads which, and what their metrics are."""

import asyncio
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from octoperf_analysis import links, rest
from octoperf_analysis.payloads import ItemHead, ItemRun, MetricHead
from octoperf_analysis.units import unit_of
from octoperf_mcp import RestCall, ToolContext, known_id
from octoperf_mcp.entities.runs import is_over
from octoperf_mcp.errors import InvalidArgumentError, NotFoundError, UnavailableError, UpstreamError

SUMMARY = "get_report_summary_values"
TABLE = "get_report_table_values"
LINE = "get_report_line_chart_values"
TREE = "get_report_tree_values"
TOP = "get_report_top_values"
PIE = "get_report_pie_values"
STACKED = "get_report_stacked_chart_values"
AREA_RANGE = "get_report_area_range_values"
INSIGHTS = "get_report_insights"
TEXTUAL = "get_report_textual_monitors"
MONITORS = "get_report_monitors_table_values"
ALARMS = "get_report_threshold_alarms"
ERRORS = "get_report_errors"
GENERATORS = "list_bench_load_generators"
ADDED = "get_report_item_values"

VALUE_TOOLS: Mapping[str, str] = {
    "SummaryReportItem": SUMMARY,
    "BarChartReportItem": SUMMARY,
    "StatisticTableReportItem": TABLE,
    "StatisticTreeReportItem": TREE,
    "TopReportItem": TOP,
    "PieChartReportItem": PIE,
    "LineChartReportItem": LINE,
    "PercentilesChartReportItem": LINE,
    "StackedChartReportItem": STACKED,
    "AreaRangeChartReportItem": AREA_RANGE,
    "InsightsReportItem": INSIGHTS,
    "TextualMonitorReportItem": TEXTUAL,
    "MonitorsTableReportItem": MONITORS,
    "ErrorsReportItem": ERRORS,
    "ThresholdAlarmReportItem": ALARMS,
    "MonitoringAlarmsReportItem": ALARMS,
    "LoadGeneratorsChartReportItem": GENERATORS,
    "LoadGeneratorsTreeReportItem": GENERATORS,
}
"""Tool that reads the values of each type of item (skill bench-reports)."""

_WITHOUT_VALUES = frozenset({"TextReportItem", "SynopsisReportItem", "TrendConfigReportItem"})
_ARGUMENTS = {GENERATORS: "a benchResultId of the report"}
_COUNTER_UNIT = re.compile(r"(?:^|\u2afd)(%)|\(([^()]+)\)$")
_LISTED_MAX = 30
_T = TypeVar("_T")
_EARLIEST_MS = 100_000_000_000
"""1973 in epoch milliseconds: what is less was meant as seconds."""


def tool_of(item_type: str) -> str | None:
    """What reads the values of a type; a type that is not known here is one that a plugin adds."""
    if item_type in _WITHOUT_VALUES:
        return None
    return VALUE_TOOLS.get(item_type, ADDED)


@dataclass(frozen=True, slots=True)
class Chosen:
    """An item and its report."""

    report: Mapping[str, Any]
    item: Mapping[str, Any]

    @property
    def metrics(self) -> Sequence[Mapping[str, Any]]:
        """Metrics of the item, in the order of their values."""
        return self.item.get("metrics") or []

    @property
    def run_ids(self) -> list[str]:
        """Runs that the item draws on."""
        named = [self.item.get("benchResultId")]
        named += [metric.get("benchResultId") for metric in self.metrics]
        found = list(dict.fromkeys(run_id for run_id in named if run_id))
        return found or list(self.report.get("benchResultIds") or [])


async def read_report(
    ctx: ToolContext, report_id: str, *, argument: str = "reportId"
) -> dict[str, Any]:
    """Document of a report.

    Args:
        ctx: Of the call.
        report_id: What the tool was given.
        argument: As which argument.

    Raises:
        NotFoundError: nothing has this id, or a run has it: then its report is named.
    """
    with known_id(argument, report_id, listed_by="list_bench_reports_by_project"):
        try:
            return dict(await ctx.rest(rest.GET_REPORT, id=report_id))
        except NotFoundError:
            shown_by = await _report_of_run(ctx, report_id)
            if not shown_by:
                raise
    raise InvalidArgumentError(
        "This is the id of a run, not of a report.",
        field=argument,
        got=report_id,
        did_you_mean=shown_by,
        next_step="Send the call again with the id of the run's report.",
    )


async def _report_of_run(ctx: ToolContext, run_id: str) -> str:
    """The first report of what may be a run: agents are given both ids at once. Empty: it is none.

    A run does not name its report everywhere, so that the project's reports are looked through.
    """
    try:
        run = await ctx.rest(rest.GET_BENCH_RESULT, id=run_id)
        reports = await ctx.rest(rest.LIST_REPORTS, project_id=run["designProjectId"])
    except UpstreamError:
        return ""
    found = (each["id"] for each in reports or [] if run_id in each.get("benchResultIds", ()))
    return str(next(found, ""))


async def choose(ctx: ToolContext, report_id: str, item_id: str, tool: str) -> Chosen:
    """The item whose values `tool` was asked for: one of the report, or evidence of an insight.

    Without an id it is the first that this tool reads.

    Raises:
        InvalidArgumentError: the report has no such item, or another tool reads it.
    """
    report = await read_report(ctx, report_id)
    items = {item["id"]: item for item in report.get("items") or []}
    readable = [key for key, each in items.items() if tool_of(each["@type"]) == tool]
    if not item_id:
        if not readable:
            raise InvalidArgumentError(
                f"Report {report_id} has no item that {tool} reads.",
                field="itemId",
                next_step="get_bench_report lists the items with the tool that reads each.",
            )
        return Chosen(report, items[readable[0]])
    item = items.get(item_id) or await _evidence(ctx, items, item_id)
    if item is None:
        near = difflib.get_close_matches(item_id, list(items), n=1)
        raise InvalidArgumentError(
            f"Report {report_id} has no item {item_id!r}.",
            field="itemId",
            got=item_id,
            allowed=readable[:_LISTED_MAX],
            did_you_mean=near[0] if near else "",
            next_step="get_bench_report lists the items with the tool that reads each.",
        )
    right = tool_of(item["@type"])
    if right is None:
        raise InvalidArgumentError(
            f"No tool reads the values of a {item['@type']}.",
            field="itemId",
            got=item_id,
            allowed=readable[:_LISTED_MAX],
            next_step="get_bench_report lists the items with the tool that reads each.",
        )
    if right != tool:
        raise InvalidArgumentError(
            f"{item_id} is a {item['@type']}; {right} reads its values.",
            field="itemId",
            got=item_id,
            allowed=readable[:_LISTED_MAX],
            next_step=f"Call {right} with {_ARGUMENTS.get(right, 'the same reportId and itemId')}.",
        )
    return Chosen(report, item)


async def _evidence(
    ctx: ToolContext, items: Mapping[str, Mapping[str, Any]], item_id: str
) -> Mapping[str, Any] | None:
    """An item that an insight of the report links to."""
    owner = items.get(item_id.partition(".")[0])
    if owner is None or owner["@type"] != "InsightsReportItem":
        return None
    found = await ctx.rest(rest.INSIGHTS, body=owner)
    linked = [each for row in found or [] for each in (row.get("more"), row.get("inspect"))]
    return next((each for each in linked if each and each.get("id") == item_id), None)


async def values_of(
    ctx: ToolContext, chosen: Chosen, call: RestCall, **query: Any
) -> tuple[ItemHead, Any]:
    """The item with the states of its runs, and what the platform answers to the posted item.

    Raises:
        NotFoundError: a run of the item was deleted, and the platform has no values without it.
    """
    found, *runs = await asyncio.gather(
        ctx.rest(call, body=chosen.item, **query),
        *(_run(ctx, run_id) for run_id in chosen.run_ids),
        return_exceptions=True,
    )
    if isinstance(found, NotFoundError):
        raise _gone(chosen, runs, found) from found
    for each in (found, *runs):
        if isinstance(each, BaseException):
            raise each
    known = [run for run in runs if isinstance(run, ItemRun)]
    return _head(chosen, known), [] if found is None else found


def _gone(chosen: Chosen, runs: Sequence[Any], error: NotFoundError) -> NotFoundError:
    """The same error in words of the item, when one of its runs is not there."""
    gone = [run_id for run_id, run in zip(chosen.run_ids, runs, strict=True) if run is None]
    if not gone:
        return error
    return NotFoundError(
        f"Item {chosen.item['id']} shows runs that were deleted: {', '.join(gone)}.",
        status=error.status,
        endpoint=error.endpoint,
        next_step=(
            "Read another report, or point the item at a run that is there with patch_bench_report."
        ),
    )


def _head(chosen: Chosen, known: list[ItemRun]) -> ItemHead:
    return ItemHead(
        report_id=chosen.report["id"],
        item_id=chosen.item["id"],
        item_name=chosen.item.get("name") or "",
        item_type=chosen.item["@type"],
        runs=known,
        partial=not all(is_over(run.state) for run in known),
    )


async def page_of(ctx: ToolContext, report: Mapping[str, Any]) -> str:
    """Page of a report."""
    return ctx.link(
        links.REPORT,
        workspace_id=await ctx.workspace_of(report["projectId"]),
        project_id=report["projectId"],
        report_id=report["id"],
    )


async def page_of_run(ctx: ToolContext, run: Mapping[str, Any]) -> str:
    """The report of a run where the platform names it, else the page of the run itself."""
    project_id = run.get("designProjectId") or run["projectId"]
    place = {"workspace_id": await ctx.workspace_of(project_id), "project_id": project_id}
    if run.get("benchReportId"):
        return ctx.link(links.REPORT, report_id=run["benchReportId"], **place)
    return ctx.link(links.BENCH_RESULT, bench_result_id=run["id"], **place)


def metric_heads(chosen: Chosen) -> list[MetricHead]:
    """Name, unit and filters of each metric, in the order of their values."""
    several = len({metric.get("benchResultId") for metric in chosen.metrics}) > 1
    return [
        MetricHead(
            metric=metric["id"],
            unit=_counter_unit(metric) or unit_of(metric["id"]).name,
            bench_result_id=metric.get("benchResultId") if several else None,
            filters=[_filter(each) for each in metric.get("filters") or []] or None,
        )
        for metric in chosen.metrics
    ]


def aligned(heads: Sequence[MetricHead], values: Sequence[_T]) -> list[tuple[MetricHead, _T]]:
    """Each metric with its value.

    Raises:
        UnavailableError: their numbers differ, so no value can be told from another.
    """
    if len(heads) != len(values):
        raise UnavailableError(
            f"OctoPerf answered {len(values)} values for {len(heads)} metrics.",
            next_step="Read the report again with get_bench_report; the item may have changed.",
        )
    return list(zip(heads, values, strict=True))


def window(from_ms: int | None, to_ms: int | None) -> dict[str, int | None]:
    """Query values of a time window.

    Raises:
        InvalidArgumentError: the window is empty, or its ends are not in milliseconds.
    """
    for field, value in (("from", from_ms), ("to", to_ms)):
        if value is not None and value < _EARLIEST_MS:
            raise InvalidArgumentError(
                f"{field} is in epoch milliseconds; {value} lies before 1974.",
                field=field,
                got=value,
                next_step="Send epoch milliseconds, such as x of a line chart's points.",
            )
    if from_ms is not None and to_ms is not None and to_ms <= from_ms:
        raise InvalidArgumentError(
            "to is not behind from.",
            field="to",
            got=to_ms,
            next_step="Send a to that is greater than from, or leave one out.",
        )
    return {"from": from_ms, "to": to_ms}


async def _run(ctx: ToolContext, run_id: str) -> ItemRun | None:
    try:
        run = await ctx.rest(rest.GET_BENCH_RESULT, id=run_id)
    except NotFoundError:  # deleted since; its values may still be there
        return None
    return ItemRun(bench_result_id=run_id, state=run["state"])


def _counter_unit(metric: Mapping[str, Any]) -> str | None:
    """Unit that the name of a monitored counter tells: `% CPU`, `Timer lag (ms)`."""
    if metric["id"] != "MONITORING":
        return None
    paths = [each.get("term") for each in metric.get("filters") or [] if _is_counter(each)]
    found = _COUNTER_UNIT.search(str(paths[0])) if paths else None
    return found[1] or found[2] if found else None


def _is_counter(each: Mapping[str, Any]) -> bool:
    return each.get("field") == "counterPath"


def _filter(each: Mapping[str, Any]) -> str:
    terms = each.get("terms") or [each.get("term")]
    return f"{each.get('field')}={','.join(str(term) for term in terms)}"
