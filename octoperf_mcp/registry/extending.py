"""What plugins register besides tools and texts: what runs around calls and around the server."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar

from octoperf_mcp.entities.added_types import AddedType
from octoperf_mcp.entities.extensions import Deliver, EndedRun
from octoperf_mcp.errors import PluginError

if TYPE_CHECKING:
    from octoperf_mcp.entities.drawings import Drawing
    from octoperf_mcp.entities.report_items import ItemRequest
    from octoperf_mcp.registry.context import ToolContext

T = TypeVar("T")

_ITEM_TYPE: Final = re.compile(r"[A-Z][A-Za-z0-9]{1,48}ReportItem", re.ASCII)
_LONGEST_ITEM_S: Final = 60.0
_OF_ALL_ITEMS: Final[Mapping[str, Any]] = {
    "benchResultId": {"type": "string", "description": "Run, one of benchResultIds."},
    "filters": {
        "type": "array",
        "description": "Which requests count; all of them hold.",
        "items": {
            "type": "object",
            "required": ["@type", "field"],
            "properties": {
                "@type": {"enum": ["SingleTermFilter", "MultiTermFilter"]},
                "field": {"type": "string"},
                "term": {"type": "string"},
                "terms": {"type": "array", "items": {"type": "string"}},
            },
        },
    },
}
"""Properties that all items of plugins have, beside those of all items."""


@dataclass(frozen=True, slots=True)
class Registered(Generic[T]):
    """Something that a plugin registered, and the plugin's name."""

    plugin: str
    value: T


@dataclass(frozen=True, slots=True)
class Host:
    """The running server as one plugin sees it.

    Args:
        plugin: Name of the plugin.
        settings: Value of the configuration section that the plugin registered; None without one.
        origin: What clients see of this server, without a slash at its end.
        state: The plugin's own memory, as long as the server runs.
    """

    plugin: str
    settings: Any = None
    origin: str = ""
    state: dict[str, Any] = field(default_factory=dict)


Lifespan = (
    Callable[[Host], AbstractAsyncContextManager[None]] | Callable[[Host], AsyncIterator[None]]
)
"""Entered before the first request, left in reverse order; a function that yields once."""

Drain = Callable[[Host], Awaitable[None]]
"""Called once when the server begins to drain, before calls under way are waited for."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool, as those around it see it.

    `arguments` are a copy by advertised names, without what guards took out. `call_id` is that of
    the request in the log.
    """

    tool: str
    plugin: str
    arguments: Mapping[str, Any]
    read_only: bool


@dataclass(frozen=True, slots=True)
class ToolCallEnd:
    """How a call ended.

    `outcome` is `ok`, `tool_error` for what the agent can mend (`error_code` names it) or
    `crashed`; `result_bytes` is the size of `structuredContent`, 0 unless it is `ok`.
    """

    outcome: Literal["ok", "tool_error", "crashed"]
    error_code: str
    duration_ms: float
    result_bytes: int


@dataclass(frozen=True, slots=True)
class BeforeToolCall:
    """Looks at a call before it is made.

    Args:
        check: `(host, context, call)`; a ToolError from it refuses the call and is told to the
            agent.
        essential: Whether a call is refused when the check itself fails or takes too long: for
            rules of security. Otherwise the failure is logged and the call is made.
    """

    check: Callable[[Host, "ToolContext", ToolCall], Awaitable[None]]
    essential: bool = True


@dataclass(frozen=True, slots=True)
class AfterToolCall:
    """Is told of a call after it ended; its failures are logged and change nothing."""

    tell: Callable[[Host, "ToolContext", ToolCall, ToolCallEnd], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One line of `/readyz`.

    Args:
        name: Of the line.
        check: Answers why the server is not ready, or an empty text; it looks, and waits for
            nothing.
    """

    name: str
    check: Callable[[Host], str]


@dataclass(frozen=True, slots=True)
class Notifier:
    """Is told of each load run of the embedded platform that ended.

    Args:
        name: Of the notifier, for the log.
        tell: `(host, run, deliver)`; `await deliver(address, body)` posts JSON through the
            platform's outbound guard. What it raises is logged, and it is told again later where
            that may help: the same run may be told more than once.
        timeout_s: Longest that one attempt may take.
        describe: Whom it tells of which runs, a sentence for everybody who may start a run, without
            addresses; empty while it tells nobody. None: nothing is known of it but its name.
    """

    name: str
    tell: Callable[[Host, EndedRun, Deliver], Awaitable[None]]
    timeout_s: float = 60.0
    describe: Callable[[Host], str] | None = None


@dataclass(frozen=True, slots=True)
class ReportItemType:
    """A type of report items, beside those that the embedded platform has itself.

    Args:
        type: Its `@type`: capital letter first, `ReportItem` at the end; unique.
        title: What people call it.
        description: A sentence for who writes such an item: what it shows, of what.
        values: `(host, request)`, answers what is shown. A plain function, called in a thread of
            its own: it may compute, and read the runs of the request. An InvalidArgumentError from
            it is told to who looks; whatever else it raises is the plugin's failure.
        properties: JSON Schemas of its own properties by name; every item has `id`, `name`,
            `description`, `width`, `configs`, and these have `benchResultId` and `filters`.
        required: Names among them; the others may also be null.
        live: Whether it can be read while its run goes on.
        timeout_s: Longest that `values` may take, up to a minute.
    """

    type: str
    title: str
    description: str
    values: Callable[[Host, "ItemRequest"], "Drawing"]
    properties: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    live: bool = True
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        if not _ITEM_TYPE.fullmatch(self.type):
            raise PluginError(f"{self.type!r} is no type of report items, such as AcmeReportItem")
        if not 0 < self.timeout_s <= _LONGEST_ITEM_S:
            raise PluginError(f"timeout_s of {self.type} is not between 0 and {_LONGEST_ITEM_S:g}")
        for name in _OF_ALL_ITEMS:
            if name in self.properties:
                raise PluginError(f"{self.type} cannot have a property {name!r} of its own")

    def added(self, plugin: str) -> AddedType:
        """As documents are checked for it, and the public schema shows it.

        Raises:
            PluginError: a property is impossible.
        """
        properties = {**_OF_ALL_ITEMS, **self.properties}
        name, words = self.type, self.description
        return AddedType("BenchReportItem", name, words, properties, self.required, plugin=plugin)


@dataclass(frozen=True, slots=True)
class Command:
    """A command of `octoperf-mcp`.

    Args:
        module: Has `add_arguments(parser)` and `run(args) -> int`, the exit status; a name of
            `octoperf_mcp.cli` or, with dots, any module. Imported when the command runs.
        summary: What it does, as `--help` lists it.
        example: Lines to copy.
        name: What is typed after `octoperf-mcp`; needed where a plugin registers it.
    """

    module: str
    summary: str
    example: str
    name: str = ""

    @property
    def import_path(self) -> str:
        """Of the module."""
        return self.module if "." in self.module else f"octoperf_mcp.cli.{self.module}"
