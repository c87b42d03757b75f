"""Coarser slices: ten seconds, a minute, the whole run; always sums and merged histograms.

They are made from finer ones, minute by minute, once a minute is surely over. A line that comes
later still throws away the coarse slices from its minute on, and they are made again.
"""

import asyncio
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.metrics.aggregate import HISTOGRAMS, NUMBERS
from octoperf_mcp.embedded.metrics.stats import Slice
from octoperf_mcp.embedded.metrics.tables import (
    metric_rollup,
    metric_run,
    metric_slice,
    slices_of,
)

WHOLE_RUN = 0
"""Step of the slices that stand for the whole run."""
STEPS = (60, 10, 1)
"""Seconds of a slice, coarsest first."""
LATE_S = 30
"""How long a minute waits for generators that lag behind."""

_MINUTE = STEPS[0]
_Found = Sequence[sa.Row[Any]]


def minute_of(second: int) -> int:
    """The second in which its minute begins."""
    return second - second % _MINUTE


async def catch_up(connection: AsyncConnection, run_no: int, rolled: int, newest: int) -> None:
    """Make the coarse slices of the minutes that are over, given the newest second seen."""
    await _roll(connection, run_no, rolled, minute_of(newest - LATE_S))


async def _roll(connection: AsyncConnection, run_no: int, rolled: int, until: int) -> None:
    if until <= rolled:
        return
    for finer, coarser in ((1, 10), (10, 60)):
        for minute in range(rolled, until, _MINUTE):
            found = await _read(connection, run_no, finer, minute, minute + _MINUTE)
            await _write(connection, run_no, coarser, await asyncio.to_thread(_sum, found, coarser))
    await _mark(connection, run_no, rolled=until)


async def roll_back(connection: AsyncConnection, run_no: int, minute: int) -> None:
    """A line came in late: drop the coarse slices from its minute on."""
    await connection.execute(
        metric_rollup.delete().where(
            metric_rollup.c.run_no == run_no,
            sa.or_(metric_rollup.c.step == WHOLE_RUN, metric_rollup.c.start >= minute),
        )
    )
    await _mark(connection, run_no, rolled=minute)


async def seal(connection: AsyncConnection, run_no: int, rolled: int) -> None:
    """Make all coarse slices there can be, and those of the whole run."""
    newest = await connection.scalar(
        sa.select(sa.func.max(metric_slice.c.start)).where(
            metric_slice.c.run_no == run_no, metric_slice.c.step == 1
        )
    )
    if newest is not None:
        await _roll(connection, run_no, rolled, minute_of(newest) + _MINUTE)
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


def _sum(found: _Found, step: int) -> dict[tuple[int, int], Slice]:
    summed: dict[tuple[int, int], Slice] = {}
    first_histogram = 2 + len(NUMBERS)
    for row in found:
        key = (row.start - row.start % step if step else 0, row.series_no)
        numbers, histograms = row[2:first_histogram], row[first_histogram:]
        if key in summed:
            summed[key].add(numbers, histograms)
        else:
            summed[key] = Slice(numbers, histograms)
    return summed


async def _write(
    connection: AsyncConnection, run_no: int, step: int, summed: dict[tuple[int, int], Slice]
) -> None:
    if summed:
        await connection.execute(
            metric_rollup.insert(),
            [
                {"run_no": run_no, "step": step, "start": start, "series_no": series_no}
                | each.values()
                for (start, series_no), each in sorted(summed.items(), key=itemgetter(0))
            ],
        )
