"""What brings a database from one version of the schema to the next; new tables need nothing."""

from collections.abc import Awaitable, Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.store.blob_uses import keys_in
from octoperf_mcp.embedded.store.schema import blob_use, document, document_revision

Migration = Callable[[AsyncConnection], Awaitable[None]]

_COLUMNS_2 = (
    "ALTER TABLE document ADD COLUMN undo_to BIGINT",
    "ALTER TABLE document_revision ADD COLUMN summary TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE document_revision ADD COLUMN undo_to BIGINT",
    "ALTER TABLE document_revision ADD COLUMN size BIGINT NOT NULL DEFAULT 0",
    "UPDATE document_revision SET size = length(body)",
)


async def revisions_with_summaries(connection: AsyncConnection) -> None:
    """To 2: what revisions tell of themselves, and which document names which blob."""
    for statement in _COLUMNS_2:
        await connection.exec_driver_sql(statement)
    last: dict[tuple[str, str, str], int | None] = {}
    await _note(connection, document_revision, last, current=False)
    await _note(connection, document, last, current=True)
    rows: list[dict[str, Any]] = [
        {"kind": kind, "id": owner, "key": key, "last_version": version}
        for (kind, owner, key), version in last.items()
    ]
    if rows:
        await connection.execute(blob_use.insert(), rows)


async def _note(
    connection: AsyncConnection,
    table: sa.Table,
    last: dict[tuple[str, str, str], int | None],
    *,
    current: bool,
) -> None:
    """The last version that names each key, None for the current one; one body at a time."""
    places = await connection.execute(sa.select(table.c.kind, table.c.id, table.c.version))
    for kind, owner, version in places.all():
        one = sa.and_(table.c.kind == kind, table.c.id == owner, table.c.version == version)
        for key in keys_in(await connection.scalar(sa.select(table.c.body).where(one))):
            place = kind, owner, key
            last[place] = None if current else max(version, last.get(place) or 0)


_ROLLED_3 = """
    UPDATE metric_run SET sealed = false, rolled = COALESCE(
        (SELECT MIN(start) / 60 * 60 FROM metric_slice
         WHERE metric_slice.run_no = metric_run.run_no),
        0
    )
"""


_GAUGES_4 = "generator_second"


async def coarse_slices_anew(connection: AsyncConnection) -> None:
    """To 3: runs of earlier versions are read from their seconds, which are all there."""
    await connection.exec_driver_sql("DELETE FROM metric_rollup")
    await connection.exec_driver_sql(_ROLLED_3)


async def machines_of_generators(connection: AsyncConnection) -> None:
    """To 4: what the machines of load generators said of themselves, unknown for earlier runs."""
    columns = await connection.run_sync(lambda sync: sa.inspect(sync).get_columns(_GAUGES_4))
    known = {column["name"] for column in columns}
    for name in ("machine_cpu_pct", "memory_pct"):
        if name not in known:
            await connection.exec_driver_sql(
                f"ALTER TABLE {_GAUGES_4} ADD COLUMN {name} DOUBLE PRECISION"
            )


async def metrics_in_blocks(connection: AsyncConnection) -> None:
    """To 5: the slices of a run, which were rows, as blocks."""
    from octoperf_mcp.embedded.metrics.older import (  # noqa: PLC0415 - their tables are ours
        slices_into_blocks,
    )

    await slices_into_blocks(connection)


MIGRATIONS: dict[int, Migration] = {
    2: revisions_with_summaries,
    3: coarse_slices_anew,
    4: machines_of_generators,
    5: metrics_in_blocks,
}
"""By the version that they lead to."""
