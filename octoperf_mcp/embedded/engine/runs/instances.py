"""The processes that share a database, each with a data directory of its own.

One that was killed takes its runs up again when it is back. One that never comes back, as a machine
that was lost, leaves them to another, which closes them: no run seems to go on for ever.
"""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.engine.runs.tables import active_run, instance_seen
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import now_ms

BEAT_S: Final = 10.0
LOST_MS: Final = 90_000
"""Silence after which an instance counts as lost; clocks of replicas may differ by a part of it."""

_FILE: Final = "instance"


def instance_of(data_dir: Path) -> str:
    """Name of the platform that has this data directory, among all that share a database.

    It goes where the directory goes: to a container of another name, or with a backup.
    """
    path = data_dir / _FILE
    try:
        return path.read_text("ascii").strip()
    except FileNotFoundError:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = path.with_name(f".{_FILE}-{secrets.token_hex(4)}")
        made.write_text(secrets.token_hex(12), "ascii")
        try:
            os.link(made, path)
        except FileExistsError:
            pass  # another process of this directory was faster
        finally:
            made.unlink()
        return path.read_text("ascii").strip()


class Instances:
    """Who of those that share a database is there.

    Args:
        database: What they share.
        own: Name of this process.
        now: Epoch milliseconds.
    """

    def __init__(self, database: Database, own: str, now: Callable[[], int] = now_ms) -> None:
        self._database = database
        self._own = own
        self._now = now

    async def beat(self) -> None:
        """Say that this one is there."""
        row = {"instance": self._own, "seen": self._now()}
        statement = self._database.insert(instance_seen).values(row)
        await self._database.write(
            lambda writer: writer.execute(
                statement.on_conflict_do_update(
                    index_elements=[instance_seen.c.instance], set_={"seen": row["seen"]}
                )
            )
        )

    async def inherited(self) -> list[tuple[str, bool]]:
        """Runs of instances that are lost, which are now this one's: id, whether a validation."""

        async def work(writer: AsyncConnection) -> list[tuple[str, bool]]:
            await writer.execute(
                instance_seen.delete().where(instance_seen.c.seen < self._now() - LOST_MS)
            )
            there = sa.select(instance_seen.c.instance)
            orphaned = active_run.c.instance.not_in(there)
            query = sa.select(active_run.c.run_id, active_run.c.is_validation).where(orphaned)
            found = [(row.run_id, row.is_validation) for row in await writer.execute(query)]
            if found:
                await writer.execute(active_run.update().where(orphaned).values(instance=self._own))
            return found

        return await self._database.write(work)
