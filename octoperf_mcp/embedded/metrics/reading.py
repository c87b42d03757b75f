"""Reading a run: which slices cover a window, and their figures added up by time and by key."""

import asyncio
import dataclasses
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.metrics.aggregate import DIMENSIONS
from octoperf_mcp.embedded.metrics.labels import Labels
from octoperf_mcp.embedded.metrics.rollup import (
    BLOCK_S,
    STEPS,
    WHOLE_RUN,
    edges,
    read_blocks,
    read_lines,
)
from octoperf_mcp.embedded.metrics.sample import RESOURCE
from octoperf_mcp.embedded.metrics.selection import HITS, Selection, Series
from octoperf_mcp.embedded.metrics.stats import Stats
from octoperf_mcp.embedded.metrics.tables import (
    metric_generator,
    metric_run,
    metric_series,
)
from octoperf_mcp.entities.trees import RESOURCES

MOST_POINTS = 600
"""A curve has about this many at most."""
MOST_TOP_POINTS = 60
"""A curve of a top list, which is one of many, is coarser."""
INTERVALS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400)

Key = Callable[[Series], Hashable]
Groups = dict[tuple[int | None, Hashable], Stats]
"""Stats by start of the interval (None: the whole window) and by key (None: all together)."""
Range = tuple[int, int, int]
"""Step, first second, second after the last."""
Lines = list[tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Window:
    """Epoch seconds from `start` up to but without `end`."""

    start: int
    end: int

    @property
    def seconds(self) -> int:
        """Its length."""
        return max(0, self.end - self.start)

    @property
    def interval(self) -> int:
        """Seconds between the points of a curve over it."""
        return self.interval_for(MOST_POINTS)

    def interval_for(self, points: int) -> int:
        """The least seconds between points with which there are about so many at most."""
        for interval in INTERVALS_S:
            if self.seconds <= interval * points:
                return interval
        return INTERVALS_S[-1]

    def starts(self, interval: int) -> range:
        """Where the intervals that touch it begin."""
        return range(self.start - self.start % interval, self.end, interval)

    def overlap(self, start: int, interval: int) -> int:
        """Seconds of an interval that lie in the window."""
        return max(0, min(self.end, start + interval) - max(self.start, start))


@dataclass(frozen=True, slots=True)
class Limits:
    """What a caller wants to see, in epoch milliseconds; None: from the start, to the end."""

    from_ms: int | None = None
    to_ms: int | None = None

    @property
    def start(self) -> int | None:
        """First second."""
        return None if self.from_ms is None else self.from_ms // 1000

    @property
    def end(self) -> int | None:
        """Second after the last."""
        return None if self.to_ms is None else -(-self.to_ms // 1000)


@dataclass(slots=True)
class RunView:
    """One run in one consistent state of the database; one without samples has no series."""

    connection: AsyncConnection
    run_id: str
    run_no: int = 0
    rolled: int = 0
    sealed: bool = False
    labels: Labels = field(default_factory=Labels)
    series: Sequence[Series] = ()
    first: int = 0
    last: int = -1
    """First and last second with samples."""

    @property
    def bounds(self) -> Window:
        """All seconds with samples."""
        return Window(self.first, self.last + 1)

    def window(self, limits: Limits) -> Window:
        """The part of the run within limits."""
        start = self.first if limits.start is None else max(self.first, limits.start)
        end = self.last + 1 if limits.end is None else min(self.last + 1, limits.end)
        return Window(start, max(start, end))

    def select(self, selection: Selection, **options: Any) -> list[Series]:
        """The series whose samples count."""
        return [each for each in self.series if selection.matches(each, self.labels, **options)]

    async def stats(
        self,
        series: Sequence[Series],
        window: Window,
        numbers: Sequence[str],
        histograms: Sequence[str] = (),
        *,
        interval: int | None = None,
        key: Key | None = None,
    ) -> Groups:
        """Add up columns of series over a window.

        Args:
            series: From `select`.
            window: Within `bounds`.
            numbers: Columns of `aggregate.NUMBERS`.
            histograms: Columns of `aggregate.HISTOGRAMS`.
            interval: Seconds to group by, one of `INTERVALS_S`; None: no grouping by time.
            key: What to group by besides; None: no such grouping.
        """
        groups: Groups = {}
        if not series or not window.seconds:
            return groups
        names = {each.series_no: key(each) if key else None for each in series}
        labels = list(dict.fromkeys(names.values()))
        places = {label: place for place, label in enumerate(labels)}
        numbered = {series_no: places[label] for series_no, label in names.items()}
        together = key is None and self._are_all_hits(names)
        for (step, start, end), total in self._sources(window, interval, together=together):
            lines: Lines = []
            if step == 1 and not total:
                lines = await read_lines(self.connection, self.run_no, start, end)
            blocks = await read_blocks(
                self.connection, self.run_no, step, start - start % BLOCK_S, end, total
            )
            wanted = None if total else numbered
            found = await asyncio.to_thread(
                _added_up, lines, blocks, range(start, end), interval, wanted, numbers, histograms
            )
            for begin, place, figures, merged in found:
                stats = groups.setdefault((begin, labels[place]), Stats())
                stats.add(figures, merged)
        return groups

    def _are_all_hits(self, wanted: Collection[int]) -> bool:
        hits = {each.series_no for each in self.series if each.kind in HITS}
        return hits == set(wanted)

    def _sources(
        self, window: Window, interval: int | None, *, together: bool
    ) -> Iterator[tuple[Range, bool]]:
        """The fewest slices that make up the window and fit into its intervals.

        Args:
            window: Within `bounds`.
            interval: As in `stats`.
            together: Whether totals of all hits do, as far as there are any; so marked they come.
        """
        if not together and interval is None and self.sealed and window == self.bounds:
            yield (WHOLE_RUN, 0, 1), False
            return
        steps = [step for step in STEPS if interval is None or interval % step == 0]
        for step, start, end in cover(window.start, window.end, self.rolled, steps):
            middle = min(max(self.rolled, start), end) if together else start
            if start < middle:
                yield (step, start, middle), True
            if middle < end:
                yield (step, middle, end), False


def _added_up(  # noqa: PLR0917 - runs in a thread
    lines: Lines,
    packed: Sequence[bytes],
    within: range,
    interval: int | None,
    series: Mapping[int, int] | None,
    numbers: Sequence[str],
    histograms: Sequence[str],
) -> list[tuple[int | None, int, dict[str, float], dict[str, dict[int, int]]]]:
    """Start of the interval, what the series counts for, and figures of each group."""
    from octoperf_mcp.embedded.metrics import blocks  # noqa: PLC0415 - NumPy, for runs only

    parts = [blocks.Slices.of_block(each) for each in packed]
    if lines:
        parts.append(blocks.Slices.of_lines(lines))
    if not parts:
        return []
    groups = blocks.grouped(blocks.Slices.joined(parts), within, interval, series)
    begins = [None] * len(groups) if interval is None else groups.keys[0].tolist()
    places = [0] * len(groups) if series is None else groups.keys[-1].tolist()
    columns = [groups.column(name).tolist() for name in numbers]
    merged = [groups.histograms(name) for name in histograms]
    return [
        (
            begin,
            place,
            {name: column[at] for name, column in zip(numbers, columns, strict=True)},
            {name: next(each) for name, each in zip(histograms, merged, strict=True)},
        )
        for at, (begin, place) in enumerate(zip(begins, places, strict=True))
    ]


def cover(start: int, end: int, rolled: int, steps: Sequence[int]) -> list[Range]:
    """Ranges of slices that make up the seconds from `start` to `end`.

    Args:
        start: First second.
        end: Second after the last.
        rolled: Before it, there are slices of every step.
        steps: Those that may be used, coarsest first, 1 among them.
    """
    if start >= end:
        return []
    step, *finer = steps
    if step == 1:
        return [(1, start, end)]
    low, high = -(-start // step) * step, min(end // step, rolled // step) * step
    if low >= high:
        return cover(start, end, rolled, finer)
    before, after = cover(start, low, rolled, finer), cover(high, end, rolled, finer)
    return [*before, (step, low, high), *after]


def interval_of(second: sa.ColumnElement[Any], interval: int) -> sa.ColumnElement[Any]:
    """Written out, not bound: the same expression has to stand in SELECT and GROUP BY."""
    return second - second % sa.literal_column(str(int(interval)))


async def open_run(connection: AsyncConnection, run_id: str) -> RunView:
    """Look at a run; one that recorded nothing yet is an empty view."""
    table = metric_run.c
    found = await connection.execute(
        sa.select(table.run_no, table.rolled, table.sealed, table.labels).where(
            table.run_id == run_id
        )
    )
    row = found.one_or_none()
    if row is None:
        return RunView(connection, run_id)
    run_no, rolled, sealed, labels = row
    view = RunView(connection, run_id, run_no, rolled, sealed, Labels.of_json(labels))
    first, last = await edges(connection, run_no)
    if first is not None and last is not None:
        view.first, view.last = first, last
        view.series = await _series(connection, run_no)
    return view


async def _series(connection: AsyncConnection, run_no: int) -> list[Series]:
    table, generator = metric_series.c, metric_generator.c
    columns: list[sa.ColumnElement[Any]] = [table.series_no, generator.name, generator.region]
    columns += [table[name] for name in DIMENSIONS]
    found = await connection.execute(
        sa.select(*columns)
        .join(metric_generator, generator.generator_no == table.generator_no)
        .where(table.run_no == run_no)
    )
    return [_with_resources(Series(*row)) for row in found]


def _with_resources(series: Series) -> Series:
    if series.kind != RESOURCE or series.action_id.endswith(RESOURCES):
        return series
    return dataclasses.replace(series, action_id=series.action_id + RESOURCES)
