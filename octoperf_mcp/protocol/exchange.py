"""One request under way: who asks, in which revision, and the way back to the client."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from octoperf_mcp.protocol import jsonrpc
from octoperf_mcp.registry.context import Caller

LOG_LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")
"""Severities of RFC 5424, least first, as `notifications/message` names them."""


@dataclass(slots=True)
class Reply:
    """A complete answer: one JSON-RPC message.

    `code` is the JSON-RPC error code, 0 for a result; `tool_error` the code of a tool's failure;
    a body with an `encoding` is compressed.
    """

    body: bytes
    code: int = 0
    tool_error: str = ""
    encoding: str = ""


@dataclass(slots=True)
class Exchange:
    """A request of either era, checked as far as its envelope goes; the scope of its call.

    `notify` hands a notification to the transport; None where the client takes no stream.
    `log_level` is what the client wants to see at least, empty for nothing.
    """

    request: jsonrpc.Request
    caller: Caller
    request_id: str
    version: str
    modern: bool
    capabilities: Mapping[str, Any]
    session_id: str = ""
    gzip: bool = False
    log_level: str = ""
    notify: Callable[[bytes], None] | None = None
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

    async def report_progress(
        self, done: float, total: float | None = None, message: str = ""
    ) -> None:
        """Send `notifications/progress`; what does not grow is dropped, as the client would."""
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
