"""What plugins add to the embedded platform, as both sides of the wall know it.

The command that runs the platform makes these objects of what plugins registered and hands them
over, again after every switch; the platform never sees a plugin.
"""

import re
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from octoperf_mcp.entities.action_types import NO_ADDED_ACTIONS, AddedActions
from octoperf_mcp.entities.added_types import NO_ADDED_TYPES, AddedTypes
from octoperf_mcp.errors import PluginError

if TYPE_CHECKING:
    from octoperf_mcp.entities.drawings import Drawing
    from octoperf_mcp.entities.report_items import ItemRequest

Json = Mapping[str, Any]

Deliver = Callable[[str, Json], Awaitable[None]]
"""`(address, body)`: posts JSON through the platform's outbound guard.

Raises an `OctoPerfMcpError`, whose message names no more of the address than its host, when the
platform may not send there or nobody took it. A listener lets it pass: then the platform tells it
again later where that may help, with the same `Idempotency-Key` for its first, second … posting.
"""


@dataclass(frozen=True, slots=True)
class BrokenThreshold:
    """A threshold that a run did not keep, or that could not be judged.

    Args:
        name: As people gave it.
        metric: Id of the metric.
        action: Name, path or id of the action it is of; empty: of the whole run.
        bound: As people write it, such as `<= 800`; in `unit`.
        unit: Of bound and value; times are ms.
        value: What the run has; None where there is no sample.
        verdict: `fail` or `not_evaluated`.
        reason: A sentence.
    """

    name: str
    metric: str
    action: str
    bound: str
    unit: str
    value: float | None
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class SloVerdict:
    """What the run makes of the thresholds in its project, as `evaluate_slo` judges them.

    Args:
        file: Their file, `slo.toml` or `slo.json`.
        verdict: `pass`, `fail` or `not_evaluated`.
        reason: A sentence: how many hold.
        broken: Those that do not hold, then those that could not be judged; 20 at most.
    """

    file: str
    verdict: str
    reason: str
    broken: tuple[BrokenThreshold, ...] = ()


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A load run that has ended; validations are none. Its figures are those of its report.

    Args:
        run_id: Id of the bench result.
        name: Of the run.
        state: FINISHED, ABORTED (stopped, or ended early) or ERROR (it never got to play).
        cause: Why it ended, a sentence, as its bench result tells.
        workspace_id: Where it belongs.
        project_id: Where it belongs.
        scenario_id: What was run.
        started_at: Epoch milliseconds; 0 when it never began to play.
        ended_at: Epoch milliseconds.
        user_load: Most virtual users at a time, as planned.
        hits: Requests made; None where they could not be read.
        errors: How many of them failed; None likewise.
        report_url: Page of its report; empty when there is none.
        stopped_early: It was ended before its planned end, or before it began; `cause` says why.
        caveats: What has to be known before its figures are trusted, a sentence each.
        duration_sec: Seconds from `started_at` to `ended_at`; None when it never began to play.
        planned_sec: How many were planned.
        peak_users: Most virtual users at a time, as measured once a second; None when all of it
            happened between two of these.
        error_percent: Of all requests, 0 to 100.
        average_ms: Average response time of all requests, milliseconds.
        p95_ms: 95 % of them took at most so many milliseconds.
        requests_per_sec: Over the seconds from the first request to the last.
        slo: What it makes of its project's thresholds; None when the project has none.
        missing: Why hits, errors, figures and `slo` are None; empty when they could be computed.
            A run without requests has no percentage and no times, which is no failure.
    """

    run_id: str
    name: str
    state: str
    cause: str
    workspace_id: str
    project_id: str
    scenario_id: str
    started_at: int
    ended_at: int
    user_load: int
    hits: int | None
    errors: int | None
    report_url: str
    stopped_early: bool = False
    caveats: tuple[str, ...] = ()
    duration_sec: float | None = None
    planned_sec: float | None = None
    peak_users: int | None = None
    error_percent: float | None = None
    average_ms: float | None = None
    p95_ms: float | None = None
    requests_per_sec: float | None = None
    slo: SloVerdict | None = None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Listener:
    """Somebody who is told of ended runs; see `Notifier`, which it is made of."""

    plugin: str
    name: str
    tell: Callable[[EndedRun, Deliver], Awaitable[None]]
    timeout_s: float
    describe: Callable[[], str] | None = None

    def promise(self) -> str:
        """Whom it tells of what, a sentence; empty while it tells nobody.

        One that does not say, or fails to, may tell somebody.
        """
        unknown = f"The plugin {self.plugin} ({self.name}) is told when a run ends."
        if self.describe is None:
            return unknown
        try:
            return str(self.describe())
        except Exception:  # noqa: BLE001 - code of others; it is asked for a hint only
            return unknown


PLATFORM_FRAMEWORKS: Final = frozenset({"saml", "oauth", "token", "dotnet", "java", "azure-ad"})
"""Ids of the platform's own presets of correlation rules."""

