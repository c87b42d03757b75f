"""Runs of earlier versions are read as they were."""

import asyncio
import json
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.metrics.aggregate import DIMENSIONS, HISTOGRAMS, NUMBERS
from octoperf_mcp.embedded.metrics.tables import (
    metric_block,
    metric_line,
    metric_run,
    metric_series,
)
from octoperf_mcp.embedded.store.migrations import MIGRATIONS
from tests.octoperf_mcp.embedded.conftest import on_both

START_S = 1_700_000_000
WINDOW = {"from_ms": (START_S + 33) * 1000, "to_ms": (START_S + 144) * 1000}
COLUMNS = ("run_no", "step", "start", "series_no", *NUMBERS, *HISTOGRAMS)
OLD = sa.table("metric_slice", *(sa.column(name) for name in COLUMNS))


async def take_in(store: Any, lines: list[bytes]) -> None:
    assert all(await asyncio.gather(*(store.ingest("run1", line) for line in lines)))


async def as_schema_4_kept_it(connection: AsyncConnection, lines: list[bytes]) -> None:
    """Rows instead of lines and blocks; coarse slices nobody reads, since they are made anew."""
    whole = {"run_no", "step", "start", "series_no"}
    kind = {
        name: "BIGINT" if name in whole or not name.endswith(("_sq", "_hist")) else
        "TEXT" if name.endswith("_hist") else "DOUBLE PRECISION"
        for name in COLUMNS
    }  # fmt: skip
    columns = ", ".join(f"{name} {of}" for name, of in kind.items())
    for table in ("metric_slice", "metric_rollup"):
        await connection.exec_driver_sql(f"CREATE TABLE {table} ({columns})")
    names = [metric_series.c[name] for name in DIMENSIONS]
    known = await connection.execute(sa.select(metric_series.c.series_no, *names))
    series = {tuple(key): number for number, *key in known}
    run_no = await connection.scalar(sa.select(metric_run.c.run_no))
    for line in map(json.loads, lines):
        for row in line["rows"]:
            *numbers, elapsed, latency, connect = row[len(DIMENSIONS) :]
            flat = map(json.dumps, (elapsed, latency, connect))
            key = (run_no, 1, line["second"], series[tuple(row[: len(DIMENSIONS)])])
            values = dict(zip(COLUMNS, (*key, *numbers, *flat), strict=True))
            await connection.execute(sa.insert(OLD).values(values))
    await connection.execute(metric_line.delete())
    await connection.execute(metric_block.delete())


async def migrate(store: Any, lines: list[bytes], *versions: int) -> None:
    async def work(connection: AsyncConnection) -> None:
        await as_schema_4_kept_it(connection, lines)
        for version in versions:
            await MIGRATIONS[version](connection)

    await store.database.write(work)


@on_both
@pytest.mark.parametrize(("sealed", "versions"), [(False, (5,)), (True, (5,)), (True, (3, 5))])
async def test_a_migrated_run_has_the_figures_that_it_had(  # noqa: PLR0917 - fixtures
    store: Any,
    traffic: Any,
    record: Any,
    read_everything: Any,
    sealed: bool,
    versions: tuple[int, ...],
) -> None:
    lines = record(traffic(900, 200))
    await take_in(store, lines)
    if sealed:
        await store.seal("run1")
    expected, part = await read_everything(store), await read_everything(store, **WINDOW)
    await migrate(store, lines, *versions)
    assert await read_everything(store) == expected
    assert await read_everything(store, **WINDOW) == part
    assert expected["totals"]["hits"] == 900
    async with store.database.reading() as connection:
        tables = await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names())
    assert not {"metric_slice", "metric_rollup", "metric_total"} & set(tables)


@on_both
async def test_a_line_that_comes_after_the_end_of_a_migrated_run_is_added_up_anew(
    store: Any, traffic: Any, record: Any, read_everything: Any
) -> None:
    lines = record(traffic(600, 300))
    await take_in(store, lines)
    await store.seal("run1")
    expected = await read_everything(store)
    await store.forget("run1")
    await take_in(store, lines[:-1])
    await store.seal("run1")
    await migrate(store, lines[:-1], 5)
    await take_in(store, lines[-1:])
    assert await read_everything(store) == expected
