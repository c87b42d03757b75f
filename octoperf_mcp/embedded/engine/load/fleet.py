"""Machines that generators can be started on besides this one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from octoperf_mcp.embedded.engine.load.engine import EngineError
from octoperf_mcp.embedded.engine.processes.order import Order

OnEvent = Callable[[str, dict[str, Any]], None]
"""Takes the name of an event and its facts."""
OnStderr = Callable[[str], None]

LEFT = -2
"""Exit status of a generator whose machine took it out of the run."""
LOST = -3
"""Exit status of a generator whose machine is out of reach."""


@dataclass(frozen=True, slots=True)
class Machine:
    """One that can be given work now."""

    id: str
    name: str
    host: str
    cpus: int
    memory_mb: int
    plugins: Mapping[str, str] = field(default_factory=dict)
    """Version of each installed distribution that has plugins."""

    def lacks(self, actions: Iterable[Mapping[str, Any]]) -> str:
        """Why it cannot play these actions as the platform would; empty when it can.

        Args:
            actions: As `AddedAction.message` makes them.
        """
        for action in actions:
            distribution, version = action["distribution"], action["version"]
            there = self.plugins.get(distribution, "")
            if there != version:
                return (
                    f"Load generator {self.name} cannot play {action['names'][0]} of the plugin "
                    f"{action['plugin']}: it has {f'{distribution} {there}' if there else 'not'} "
                    f"{'instead of' if there else 'installed'} {distribution} {version}. There: "
                    f"pip install '{distribution}=={version}', then join again."
                )
        return ""


class Generator(Protocol):
    """A generator process, here or elsewhere."""

    @property
    def name(self) -> str:
        """Unique in its run."""

    @property
    def where(self) -> str:
        """What the start-up log says of it: process and machine."""

    def connect(self, port: int) -> None:
        """Let it join the master that listens on this port of this machine."""

    async def wait(self) -> int:
        """Its exit status, after everything that it wrote has arrived or it is lost."""

    async def end(self, within_s: float) -> None:
        """Let it write everything down and end; after `within_s` it is given up."""


class Fleet(Protocol):
    """The machines that are connected."""

    def machines(self, provider_id: str, location: str) -> Sequence[Machine]:
        """Those of a location, by name."""

    async def start(
        self, machine: Machine, order: Order, on_event: OnEvent, on_stderr: OnStderr
    ) -> Generator:
        """Start a generator there, with the project files that it needs.

        Raises:
            EngineError: the machine is gone.
        """

    def missing(self, run_id: str) -> list[str]:
        """Generators of a run whose results have not all come home."""

    def forget_run(self, run_id: str) -> None:
        """The run is over; what still comes home of it comes late."""


class NoFleet:
    """There is only this machine."""

    def machines(self, provider_id: str, location: str) -> Sequence[Machine]:  # noqa: ARG002 - Fleet
        """None."""
        return ()

    async def start(
        self,
        machine: Machine,
        order: Order,  # noqa: ARG002 - Fleet
        on_event: OnEvent,  # noqa: ARG002
        on_stderr: OnStderr,  # noqa: ARG002
    ) -> Generator:
        """See `Fleet.start`: every machine is gone."""
        raise EngineError(f"There is no machine {machine.name}.")

    def missing(self, run_id: str) -> list[str]:  # noqa: ARG002 - Fleet
        """None."""
        return []

    def forget_run(self, run_id: str) -> None:
        """There is nothing to forget."""
