"""What each insight measures, from when on it speaks, and which items are its evidence.

The ids, the levels and the minimum of data are the original's (its skills scenario-diagnosis and
bench-reports); its thresholds are not public, these are ours. All values are per cent, 0 to 100
and beyond, but for THRESHOLD_ALARM, which counts alarms. An item's InsightsReportConfig may set
others: `thresholds` by id, `minUsers`, `minMinutes`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

NOT_ENOUGH_DATA: Final = "NOT_ENOUGH_DATA"
"""Stands alone below the minimum of data."""
MIN_USERS: Final = 50
MIN_MINUTES: Final = 20

LEVELS: Final = {"error": "ERROR", "warn": "WARN", "info": "INFO"}
"""By threshold, the most severe first; below all of them: PASSED."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One insight: its value in words, and the value from which it has a level.

    A threshold of 0 is passed by anything above it.
    """

    id: str
    measures: str
    thresholds: Mapping[str, float]

    def level(self, value: float, changed: Mapping[str, Any]) -> str:
        """ERROR, WARN, INFO or PASSED, with thresholds of the item's own put over these."""
        for name, level in LEVELS.items():
            limit = self.with_own(changed).get(name)
            if limit is not None and value > 0 and value >= limit:
                return level
        return "PASSED"

    def with_own(self, changed: Mapping[str, Any]) -> Mapping[str, float]:
        """The thresholds that hold."""
        own = changed.get(self.id)
        return {**self.thresholds, **own} if isinstance(own, Mapping) else self.thresholds


def _rule(name: str, measures: str, **thresholds: float) -> Rule:
    return Rule(name, measures, thresholds)


RULES: Final[Mapping[str, Rule]] = {
    rule.id: rule
    for rule in (
        _rule(
            "RESPONSE_TIME_GLOBAL_AVG",
            "how far the response time strays from its own average over the run (rmse)",
            info=10, warn=25, error=50,
        ),
        _rule(
            "RESPONSE_TIME_STD_DEVIATION",
            "standard deviation of the response time, of its average",
            info=50, warn=100, error=200,
        ),
        _rule(
            "STEP_BY_STEP_RESPONSE_TIME",
            "how much slower the slowest action is than the mean of all actions",
            info=50, warn=100, error=200,
        ),
        _rule(
            "CONNECT_TIME_VS_RESPONSE_TIME",
            "share of the response time that went into connecting",
            info=20, warn=40, error=60,
        ),
        _rule(
            "LATENCY_VS_RESPONSE_TIME",
            "share of the response time that was waiting for the first byte",
            info=60, warn=80, error=95,
        ),
        _rule(
            "HIT_RATE_INFLEXION_POINT",
            "share of the users that came after the hit rate had stopped growing",
            warn=20, error=40,
        ),
        _rule(
            "STEP_BY_STEP_ERRORS",
            "error rate of the action that fails most",
            info=0, warn=1, error=5,
        ),
        _rule(
            "PEAK_OF_ERRORS",
            "how far the error rate strays from that of the whole run (rmse)",
            info=0, warn=1, error=5,
        ),
        _rule(
            "OVERALL_ERROR_4XX", "share of hits that failed with a status 4xx",
            info=0, warn=1, error=5,
        ),
        _rule(
            "OVERALL_ERROR_5XX", "share of hits that failed with a status 5xx",
            info=0, warn=1, error=5,
        ),
        _rule(
            "OVERALL_ERROR_NONE",
            "share of hits that failed without an error status: connection or assertion",
            info=0, warn=1, error=5,
        ),
        _rule(
            "THROUGHPUT_IMAGE_NEW_FORMAT",
            "share of received bytes that are images of older formats, such as PNG and JPEG",
            info=10,
        ),
        _rule("THROUGHPUT_IMAGE_OPTIMIZE", "share of received bytes that are images", info=50),
        _rule("THROUGHPUT_CSS", "share of received bytes that are style sheets", info=20),
        _rule("THROUGHPUT_JAVASCRIPT", "share of received bytes that are scripts", info=40),
        _rule(
            "THRESHOLD_ALARM",
            "alarms of thresholds; a critical one makes it an ERROR, a warning a WARN",
        ),
    )
}  # fmt: skip

OLD_IMAGES: Final = frozenset({"image/jpeg", "image/jpg", "image/png", "image/gif", "image/bmp",
                               "image/tiff"})  # fmt: skip
