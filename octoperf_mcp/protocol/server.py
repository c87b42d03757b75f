"""The dispatcher behind both eras: a checked request in, one complete answer out."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import Any

import orjson
import structlog

from octoperf_mcp.errors import (
    AuthError,
    InternalError,
    InvalidParamsError,
    MethodNotFoundError,
    OctoPerfMcpError,
    ProtocolError,
    StoreUnavailableError,
    ToolError,
)
from octoperf_mcp.protocol import jsonrpc, ladder, results, versions
from octoperf_mcp.protocol.dialogue import Dialogue, InputRequired
from octoperf_mcp.protocol.exchange import LOG_LEVELS, Exchange, Reply
from octoperf_mcp.protocol.failures import failure_members
from octoperf_mcp.protocol.fitting import DEFAULT_BYTES
from octoperf_mcp.protocol.header_values import Headers, check_params
from octoperf_mcp.protocol.lifecycle import Handshake
from octoperf_mcp.protocol.log_messages import SessionLevels
from octoperf_mcp.protocol.relay import CHANGES, MemoryRelay, Relay, watched_log
from octoperf_mcp.protocol.seals import Seal
from octoperf_mcp.protocol.subscriptions import Subscription, requested
from octoperf_mcp.protocol.surfaces import FULL, Surface, Surfaces
from octoperf_mcp.protocol.tasks import Tasks
from octoperf_mcp.protocol.tools import MakeContext, ToolCalls
from octoperf_mcp.protocol.views import Instruct, View, Views
from octoperf_mcp.registry.changes import Change
from octoperf_mcp.registry.context import Caller, OnCancel
from octoperf_mcp.registry.questions import Question
from octoperf_mcp.registry.registry import Registry

log = structlog.get_logger(__name__)

Offered = Callable[[Caller], Awaitable[frozenset[str] | None]]
"""Endpoints of the optional REST calls that the caller's upstream answers; None for all."""

Outcome = Reply | Coroutine[Any, Any, Reply]
"""An answer at once, or the work that gives it."""

Handler = Callable[[Exchange], Outcome | Subscription]

_READY = (Reply, Subscription)


