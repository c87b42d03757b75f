"""Which metric each type of report item takes, and how many; as the original's editor has it.

Source: skill bench-reports of the original's plugins. Where it says nothing (assertions, sent and
received bytes in a top list, the caps), a metric follows its kin.
"""

from collections.abc import Mapping
from typing import Final

_BASE = frozenset(
    {
        *(
            f"{family}_{figure}"
            for family in ("RESPONSE_TIME", "CONNECT_TIME", "LATENCY")
            for figure in ("AVG", "MIN", "MAX", "STD", "VAR")
        ),
        *(f"NETWORK_TIME_{figure}" for figure in ("AVG", "MIN", "MAX", "VAR")),
    }
)
_SPREAD = frozenset(name for name in _BASE if not name.startswith("NETWORK_TIME_"))
_PERCENTILES = frozenset(f"RESPONSE_TIME_PERCENTILE_{percent}" for percent in (80, 90, 95, 99))
_MEDIAN = frozenset({"RESPONSE_TIME_MEDIAN"})
_APDEX = frozenset({"RESPONSE_TIME_APDEX", "CONNECT_TIME_APDEX", "LATENCY_APDEX"})
_COUNTS = frozenset(
    {
        "HITS_TOTAL",
        "HITS_SUCCESSFUL_TOTAL",
        "HITS_SUCCESSFUL_PERCENT",
        "ERRORS_TOTAL",
        "ERRORS_PERCENT",
        "ASSERTIONS_ERROR_TOTAL",
        "ASSERTIONS_FAILURE_TOTAL",
        "ASSERTIONS_SUCCESS_TOTAL",
    }
)
_SIZES = frozenset(
    {
        "RESPONSE_SIZE",
        "THROUGHPUT_TOTAL",
        "SENT_BYTES_AVG",
        "SENT_BYTES_MIN",
        "SENT_BYTES_MAX",
        "SENT_BYTES_STD",
        "SENT_BYTES_TOTAL",
    }
)
_RATES = frozenset({"HITS_RATE", "ERRORS_RATE", "THROUGHPUT_RATE", "SENT_BYTES_RATE"})
_CATEGORIES = frozenset(
    {
        "HTTP_METHODS",
        "HTTP_RESPONSE_CODES",
        "HTTP_MEDIA_TYPES",
        "HTTP_MEDIA_TYPES_THROUGHPUT",
    }
)
_PER_SECOND = frozenset({"HITS_TOTAL", "HITS_RATE", "ERRORS_TOTAL", "ERRORS_RATE"})
_USERS = frozenset({"USERLOAD"})
_MONITORED = frozenset({"MONITORING"})
_RANKED = _BASE | _PERCENTILES | _COUNTS | _SIZES
_FIGURES = _RANKED | _APDEX | _RATES
_SINGLE = _FIGURES | _MEDIAN | _USERS

TAKES: Final[Mapping[str, frozenset[str]]] = {
    "SummaryReportItem": _SINGLE,
    "BarChartReportItem": _SINGLE,
    "StatisticTableReportItem": _FIGURES | _MEDIAN,
    "StatisticTreeReportItem": _FIGURES | _MEDIAN,
    "LineChartReportItem": _FIGURES | _USERS | _MONITORED,
    "AreaRangeChartReportItem": _FIGURES | _USERS,
    "TopReportItem": _RANKED,
    "PercentilesChartReportItem": _SPREAD | _PER_SECOND,
    "PieChartReportItem": _CATEGORIES,
    "StackedChartReportItem": _CATEGORIES,
}
"""Metrics by the type of the item; a type that is not here has none."""

METRICS: Final = frozenset().union(*TAKES.values())
"""All there are: the 52 of the DSL of abstracta."""

MOST: Final[Mapping[str, int]] = {
    "PercentilesChartReportItem": 10,
    "StatisticTableReportItem": 20,
    "StatisticTreeReportItem": 20,
    "PieChartReportItem": 4,
    "SummaryReportItem": 20,
    "BarChartReportItem": 20,
    "LineChartReportItem": 10,
}
"""Most metrics of one run: maxPercentiles, maxColumns, maxPies, maxStatistics, maxLines.

The names are the original's, their values are not public.
"""


def takers(metric_id: str) -> list[str]:
    """The types of items that take a metric."""
    return [item_type for item_type, metrics in TAKES.items() if metric_id in metrics]
