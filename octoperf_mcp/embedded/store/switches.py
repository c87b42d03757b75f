"""What an operator turned off and on, for all replicas of one database."""

import asyncio
import time
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import metadata
from octoperf_mcp.entities.switches import Kind, Switches

LOOK_S: Final = 1.0

switches = sa.Table(
    "switches",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("state", sa.Text, nullable=False),
)


class SwitchTable:
    """The one row."""

    def __init__(self, database: Database, look_s: float = LOOK_S) -> None:
        self._database = database
        self._look_s = look_s

    async def read(self) -> Switches:
        """The state now."""
        async with self._database.reading() as reader:
            return _unpacked(await reader.scalar(sa.select(switches.c.state)))

    async def renewed(self, _known: Switches) -> Switches:
        """The state now; a database loses nothing."""
        return await self.read()

    async def turn(self, kind: Kind, name: str, *, on: bool) -> Switches:
        """Change it; answers the new state. Of changes made at once none is lost."""

        async def work(writer: AsyncConnection) -> Switches:
            before = _unpacked(await writer.scalar(sa.select(switches.c.state).with_for_update()))
            after = before.turned(kind, name, on=on)
            state = after.packed().decode()
            insert = self._database.insert(switches).values(id=1, state=state)
            await writer.execute(
                insert.on_conflict_do_update(index_elements=[switches.c.id], set_={"state": state})
            )
            return after

        return await self._database.write(work)

    async def news(self, known: Switches, timeout_s: float) -> None:
        """Wait until there is another state than this one, at most so long."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            await asyncio.sleep(self._look_s)
            if await self.read() != known:
                return


def _unpacked(state: str | None) -> Switches:
    return Switches() if state is None else Switches.unpacked(state)