class McpServer:
    """Answers MCP requests, whatever carried them.

    Args:
        registry: What plugins registered.
        make_context: Builds the context of one tool call.
        info: `serverInfo`: name, title, version, websiteUrl.
        instruct: Writes what an agent should know before its first call; by default nothing.
        offered: Asked before tools are listed or called, where some tool needs optional calls.
        seal: For the state that clients carry; by default with a key that dies with the process.
        relay: What replicas share; by default the memory of this process.
        max_result_bytes: Largest result of a tool.
    """

    def __init__(
        self,
        registry: Registry,
        make_context: MakeContext,
        *,
        info: Mapping[str, Any],
        instruct: Instruct = lambda _registry, _surface: "",
        offered: Offered | None = None,
        seal: Seal | None = None,
        relay: Relay | None = None,
        max_result_bytes: int = DEFAULT_BYTES,
    ) -> None:
        self.info = dict(info)
        self._asks_offered = offered
        self._make_views = partial(Views, make_context=make_context, info=info, instruct=instruct)
        self.relay = relay or MemoryRelay()
        self._tasks = Tasks(info)
        self._dialogue = Dialogue(seal or Seal("request state"), info)
        self._calls = ToolCalls(make_context, info, max_bytes=max_result_bytes)
        self._levels = SessionLevels()
        self.install(registry)

    def install(self, registry: Registry) -> None:
        """Serve this registry from now on; calls under way end with what they began with."""
        needy = any(tool.needs for tool in registry.tools.values())
        self._offered = self._asks_offered if needy else None
        self.surfaces = Surfaces(registry)
        self._views = self._make_views(registry)
        self._handlers = self._handlers_by_era()

    def _handlers_by_era(self) -> dict[bool, dict[str, Handler]]:
        """Handlers by method, of the handshake era and of the stateless one."""
        shared: dict[str, Handler] = {
            "tools/list": self._chosen(lambda view, asked: view.tools.listing.reply(asked)),
            "tools/call": self._call_tool,
            "prompts/list": self._chosen(lambda view, asked: view.prompts.listing.reply(asked)),
            "prompts/get": self._chosen(lambda view, asked: view.prompts.get(asked)),
            "resources/list": self._chosen(lambda view, asked: view.resources.listing.reply(asked)),
            "resources/templates/list": self._shown(
                lambda view, asked: view.resources.template_listing.reply(asked)
            ),
            "resources/read": self._shown(lambda view, asked: view.resources.read(asked)),
            "completion/complete": self._chosen(
                lambda view, asked: view.completions.complete(asked)
            ),
        }
        handlers: dict[bool, dict[str, Handler]] = {
            False: {
                **shared,
                "ping": self._shown(lambda view, asked: view.lifecycle.ping(asked)),
                "logging/setLevel": self._levels.set_level,
                "resources/subscribe": self._subscribe,
                "resources/unsubscribe": self._unsubscribe,
            },
            True: {
                **shared,
                "server/discover": self._shown(lambda view, asked: view.lifecycle.discover(asked)),
                "subscriptions/listen": requested,
                "tasks/get": self._tasks.get,
                "tasks/update": self._tasks.update,
                "tasks/cancel": self._tasks.cancel,
            },
        }
        if self._views.full.guides:
            handlers[True] |= {
                "skills/list": self._chosen(lambda view, asked: view.guides.listing.reply(asked)),
                "skills/get": self._shown(lambda view, asked: view.guides.get(asked)),
                "resources/directory/read": self._shown(
                    lambda view, asked: view.guides.directory(asked)
                ),
            }
        return handlers

    def has_surface(self, tail: str) -> bool:
        """Whether a path, without its `/mcp`, is one of a surface now."""
        return self.surfaces.has(tail)

    def initialize(self, request: jsonrpc.Request, surface: Surface = FULL) -> Handshake | Reply:
        """Settle a legacy session, or the error that refuses it."""
        try:
            return self._views.of(surface).lifecycle.initialize(request)
        except ProtocolError as error:
            return refused(request.id_json, error)

    def check_modern(
        self, request: jsonrpc.Request, headers: Headers, surface: Surface = FULL
    ) -> ProtocolError | None:
        """All that can be said against a stateless request before its parameters are read."""
        refusal = ladder.check(request, headers)
        if refusal is not None:
            return refusal
        if request.method not in self._handlers[True]:
            return MethodNotFoundError(f"There is no method {request.method[:200]!r}.")
        level = request.params["_meta"].get(versions.META_LOG_LEVEL)
        if level is not None and level not in LOG_LEVELS:
            return InvalidParamsError(f"{versions.META_LOG_LEVEL} must be one of the levels.")
        if request.method == "tools/call":
            entry = self._views.of(surface).tools.find(request.params.get("name"))
            arguments = request.params.get("arguments")
            if entry is not None and entry.header_params:
                given = arguments if isinstance(arguments, dict) else {}
                return check_params(entry.header_params, given, headers)
        return None

    def dispatch(self, exchange: Exchange) -> Outcome | Subscription:
        """Answer at once what memory holds; for the rest give the work, to run in its own task.

        A subscription is answered with what it is `granted`, as long as it lasts. The work raises
        nothing but AuthError and its own cancellation.
        """
        exchange.server = self
        if not exchange.modern:
            exchange.log_level = self._levels.of(exchange.session_id)
        handler = self._handlers[exchange.modern].get(exchange.request.method)
        if handler is None:
            name = exchange.request.method[:200]
            error = MethodNotFoundError(f"There is no method {name!r} in {exchange.version}.")
            return refused(exchange.request.id_json, error)
        try:
            outcome = handler(exchange)
        except Exception as error:  # noqa: BLE001 - the top of a request: logged or re-raised
            return self._failed(exchange, error)
        if isinstance(outcome, _READY):
            return outcome
        return self._finish(exchange, outcome)

    async def granted(self, exchange: Exchange, subscription: Subscription) -> Subscription:
        """The part of a subscription that the caller may see."""
        uris = [uri for uri in subscription.uris if await self._readable(exchange, uri)]
        return Subscription(subscription.lists, tuple(uris))

    async def ask(
        self, exchange: Exchange, questions: Mapping[str, Question], *, proven: bool
    ) -> Mapping[str, Any]:
        """See `ToolContext.ask`."""
        return await self._dialogue.ask(exchange, questions, proven=proven)

    async def announce(self, change: Change) -> None:
        """See `ToolContext.announce`; a call does not fail because nobody could be told."""
        with contextlib.suppress(StoreUnavailableError):
            await self.tell(change)

    async def tell(self, change: Change) -> None:
        """Tell whoever watches of a change.

        Raises:
            StoreUnavailableError: nobody can be told now.
        """
        await self.relay.append(CHANGES, change.packed())

    def become_task(
        self, exchange: Exchange, message: str, *, required: bool, on_cancel: OnCancel | None
    ) -> bool:
        """See `ToolContext.become_task`."""
        return self._tasks.become(exchange, message, required=required, on_cancel=on_cancel)

    async def _finish(self, exchange: Exchange, work: Coroutine[Any, Any, Reply]) -> Reply:
        try:
            reply = await self._finished(exchange, work)
        except asyncio.CancelledError:
            if exchange.task is not None:
                await exchange.task.wind_up()
            raise
        if exchange.task is not None:
            exchange.task.finish(reply)
        return reply

    async def _finished(self, exchange: Exchange, work: Coroutine[Any, Any, Reply]) -> Reply:
        try:
            return await work
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return self._failed(exchange, error)
        except Exception as error:  # noqa: BLE001 - the top of a request: logged or re-raised
            return self._failed(exchange, error)

    def _failed(self, exchange: Exchange, error: BaseException) -> Reply:
        if isinstance(error, AuthError):
            if exchange.task is None:
                raise error
            failure = InternalError(error.message, data={"code": error.code})
            return refused(exchange.request.id_json, failure)
        if isinstance(error, InputRequired):
            return self._dialogue.reply(exchange, error)
        if isinstance(error, ProtocolError):
            return refused(exchange.request.id_json, error)
        data = {"requestId": exchange.request_id}
        if isinstance(error, ToolError):
            told = InternalError(error.message, data=failure_members(error, exchange.request_id))
            return refused(exchange.request.id_json, told)
        log.error(
            "request_crashed",
            rpc_method=exchange.request.method,
            request_id=exchange.request_id,
            exc_info=error,
        )
        message = f"Something broke in the server; its log has it as {exchange.request_id}."
        return refused(exchange.request.id_json, InternalError(message, data=data))

    async def _subscribe(self, exchange: Exchange) -> Reply:
        uri = results.text_param(results.params_of(exchange), "uri")
        await self._views.of(exchange.surface).resources.check(exchange, uri)
        return await self._watch(exchange, uri, on=True)

    async def _unsubscribe(self, exchange: Exchange) -> Reply:
        uri = results.text_param(results.params_of(exchange), "uri")
        return await self._watch(exchange, uri, on=False)

    async def _watch(self, exchange: Exchange, uri: str, *, on: bool) -> Reply:
        await self.relay.append(watched_log(exchange.session_id), orjson.dumps([uri, on]))
        return Reply(jsonrpc.result(exchange.request.id_json, b"{}"))

    async def _readable(self, exchange: Exchange, uri: str) -> bool:
        try:
            await self._views.of(exchange.surface).resources.check(exchange, uri)
        except OctoPerfMcpError:
            return False
        except Exception:
            log.exception("resource_check_crashed", uri=uri)
            return False
        return True

    async def _call_tool(self, exchange: Exchange) -> Reply:
        offered = None if self._offered is None else await self._offered(exchange.caller)
        return await self._calls.call(exchange, self._views.of(exchange.surface, offered).tools)

    def _shown(self, answer: Callable[[View, Exchange], Outcome]) -> Handler:
        """A handler over what the surface shows."""
        return lambda exchange: answer(self._views.of(exchange.surface), exchange)

    def _chosen(self, answer: Callable[[View, Exchange], Outcome]) -> Handler:
        """A handler over what the surface shows and works for the caller."""
        if self._offered is None:
            return self._shown(answer)
        offered = self._offered

        async def look_first(exchange: Exchange) -> Reply:
            view = self._views.of(exchange.surface, await offered(exchange.caller))
            outcome = answer(view, exchange)
            return outcome if isinstance(outcome, Reply) else await outcome

        return look_first


def refused(id_json: bytes | None, error: ProtocolError) -> Reply:
    """The answer that carries a protocol error."""
    return Reply(jsonrpc.refusal(id_json, error), code=error.rpc_code)
