"""Metrics as schemas up to 4 kept them, a row for each slice, brought into blocks."""

from itertools import groupby
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.metrics import rollup
from octoperf_mcp.embedded.metrics.aggregate import HISTOGRAMS, NUMBERS
from octoperf_mcp.embedded.metrics.tables import metric_line, metric_run

_OLD = sa.table(
    "metric_slice",
    *(sa.column(name) for name in ("run_no", "step", "start", "series_no", *NUMBERS, *HISTOGRAMS)),
)
_GONE = ("metric_slice", "metric_rollup", "metric_total")


async def slices_into_blocks(connection: AsyncConnection) -> None:
    """Every run from its seconds, which are all there; then the old tables go."""
    runs = await connection.execute(sa.select(metric_run.c.run_no, metric_run.c.sealed))
    for run_no, sealed in runs.fetchall():
        first, last = await _seconds(connection, run_no)
        if first is None or last is None:
            continue
        for start in range(rollup.block_of(first), last + 1, rollup.BLOCK_S):
            await _move(connection, run_no, start)
        rolled = rollup.block_of(first)
        await rollup.roll_back(connection, run_no, rolled)
        if sealed:
            await rollup.seal(connection, run_no, rolled)
        else:
            await rollup.catch_up(connection, run_no, rolled, last)
    for name in _GONE:
        await connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")


async def _seconds(connection: AsyncConnection, run_no: int) -> tuple[int | None, int | None]:
    """The first and the last second of a run."""
    edges = sa.select(sa.func.min(_OLD.c.start), sa.func.max(_OLD.c.start))
    found = await connection.execute(edges.where(_OLD.c.run_no == run_no, _OLD.c.step == 1))
    first, last = found.one()
    return first, last


async def _move(connection: AsyncConnection, run_no: int, start: int) -> None:
    """Ten seconds of all generators as one line each, of generator 0: it has been taken in."""
    columns = [_OLD.c[name] for name in ("start", "series_no", *NUMBERS, *HISTOGRAMS)]
    found = await connection.execute(
        sa.select(*columns)
        .where(
            _OLD.c.run_no == run_no,
            _OLD.c.step == 1,
            _OLD.c.start >= start,
            _OLD.c.start < start + rollup.BLOCK_S,
        )
        .order_by(_OLD.c.start)
    )
    lines = [
        {
            "run_no": run_no,
            "second": second,
            "generator_no": 0,
            "seq": 0,
            "columns": orjson.dumps(list(zip(*map(_row, rows), strict=True))),
        }
        for second, rows in groupby(found.fetchall(), key=lambda row: row[0])
    ]
    if lines:
        await connection.execute(metric_line.insert(), lines)


def _row(row: sa.Row[Any]) -> list[Any]:
    """A series number, figures and histograms: all but the second."""
    values = list(row)[1:]
    return [*values[: -len(HISTOGRAMS)], *map(orjson.loads, values[-len(HISTOGRAMS) :])]
