"""One request under way: who asks, in which revision, and the way back to the client."""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from octoperf_mcp.protocol import jsonrpc
from octoperf_mcp.protocol.surfaces import FULL, Surface
from octoperf_mcp.registry.changes import Change
from octoperf_mcp.registry.context import Caller, Guard, OnCancel
from octoperf_mcp.registry.questions import Question

LOG_LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")
"""Severities of RFC 5424, least first, as `notifications/message` names them."""


@dataclass(slots=True)
class Reply:
    """A complete answer: one JSON-RPC message.

    `code` is the JSON-RPC error code, 0 for a result; `tool_error` the code of a tool's failure;
    a body with an `encoding` is compressed. Its end may come as a `tail`, so that what is large and
    kept is not copied for each request.
    """

    head: bytes
    code: int = 0
    tool_error: str = ""
    encoding: str = ""
    tail: bytes = b""

    @property
    def body(self) -> bytes:
        """All of it."""
        return self.head + self.tail


AskClient = Callable[[str, dict[str, Any]], Awaitable[Any]]
"""Sends `(method, params)` to the client on the call's stream and waits for its result."""


class ServerSide(Protocol):
    """What a call can reach beyond its own connection."""

    async def ask(
        self, exchange: "Exchange", questions: Mapping[str, Question], *, proven: bool
    ) -> Mapping[str, Any]:
        """See `ToolContext.ask`."""
        ...

    async def announce(self, change: Change) -> None:
        """See `ToolContext.announce`."""
        ...

    def become_task(
        self, exchange: "Exchange", message: str, *, required: bool, on_cancel: OnCancel | None
    ) -> bool:
        """See `ToolContext.become_task`."""
        ...


class LongCall(Protocol):
    """A call that has become a task; see `tasks.Task`."""

    def say(self, message: str) -> None:
        """Tell what is going on."""
        ...

    async def ask(self, questions: Mapping[str, Question]) -> Mapping[str, Any]:
        """Wait for answers."""
        ...

    def finish(self, reply: "Reply") -> None:
        """Keep what the call would have answered."""
        ...

    async def wind_up(self) -> None:
        """End on the platform what the client has cancelled."""
        ...


@dataclass(slots=True)
class Exchange:
    """A request of either era, checked as far as its envelope goes; the scope of its call.

    `client` is the client's name and version as it told them, `settled` the tool and arguments that
    a call stands for on its surface. `server`, `task` and `heard` are the dispatcher's.
    `ask_client` is the transport's where the client can be sent requests, `release` where its
    stream can be resumed; `settle` answers while the work goes on. `notify` hands a notification to
    the transport; None where the client takes no stream. `log_level` is what the client wants to
    see at least, empty for nothing.
    """

    request: jsonrpc.Request
    caller: Caller
    request_id: str
    version: str
    modern: bool
    capabilities: Mapping[str, Any]
    surface: Surface = FULL
    session_id: str = ""
    gzip: bool = False
    log_level: str = ""
    notify: Callable[[bytes], None] | None = None
    ask_client: AskClient | None = None
    release: Callable[[], None] | None = None
    settle: Callable[[Reply], None] | None = None
    client: str = ""
    settled: tuple[str, Mapping[str, Any]] | None = None
    server: ServerSide | None = None
    task: LongCall | None = None
    heard: Any = None
    progress_token: str | int | None = None
    _progress: float = field(default=-math.inf)

    def __post_init__(self) -> None:
        token = self.meta.get("progressToken")
        if type(token) is int or type(token) is str:
            self.progress_token = token

    @property
    def meta(self) -> Mapping[str, Any]:
        """The `_meta` member of the parameters."""
        params = self.request.params
        found = params.get("_meta") if isinstance(params, dict) else None
        return found if isinstance(found, dict) else {}

    @property
    def description(self) -> Mapping[str, Any]:
        """See `CallScope.description`."""
        params, method = self.request.params, self.request.method
        given = params if isinstance(params, dict) else {}
        if self.settled is not None:
            name, settled = self.settled
            return {"name": name, "arguments": settled, "client": self.client}
        if method != "tools/call":
            return {"name": method, "arguments": {}, "client": self.client}
        arguments = given.get("arguments")
        return {
            "name": str(given.get("name")),
            "arguments": arguments if isinstance(arguments, dict) else {},
            "client": self.client,
        }

    @property
    def guard(self) -> Guard | None:
        """What the connection forbids its REST calls."""
        return self.surface.guard

    async def report_progress(
        self, done: float, total: float | None = None, message: str = ""
    ) -> None:
        """Send `notifications/progress`; what does not grow is dropped, as the client would."""
        if self.task is not None:
            self.task.say(message)
        if self.notify is None or self.progress_token is None:
            return
        if not math.isfinite(done) or done <= self._progress:
            return
        self._progress = done
        params: dict[str, Any] = {"progressToken": self.progress_token, "progress": done}
        if total is not None and math.isfinite(total):
            params["total"] = total
        if message:
            params["message"] = message
        self.notify(jsonrpc.notification("notifications/progress", params))

    async def log(self, level: str, data: Any) -> None:
        """Send `notifications/message` where the client wants messages of this level."""
        if self.notify is None or not self.log_level:
            return
        if LOG_LEVELS.index(level) < LOG_LEVELS.index(self.log_level):
            return
        params = {"level": level, "logger": "octoperf-mcp", "data": data}
        self.notify(jsonrpc.notification("notifications/message", params))

    def extension(self, name: str) -> Mapping[str, Any] | None:
        """See `ToolContext.extension`."""
        declared = self.capabilities.get("extensions")
        found = declared.get(name) if isinstance(declared, Mapping) else None
        return found if isinstance(found, Mapping) else None

    def can_ask(self, question: Question) -> bool:
        """Whether the client declared what the question needs, and can be sent it."""
        reachable = self.modern or self.ask_client is not None
        return reachable and question.fits(self.capabilities)

    async def ask(
        self, questions: Mapping[str, Question], *, proven: bool = False
    ) -> Mapping[str, Any]:
        """See `ToolContext.ask`."""
        return await self._server.ask(self, questions, proven=proven)

    async def announce(self, change: Change) -> None:
        """See `ToolContext.announce`."""
        await self._server.announce(change)

    def become_task(
        self, message: str = "", *, required: bool = False, on_cancel: OnCancel | None = None
    ) -> bool:
        """See `ToolContext.become_task`."""
        return self._server.become_task(self, message, required=required, on_cancel=on_cancel)

    def release_stream(self) -> None:
        """See `ToolContext.release_stream`."""
        if self.release is not None:
            self.release()

    @property
    def _server(self) -> ServerSide:
        if self.server is None:
            raise RuntimeError("the request was not dispatched yet")
        return self.server
