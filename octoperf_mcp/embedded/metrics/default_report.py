"""The report that a run gets when it starts, with the items of the original's default."""

from collections.abc import Mapping
from typing import Any

from octoperf_mcp.embedded.store.schema import new_id
from octoperf_mcp.entities.engines import ARRIVALS

_HITS = {"@type": "SingleTermFilter", "field": "subSampleType", "term": "Hit"}
_ITERATIONS = {**_HITS, "term": "Iteration"}
_SUMMARY = (
    "USERLOAD",
    "HITS_TOTAL",
    "HITS_RATE",
    "ERRORS_TOTAL",
    "ERRORS_PERCENT",
    "RESPONSE_TIME_AVG",
    "RESPONSE_TIME_PERCENTILE_90",
    "RESPONSE_TIME_PERCENTILE_95",
    "RESPONSE_TIME_PERCENTILE_99",
    "THROUGHPUT_RATE",
)
_STATISTICS = (
    "HITS_TOTAL",
    "ERRORS_TOTAL",
    "ERRORS_PERCENT",
    "RESPONSE_TIME_AVG",
    "RESPONSE_TIME_MIN",
    "RESPONSE_TIME_MAX",
    "RESPONSE_TIME_PERCENTILE_90",
    "RESPONSE_TIME_PERCENTILE_95",
    "LATENCY_AVG",
    "CONNECT_TIME_AVG",
    "THROUGHPUT_TOTAL",
)
TOP_SIZE = 10


def default_report(bench_result: Mapping[str, Any], scenario: Mapping[str, Any]) -> dict[str, Any]:
    """BenchReport of one run, without an id: the store gives it.

    Args:
        bench_result: The run; its name, if any, names the report.
        scenario: What it runs.
    """
    run = bench_result["id"]
    return {
        "id": "",
        "projectId": bench_result.get("designProjectId") or scenario.get("projectId") or "",
        "name": bench_result.get("name") or scenario.get("name") or "Report",
        "description": bench_result.get("description") or "",
        "type": "SIMPLE",
        "benchResultIds": [run],
        "configs": [],
        "tags": list(bench_result.get("tags") or scenario.get("tags") or ()),
        "timeRange": None,
        "items": [*_items(run), *_waits(run, scenario)],
    }


def _items(run: str) -> list[dict[str, Any]]:
    average = [_metric(run, "RESPONSE_TIME_AVG")]
    load = [_metric(run, name) for name in ("USERLOAD", "HITS_RATE", "RESPONSE_TIME_AVG")]
    statistics = [_metric(run, name) for name in _STATISTICS]
    plain: dict[str, Any] = {"computeType": "NORMAL", "size": 0}
    top: dict[str, Any] = {"size": TOP_SIZE, "order": "DESC"}
    return [
        _item("SynopsisReportItem", "Synopsis", benchResultId=run),
        _item(
            "SummaryReportItem",
            "Statistics summary",
            metrics=[_metric(run, name) for name in _SUMMARY],
        ),
        _item("InsightsReportItem", "Insights", benchResultId=run, configs=[]),
        _item("LineChartReportItem", "Users, hits and response time", metrics=load),
        _item("LineChartReportItem", "Errors per second", metrics=[_metric(run, "ERRORS_RATE")]),
        _item(
            "PieChartReportItem",
            "Response codes",
            metrics=[_metric(run, "HTTP_RESPONSE_CODES")],
        ),
        _item("TopReportItem", "Top response times", metrics=average, **top),
        _item("TopReportItem", "Top errors", metrics=[_metric(run, "ERRORS_PERCENT")], **top),
        _item("PercentilesChartReportItem", "Response time percentiles", metrics=average),
        _item("StatisticTableReportItem", "Statistics by request", metrics=statistics, **plain),
        _item(
            "StatisticTreeReportItem",
            "Statistics by virtual user",
            metrics=[{**each, "filters": []} for each in statistics],
            **plain,
        ),
        _item("ErrorsReportItem", "Errors", benchResultId=run),
        _item("ThresholdAlarmReportItem", "Threshold alarms", benchResultId=run),
        _item(
            "LoadGeneratorsChartReportItem",
            "Load generators",
            benchResultId=run,
            monitorType="HOST",
        ),
    ]


def _waits(run: str, scenario: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Ours: what users who arrive would have met, their wait for a free user included."""
    profiles = scenario.get("userProfiles") or ()
    if not any((profile.get("load") or {}).get("@type") == ARRIVALS for profile in profiles):
        return []
    metric = {**_metric(run, "RESPONSE_TIME_AVG"), "filters": [_ITERATIONS]}
    name = "Iterations from the instant they were meant to start"
    return [_item("PercentilesChartReportItem", name, metrics=[metric])]


def _item(item_type: str, name: str, **own: Any) -> dict[str, Any]:
    return {
        "@type": item_type,
        "id": new_id(),
        "name": name,
        "description": "",
        "width": "FULL",
        **own,
    }


def _metric(run: str, name: str) -> dict[str, Any]:
    users = name == "USERLOAD"
    return {
        "id": name,
        "type": "LOAD" if users else "BASIC",
        "benchResultId": run,
        "filters": [] if users else [_HITS],
        "configs": [],
    }
