"""`tools/call` (2025-11-25 and 2026-07-28, server/tools).

Hosts show their model either the text or `structuredContent`, so both are complete and the same.
What the agent can mend is a result with `isError`; everything else is left to the caller.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from octoperf_mcp.errors import InsufficientScopeError, ToolError
from octoperf_mcp.protocol import failures, fitting, results
from octoperf_mcp.protocol.catalogue import ToolEntry, Tools
from octoperf_mcp.protocol.exchange import Exchange, Reply
from octoperf_mcp.registry.content import Content
from octoperf_mcp.registry.context import Caller, CallScope, ToolContext
from octoperf_mcp.registry.tools import READ, WRITE, Tool

MakeContext = Callable[[CallScope], ToolContext]

_HEAD: Final = b'{"jsonrpc":"2.0","id":'
_TEXT: Final = b',"result":{"content":[{"type":"text","text":'
_STRUCTURED: Final = b'}],"structuredContent":'
_LEGACY_END: Final = b"}}"
_NOT_NARROWING: Final = frozenset(("waitSec", "idempotencyKey", "confirmToken"))
_ERROR_MEMBER: Final = b',"isError":true'


def check_scope(caller: Caller, scope: str) -> None:
    """Refuse what the token does not grant; write implies read.

    Raises:
        InsufficientScopeError: names the scopes that the operation needs.
    """
    if scope in caller.scopes or (scope == READ and WRITE in caller.scopes):
        return
    needed = [READ, WRITE] if scope == WRITE else [READ]
    raise InsufficientScopeError(f"This needs the scope {scope}.", scopes=needed)


class ToolCalls:
    """Runs tools and writes their results."""

    def __init__(
        self,
        make_context: MakeContext,
        info: Mapping[str, Any],
        *,
        max_bytes: int = fitting.DEFAULT_BYTES,
    ) -> None:
        self._make_context = make_context
        self._max_bytes = max_bytes
        self._modern_end = results.modern_tail(info) + _LEGACY_END

    async def call(self, exchange: Exchange, tools: Tools) -> Reply:
        """Answer one call.

        Raises:
            InvalidParamsError: there is no such tool, or the parameters have the wrong shape.
            AuthError: the token grants too little, or the upstream refused it.
        """
        params = results.params_of(exchange)
        name = results.text_param(params, "name")
        arguments = results.object_param(params, "arguments")
        entry = tools.find(name)
        if entry is None:
            raise tools.unknown(name)
        context = self._make_context(exchange)
        try:
            if exchange.surface.shape:
                entry, arguments = tools.settle(entry, arguments, exchange.surface.pins)
                exchange.settled = entry.tool.name, arguments
            check_scope(exchange.caller, entry.tool.scope)
            content = await entry.tool.call(context, arguments)
            if isinstance(content, Content):
                return self._blocks(exchange, content)
            if len(content) > self._max_bytes:
                content = fitting.fitted(content, self._max_bytes, narrowing(entry.tool))
        except ToolError as error:
            return await self._refuse(exchange, error, context, entry, arguments, tools)
        return self._reply(exchange, content)

    async def _refuse(  # noqa: PLR0917 - all of one call
        self,
        exchange: Exchange,
        error: ToolError,
        context: ToolContext,
        called: ToolEntry,
        arguments: Mapping[str, Any],
        tools: Tools,
    ) -> Reply:
        def find(name: str) -> Tool | None:
            entry = tools.reach(name)
            return None if entry is None else entry.tool

        def fill(lister: Tool, given: Mapping[str, Any]) -> Mapping[str, Any]:
            return tools.filled(lister, given, exchange.surface.pins)

        hidden = {spelling for spellings in called.pinned.values() for spelling in spellings}
        shown = {name: value for name, value in arguments.items() if name not in hidden}
        members = failures.told(error, exchange.request_id, called.tool, shown, find)
        meant = await failures.meant(error, members, context, find, fill)
        if meant:
            error.details["didYouMean"] = meant
            members = failures.told(error, exchange.request_id, called.tool, shown, find)
        members["next"] = [tools.as_listed(call) for call in members["next"]]
        content = orjson.dumps(members, default=str, option=orjson.OPT_NON_STR_KEYS)
        return self._reply(exchange, content, _ERROR_MEMBER, error.code)

    def _blocks(self, exchange: Exchange, content: Content) -> Reply:
        members = orjson.dumps(content.members())[:-1]
        end = self._modern_end if exchange.modern else _LEGACY_END
        body = b"".join((_HEAD, exchange.request.id_json, b',"result":', members, end))
        return Reply(body, tool_error=ToolError.code if content.is_error else "")

    def _reply(
        self, exchange: Exchange, content: bytes, error_member: bytes = b"", tool_error: str = ""
    ) -> Reply:
        end = self._modern_end if exchange.modern else _LEGACY_END
        text = orjson.dumps(content.decode("utf-8"))
        return Reply(
            b"".join(
                (
                    _HEAD,
                    exchange.request.id_json,
                    _TEXT,
                    text,
                    _STRUCTURED,
                    content,
                    error_member,
                    end,
                )
            ),
            tool_error=tool_error,
        )


def narrowing(tool: Tool) -> list[str]:
    """Arguments with which a tool answers less: those that may be left out, but for waiting."""
    accepted = tool.definition["inputSchema"]
    required = accepted.get("required", ())
    return [
        name
        for name in accepted.get("properties", {})
        if name not in required and name not in _NOT_NARROWING
    ]
