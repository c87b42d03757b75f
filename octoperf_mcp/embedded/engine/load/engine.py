"""What a load engine has to offer; Locust is one, others can be added."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from octoperf_mcp.embedded.engine.wire.reach import Reach

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """Everything an engine needs to play a run. Holds secrets in the clear: never write it down."""

    run_id: str
    directory: Path
    """The run's own: the engine appends to `spool` and `files` and reads `resources`."""
    profiles: Sequence[Json]
    """UserProfiles of the scenario, in its order."""
    virtual_users: Mapping[str, Json]
    servers: Sequence[Json]
    variables: Sequence[Json]
    properties: Mapping[str, str] = field(default_factory=dict)
    workers: int = 0
    """Generators of each location; 0 lets the engine choose."""
    browser: Mapping[str, str] = field(default_factory=dict)
    """`folder` of Playwright's runner and program `chromium`, where configured."""
    grace_ms: int = 10_000
    """Time that requests in flight have at the planned end."""
    reach: Reach | None = None
    """Where it may go; None: anywhere."""
    elsewhere: frozenset[tuple[str, str]] = frozenset()
    """Provider and location of the places that this machine is not at."""
    actions: Sequence[Json] = ()
    """Kinds of actions of plugins; see `AddedAction.message`."""


@dataclass(frozen=True, slots=True)
class StartUpLine:
    """A line of a generator's start, readable before and without any result."""

    timestamp: int
    """Epoch ms."""
    container: str
    """Name of the generator or of its master."""
    level: str
    message: str

    def as_json(self) -> Json:
        """As the REST API answers it."""
        return {
            "timestamp": self.timestamp,
            "container": self.container,
            "level": self.level,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class Ending:
    """How a load ended."""

    planned: bool
    """The time was over, the users were used up, or an error policy ended it."""
    message: str
    """For the run log."""
    caveats: tuple[str, ...] = ()
    """What a reader of the figures has to know: generators that were lost on the way."""
    arrivals: tuple[Json, ...] = ()
    """What became of the arrivals, by profile; see `Arrived.document`."""


class EngineError(Exception):
    """The generators could not be started; the message tells why."""


class RunningLoad(Protocol):
    """A load whose generators are ready, or that is under way."""

    def begin(self) -> int:
        """Let the users start; answers the first instant in epoch ms."""

    async def stop(self) -> None:
        """End it now; requests in flight are cut off. May be called twice."""

    async def wait(self) -> Ending:
        """Until all generators have written everything and are gone."""


OnLine = Callable[[StartUpLine], None]


class LoadEngine(Protocol):
    """Starts loads."""

    def generators(self, plan: LoadPlan) -> Mapping[str, int]:
        """How many generators each location gets."""

    async def start(self, plan: LoadPlan, on_line: OnLine) -> RunningLoad:
        """Bring generators up; when this returns, they wait for `begin`.

        Args:
            plan: What to play.
            on_line: Takes the lines of their start.

        Raises:
            EngineError: they did not come up.
        """
