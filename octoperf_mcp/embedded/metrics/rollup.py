"""Coarser slices: ten seconds, a minute, ten minutes, the whole run; and totals of all hits.

They are sums and merged histograms, made from finer ones, ten seconds after ten seconds, once these
are surely over; the lines of these seconds become a block then. A line that comes later still
throws away the coarse slices from its ten seconds on, and they are made again.
"""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.metrics.selection import HITS
from octoperf_mcp.embedded.metrics.tables import (
    metric_block,
    metric_line,
    metric_run,
    metric_series,
)

if TYPE_CHECKING:
    from octoperf_mcp.embedded.metrics.blocks import Slices

WHOLE_RUN = 0
"""Step of the slices that stand for the whole run."""
STEPS = (600, 60, 10, 1)
"""Seconds of a slice, coarsest first."""
BLOCK_S = 10
"""Seconds of a block of slices of one second."""
LATE_S = 20
"""How long slices wait for generators that lag behind: of a run that goes on, so much is read
second by second."""

_MINUTE = 60
_AT_ONCE_S = 600
"""Seconds that are packed in one go, which bounds the memory that this takes."""
_Row = dict[str, Any]


def block_of(second: int) -> int:
    """The second in which its ten seconds begin."""
    return second - second % BLOCK_S


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
    for start in range(rolled, until, _AT_ONCE_S):
        await _pack(connection, run_no, start, min(start + _AT_ONCE_S, until), hits)
    for finer, coarser in pairwise(step for step in reversed(STEPS) if step > 1):
        for start in range(rolled - rolled % coarser, until - coarser + 1, coarser):
            found = await read_blocks(connection, run_no, finer, start, start + coarser)
            made = await asyncio.to_thread(_summed, run_no, found, coarser, hits)
            await _write(connection, made)
    await _mark(connection, run_no, rolled=until)


async def _pack(
    connection: AsyncConnection, run_no: int, start: int, end: int, hits: Collection[int]
) -> None:
    """Make blocks of lines, and slices of ten seconds."""
    lines = await read_lines(connection, run_no, start, end)
    blocks = await read_blocks(connection, run_no, 1, start, end)
    if not lines and not blocks:
        return
    made = await asyncio.to_thread(_packed, run_no, lines, blocks, hits)
    line, block = metric_line.c, metric_block.c
    await connection.execute(
        metric_line.delete().where(line.run_no == run_no, line.second >= start, line.second < end)
    )
    if blocks:
        within = block.step == 1, block.start >= start, block.start < end
        await connection.execute(
            metric_block.delete().where(block.run_no == run_no, block.together.is_(False), *within)
        )
    await _write(connection, made)


async def roll_back(connection: AsyncConnection, run_no: int, block: int) -> None:
    """A line came in late: drop the coarse slices from its ten seconds on."""
    table = metric_block.c
    stale = [
        sa.and_(table.step == step, table.start >= block - block % step)
        for step in STEPS
        if step > 1
    ]
    await connection.execute(
        metric_block.delete().where(
            table.run_no == run_no,
            sa.or_(
                table.step == WHOLE_RUN,
                sa.and_(table.together.is_(True), table.start >= block),
                *stale,
            ),
        )
    )
    await _mark(connection, run_no, rolled=block)


async def seal(connection: AsyncConnection, run_no: int, rolled: int) -> None:
    """Make all coarse slices there can be, and those of the whole run."""
    newest = (await edges(connection, run_no))[1]
    if newest is not None:
        await _roll(connection, run_no, rolled, newest - newest % _MINUTE + _MINUTE)
        found = await read_blocks(connection, run_no, _MINUTE, 0, newest + _MINUTE)
        await _write(connection, await asyncio.to_thread(_summed, run_no, found, WHOLE_RUN))
    await connection.execute(
        metric_run.update().where(metric_run.c.run_no == run_no).values(sealed=True)
    )


