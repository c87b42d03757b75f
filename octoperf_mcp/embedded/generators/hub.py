"""Where machines connect: who may join, what each plays, what comes home from it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import structlog

from octoperf_mcp.embedded.audit.trail import Entry, Trail
from octoperf_mcp.embedded.engine.load.engine import EngineError
from octoperf_mcp.embedded.engine.load.fleet import Machine, OnEvent, OnStderr
from octoperf_mcp.embedded.engine.processes.order import Order
from octoperf_mcp.embedded.generators.arrivals import Arrivals
from octoperf_mcp.embedded.generators.join_tokens import JoinTokens
from octoperf_mcp.embedded.generators.link import Link
from octoperf_mcp.embedded.generators.machines import Joined, Machines
from octoperf_mcp.embedded.generators.remote_process import RemoteProcess
from octoperf_mcp.embedded.store.database import Database

log = structlog.get_logger()

OnDelivered = Callable[[str, list[str]], Awaitable[None]]
"""Takes the id of a run that results came home of after its end, and which generators still owe."""

Part = tuple[str, str]
"""Id of a run and name of a generator."""


class Hub:
    """All connections of this replica; a fleet for the engine."""

    def __init__(self, database: Database, trail: Trail, *, data_dir: Path, instance: str) -> None:
        self.tokens = JoinTokens(database)
        self.known = Machines(database, instance)
        self.instance = instance
        self.on_delivered: OnDelivered | None = None
        self._trail = trail
        self._data_dir = data_dir
        self._links: dict[tuple[str, str], Link] = {}
        """By provider and machine."""
        self._processes: dict[Part, RemoteProcess] = {}

    def machines(self, provider_id: str, location: str) -> Sequence[Machine]:
        """Machines that can be given work at a location now, by name."""
        found = [
            link.machine
            for (provider, _), link in self._links.items()
            if provider == provider_id and location in link.locations and link.takes_work
        ]
        return sorted(found, key=lambda machine: (machine.name, machine.id))

    async def start(
        self, machine: Machine, order: Order, on_event: OnEvent, on_stderr: OnStderr
    ) -> RemoteProcess:
        """Start a generator on a machine.

        Raises:
            EngineError: the machine is gone.
        """
        link = self._link_of(machine)
        if link is None:
            raise EngineError(f"Machine {machine.name} left before the run began.")
        part = order.run_id, order.generator
        arrivals = Arrivals(self._data_dir, *part)
        arrivals.expect()
        await self.known.give(*part, machine.id, link.provider_id)
        process = RemoteProcess(*part, f"{machine.name} ({machine.host})", on_event, on_stderr)
        self._processes[part] = process
        link.play(part, process)
        await link.send_order(order)
        return process

    def arrivals(self, part: Part) -> Arrivals:
        """Where the files of a part go."""
        return Arrivals(self._data_dir, *part)

    def process(self, part: Part) -> RemoteProcess | None:
        """A part that is being played, None once its run has forgotten it."""
        return self._processes.get(part)

    def forget_run(self, run_id: str) -> None:
        """The run is over; what still comes home of it comes late."""
        for part in [part for part in self._processes if part[0] == run_id]:
            del self._processes[part]

    def missing(self, run_id: str) -> list[str]:
        """Generators of a run that have not sent everything home."""
        found = [name for run, name in self._processes if run == run_id]
        return sorted(name for name in found if not self._processes[run_id, name].delivered)

    async def delivered(self, part: Part, status: int) -> None:
        """Everything of a part has come home."""
        process = self._processes.get(part)
        if process is not None:
            process.delivered = True
            process.ended(status)
        await self.known.delivered(*part)
        if process is None and self.on_delivered is not None:
            await self.on_delivered(part[0], await self.known.owing(part[0]))

    async def enter(self, link: Link) -> None:
        """A machine is connected; an earlier connection of the same is at its end."""
        key = link.provider_id, link.machine.id
        earlier = self._links.pop(key, None)
        if earlier is not None:
            await earlier.close()
        self._links[key] = link
        await self.known.seen(link.joined())
        await self._note(link, "load-generator.join")
        log.info("load_generator_joined", machine=link.machine.name, host=link.machine.host)

    async def leave(self, link: Link) -> None:
        """A connection is gone; its parts are lost unless the machine comes back soon."""
        for process in link.parts.values():
            if process is not None and not process.is_over:
                process.detach()
        key = link.provider_id, link.machine.id
        if self._links.get(key) is not link:
            return
        del self._links[key]
        await self.known.left(link.machine.id, link.provider_id)
        await self._note(link, "load-generator.leave")
        log.info("load_generator_left", machine=link.machine.name, host=link.machine.host)

    async def shut_out(self) -> None:
        """Close the connections of tokens that were revoked."""
        known = await self.tokens.known({link.token_id for link in self._links.values()})
        for link in [each for each in self._links.values() if each.token_id not in known]:
            await link.refuse("revoked", "The join token was revoked.")

    async def close(self) -> None:
        """Close all connections; their machines come back to the next process."""
        await asyncio.gather(*(link.close() for link in list(self._links.values())))

    async def usable(self, joined: Joined) -> bool:
        """Whether its token still holds."""
        return bool(await self.tokens.known({joined.token_id}))

    def _link_of(self, machine: Machine) -> Link | None:
        for (_, machine_id), link in self._links.items():
            if machine_id == machine.id and link.machine is machine:
                return link
        return None

    async def _note(self, link: Link, action: str) -> None:
        await self._trail.record(
            Entry(
                user_id="",
                username=link.machine.name,
                client="load generator",
                token_id=link.token_id,
                action=action,
                entities=(link.provider_id, link.machine.id),
            )
        )
