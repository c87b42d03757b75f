"""The tool that reads what stands out in a run."""

from collections.abc import Mapping
from typing import Any

from octoperf_analysis import items, rest
from octoperf_analysis.items import choose, page_of, tool_of, values_of, window
from octoperf_analysis.payloads import Insight, Insights, ReadableItem
from octoperf_analysis.units import PERCENT, figure
from octoperf_mcp import ToolContext, plain_text, tool

_LEVELS = ("ERROR", "WARN", "INFO", "PASSED")
_COUNTED = {"THRESHOLD_ALARM": "alarms", "NOT_ENOUGH_DATA": "users"}
_MESSAGE_MAX_CHARS = 300


@tool(title="Read the insights of a report", read_only=True)
async def get_report_insights(
    ctx: ToolContext,
    report_id: str,
    item_id: str = "",
    from_: int | None = None,
    to: int | None = None,
) -> Insights:
    """Read an InsightsReportItem: what stands out in a run, with level, value and evidence.

    Read more and inspect with their tool, the same reportId and their itemId. Below 50 users or
    20 minutes it answers NOT_ENOUGH_DATA alone.

    Args:
        report_id: Report, from list_bench_reports_by_project or run_scenario.
        item_id: Item, from readWith of get_bench_report; absent: the first of its kind.
        from_: Start of a time window in epoch ms; absent is the start of the run.
        to: End of the window in epoch ms; absent is the end of the run.
    """
    query = window(from_, to)
    chosen = await choose(ctx, report_id, item_id, items.INSIGHTS)
    head, found = await values_of(ctx, chosen, rest.INSIGHTS, **query)
    rows = sorted((_insight(each) for each in found), key=_severity)
    return Insights(
        item=head,
        insights=rows,
        total=len(rows),
        next=_following(rows),
        url=await page_of(ctx, chosen.report),
    )


def _severity(row: Insight) -> tuple[int, str]:
    known = row.level in _LEVELS
    return (_LEVELS.index(row.level) if known else len(_LEVELS), row.id)


def _insight(each: Mapping[str, Any]) -> Insight:
    thresholds = each.get("thresholds")
    message = each.get("message")
    return Insight(
        id=each["id"],
        level=each["level"],
        value=figure(each.get("value"), PERCENT),
        unit=_COUNTED.get(each["id"], PERCENT.name),
        message=plain_text(str(message), _MESSAGE_MAX_CHARS) if message else None,
        thresholds=dict(thresholds) if thresholds else None,
        more=_readable(each.get("more")),
        inspect=_readable(each.get("inspect")),
    )


def _readable(item: Mapping[str, Any] | None) -> ReadableItem | None:
    if not item:
        return None
    return ReadableItem(
        item_id=item.get("id") or "",
        type=item["@type"],
        name=item.get("name") or "",
        tool=tool_of(item["@type"]),
    )


def _following(rows: list[Insight]) -> str:
    if not rows:
        return "The platform found nothing to say: read the summary and the errors."
    if rows[0].id == "NOT_ENOUGH_DATA":
        return "Read the summary, the errors and the statistics by request instead."
    if rows[0].level == "PASSED":
        return "Nothing stands out."
    return f"Read the evidence of {rows[0].id}: its inspect, or else its more."
