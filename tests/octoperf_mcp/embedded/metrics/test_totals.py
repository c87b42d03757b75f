"""What is kept added up gives the same figures as the seconds that it was made from."""

import asyncio
from typing import Any

import sqlalchemy as sa

from octoperf_mcp.embedded.metrics.tables import metric_block, metric_line
from tests.octoperf_mcp.embedded.conftest import on_both

START_S = 1_700_000_000
WINDOW = {"from_ms": (START_S + 333) * 1000, "to_ms": (START_S + 1444) * 1000}
HITS = 2000


async def take_in(store: Any, lines: list[bytes]) -> None:
    assert all(await asyncio.gather(*(store.ingest("run1", line) for line in lines)))


async def steps_of(store: Any, *, together: bool) -> set[int]:
    of = metric_block.c
    query = sa.select(of.step).where(of.together.is_(together)).distinct()
    async with store.database.reading() as connection:
        return set(await connection.scalars(query))


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
    assert await steps_of(store, together=False) == {0, 1, 10, 60, 600}
    assert await steps_of(store, together=True) == {1, 10, 60, 600}
    assert await read_everything(store) == running
    assert await read_everything(store, **WINDOW) == part
    assert running["totals"]["hits"] == HITS


@on_both
async def test_lines_of_what_is_over_stand_in_blocks_alone(
    store: Any, traffic: Any, record: Any
) -> None:
    """So that they take their room once; a late one joins those of its ten seconds."""
    lines = record(traffic(600, 300))
    await take_in(store, lines[:40] + lines[41:])
    assert 0 < await waiting(store) < len(lines)
    await take_in(store, lines[40:41])
    await store.seal("run1")
    assert await waiting(store) == 0
    assert (await store.totals("run1"))["hits"] == 600


async def waiting(store: Any) -> int:
    async with store.database.reading() as connection:
        query = sa.select(sa.func.count()).select_from(metric_line)
        return int(await connection.scalar(query))