SCRIPTS: Final = frozenset({"application/javascript", "text/javascript",
                            "application/x-javascript"})  # fmt: skip


def evidence(name: str, item_id: str, run_id: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The items `more` and `inspect` of an insight; ids begin with that of the insights item."""
    more, inspect = _EVIDENCE[name]
    return (
        _item(f"{item_id}.{name}.more", run_id, more),
        None if inspect is None else _item(f"{item_id}.{name}.inspect", run_id, inspect),
    )


_Made = tuple[str, str, tuple[str, ...], Mapping[str, Any]]
"""Type of the item, its name, its metrics, its own properties."""


def _item(item_id: str, run_id: str, made: _Made) -> dict[str, Any]:
    item_type, name, metrics, own = made
    item = {"@type": item_type, "id": item_id, "name": name, "description": "", "width": "FULL"}
    if not metrics:
        return {**item, "benchResultId": run_id, **own}
    return {**item, "metrics": [_metric(run_id, metric) for metric in metrics], **own}


def _metric(run_id: str, name: str) -> dict[str, Any]:
    users = name == "USERLOAD"
    hits = {"@type": "SingleTermFilter", "field": "subSampleType", "term": "Hit"}
    return {
        "id": name,
        "type": "LOAD" if users else "BASIC",
        "benchResultId": run_id,
        "filters": [] if users else [hits],
        "configs": [],
    }


def _line(name: str, *metrics: str) -> _Made:
    return "LineChartReportItem", name, metrics, {}


def _top(metric: str) -> _Made:
    return "TopReportItem", f"Top {metric}", (metric,), {"size": 10, "order": "DESC"}


def _range(metric: str, range_type: str) -> _Made:
    own = {"referenceType": "SUMMARY", "rangeType": range_type}
    return "AreaRangeChartReportItem", f"{metric} and its average", (metric, metric), own


def _pie(metric: str) -> _Made:
    return "PieChartReportItem", metric, (metric,), {}


def _errors() -> _Made:
    return "ErrorsReportItem", "Errors", (), {}


_CODES = (_pie("HTTP_RESPONSE_CODES"), _errors())
_MEDIA = (_pie("HTTP_MEDIA_TYPES_THROUGHPUT"), None)
_EVIDENCE: Mapping[str, tuple[_Made, _Made | None]] = {
    "RESPONSE_TIME_GLOBAL_AVG": (
        _line("Users and response time", "USERLOAD", "RESPONSE_TIME_AVG"),
        _range("RESPONSE_TIME_AVG", "PERCENTAGE"),
    ),
    "RESPONSE_TIME_STD_DEVIATION": (
        ("PercentilesChartReportItem", "Response time percentiles", ("RESPONSE_TIME_AVG",), {}),
        _top("RESPONSE_TIME_STD"),
    ),
    "STEP_BY_STEP_RESPONSE_TIME": (_top("RESPONSE_TIME_AVG"), None),
    "CONNECT_TIME_VS_RESPONSE_TIME": (
        _line("Connecting and response time", "CONNECT_TIME_AVG", "RESPONSE_TIME_AVG"),
        _top("CONNECT_TIME_AVG"),
    ),
    "LATENCY_VS_RESPONSE_TIME": (
        _line("Latency and response time", "LATENCY_AVG", "RESPONSE_TIME_AVG"),
        _top("LATENCY_AVG"),
    ),
    "HIT_RATE_INFLEXION_POINT": (_line("Users and hits", "USERLOAD", "HITS_RATE"), None),
    "STEP_BY_STEP_ERRORS": (_top("ERRORS_PERCENT"), _errors()),
    "PEAK_OF_ERRORS": (
        _line("Users and errors", "USERLOAD", "ERRORS_RATE"),
        _range("ERRORS_PERCENT", "RAW"),
    ),
    "OVERALL_ERROR_4XX": _CODES,
    "OVERALL_ERROR_5XX": _CODES,
    "OVERALL_ERROR_NONE": _CODES,
    "THROUGHPUT_IMAGE_NEW_FORMAT": _MEDIA,
    "THROUGHPUT_IMAGE_OPTIMIZE": _MEDIA,
    "THROUGHPUT_CSS": _MEDIA,
    "THROUGHPUT_JAVASCRIPT": _MEDIA,
    "THRESHOLD_ALARM": (("ThresholdAlarmReportItem", "Threshold alarms", (), {}), None),
    NOT_ENOUGH_DATA: (_line("Users and hits", "USERLOAD", "HITS_RATE"), None),
}
