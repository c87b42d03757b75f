"""The tool that reads broken thresholds."""

from collections.abc import Mapping
from typing import Any

from octoperf_analysis import items, rest
from octoperf_analysis.items import choose, page_of, values_of, window
from octoperf_analysis.payloads import ThresholdAlarm, ThresholdAlarms
from octoperf_mcp import Limit, ToolContext, tool
from octoperf_mcp import page_of as cut_into_pages


@tool(title="Read the threshold alarms of a report", read_only=True)
async def get_report_threshold_alarms(
    ctx: ToolContext,
    *,
    report_id: str,
    item_id: str = "",
    from_: int | None = None,
    to: int | None = None,
    limit: Limit = 50,
    cursor: str = "",
) -> ThresholdAlarms:
    """Read a ThresholdAlarmReportItem or MonitoringAlarmsReportItem: broken thresholds, how long.

    A duration of 0 is one instant: noise when alone, a signal in a cluster.

    Args:
        report_id: Report, from list_bench_reports_by_project or run_scenario.
        item_id: Item, from readWith of get_bench_report; absent: the first of its kind.
        from_: Start of a time window in epoch ms; absent is the start of the run.
        to: End of the window in epoch ms; absent is the end of the run.
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    query = window(from_, to)
    chosen = await choose(ctx, report_id, item_id, items.ALARMS)
    head, found = await values_of(ctx, chosen, rest.ALARMS, **query)
    alarms = [_alarm(each) for each in found]
    page = cut_into_pages(
        list(enumerate(sorted(alarms, key=lambda alarm: (alarm.start or 0, alarm.id)))),
        key=lambda pair: (pair[1].start or 0, pair[1].id, pair[0]),
        limit=limit,
        cursor=cursor,
    )
    return ThresholdAlarms(
        item=head,
        alarms=[alarm for _, alarm in page.rows],
        total=page.total,
        next_cursor=page.next_cursor,
        url=await page_of(ctx, chosen.report),
    )


def _alarm(each: Mapping[str, Any]) -> ThresholdAlarm:
    value = each.get("value")
    return ThresholdAlarm(
        id=each.get("id") or "",
        severity=each["severity"],
        threshold_id=each.get("thresholdId"),
        counter_id=each.get("counterId"),
        connection_id=each.get("connectionId"),
        start=each.get("start"),
        duration_ms=each.get("duration"),
        value=float(value) if isinstance(value, int | float) else None,
    )
