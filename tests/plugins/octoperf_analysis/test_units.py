"""Every metric of the original has a unit; times go from seconds to milliseconds."""

import pytest

from octoperf_analysis.units import Unit, figure, unit_of
from octoperf_mcp.embedded.metrics import metric_ids

UNITS = {
    "RESPONSE_TIME_AVG": "ms",
    "RESPONSE_TIME_MEDIAN": "ms",
    "RESPONSE_TIME_STD": "ms",
    "CONNECT_TIME_MAX": "ms",
    "LATENCY_MIN": "ms",
    "NETWORK_TIME_VAR": "ms²",
    "LATENCY_APDEX": "apdex, 0 to 1",
    "HITS_TOTAL": "hits",
    "HITS_RATE": "hits/s",
    "HITS_SUCCESSFUL_TOTAL": "hits",
    "HITS_SUCCESSFUL_PERCENT": "%",
    "ERRORS_TOTAL": "errors",
    "ERRORS_RATE": "errors/s",
    "ERRORS_PERCENT": "%",
    "THROUGHPUT_TOTAL": "bytes",
    "THROUGHPUT_RATE": "bytes/s",
    "RESPONSE_SIZE": "bytes",
    "SENT_BYTES_AVG": "bytes",
    "SENT_BYTES_RATE": "bytes/s",
    "ASSERTIONS_FAILURE_TOTAL": "assertions",
    "HTTP_RESPONSE_CODES": "hits",
    "HTTP_MEDIA_TYPES": "hits",
    "HTTP_MEDIA_TYPES_THROUGHPUT": "bytes",
    "USERLOAD": "users",
    "MONITORING": "as the platform gives it",
}


@pytest.mark.parametrize(("metric", "unit"), UNITS.items())
def test_a_metric_has_its_unit(metric: str, unit: str) -> None:
    assert unit_of(metric).name == unit


@pytest.mark.parametrize("metric", metric_ids.IDS)
def test_units_follow_those_of_the_embedded_platform(metric: str) -> None:
    wire = metric_ids.unit_of(metric)
    if metric in {"MONITORING", *(name for name in metric_ids.IDS if name.endswith("_APDEX"))}:
        assert wire == ""
        return
    expected = {"s": Unit("ms", 1000), "s²": Unit("ms²", 1_000_000)}
    assert unit_of(metric) == expected.get(wire, Unit(wire))


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.5, 500), ("0.25", 250), ({"value": 1}, 1000), ("NaN", None), (None, None), ([], None)],
)
def test_a_figure_is_shown_in_its_unit_or_not_at_all(value: object, shown: float | None) -> None:
    assert figure(value, unit_of("LATENCY_AVG")) == shown


def test_what_has_no_scale_stays_as_it_is() -> None:
    assert figure(12.34567, Unit("hits/s")) == 12.346
