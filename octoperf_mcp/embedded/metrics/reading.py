"""Reading a run: which slices cover a window, and their figures added up by time and by key."""

import asyncio
import dataclasses
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.metrics.aggregate import DIMENSIONS
from octoperf_mcp.embedded.metrics.labels import Labels
from octoperf_mcp.embedded.metrics.rollup import STEPS, WHOLE_RUN
from octoperf_mcp.embedded.metrics.sample import RESOURCE
from octoperf_mcp.embedded.metrics.selection import HITS, Selection, Series
from octoperf_mcp.embedded.metrics.stats import Stats, how
from octoperf_mcp.embedded.metrics.tables import (
    metric_generator,
    metric_rollup,
    metric_run,
    metric_series,
    metric_slice,
    metric_total,
    slices_of,
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
_Columns = sa.sql.base.ReadOnlyColumnCollection[str, sa.Column[Any]]


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
        together = key is None and self._are_all_hits(names)
        for covered, source in self._sources(window, interval, together=together):
            table = source.c
            by = self._grouping(table, covered, interval, keyed=key is not None)
            sums = [sum_of(table[column]) for column in numbers]
            sums += [_joined(table[column]) for column in histograms]
            where = self._where(table, names, covered)
            found = await self.connection.execute(sa.select(*by, *sums).where(*where).group_by(*by))
            rows = found.fetchall()

            def add_rows(rows: Sequence[Sequence[Any]] = rows, grouped: int = len(by)) -> None:
                for row in rows:
                    start = row[0] if interval is not None else None
                    name = names[row[grouped - 1]] if key else None
                    if row[grouped] is not None:
                        stats = groups.setdefault((start, name), Stats())
                        stats.add(numbers, histograms, row[grouped:])

            if histograms:
                await asyncio.to_thread(add_rows)
            else:
                add_rows()
        return groups

    def _are_all_hits(self, wanted: Collection[int]) -> bool:
        hits = {each.series_no for each in self.series if each.kind in HITS}
        return hits == set(wanted)

    def _sources(
        self, window: Window, interval: int | None, *, together: bool
    ) -> Iterator[tuple[Range, sa.Table]]:
        """The fewest slices that make up the window and fit into its intervals.

        Args:
            window: Within `bounds`.
            interval: As in `stats`.
            together: Whether totals of all hits do, as far as there are any.
        """
        if not together and interval is None and self.sealed and window == self.bounds:
            yield (WHOLE_RUN, 0, 1), metric_rollup
            return
        steps = [step for step in STEPS if interval is None or interval % step == 0]
        for step, start, end in cover(window.start, window.end, self.rolled, steps):
            middle = min(max(self.rolled, start), end) if together else start
            if start < middle:
                yield (step, start, middle), metric_total
            if middle < end:
                yield (step, middle, end), slices_of(step)

    def _grouping(
        self,
        table: _Columns,
        covered: Range,
        interval: int | None,
        *,
        keyed: bool,
    ) -> list[sa.ColumnElement[Any]]:
        by: list[sa.ColumnElement[Any]] = []
        if interval is not None:
            by.append(table.start if interval == covered[0] else interval_of(table.start, interval))
        if keyed:
            by.append(table.series_no)
        return by

    def _where(
        self, table: _Columns, wanted: Collection[int], covered: Range
    ) -> list[sa.ColumnElement[bool]]:
        """Range and series; what is left out is named where that is shorter."""
        step, start, end = covered
        where = [
            table.run_no == self.run_no,
            table.step == step,
            table.start >= start,
            table.start < end,
        ]
        if "series_no" not in table:
            return where
        others = [each.series_no for each in self.series if each.series_no not in wanted]
        if len(others) > len(wanted):
            where.append(table.series_no.in_(wanted))
        elif others:
            where.append(table.series_no.not_in(others))
        return where


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


def sum_of(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """The figures of a column as one."""
    combine = how(column.name)
    if combine is min:
        return sa.func.min(column)
    return sa.func.max(column) if combine is max else sa.func.sum(column)


def _joined(histogram: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """All flat lists of a group as one text: far fewer rows to fetch."""
    return sa.func.aggregate_strings(histogram, ",")


async def open_run(connection: AsyncConnection, run_id: str) -> RunView:
    """Look at a run; one that recorded nothing yet is an empty view."""
    table, slices = metric_run.c, metric_slice.c
    edges = [
        sa.select(edge(slices.start))
        .where(slices.run_no == table.run_no, slices.step == 1)
        .scalar_subquery()
        for edge in (sa.func.min, sa.func.max)
    ]
    found = await connection.execute(
        sa.select(table.run_no, table.rolled, table.sealed, table.labels, *edges).where(
            table.run_id == run_id
        )
    )
    row = found.one_or_none()
    if row is None:
        return RunView(connection, run_id)
    run_no, rolled, sealed, labels, first, last = row
    view = RunView(connection, run_id, run_no, rolled, sealed, Labels.of_json(labels))
    if first is not None:
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
