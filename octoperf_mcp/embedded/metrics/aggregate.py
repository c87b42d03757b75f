"""What is kept of the samples of one second that share their dimensions.

`DIMENSIONS`, `NUMBERS` and `HISTOGRAMS` name the entries of a row, in this order, in the spool
file; the database has the same columns.
"""

from typing import Any

from octoperf_mcp.embedded.metrics.histogram import bucket_of, flat
from octoperf_mcp.embedded.metrics.sample import CUT_OFF, Sample

DIMENSIONS = (
    "action_id",
    "virtual_user_id",
    "profile",
    "kind",
    "code",
    "method",
    "media_type",
)
MEASURES = ("elapsed", "latency", "connect", "network", "sent")
"""Each has a sum, a sum of squares, a least and a greatest value; microseconds, bytes for sent."""
NUMBERS = (
    "n",
    "ok",
    "err",
    *(f"{measure}_{figure}" for measure in MEASURES for figure in ("sum", "sq", "min", "max")),
    "received_sum",
    "assertions_ok",
    "assertions_failed",
    "assertions_error",
)
HISTOGRAMS = ("elapsed_hist", "latency_hist", "connect_hist")

_LONGEST_MEDIA_TYPE = 100

Key = tuple[str, str, int, str, str, str, str]


def key_of(sample: Sample) -> Key:
    """The dimensions of a sample; a cut-off one is of its own kind."""
    return (
        sample.action_id,
        sample.virtual_user_id,
        sample.profile,
        CUT_OFF if sample.cut_off else sample.kind,
        sample.code,
        sample.method,
        media_type(sample.media_type),
    )


def media_type(content_type: str) -> str:
    """A Content-Type without its parameters, so that it groups; bounded, since targets send it."""
    return content_type.split(";", 1)[0].strip().lower()[:_LONGEST_MEDIA_TYPE]


class Measure:
    """Count-free statistics of one figure; squares as floats, since whole runs pass 64 bits."""

    __slots__ = ("greatest", "least", "squares", "total")

    def __init__(self, first: int) -> None:
        self.total = first
        self.squares = float(first) * first
        self.least = first
        self.greatest = first

    def add(self, value: int) -> None:
        """Take one more value."""
        self.total += value
        self.squares += float(value) * value
        if value < self.least:
            self.least = value
        elif value > self.greatest:
            self.greatest = value

    def row(self) -> tuple[int, float, int, int]:
        """Sum, sum of squares, least, greatest."""
        return self.total, self.squares, self.least, self.greatest


class Aggregate:
    """Samples of one second and one set of dimensions, added up."""

    __slots__ = (
        "assertions_error",
        "assertions_failed",
        "assertions_ok",
        "connect",
        "connect_hist",
        "elapsed",
        "elapsed_hist",
        "latency",
        "latency_hist",
        "n",
        "network",
        "ok",
        "received",
        "sent",
    )

    def __init__(self, sample: Sample) -> None:
        elapsed, latency, connect, network = times_of(sample)
        self.n = 1
        self.ok = int(sample.ok)
        self.elapsed = Measure(elapsed)
        self.latency = Measure(latency)
        self.connect = Measure(connect)
        self.network = Measure(network)
        self.sent = Measure(sample.sent_bytes)
        self.received = sample.received_bytes
        self.assertions_ok = sample.assertions_ok
        self.assertions_failed = sample.assertions_failed
        self.assertions_error = sample.assertions_error
        self.elapsed_hist = {bucket_of(elapsed): 1}
        self.latency_hist = {bucket_of(latency): 1}
        self.connect_hist = {bucket_of(connect): 1}

    def add(self, sample: Sample) -> None:
        """Take one more sample of the same dimensions."""
        elapsed, latency, connect, network = times_of(sample)
        self.n += 1
        self.ok += sample.ok
        self.elapsed.add(elapsed)
        self.latency.add(latency)
        self.connect.add(connect)
        self.network.add(network)
        self.sent.add(sample.sent_bytes)
        self.received += sample.received_bytes
        self.assertions_ok += sample.assertions_ok
        self.assertions_failed += sample.assertions_failed
        self.assertions_error += sample.assertions_error
        _count(self.elapsed_hist, elapsed)
        _count(self.latency_hist, latency)
        _count(self.connect_hist, connect)

    def row(self) -> list[Any]:
        """`NUMBERS`, then `HISTOGRAMS` as flat lists."""
        return [
            self.n,
            self.ok,
            self.n - self.ok,
            *self.elapsed.row(),
            *self.latency.row(),
            *self.connect.row(),
            *self.network.row(),
            *self.sent.row(),
            self.received,
            self.assertions_ok,
            self.assertions_failed,
            self.assertions_error,
            flat(self.elapsed_hist),
            flat(self.latency_hist),
            flat(self.connect_hist),
        ]


def times_of(sample: Sample) -> tuple[int, int, int, int]:
    """Elapsed, latency, connect and network time; never negative, latency within elapsed."""
    elapsed = max(0, sample.elapsed_us)
    latency = min(max(0, sample.latency_us), elapsed)
    return elapsed, latency, max(0, sample.connect_us), elapsed - latency


def _count(histogram: dict[int, int], us: int) -> None:
    bucket = bucket_of(us)
    histogram[bucket] = histogram.get(bucket, 0) + 1
