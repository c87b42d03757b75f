"""The machines that joined, as the database knows them: on every replica the same."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.generators.tables import generator_part, load_generator
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import now_ms

SILENT_MS = 15_000
"""A machine that was not heard of for so long is down, whatever the database says."""

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Joined:
    """A machine of a provider; `facts` is what it says of itself, `last_seen` epoch ms."""

    id: str
    provider_id: str
    token_id: str
    locations: list[str]
    facts: Facts
    instance: str
    connected: bool
    last_seen: int

    @property
    def is_up(self) -> bool:
        """Whether it can be given work."""
        return self.connected and now_ms() - self.last_seen < SILENT_MS

    def document(self) -> dict[str, Any]:
        """DockerAgent, as the REST API answers it; `memoryMb` is that of the machine."""
        state = "DOWN"
        if self.is_up:
            state = "DRAINING" if self.facts.get("draining") else "UP"
        shown = ("name", "host", "version", "cpus", "memoryMb", "cpuPct", "memoryPct", "lagMs")
        return {
            "id": self.id,
            "providerId": self.provider_id,
            "state": state,
            "locations": self.locations,
            "region": self.locations[0] if self.locations else "",
            "hostname": self.facts.get("host"),
            "remoteAddr": self.facts.get("address"),
            "lastSeen": self.last_seen,
            **{name: self.facts.get(name) for name in shown},
        }


class Machines:
    """Reads and writes the rows."""

    def __init__(self, database: Database, instance: str) -> None:
        self._database = database
        self._instance = instance

    async def seen(self, joined: Joined) -> None:
        """Keep what is known of a machine now."""
        values = {
            "id": joined.id,
            "provider_id": joined.provider_id,
            "token_id": joined.token_id,
            "locations": joined.locations,
            "facts": joined.facts,
            "instance": joined.instance,
            "connected": joined.connected,
            "last_seen": joined.last_seen,
        }

        async def work(writer: AsyncConnection) -> None:
            insert = self._database.insert(load_generator).values(values)
            await writer.execute(
                insert.on_conflict_do_update(index_elements=["id", "provider_id"], set_=values)
            )

        await self._database.write(work)

    async def left(self, machine_id: str, provider_id: str) -> None:
        """A machine closed its connection to this replica."""
        row = load_generator.c

        async def work(writer: AsyncConnection) -> None:
            await writer.execute(
                load_generator.update()
                .where(
                    row.id == machine_id,
                    row.provider_id == provider_id,
                    row.instance == self._instance,
                )
                .values(connected=False)
            )

        await self._database.write(work)

    async def of_providers(self, provider_ids: Iterable[str]) -> list[Joined]:
        """The machines of some providers, by name."""
        query = sa.select(load_generator).where(
            load_generator.c.provider_id.in_(list(provider_ids))
        )
        async with self._database.reading() as reader:
            found = [Joined(**row) for row in (await reader.execute(query)).mappings()]
        return sorted(found, key=lambda joined: (str(joined.facts.get("name")), joined.id))

    async def forget(self, machine_id: str, provider_id: str) -> None:
        """Take a machine off the list; it comes back when it joins again."""
        row = load_generator.c
        gone = load_generator.delete().where(row.id == machine_id, row.provider_id == provider_id)

        async def work(writer: AsyncConnection) -> None:
            await writer.execute(gone)

        await self._database.write(work)

    async def give(self, run_id: str, generator: str, machine_id: str, provider_id: str) -> None:
        """Note that a machine plays a part of a run, and that this replica waits for it."""
        row = {
            "run_id": run_id,
            "generator": generator,
            "machine_id": machine_id,
            "provider_id": provider_id,
            "instance": self._instance,
        }

        async def work(writer: AsyncConnection) -> None:
            await writer.execute(generator_part.insert().values(row))

        await self._database.write(work)

    async def parts_of(self, machine_id: str, provider_id: str) -> dict[tuple[str, str], str]:
        """Parts that a machine still holds results of: run, generator → who waits for them."""
        row = generator_part.c
        query = sa.select(row.run_id, row.generator, row.instance).where(
            row.machine_id == machine_id, row.provider_id == provider_id
        )
        async with self._database.reading() as reader:
            return {(each.run_id, each.generator): each.instance
                    for each in await reader.execute(query)}  # fmt: skip

    async def delivered(self, run_id: str, generator: str) -> None:
        """Everything of a part has come home."""
        row = generator_part.c

        async def work(writer: AsyncConnection) -> None:
            await writer.execute(
                generator_part.delete().where(row.run_id == run_id, row.generator == generator)
            )

        await self._database.write(work)

    async def owing(self, run_id: str) -> list[str]:
        """Generators of a run that have not sent everything home, by name."""
        row = generator_part.c
        query = sa.select(row.generator).where(row.run_id == run_id).order_by(row.generator)
        async with self._database.reading() as reader:
            return list(await reader.scalars(query))
