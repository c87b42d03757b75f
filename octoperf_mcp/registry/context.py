"""What a tool function is given: the platform as the caller, links, progress."""

from dataclasses import dataclass
from typing import Any, Protocol

from octoperf_mcp.registry.deep_links import DeepLink
from octoperf_mcp.registry.rest_calls import RestCall


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the verified subject of the token and what the token grants.

    `token` is forwarded upstream and nowhere else; it stays out of the repr.
    """

    subject: str
    client_id: str
    scopes: frozenset[str]
    token: str
    expires_at: float

    def __repr__(self) -> str:
        return f"Caller(subject={self.subject!r}, client_id={self.client_id!r})"


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

    async def report_progress(
        self, done: float, total: float | None = None, message: str = ""
    ) -> None:
        """See `ToolContext.progress`."""
        ...

    async def log(self, level: str, data: Any) -> None:
        """See `ToolContext.log`."""
        ...


class ToolContext(Protocol):
    """The one door of a tool to the outside."""

    @property
    def caller(self) -> Caller:
        """The user this call is made as."""
        ...

    async def rest(self, call: RestCall, /, *, body: Any = None, **values: Any) -> Any:
        """Make one registered call as the caller.

        Path and query values go by snake_case name; a query value of None is not sent. The
        answer is decoded JSON, text or bytes as `call.answer` says; `body` is JSON-ready.

        Raises:
            UpstreamError: one of its subclasses, by the answer's status.
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
