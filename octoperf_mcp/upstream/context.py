"""The context of one tool call: the REST client as the caller, links, progress."""

from collections.abc import Mapping
from typing import Any, TypeVar

from octoperf_mcp.entities.added_types import NO_ADDED_TYPES, AddedTypes
from octoperf_mcp.registry.changes import Change
from octoperf_mcp.registry.context import Caller, CallScope, OnCancel, Revised
from octoperf_mcp.registry.deep_links import DeepLink
from octoperf_mcp.registry.questions import Question
from octoperf_mcp.registry.rest_calls import RestCall
from octoperf_mcp.upstream.account import account
from octoperf_mcp.upstream.calls import ACTIVITY, GET_PROJECT
from octoperf_mcp.upstream.capabilities import Capabilities
from octoperf_mcp.upstream.client import RestClient
from octoperf_mcp.upstream.outside import OutsideCalls

T = TypeVar("T")


class WorkspaceCache:
    """Workspace of each project by issuer and user.

    Projects never move, but users see different ones, and two issuers may name two people alike.
    """

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._workspaces: dict[tuple[str, str, str], str] = {}

    def get(self, caller: Caller, project_id: str) -> str | None:
        """Workspace id, if this user has asked before."""
        return self._workspaces.get((*caller.identity, project_id))

    def put(self, caller: Caller, project_id: str, workspace_id: str) -> None:
        """Remember; the oldest entry leaves when the cache is full."""
        if len(self._workspaces) >= self._limit:
            del self._workspaces[next(iter(self._workspaces))]
        self._workspaces[*caller.identity, project_id] = workspace_id


class CallContext:
    """A `ToolContext` over the real REST client."""

    __slots__ = (
        "_account",
        "_added_types",
        "_capabilities",
        "_client",
        "_guard",
        "_outside",
        "_scope",
        "_sections",
        "_ui_origin",
        "_workspaces",
    )

    def __init__(
        self,
        scope: CallScope,
        client: RestClient,
        ui_origin: str,
        workspaces: WorkspaceCache,
        capabilities: Capabilities | None = None,
        *,
        outside: OutsideCalls | None = None,
        sections: Mapping[type[Any], Any] | None = None,
        added_types: AddedTypes = NO_ADDED_TYPES,
    ) -> None:
        self._scope = scope
        self._guard = scope.guard
        self._client = client
        self._ui_origin = ui_origin
        self._workspaces = workspaces
        self._capabilities = capabilities
        self._outside = outside
        self._sections = sections or {}
        self._added_types = added_types
        self._account: str | None = None

    @property
    def caller(self) -> Caller:
        """See `ToolContext.caller`."""
        return self._scope.caller

    @property
    def added_types(self) -> AddedTypes:
        """See `ToolContext.added_types`."""
        return self._added_types

    async def rest(self, call: RestCall, /, *, body: Any = None, **values: Any) -> Any:
        """See `ToolContext.rest`."""
        if call.base is not None and self._outside is not None:
            if self._guard is not None:
                self._guard.check_call(call, values, body)
            return await self._outside.call(call, values, body)
        if self._account is None:
            self._account = await self._accounted()
        if self._guard is not None:
            self._guard.check_call(call, values, body)
        answer = await self._client.call(call, self.caller, values, body, account=self._account)
        if self._guard is not None:
            self._guard.check_answer(answer)
        return answer

    async def revised(
        self, call: RestCall, /, *, body: Any = None, if_revision: int | None = None, **values: Any
    ) -> Revised:
        """See `ToolContext.revised`."""
        if self._account is None:
            self._account = await self._accounted()
        return await self._client.revised(
            call, self.caller, values, body, account=self._account, if_revision=if_revision
        )

    async def _accounted(self) -> str:
        """What the platform's audit trail is told, where it keeps one."""
        if self._capabilities is None:
            return ""
        offered = await self._capabilities.offered(self.caller)
        return account(self._scope) if ACTIVITY.endpoint in offered else ""

    def settings(self, kind: type[T]) -> T:
        """See `ToolContext.settings`."""
        found: T = self._sections[kind]
        return found

    def link(self, link: DeepLink, /, **values: str) -> str:
        """See `ToolContext.link`."""
        return self._ui_origin + link.template.fill(values)

    async def workspace_of(self, project_id: str) -> str:
        """See `ToolContext.workspace_of`."""
        known = self._workspaces.get(self.caller, project_id)
        if known is None:
            project = await self.rest(GET_PROJECT, id=project_id)
            known = str(project["workspaceId"])
            self._workspaces.put(self.caller, project_id, known)
        if self._guard is not None:
            self._guard.check_answer({"projectId": project_id, "workspaceId": known})
        return known

    async def progress(self, done: float, total: float | None = None, message: str = "") -> None:
        """See `ToolContext.progress`."""
        await self._scope.report_progress(done, total, message)

    async def log(self, level: str, data: Any) -> None:
        """See `ToolContext.log`."""
        await self._scope.log(level, data)

    def extension(self, name: str) -> Mapping[str, Any] | None:
        """See `ToolContext.extension`."""
        return self._scope.extension(name)

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

    def become_task(
        self, message: str = "", *, required: bool = False, on_cancel: OnCancel | None = None
    ) -> bool:
        """See `ToolContext.become_task`."""
        return self._scope.become_task(message, required=required, on_cancel=on_cancel)
