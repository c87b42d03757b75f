"""What a tool function is given: the platform as the caller, links, progress."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from octoperf_mcp.entities.added_types import AddedTypes
from octoperf_mcp.registry.changes import Change
from octoperf_mcp.registry.deep_links import DeepLink
from octoperf_mcp.registry.questions import Question
from octoperf_mcp.registry.rest_calls import RestCall

T = TypeVar("T")

OnCancel = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the verified subject of the token and what the token grants.

    `token` is forwarded upstream and nowhere else; it stays out of the repr. `resources` are the
    only addresses that it is good for, empty for all. `areas` are those in which a CI token may
    change something; None for a token without such a limit.
    """

    subject: str
    client_id: str
    scopes: frozenset[str]
    token: str
    expires_at: float
    issuer: str = ""
    resources: frozenset[str] = frozenset()
    areas: frozenset[str] | None = None

    @property
    def identity(self) -> tuple[str, str]:
        """Issuer and subject: what every key of a cache of somebody's data begins with."""
        return self.issuer, self.subject

    def __repr__(self) -> str:
        return f"Caller(subject={self.subject!r}, client_id={self.client_id!r})"


class Guard(Protocol):
    """What the connection of a call forbids."""

    def check_call(self, call: RestCall, values: Mapping[str, Any], body: Any) -> None:
        """Refuse a REST call before it is made.

        Raises:
            ToolError: it changes something, or names what is out of reach.
        """
        ...

    def check_answer(self, answer: Any) -> None:
        """Refuse what a REST call brought.

        Raises:
            ToolError: it is about something out of reach.
        """
        ...


class CallScope(Protocol):
    """One call as the protocol sees it: what a tool's context is made of."""

    @property
    def caller(self) -> Caller:
        """Who calls."""
        ...

    @property
    def request_id(self) -> str:
        """Name of the request in logs and errors."""
        ...

    @property
    def description(self) -> Mapping[str, Any]:
        """For the record: `name` of the tool or method, its `arguments`, and the `client`."""
        ...

    @property
    def guard(self) -> Guard | None:
        """What the connection forbids; None for nothing."""
        ...

    async def report_progress(
        self, done: float, total: float | None = None, message: str = ""
    ) -> None:
        """See `ToolContext.progress`."""
        ...

    async def log(self, level: str, data: Any) -> None:
        """See `ToolContext.log`."""
        ...

    def extension(self, name: str) -> Mapping[str, Any] | None:
        """See `ToolContext.extension`."""
        ...

    def can_ask(self, question: Question) -> bool:
        """See `ToolContext.can_ask`."""
        ...

    async def ask(
        self, questions: Mapping[str, Question], *, proven: bool = False
    ) -> Mapping[str, Any]:
        """See `ToolContext.ask`."""
        ...

    async def announce(self, change: Change) -> None:
        """See `ToolContext.announce`."""
        ...

    def release_stream(self) -> None:
        """See `ToolContext.release_stream`."""
        ...

    def become_task(
        self, message: str = "", *, required: bool = False, on_cancel: OnCancel | None = None
    ) -> bool:
        """See `ToolContext.become_task`."""
        ...


@dataclass(frozen=True, slots=True)
class Revised:
    """A document as the platform answered it, and its revision; None where it counts none."""

    body: Any
    revision: int | None


class ToolContext(Protocol):
    """The one door of a tool to the outside."""

    @property
    def caller(self) -> Caller:
        """The user this call is made as."""
        ...

    @property
    def added_types(self) -> AddedTypes:
        """What plugins of this server add to documents."""
        ...

    async def rest(self, call: RestCall, /, *, body: Any = None, **values: Any) -> Any:
        """Make one registered call as the caller.

        Path and query values go by snake_case name; a query value of None is not sent. The
        answer is decoded JSON, text or bytes as `call.answer` says; `body` is JSON-ready. A call
        with a `base` goes to that service, without anything of the caller's.

        Raises:
            UpstreamError: one of its subclasses, by the answer's status.
        """
        ...

    async def revised(
        self, call: RestCall, /, *, body: Any = None, if_revision: int | None = None, **values: Any
    ) -> Revised:
        """The same as `rest` for one document, with its revision (ETag).

        With `if_revision` (If-Match) a platform that counts revisions refuses the call when the
        document has another one by now.

        Raises:
            ConflictError: it has (status 412); others as for `rest`.
        """
        ...

    def settings(self, kind: type[T]) -> T:
        """A plugin's configuration section, by the dataclass that it registered for it.

        Raises:
            KeyError: no enabled plugin registered it.
        """
        ...

    def link(self, link: DeepLink, /, **values: str) -> str:
        """Absolute address of a page of the web UI; values by snake_case name."""
        ...

    async def workspace_of(self, project_id: str) -> str:
        """Workspace of a project, which most links need; remembered for each user."""
        ...

    async def progress(self, done: float, total: float | None = None, message: str = "") -> None:
        """Tell a client that asked for progress; `done` must grow from call to call."""
        ...

    async def log(self, level: str, data: Any) -> None:
        """Send JSON-ready data to a client that wants log messages of this RFC 5424 level."""
        ...

    def extension(self, name: str) -> Mapping[str, Any] | None:
        """What the client declared of an extension; None where it does not know it."""
        ...

    def can_ask(self, question: Question) -> bool:
        """Whether the client declared what the question needs, and can be sent it."""
        ...

    async def ask(
        self, questions: Mapping[str, Question], *, proven: bool = False
    ) -> Mapping[str, Any]:
        """Ask the client and wait for the answers, by key.

        Ask before you act: for a stateless client the tool runs again from its start once the
        answers are there. Keys are unique within the tool. With `proven`, an answer counts only
        when this very question was put for these very arguments.

        Raises:
            MissingCapabilityError: the client cannot be asked.
            ToolError: it refused, or its answer is of no use.
        """
        ...

    async def announce(self, change: Change) -> None:
        """Tell all clients that watch for it that something changed."""
        ...

    def release_stream(self) -> None:
        """Close the connection while the work goes on.

        A client that can resume its stream comes back for the rest; for others nothing happens.
        """
        ...

    def become_task(
        self, message: str = "", *, required: bool = False, on_cancel: OnCancel | None = None
    ) -> bool:
        """Answer the client a task to follow, and go on without it; True when that happened.

        False where the client does not know tasks: the call goes on as a call. Progress messages
        and questions from here on are those of the task, and `caller` is renewed by whoever asks
        for it. `on_cancel` ends on the platform what the client cancels; a server that stops
        leaves it alone.

        Raises:
            MissingCapabilityError: it is `required` and the client does not know tasks.
        """
        ...
