"""Histograms and counters of our own say what those of the library say."""

import re

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import generate_latest

from octoperf_mcp.observability.timings import Count, Timings

BOUNDS = (0.005, 0.1, 1, 30)
SECONDS = st.sampled_from(BOUNDS) | st.floats(0, 100)


def shown(registry: CollectorRegistry) -> bytes:
    return re.sub(rb"(?m)^(\w+_created\{.*\}) .*$", rb"\1", generate_latest(registry))


@given(st.lists(st.tuples(st.sampled_from(["a", 'b "c"\n']), SECONDS), max_size=20))
def test_a_histogram_is_that_of_the_library(seen: list[tuple[str, float]]) -> None:
    theirs, ours = CollectorRegistry(), CollectorRegistry()
    library = Histogram("took_seconds", "How long.", ("what",), buckets=BOUNDS, registry=theirs)
    own = Timings("took_seconds", "How long.", ("what",), BOUNDS)
    ours.register(own)
    for what, seconds in seen:
        library.labels(what).observe(seconds)
        own.labels(what).observe(seconds)
    assert shown(ours) == shown(theirs)


@given(st.lists(st.sampled_from([200, 404, 503])))
def test_a_counter_is_that_of_the_library(seen: list[int]) -> None:
    theirs, ours = CollectorRegistry(), CollectorRegistry()
    library = Counter("answers", "By status.", ("status",), registry=theirs)
    own = Count("answers", "By status.", "status")
    ours.register(own)
    for status in seen:
        library.labels(str(status)).inc()
        own.add(status)
    assert shown(ours) == shown(theirs)


def test_a_series_that_was_removed_begins_anew() -> None:
    registry = CollectorRegistry()
    timings = Timings("took_seconds", "How long.", ("what",), BOUNDS)
    registry.register(timings)
    timings.labels("a").observe(1)
    timings.remove("a")
    timings.remove("never there")
    assert b'what="a"' not in generate_latest(registry)
    timings.labels("a").observe(2)
    assert registry.get_sample_value("took_seconds_sum", {"what": "a"}) == 2
