"""The same figures from PostgreSQL, by address alone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from octoperf_mcp.embedded.metrics.sample import Sample
from octoperf_mcp.embedded.metrics.store import MetricStore
from octoperf_mcp.embedded.store.database import Database

START_S = 1_700_000_000


@pytest.fixture
async def replicas(postgresql_url: str) -> AsyncIterator[tuple[MetricStore, MetricStore]]:
    """Two platforms on one database."""
    databases = [await Database.open(postgresql_url) for _ in range(2)]
    first, second = (MetricStore(database) for database in databases)
    yield first, second
    await first.forget("run1")
    for database in databases:
        await database.close()


async def test_figures_equal_those_from_sqlite_and_two_replicas_count_a_line_once(
    *,
    replicas: tuple[MetricStore, MetricStore],
    store: MetricStore,
    traffic: Callable[..., list[Sample]],
    record: Callable[..., list[bytes]],
    plan: dict[str, Any],
    read_everything: Callable[..., Awaitable[dict[str, Any]]],
) -> None:
    users = {START_S + second: {0: second, 1: 1} for second in range(150)}
    samples = traffic(1200, 150)
    lines = record(samples[::2], generator="gen1", users=users)
    lines += record(samples[1::2], generator="gen2")
    for each in (store, *replicas):
        await each.describe("run1", **plan)
        await asyncio.gather(*(each.ingest("run1", line) for line in lines[:40]))
    await asyncio.gather(
        *(each.ingest("run1", line) for line in lines for each in (store, *replicas))
    )
    window = {"from_ms": (START_S + 7) * 1000, "to_ms": (START_S + 101) * 1000}
    for limits in ({}, window):
        assert await read_everything(replicas[0], **limits) == await read_everything(
            store, **limits
        )
    await asyncio.gather(replicas[1].seal("run1"), store.seal("run1"))
    assert await read_everything(replicas[0]) == await read_everything(store)
