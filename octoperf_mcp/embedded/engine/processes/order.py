"""What the service orders of a worker process, as it travels over standard input."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    """One run, or one location's part in it.

    It holds secret variables in the clear: it is sent through a pipe and never written down.
    """

    run_id: str
    directory: str
    """The run's own: `spool`, `files` and `resources` are in it."""
    region: str
    workers: int
    """Generators of this location."""
    profiles: list[tuple[int, Json]]
    """Index in the scenario, and UserProfile."""
    virtual_users: dict[str, Json]
    servers: list[Json]
    variables: list[Json]
    properties: dict[str, str] = field(default_factory=dict)
    generator: str = ""
    """Name of this worker; empty for the master."""
    index: int = 0
    """Of this worker among the generators of its location."""
    grace_ms: int = 10_000
    """Time that requests in flight have at the planned end."""
    iterations: int = 1
    """Of a validation."""
    reach: Json | None = None
    """Where it may go; see `Reach`."""
    browser: dict[str, str] = field(default_factory=dict)
    """`folder` of Playwright's runner and program `chromium`; empty: found on the machine."""
    actions: list[Json] = field(default_factory=list)
    """Kinds of actions of plugins that it plays; see `AddedAction.message`."""

    @classmethod
    def of(cls, message: Json) -> Self:
        """From the first line of standard input."""
        facts = dict(message)
        facts["profiles"] = [(int(index), profile) for index, profile in facts["profiles"]]
        return cls(**facts)

    def message(self) -> Json:
        """As a line for standard input."""
        return asdict(self)

    @property
    def spool(self) -> Path:
        """Where this worker's recorder writes."""
        return Path(self.directory) / "spool" / f"{self.generator}.jsonl"

    @property
    def files(self) -> Path:
        """Run files: logs and raw results."""
        return Path(self.directory) / "files"

    @property
    def resources(self) -> Path:
        """Project files."""
        return Path(self.directory) / "resources"


def profile_name(profile: Mapping[str, Any], index: int) -> str:
    """Its own name, or its number from 1."""
    return str(profile.get("name") or f"User Profile {index + 1}")
