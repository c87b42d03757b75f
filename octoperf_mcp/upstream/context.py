"""The context of one tool call: the REST client as the caller, links, progress."""

from collections.abc import Mapping
from typing import Any

from octoperf_mcp.registry.changes import Change
from octoperf_mcp.registry.context import CallScope
from octoperf_mcp.registry.deep_links import DeepLink
from octoperf_mcp.registry.questions import Question
from octoperf_mcp.registry.rest_calls import RestCall
from octoperf_mcp.upstream.calls import GET_PROJECT
from octoperf_mcp.upstream.client import RestClient


class WorkspaceCache:
    """Workspace of each project by user: projects never move, but users see different ones."""

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._workspaces: dict[tuple[str, str], str] = {}

    def get(self, subject: str, project_id: str) -> str | None:
        """Workspace id, if this user has asked before."""
        return self._workspaces.get((subject, project_id))

    def put(self, subject: str, project_id: str, workspace_id: str) -> None:
        """Remember; the oldest entry leaves when the cache is full."""
        if len(self._workspaces) >= self._limit:
            del self._workspaces[next(iter(self._workspaces))]
        self._workspaces[subject, project_id] = workspace_id


class CallContext:
    """A `ToolContext` over the real REST client."""

    __slots__ = ("_client", "_scope", "_ui_origin", "_workspaces", "caller")

    def __init__(
        self, scope: CallScope, client: RestClient, ui_origin: str, workspaces: WorkspaceCache
    ) -> None:
        self.caller = scope.caller
        self._scope = scope
        self._client = client
        self._ui_origin = ui_origin
        self._workspaces = workspaces

    async def rest(self, call: RestCall, /, *, body: Any = None, **values: Any) -> Any:
        """See `ToolContext.rest`."""
        return await self._client.call(call, self.caller, values, body)

    def link(self, link: DeepLink, /, **values: str) -> str:
        """See `ToolContext.link`."""
        return self._ui_origin + link.template.fill(values)

    async def workspace_of(self, project_id: str) -> str:
        """See `ToolContext.workspace_of`."""
        known = self._workspaces.get(self.caller.subject, project_id)
        if known is None:
            project = await self.rest(GET_PROJECT, id=project_id)
            known = str(project["workspaceId"])
            self._workspaces.put(self.caller.subject, project_id, known)
        return known

    async def progress(self, done: float, total: float | None = None, message: str = "") -> None:
        """See `ToolContext.progress`."""
        await self._scope.report_progress(done, total, message)

    async def log(self, level: str, data: Any) -> None:
        """See `ToolContext.log`."""
        await self._scope.log(level, data)

    def can_ask(self, question: Question) -> bool:
        """See `ToolContext.can_ask`."""
        return self._scope.can_ask(question)

    async def ask(
        self, questions: Mapping[str, Question], *, proven: bool = False
    ) -> Mapping[str, Any]:
        """See `ToolContext.ask`."""
        return await self._scope.ask(questions, proven=proven)

    async def announce(self, change: Change) -> None:
        """See `ToolContext.announce`."""
        await self._scope.announce(change)

    def release_stream(self) -> None:
        """See `ToolContext.release_stream`."""
        self._scope.release_stream()

    def become_task(self, message: str = "", *, required: bool = False) -> bool:
        """See `ToolContext.become_task`."""
        return self._scope.become_task(message, required=required)