async def edges(connection: AsyncConnection, run_no: int) -> tuple[int | None, int | None]:
    """First and last second with samples; None without any."""
    line, block = metric_line.c, metric_block.c
    packed = sa.select(sa.func.min(block.first_second), sa.func.max(block.last_second)).where(
        block.run_no == run_no, block.together.is_(False), block.step == 1
    )
    waiting = sa.select(sa.func.min(line.second), sa.func.max(line.second)).where(
        line.run_no == run_no
    )
    found = (await connection.execute(sa.union_all(packed, waiting))).fetchall()
    known = [row for row in found if row[0] is not None]
    if not known:
        return None, None
    return min(row[0] for row in known), max(row[1] for row in known)


async def read_lines(
    connection: AsyncConnection, run_no: int, start: int, end: int
) -> list[tuple[int, bytes]]:
    """Second and columns of the lines of some seconds that are in no block yet."""
    table = metric_line.c
    found = await connection.execute(
        sa.select(table.second, table["columns"])
        .where(table.run_no == run_no, table.second >= start, table.second < end)
        .order_by(table.second)
    )
    return [(second, columns) for second, columns in found]


async def read_blocks(  # noqa: PLR0917 - the key of blocks
    connection: AsyncConnection,
    run_no: int,
    step: int,
    start: int,
    end: int,
    together: bool = False,
) -> Sequence[bytes]:
    """Blocks that begin in some seconds, in their order."""
    table = metric_block.c
    found = await connection.scalars(
        sa.select(table.slices)
        .where(
            table.run_no == run_no,
            table.together.is_(together),
            table.step == step,
            table.start >= start,
            table.start < end,
        )
        .order_by(table.start)
    )
    return found.all()


async def _write(connection: AsyncConnection, made: Sequence[_Row]) -> None:
    if made:
        await connection.execute(metric_block.insert(), made)


async def _mark(connection: AsyncConnection, run_no: int, *, rolled: int) -> None:
    await connection.execute(
        metric_run.update().where(metric_run.c.run_no == run_no).values(rolled=rolled)
    )


def _packed(
    run_no: int,
    lines: Sequence[tuple[int, bytes]],
    packed: Sequence[bytes],
    hits: Collection[int],
) -> list[_Row]:
    """Rows of all blocks of seconds, and of ten."""
    from octoperf_mcp.embedded.metrics import blocks  # noqa: PLC0415 - NumPy, for runs only

    parts = [blocks.Slices.of_block(each) for each in packed]
    if lines:
        parts.append(blocks.Slices.of_lines(lines))
    made: list[_Row] = []
    for start, seconds in blocks.by_block(blocks.Slices.joined(parts), BLOCK_S):
        made += _rows(run_no, 1, start, seconds, blocks.summed(seconds, 1, hits))
        ten = blocks.summed(seconds, BLOCK_S)
        made += _rows(run_no, BLOCK_S, start, ten, ten and blocks.summed(ten, BLOCK_S, hits))
    return made


def _summed(
    run_no: int, packed: Sequence[bytes], step: int, hits: Collection[int] | None = None
) -> list[_Row]:
    """Rows of the coarser block; no total without hits."""
    from octoperf_mcp.embedded.metrics import blocks  # noqa: PLC0415 - NumPy, for runs only

    if not packed:
        return []
    finer = blocks.Slices.joined([blocks.Slices.of_block(each) for each in packed])
    coarse = blocks.summed(finer, step)
    total = None if hits is None else blocks.summed(finer, step, hits)
    start = int(finer[blocks.START][0])
    return list(_rows(run_no, step, start - start % step if step else 0, coarse, total))


def _rows(
    run_no: int, step: int, start: int, apart: "Slices | None", total: "Slices | None"
) -> Iterator[_Row]:
    for together, slices in ((False, apart), (True, total)):
        if slices is not None:
            yield {
                "run_no": run_no,
                "together": together,
                "step": step,
                "start": start,
                "first_second": int(slices["start"].min()),
                "last_second": int(slices["start"].max()),
                "slices": slices.packed(),
            }
