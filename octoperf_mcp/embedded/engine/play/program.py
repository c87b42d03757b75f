"""A virtual user compiled for one profile: what a session plays, and by which rules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octoperf_mcp.embedded.engine.play.variables import VariableSet

if TYPE_CHECKING:
    from octoperf_mcp.embedded.engine.play.session import UserSession
    from octoperf_mcp.embedded.engine.processes.order import Order

Step = Callable[["UserSession"], None]
Measure = Callable[["UserSession"], float]
"""Milliseconds, drawn anew each time."""


def _none(_: "UserSession") -> float:
    return 0.0


@dataclass(frozen=True, slots=True)
class BrowserSettings:
    """How users with a real browser play; paths may be empty: found where they usually are."""

    folder: str = ""
    """Where Playwright's runner is installed."""
    chromium: str = ""
    files: str = ""
    """Folder of the run files."""
    device: str = ""
    """Name of a device that Playwright knows; empty: its usual desktop."""
    timeout_ms: int = 30_000
    """Of a test."""
    base_url: str = ""
    slow_mo_ms: int = 0

    reach: Mapping[str, Any] | None = None
    """Where a run may go; see `Reach`."""

    @classmethod
    def of_order(cls, order: "Order") -> "BrowserSettings":
        """As a worker process is told."""
        browser = order.browser
        return cls(
            folder=browser.get("folder", ""),
            chromium=browser.get("chromium", ""),
            files=str(order.files),
            reach=order.reach,
        )

    def of_engine(self, engine: Mapping[str, Any]) -> "BrowserSettings":
        """With what the engine block of a profile says."""
        return replace(
            self,
            device=str(engine.get("device") or ""),
            timeout_ms=int(engine.get("timeoutMs") or 0) or self.timeout_ms,
            base_url=str(engine.get("baseURL") or ""),
            slow_mo_ms=int(engine.get("slowMoMs") or 0),
        )


@dataclass(slots=True)
class Program:
    """Made once per run and worker; sessions share it and change nothing but `shared`."""

    name: str
    """Name of the profile."""
    profile: int
    """Index of the profile in the scenario."""
    virtual_user_id: str
    body: Step
    variables: VariableSet
    error_policy: str = "CONTINUE"
    pacing_ms: Measure = _none
    iterations: int | None = None
    """Iterations of each user; None: until the time is up."""
    clears_cookies: bool = True
    clears_cache: bool = True
    """Each iteration begins with an empty browser cache."""
    cache_size: int = 0
    """Entries of each user's cache; 0: it has none."""
    cache_is_timed: bool = False
    """`Cache-Control` and `Expires` are obeyed: what is fresh is not asked for."""
    bits_per_second: int = 0
    """How fast each user reads; 0: as fast as it can."""
    longest_answer_s: float = 600.0
    """An answer that takes longer is a failure."""
    secrets: list[str] = field(default_factory=list)
    """Values that no log, error or capture may show."""
    static_hosts: Mapping[str, str] = field(default_factory=dict)
    shared: dict[Any, Any] = field(default_factory=dict)
    """State of actions that all users of the generator share."""
    resources: Path = Path()
    """Folder of the project files."""
    meetings: set[str] = field(default_factory=set)
    """Names of the meeting points to which users of the program come."""
    browser: BrowserSettings = field(default_factory=BrowserSettings)
