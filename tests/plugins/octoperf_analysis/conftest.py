"""A report over one run that is over."""

from typing import Any

import pytest

HITS = [{"@type": "SingleTermFilter", "field": "subSampleType", "term": "Hit"}]


def metric(name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "type": "BASIC",
        "benchResultId": "res1",
        "filters": [],
        "configs": [],
        **more,
    }


@pytest.fixture
def report() -> dict[str, Any]:
    return {
        "id": "rep1",
        "projectId": "p1",
        "name": "Checkout",
        "description": "",
        "benchResultIds": ["res1"],
        "tags": ["nightly"],
        "created": 1000,
        "lastModified": 2000,
        "configs": [{"@type": "ApdexReportConfig", "satisfying": 500, "tolerating": 2000}],
        "items": [
            {"@type": "SynopsisReportItem", "id": "i0", "name": "Synopsis"},
            {
                "@type": "SummaryReportItem",
                "id": "i1",
                "name": "Summary",
                "metrics": [
                    metric("HITS_TOTAL", filters=HITS),
                    metric("RESPONSE_TIME_PERCENTILE_95"),
                    metric("RESPONSE_TIME_VAR"),
                    metric("RESPONSE_TIME_APDEX"),
                    metric("ERRORS_PERCENT"),
                    metric("THROUGHPUT_RATE"),
                    metric("USERLOAD", type="LOAD"),
                    metric("RESPONSE_TIME_AVG"),
                ],
            },
            {
                "@type": "StatisticTableReportItem",
                "id": "i2",
                "name": "Table",
                "computeType": "NORMAL",
                "size": 0,
                "metrics": [metric("RESPONSE_TIME_AVG"), metric("HITS_TOTAL", filters=HITS)],
            },
            {
                "@type": "LineChartReportItem",
                "id": "i3",
                "name": "Curves",
                "metrics": [metric("USERLOAD", type="LOAD"), metric("RESPONSE_TIME_AVG")],
            },
            {
                "@type": "PercentilesChartReportItem",
                "id": "i4",
                "name": "Percentiles",
                "metrics": [metric("RESPONSE_TIME_AVG")],
            },
            {"@type": "ErrorsReportItem", "id": "i5", "name": "Errors", "benchResultId": "res1"},
            {
                "@type": "StatisticTreeReportItem",
                "id": "i6",
                "name": "Tree",
                "metrics": [metric("RESPONSE_TIME_AVG")],
            },
            {
                "@type": "TopReportItem",
                "id": "i7",
                "name": "Slowest",
                "metrics": [metric("RESPONSE_TIME_AVG")],
            },
            {
                "@type": "StackedChartReportItem",
                "id": "i8",
                "name": "Codes over time",
                "mode": "ABSOLUTE",
                "metrics": [metric("HTTP_RESPONSE_CODES")],
            },
            {
                "@type": "PieChartReportItem",
                "id": "i9",
                "name": "Codes",
                "metrics": [metric("HTTP_RESPONSE_CODES")],
            },
            {
                "@type": "ThresholdAlarmReportItem",
                "id": "i10",
                "name": "Alarms",
                "benchResultId": "res1",
            },
            {
                "@type": "LoadGeneratorsChartReportItem",
                "id": "i11",
                "name": "Generators",
                "monitorType": "HOST",
                "benchResultId": "res1",
            },
        ],
    }


@pytest.fixture
def answers(report: dict[str, Any]) -> dict[str, Any]:
    return {
        "GET /analysis/bench-reports/rep1": report,
        "GET /runtime/bench-results/res1": {"id": "res1", "state": "FINISHED"},
        "GET /design/virtual-users/by-project/p1": [
            {
                "@type": "VirtualUser",
                "id": "vu1",
                "name": "Shopper",
                "children": [{"@type": "HttpRequestAction", "id": "a1", "name": "Home"}],
            }
        ],
    }
