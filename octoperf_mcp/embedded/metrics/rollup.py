"""Coarser slices: ten seconds, a minute, ten minutes, the whole run; and totals of all hits.

They are sums and merged histograms, made from finer ones, ten seconds after ten seconds, once these
are surely over. A line that comes later still throws away the coarse slices from its ten seconds
on, and they are made again.
"""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.metrics.aggregate import HISTOGRAMS, NUMBERS
from octoperf_mcp.embedded.metrics.selection import HITS
from octoperf_mcp.embedded.metrics.stats import Slice
from octoperf_mcp.embedded.metrics.tables import (
    metric_rollup,
    metric_run,
    metric_series,
    metric_slice,
    metric_total,
    slices_of,
)

WHOLE_RUN = 0
"""Step of the slices that stand for the whole run."""
STEPS = (600, 60, 10, 1)
"""Seconds of a slice, coarsest first."""
LATE_S = 20
"""How long slices wait for generators that lag behind: of a run that goes on, so much is read
second by second."""

_BLOCK = 10
_MINUTE = 60
_Found = Sequence[sa.Row[Any]]
_Summed = dict[tuple[int, int], Slice]
"""By start and series."""
_ALL_HITS = 0
"""Stands for the series of a total."""


def block_of(second: int) -> int:
    """The second in which its ten seconds begin."""
    return second - second % _BLOCK


async def catch_up(connection: AsyncConnection, run_no: int, rolled: int, newest: int) -> None:
    """Make the coarse slices of what is over, given the newest second seen."""
    await _roll(connection, run_no, rolled, block_of(newest - LATE_S))


async def _roll(connection: AsyncConnection, run_no: int, rolled: int, until: int) -> None:
    """Make the coarse slices of all blocks that end by `until` and not by `rolled` already."""
    if until <= rolled:
        return
    hits = set(
        await connection.scalars(
            sa.select(metric_series.c.series_no).where(
                metric_series.c.run_no == run_no, metric_series.c.kind.in_(HITS)
            )
        )
    )
    for finer, coarser in pairwise(reversed(STEPS)):
        for start in range(rolled - rolled % coarser, until - coarser + 1, coarser):
            found = await _read(connection, run_no, finer, start, start + coarser)
            await _write(connection, run_no, coarser, await asyncio.to_thread(_sum, found, coarser))
            totals = await asyncio.to_thread(
                _total, found, (1, coarser) if finer == 1 else (coarser,), hits
            )
            for step, summed in totals.items():
                await _write_totals(connection, run_no, step, summed)
    await _mark(connection, run_no, rolled=until)


async def roll_back(connection: AsyncConnection, run_no: int, block: int) -> None:
    """A line came in late: drop the coarse slices from its ten seconds on."""
    for table in (metric_rollup, metric_total):
        stale = [table.c.start >= block - block % step for step in STEPS if step > _BLOCK]
        steps = [table.c.step == step for step in STEPS if step > _BLOCK]
        await connection.execute(
            table.delete().where(
                table.c.run_no == run_no,
                sa.or_(
                    table.c.step == WHOLE_RUN,
                    table.c.start >= block,
                    *(sa.and_(*pair) for pair in zip(steps, stale, strict=True)),
                ),
            )
        )
    await _mark(connection, run_no, rolled=block)


async def seal(connection: AsyncConnection, run_no: int, rolled: int) -> None:
    """Make all coarse slices there can be, and those of the whole run."""
    newest = await connection.scalar(
        sa.select(sa.func.max(metric_slice.c.start)).where(
            metric_slice.c.run_no == run_no, metric_slice.c.step == 1
        )
    )
    if newest is not None:
        await _roll(connection, run_no, rolled, newest - newest % _MINUTE + _MINUTE)
        found = await _read(connection, run_no, _MINUTE, 0, newest + _MINUTE)
        await _write(connection, run_no, WHOLE_RUN, await asyncio.to_thread(_sum, found, WHOLE_RUN))
    await connection.execute(
        metric_run.update().where(metric_run.c.run_no == run_no).values(sealed=True)
    )


async def _mark(connection: AsyncConnection, run_no: int, *, rolled: int) -> None:
    await connection.execute(
        metric_run.update().where(metric_run.c.run_no == run_no).values(rolled=rolled)
    )


async def _read(
    connection: AsyncConnection, run_no: int, step: int, start: int, end: int
) -> _Found:
    table = slices_of(step).c
    columns = [table[name] for name in (*NUMBERS, *HISTOGRAMS)]
    found = await connection.execute(
        sa.select(table.start, table.series_no, *columns).where(
            table.run_no == run_no, table.step == step, table.start >= start, table.start < end
        )
    )
    return found.fetchall()


def _sum(found: Iterable[Sequence[Any]], step: int) -> _Summed:
    summed: _Summed = {}
    first_histogram = 2 + len(NUMBERS)
    for start, series_no, *values in found:
        key = (start - start % step if step else 0, series_no)
        numbers, histograms = values[: first_histogram - 2], values[first_histogram - 2 :]
        if key in summed:
            summed[key].add(numbers, histograms)
        else:
            summed[key] = Slice(numbers, histograms)
    return summed


def _total(found: _Found, steps: Sequence[int], hits: Collection[int]) -> dict[int, _Summed]:
    """All hits together, by step."""
    rows = [(row.start, _ALL_HITS, *row[2:]) for row in found if row.series_no in hits]
    return {step: _sum(rows, step) for step in steps}


async def _write(connection: AsyncConnection, run_no: int, step: int, summed: _Summed) -> None:
    if summed:
        await connection.execute(
            metric_rollup.insert(),
            [
                {"run_no": run_no, "step": step, "start": start, "series_no": series_no}
                | each.values()
                for (start, series_no), each in sorted(summed.items(), key=itemgetter(0))
            ],
        )


async def _write_totals(
    connection: AsyncConnection, run_no: int, step: int, summed: _Summed
) -> None:
    if summed:
        await connection.execute(
            metric_total.insert(),
            [
                {"run_no": run_no, "step": step, "start": start} | each.values()
                for (start, _), each in sorted(summed.items(), key=itemgetter(0))
            ],
        )
