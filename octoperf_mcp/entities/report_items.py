"""Types of report items that plugins add: what one registers, and what its function is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Json = Mapping[str, Any]
Measure = Literal["RESPONSE_TIME", "LATENCY", "CONNECT_TIME"]
Point = tuple[int, float]
"""Epoch milliseconds, value."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """So many requests took from `low_us` up to but without `high_us`, whole microseconds.

    Buckets have the same edges in every run, each some 1.5 % above the one before.
    """

    low_us: int
    high_us: int
    count: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """Durations of requests: of a slot of time and of an action, where it was asked for by these.

    `start_ms` is the epoch millisecond in which the slot begins, None without slots; `action_id`
    is empty when actions were not asked for. Buckets are in order, none of them empty.
    """

    start_ms: int | None
    action_id: str
    buckets: tuple[Bucket, ...]

    @property
    def count(self) -> int:
        """Requests."""
        return sum(each.count for each in self.buckets)


@dataclass(frozen=True, slots=True)
class MeasuredSeries:
    """A metric over time; durations in milliseconds, and `unit` says so."""

    unit: str
    points: tuple[Point, ...]


class RunFigures(Protocol):
    """A run as the function of an item sees it: within the time range that is to be shown.

    `filters` are those of report items: `{"@type": "SingleTermFilter", "field": "actionId",
    "term": …}`. Without a filter for `subSampleType`, all HTTP requests count. What is read comes
    from one consistent state. A filter or a metric that does not exist raises an
    `InvalidArgumentError`, which is told to who looks.
    """

    @property
    def run_id(self) -> str:
        """Id of the bench result."""

    @property
    def name(self) -> str:
        """Of the run."""

    @property
    def is_over(self) -> bool:
        """Whether its figures are final."""

    @property
    def start_ms(self) -> int:
        """Epoch millisecond of the first second with figures; 0 when there is none."""

    @property
    def end_ms(self) -> int:
        """Epoch millisecond behind the last second with figures; 0 when there is none."""

    @property
    def actions(self) -> Mapping[str, str]:
        """Names of the actions of its virtual users by id, in the order of the plan."""

    def slot_ms(self, most: int) -> int:
        """Length of the slots when there are `most` of them at most; 1,000 or more."""

    def histograms(
        self,
        measure: Measure = "RESPONSE_TIME",
        *,
        filters: Sequence[Json] = (),
        most_slots: int | None = None,
        by_action: bool = False,
    ) -> list[Histogram]:
        """How long requests took.

        Args:
            measure: The whole response time, the time to the first byte, or to connect.
            filters: Which requests count.
            most_slots: Split by time into so many slots at most; None: the whole time range.
            by_action: Split by action besides.
        """

    def series(
        self, metric: str, *, filters: Sequence[Json] = (), most_slots: int = 600
    ) -> MeasuredSeries:
        """A metric over time, such as `HITS_RATE`, `RESPONSE_TIME_PERCENTILE_95`, `USERLOAD`."""

    def figure(self, metric: str, *, filters: Sequence[Json] = ()) -> float | None:
        """A metric of the whole time range; durations in milliseconds; None without a sample."""


@dataclass(frozen=True, slots=True)
class ItemRequest:
    """What the values of an item are made of.

    Args:
        item: The item, a copy.
        runs: Those that it names, the first is that of its `benchResultId`; at least one.
        most_slots: So many slots over time can be told from each other where it is shown.
        most_rows: Likewise rows, or bands of values.
    """

    item: dict[str, Any]
    runs: tuple[RunFigures, ...]
    most_slots: int
    most_rows: int

    @property
    def run(self) -> RunFigures:
        """The run of an item that is about a single one."""
        return self.runs[0]

    @property
    def filters(self) -> Sequence[Json]:
        """The `filters` of the item."""
        return self.item.get("filters") or ()
