"""What is kept added up gives the same figures as the seconds that it was made from."""

import asyncio
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.metrics.tables import metric_rollup, metric_slice, metric_total
from octoperf_mcp.embedded.store.migrations import coarse_slices_anew
from tests.octoperf_mcp.embedded.conftest import on_both

START_S = 1_700_000_000
WINDOW = {"from_ms": (START_S + 333) * 1000, "to_ms": (START_S + 1444) * 1000}
HITS = 2000


async def take_in(store: Any, lines: list[bytes]) -> None:
    assert all(await asyncio.gather(*(store.ingest("run1", line) for line in lines)))


async def migrate(store: Any) -> None:
    """As from a version that kept no totals."""

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(metric_total.delete())
        await coarse_slices_anew(connection)

    await store.database.write(work)


async def steps_of(store: Any, table: sa.Table) -> set[int]:
    async with store.database.reading() as connection:
        return set(await connection.scalars(sa.select(table.c.step).distinct()))


@on_both
async def test_totals_and_coarse_slices_change_no_figure(
    store: Any, traffic: Any, record: Any, sample: Any, read_everything: Any
) -> None:
    """Of a run of 25 minutes, a late line within its second block of ten included."""
    containers = [
        sample(kind="Container", code="", started_ms=(START_S + n) * 1000)
        for n in range(0, 1500, 7)
    ]
    lines = record([*traffic(HITS, 1500), *containers])
    late = lines.pop(800)
    await take_in(store, lines)
    await take_in(store, [late])
    running, part = await read_everything(store), await read_everything(store, **WINDOW)
    await store.seal("run1")
    assert await steps_of(store, metric_rollup) == {0, 10, 60, 600}
    assert await steps_of(store, metric_total) == {1, 10, 60, 600}
    assert await read_everything(store) == running
    assert await read_everything(store, **WINDOW) == part
    await migrate(store)
    assert await read_everything(store) == running
    assert await read_everything(store, **WINDOW) == part
    assert running["totals"]["hits"] == HITS


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
    await migrate(store)
    await take_in(store, lines[-1:])
    assert await read_everything(store) == expected
    assert await steps_of(store, metric_slice) == {1}
