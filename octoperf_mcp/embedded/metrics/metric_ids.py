"""The 52 metric ids: unit on the wire, what they are computed from, and how.

Names and families are those of the original's clients. Times are seconds on the REST wire, as
those clients expect (they multiply by 1000); percentages are 0 to 100; nothing is ever NaN: where
there is no sample the value is 0.0.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt

from octoperf_mcp.embedded.metrics.histogram import count_up_to, percentile
from octoperf_mcp.embedded.metrics.stats import Stats

US_PER_WIRE_UNIT = 1_000_000
"""Times on the REST wire are seconds. The one place that says so."""
TIME_UNIT = "s"


@dataclass(frozen=True, slots=True)
class Apdex:
    """Thresholds in milliseconds; as in the original's example, where nobody set them."""

    satisfying_ms: float = 500
    tolerating_ms: float = 2000


@dataclass(frozen=True, slots=True)
class Scope:
    """What a value is computed over, besides the samples."""

    seconds: float
    """Length of the window, for rates."""
    apdex: Apdex = Apdex()


Compute = Callable[[Stats, Scope], float]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that is computed from samples."""

    id: str
    unit: str
    meaning: str
    numbers: tuple[str, ...]
    """Columns of `aggregate.NUMBERS` that it needs."""
    compute: Compute
    histogram: str | None = None
    """Column of `aggregate.HISTOGRAMS` that it needs."""
    at_rest: float | None = None
    """Value of an interval without samples; None: it has none there."""


@dataclass(frozen=True, slots=True)
class Category:
    """A metric that splits samples by a dimension: pie and stacked charts only."""

    id: str
    unit: str
    meaning: str
    dimension: str
    number: str


USERLOAD = "USERLOAD"
MONITORING = "MONITORING"
GAUGES = {USERLOAD: "users", MONITORING: ""}
"""Read from the load generators, not from samples; with their units."""


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _average(measure: str, divisor: float) -> Compute:
    return lambda stats, _: _share(stats[f"{measure}_sum"], stats["n"]) / divisor


def _extreme(column: str, divisor: float) -> Compute:
    return lambda stats, _: stats[column] / divisor


def _variance(measure: str, divisor: float) -> Compute:
    """Of the population; never below zero, whatever the rounding."""

    def compute(stats: Stats, _: Scope) -> float:
        mean = _share(stats[f"{measure}_sum"], stats["n"])
        squares = _share(stats[f"{measure}_sq"], stats["n"])
        return max(0.0, squares - mean * mean) / divisor**2

    return compute


def _deviation(measure: str, divisor: float) -> Compute:
    variance = _variance(measure, divisor)
    return lambda stats, scope: sqrt(variance(stats, scope))


def _percentile(percent: float) -> Compute:
    """From the histogram, within the exact extremes."""

    def compute(stats: Stats, _: Scope) -> float:
        us = percentile(stats.histograms.get("elapsed_hist", {}), percent)
        return min(max(us, stats["elapsed_min"]), stats["elapsed_max"]) / US_PER_WIRE_UNIT

    return compute


def _apdex(histogram: str) -> Compute:
    """(satisfied + tolerated / 2) / all, to the width of a bucket; 0 where nothing was counted."""

    def compute(stats: Stats, scope: Scope) -> float:
        counts = stats.histograms.get(histogram, {})
        satisfied = count_up_to(counts, round(scope.apdex.satisfying_ms * 1000))
        tolerated = count_up_to(counts, round(scope.apdex.tolerating_ms * 1000)) - satisfied
        return _share(satisfied + tolerated / 2, sum(counts.values()))

    return compute


def _times(family: str, measure: str, meaning: str) -> list[Metric]:
    unit = US_PER_WIRE_UNIT
    total, squares = f"{measure}_sum", f"{measure}_sq"
    return [
        Metric(f"{family}_AVG", TIME_UNIT, f"average {meaning}", ("n", total),
               _average(measure, unit)),
        Metric(f"{family}_MIN", TIME_UNIT, f"least {meaning}", (f"{measure}_min",),
               _extreme(f"{measure}_min", unit)),
        Metric(f"{family}_MAX", TIME_UNIT, f"greatest {meaning}", (f"{measure}_max",),
               _extreme(f"{measure}_max", unit)),
        Metric(f"{family}_VAR", f"{TIME_UNIT}²", f"variance of the {meaning}",
               ("n", total, squares), _variance(measure, unit)),
    ]  # fmt: skip


def _spread(family: str, measure: str, meaning: str) -> list[Metric]:
    numbers = ("n", f"{measure}_sum", f"{measure}_sq")
    histogram = f"{measure}_hist"
    return [
        Metric(f"{family}_STD", TIME_UNIT, f"standard deviation of the {meaning}", numbers,
               _deviation(measure, US_PER_WIRE_UNIT)),
        Metric(f"{family}_APDEX", "", f"Apdex of the {meaning}, 0 to 1", ("n",),
               _apdex(histogram), histogram),
    ]  # fmt: skip


def _percentiles() -> list[Metric]:
    numbers = ("n", "elapsed_min", "elapsed_max")
    named = [("RESPONSE_TIME_MEDIAN", 50)]
    named += [(f"RESPONSE_TIME_PERCENTILE_{percent}", percent) for percent in (80, 90, 95, 99)]
    return [
        Metric(name, TIME_UNIT, f"{percent}th percentile of the response time", numbers,
               _percentile(percent), "elapsed_hist")
        for name, percent in named
    ]  # fmt: skip


def _count(name: str, unit: str, column: str, meaning: str) -> Metric:
    return Metric(name, unit, meaning, (column,), lambda stats, _: stats[column], at_rest=0.0)


def _rate(name: str, unit: str, column: str, meaning: str) -> Metric:
    return Metric(name, unit, meaning, (column,),
                  lambda stats, scope: _share(stats[column], scope.seconds),
                  at_rest=0.0)  # fmt: skip


def _percent(name: str, column: str, meaning: str) -> Metric:
    return Metric(name, "%", meaning, ("n", column),
                  lambda stats, _: 100 * _share(stats[column], stats["n"]))  # fmt: skip


def _sizes() -> list[Metric]:
    return [
        Metric("RESPONSE_SIZE", "bytes", "average received bytes", ("n", "received_sum"),
               _average("received", 1)),
        Metric("SENT_BYTES_AVG", "bytes", "average sent bytes", ("n", "sent_sum"),
               _average("sent", 1)),
        Metric("SENT_BYTES_MIN", "bytes", "least sent bytes", ("sent_min",),
               _extreme("sent_min", 1)),
        Metric("SENT_BYTES_MAX", "bytes", "greatest sent bytes", ("sent_max",),
               _extreme("sent_max", 1)),
        Metric("SENT_BYTES_STD", "bytes", "standard deviation of the sent bytes",
               ("n", "sent_sum", "sent_sq"), _deviation("sent", 1)),
    ]  # fmt: skip


_ALL = [
    *_times("RESPONSE_TIME", "elapsed", "response time"),
    *_spread("RESPONSE_TIME", "elapsed", "response time"),
    *_percentiles(),
    *_times("CONNECT_TIME", "connect", "connect time, 0 on a reused connection"),
    *_spread("CONNECT_TIME", "connect", "connect time, 0 on a reused connection"),
    *_times("LATENCY", "latency", "time to the first byte"),
    *_spread("LATENCY", "latency", "time to the first byte"),
    *_times("NETWORK_TIME", "network", "response time less latency"),
    _count("HITS_TOTAL", "hits", "n", "requests, or containers that ended"),
    _rate("HITS_RATE", "hits/s", "n", "hits per second"),
    _count("HITS_SUCCESSFUL_TOTAL", "hits", "ok", "hits without error"),
    _percent("HITS_SUCCESSFUL_PERCENT", "ok", "share of hits without error"),
    _count("ERRORS_TOTAL", "errors", "err", "failed hits"),
    _rate("ERRORS_RATE", "errors/s", "err", "failed hits per second"),
    _percent("ERRORS_PERCENT", "err", "share of failed hits"),
    _count("THROUGHPUT_TOTAL", "bytes", "received_sum", "received bytes"),
    _rate("THROUGHPUT_RATE", "bytes/s", "received_sum", "received bytes per second"),
    *_sizes(),
    _count("SENT_BYTES_TOTAL", "bytes", "sent_sum", "sent bytes"),
    _rate("SENT_BYTES_RATE", "bytes/s", "sent_sum", "sent bytes per second"),
    _count("ASSERTIONS_SUCCESS_TOTAL", "assertions", "assertions_ok", "assertions that held"),
    _count("ASSERTIONS_FAILURE_TOTAL", "assertions", "assertions_failed", "assertions that failed"),
    _count("ASSERTIONS_ERROR_TOTAL", "assertions", "assertions_error",
           "assertions that could not be checked"),
]  # fmt: skip

METRICS: Mapping[str, Metric] = {metric.id: metric for metric in _ALL}

CATEGORIES: Mapping[str, Category] = {
    category.id: category
    for category in (
        Category("HTTP_METHODS", "hits", "hits by request method", "method", "n"),
        Category("HTTP_RESPONSE_CODES", "hits", "hits by status", "code", "n"),
        Category("HTTP_MEDIA_TYPES", "hits", "hits by media type", "media_type", "n"),
        Category("HTTP_MEDIA_TYPES_THROUGHPUT", "bytes", "received bytes by media type",
                 "media_type", "received_sum"),
    )
}  # fmt: skip

CURVES = {
    "RESPONSE_TIME": "elapsed",
    "CONNECT_TIME": "connect",
    "LATENCY": "latency",
}
"""Families with a histogram, whose base metrics a percentiles chart draws."""

PER_SECOND_CURVES = ("HITS_TOTAL", "HITS_RATE", "ERRORS_TOTAL", "ERRORS_RATE")
"""A percentiles chart draws these over the seconds of the run."""

IDS = (*METRICS, *CATEGORIES, *GAUGES)


def unit_of(metric_id: str) -> str:
    """The unit on the REST wire of a known metric id."""
    known = METRICS.get(metric_id) or CATEGORIES.get(metric_id)
    return known.unit if known is not None else GAUGES[metric_id]