PLATFORM_IMPORTS: Final = frozenset(
    {"archive", "fetched", "har", "jmx", "playwright", "postman", "urls", "web-driver"}
)
"""Kinds of files that the platform imports itself, and names in such addresses."""

_ID: Final = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CorrelationFramework:
    """A preset of correlation rules: what a technology puts into its answers.

    Args:
        id: Lower-case letters, digits and dashes; unique.
        name: Of the technology.
        description: What it is for, a sentence.
        rules: Correlation rules as the REST API has them (`octoperf://schema/correlation-rule`),
            with an empty id.
    """

    id: str
    name: str
    description: str
    rules: tuple[dict[str, Any], ...]

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise PluginError(f"{self.id!r} is no id of a framework: a-z, digits and dashes")
        if not self.rules:
            raise PluginError(f"the framework {self.id!r} has no rules")

    def body(self) -> dict[str, Any]:
        """As the REST API answers it."""
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "rules": list(self.rules),
        }


_PLACE: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Importer:
    """Reads a kind of file: `POST /imports/{kind}/{projectId}`, part `file`.

    Args:
        kind: Lower-case letters, digits and dashes; unique.
        read: `module:function` of a function `(file, options, bodies) -> Imported`. It is imported
            and called in a process of its own, with limits of time and memory, never in the server.
            `file` is open for bytes; `options` are the texts of the query, and `filename`;
            `bodies` (`entities.imported.Bodies`) are to be the `blobs` of what it answers.
            An InvalidArgumentError from it is told to who imports, with its next step.
        memory_per_byte: Bytes of memory it may take for each byte of the file, beyond one GiB.
        name: Of the kind of file, as the form of the web UI offers it; empty takes the kind.
    """

    kind: str
    read: str
    memory_per_byte: int = 24
    name: str = ""

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.kind):
            raise PluginError(f"{self.kind!r} is no kind of import: a-z, digits and dashes")
        if not _PLACE.fullmatch(self.read):
            raise PluginError(f"{self.read!r} is no module:function")


class Guard(Protocol):
    """Leaves a plugin alone for a while that failed again and again."""

    def check(self) -> None:
        """Refuse a call; PluginOffError while the plugin is left alone."""

    def succeeded(self) -> None:
        """A call went well."""

    def failed(self, tool: str, reason: str) -> None:
        """Count a failure that is the plugin's; `tool` is what was called."""


@dataclass(frozen=True, slots=True)
class AddedItem:
    """A type of report items; see `ReportItemType`, which it is made of.

    `values` runs in a thread and may do anything; `left` are threads that outlived their time.
    """

    plugin: str
    type: str
    title: str
    values: Callable[["ItemRequest"], "Drawing"]
    live: bool
    timeout_s: float
    guard: Guard
    left: set[threading.Thread] = field(default_factory=set, compare=False)


@dataclass(frozen=True, slots=True)
class Extensions:
    """All that the enabled plugins add."""

    listeners: tuple[Listener, ...] = ()
    frameworks: tuple[CorrelationFramework, ...] = ()
    importers: tuple[Importer, ...] = ()
    import_owners: Mapping[str, str] = field(default_factory=dict)
    """Plugin of each of these kinds."""
    items: Mapping[str, AddedItem] = field(default_factory=dict)
    """Of reports, by type."""
    actions: AddedActions = NO_ADDED_ACTIONS
    types: AddedTypes = NO_ADDED_TYPES
    """Of documents: what a virtual user or a report may hold."""
    off: Callable[[], Mapping[tuple[str, str], str]] = dict
    """Kinds of imports (`("import", kind)`) and presets (`("framework", id)`) that plugins of this
    installation would add were they on, each with its plugin."""

    def why_off(self, what: Literal["import", "framework"], name: str) -> str:
        """A sentence on the plugin that would add something, empty when none would."""
        plugin = self.off().get((what, name))
        return f"It comes with the plugin {plugin}, which is off here." if plugin else ""
