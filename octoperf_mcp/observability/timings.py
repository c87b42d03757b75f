"""Histograms and counters for Prometheus, of numbers that come from one thread, the event loop's.

Those of the library take a lock for each number: 45,000 instructions of a call of a tool, a
fifteenth of it, of which these take a third.
"""

import time
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

Labels = tuple[str, ...]


class Timing:
    """The times of one series."""

    __slots__ = ("_bounds", "_counts", "_created", "_total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0.0
        self._created = time.time()

    def observe(self, seconds: float) -> None:
        """Count one."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._total += seconds

    def add_to(self, family: HistogramMetricFamily, names: Labels, labels: Labels) -> None:
        """Tell them."""
        bounds = [*map(floatToGoString, self._bounds), "+Inf"]
        counts = accumulate(map(float, self._counts))
        family.add_metric(labels, list(zip(bounds, counts, strict=True)), self._total)
        told = dict(zip(names, labels, strict=True))
        family.add_sample(f"{family.name}_created", told, self._created)


class Timings(Collector):
    """A histogram.

    Args:
        name: Of the metric.
        meaning: For its `HELP`.
        names: Names of its labels.
        bounds: Seconds up to which a bucket goes, in order.
    """

    def __init__(self, name: str, meaning: str, names: Labels, bounds: Sequence[float]) -> None:
        self._name = name
        self._meaning = meaning
        self._names = names
        self._bounds = bounds
        self._series: dict[Labels, Timing] = {}

    def labels(self, *labels: str) -> Timing:
        """The series with these values of the labels."""
        found = self._series.get(labels)
        if found is None:
            found = self._series[labels] = Timing(self._bounds)
        return found

    def remove(self, *labels: str) -> None:
        """Forget a series."""
        self._series.pop(labels, None)

    def describe(self) -> list[Metric]:
        """See `Collector`."""
        return [HistogramMetricFamily(self._name, self._meaning, labels=self._names)]

    def collect(self) -> list[Metric]:
        """See `Collector`."""
        family = HistogramMetricFamily(self._name, self._meaning, labels=self._names)
        for labels, timing in list(self._series.items()):
            timing.add_to(family, self._names, labels)
        return [family]


class Count(Collector):
    """A counter with one label.

    Args:
        name: Of the metric, without `_total`.
        meaning: For its `HELP`.
        label: Name of its label.
    """

    def __init__(self, name: str, meaning: str, label: str) -> None:
        self._name = name
        self._meaning = meaning
        self._label = label
        self._counts: dict[int, int] = {}
        self._created: dict[int, float] = {}

    def add(self, value: int) -> None:
        """Count one with this value of the label."""
        if value not in self._counts:
            self._counts[value], self._created[value] = 0, time.time()
        self._counts[value] += 1

    def describe(self) -> list[Metric]:
        """See `Collector`."""
        return [CounterMetricFamily(self._name, self._meaning, labels=[self._label])]

    def collect(self) -> list[Metric]:
        """See `Collector`."""
        family = CounterMetricFamily(self._name, self._meaning, labels=[self._label])
        for value, count in list(self._counts.items()):
            family.add_metric([str(value)], count, created=self._created[value])
        return [family]
