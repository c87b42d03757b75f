"""Streamable HTTP at `/mcp` and below, both eras (2025-11-25 and 2026-07-28, basic/transports).

The order of an answer: Host and Origin, pre-flight, path, authentication, the user's limits, HTTP
method, fields, body.
Clients probe with GET, HEAD and POST, and want the challenge on each.
"""

import secrets
from collections.abc import Awaitable, Callable, Collection
from typing import Final

from aiohttp import hdrs, web

from octoperf_mcp.errors import STORE_RETRY_S, AuthError, StoreUnavailableError
from octoperf_mcp.observability import tracing
from octoperf_mcp.protocol import jsonrpc, ladder, versions
from octoperf_mcp.protocol.exchange import Exchange, Reply
from octoperf_mcp.protocol.lifecycle import named
from octoperf_mcp.protocol.seals import Seal
from octoperf_mcp.protocol.server import McpServer, refused
from octoperf_mcp.protocol.surfaces import Surface
from octoperf_mcp.registry.context import Caller
from octoperf_mcp.transport import sessions as session_ids
from octoperf_mcp.transport import sse
from octoperf_mcp.transport.answering import Answering
from octoperf_mcp.transport.answers import Answered, refuse, respond
from octoperf_mcp.transport.asking import Asking
from octoperf_mcp.transport.broadcast import STANDALONE
from octoperf_mcp.transport.calls import Calls
from octoperf_mcp.transport.facts import RPC_FACTS, RpcFacts
from octoperf_mcp.transport.limits import Busy, Limits
from octoperf_mcp.transport.listening import Listening, Opening
from octoperf_mcp.transport.origins import Gate, page_access
from octoperf_mcp.transport.reading import (
    accepted,
    header_is_modern,
    is_json,
    read_body,
    takes_gzip,
)
from octoperf_mcp.transport.selecting import (
    BELOW,
    SURFACE,
    limit_by_token,
    narrow_by_fields,
    select_by_path,
)
from octoperf_mcp.transport.sessions import Session, Sessions
from octoperf_mcp.transport.streams import Resumed

Authenticate = Callable[[web.Request], Awaitable[Caller]]
Challenge = Callable[[web.Request, AuthError], web.Response]

BeginSpan = Callable[[str, str], object]

PATH: Final = "/mcp"

_MOST_NAME: Final = 200
"""Characters of what logs, metrics and traces remember; names of clients may be of any length."""

_METHODS: Final = (
    hdrs.METH_POST,
    hdrs.METH_GET,
    hdrs.METH_HEAD,
    hdrs.METH_DELETE,
    hdrs.METH_PUT,
    hdrs.METH_PATCH,
)


class McpEndpoint:
    """The handler of `/mcp` and of the surfaces below it."""

    def __init__(
        self,
        server: McpServer,
        *,
        authenticate: Authenticate,
        challenge: Challenge,
        gate: Gate,
        sessions: Sessions,
        seal: Seal,
        new_request_id: Callable[[web.Request], str],
        keep_alive_s: float,
        limits: Limits,
        begin_span: BeginSpan | None = None,
    ) -> None:
        self._begin_span = begin_span
        self._server = server
        self._limits = limits
        self._authenticate = authenticate
        self._challenge = challenge
        self._gate = gate
        self._sessions = sessions
        self._new_request_id = new_request_id
        self._keep_alive_s = keep_alive_s
        self._calls = Calls()
        self._asking = Asking(server.relay, seal)
        self._listening = Listening(server.relay, keep_alive_s=keep_alive_s, limits=limits)
        self._answering = Answering(
            server, self._calls, self._asking, self._listening, keep_alive_s=keep_alive_s
        )
        self.before_drain: Callable[[], Awaitable[None]] | None = None
        """Awaited once, when draining begins."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one HTTP request."""
        refusal = self._gate.refusal(request.headers)
        if refusal is not None:
            return refuse(*refusal)
        try:
            select_by_path(request, self._server.surfaces)
            caller = await self._authenticate(request)
            self._limits.take(caller.identity)
            narrow_by_fields(request, self._server.surfaces)
            limit_by_token(request, self._server.surfaces, caller)
            found = await self._answer(request, caller)
            if not isinstance(found, Opening):
                return found
            return await self._listening.serve(request, found)
        except AuthError as error:
            return self._challenge(request, error)
        except StoreUnavailableError as error:
            return refuse(503, error.message, {"Retry-After": str(STORE_RETRY_S)})
        except Busy as busy:
            return refuse(429, busy.message, {"Retry-After": str(busy.retry_after_s)})
        except Answered as answered:
            return answered.response

    async def _answer(self, request: web.Request, caller: Caller) -> web.StreamResponse | Opening:
        if request.method == hdrs.METH_POST:
            return await self._post(request, caller)
        if request.method == hdrs.METH_GET and session_ids.FIELD in request.headers:
            return await self._get(request, caller)
        if request.method == hdrs.METH_DELETE and not header_is_modern(request):
            return await self._delete(request, caller)
        allow = "POST" if header_is_modern(request) else "POST, GET, DELETE"
        return refuse(405, f"{request.method} is not served here.", {"Allow": allow})

    def under_way(self) -> dict[tuple[str, ...], float]:
        """How many requests are being answered."""
        return {(): float(len(self._calls))}

    def open_streams(self) -> dict[tuple[str, ...], float]:
        """How many event streams are open that no request waits for."""
        return {(): float(self._limits.open)}

    async def drain(self, timeout_s: float) -> int:
        """Wait for the calls under way, then cancel the rest; answers how many those were."""
        tell, self.before_drain = self.before_drain, None
        if tell is not None:
            await tell()
        self._listening.close()
        cut = await self._calls.drain(timeout_s)
        await self._answering.drain()
        return cut

    async def _post(self, request: web.Request, caller: Caller) -> web.StreamResponse | Opening:
        headers = request.headers
        if not is_json(headers.get(hdrs.CONTENT_TYPE, "")):
            return refuse(415, "The body must be application/json.")
        takes_json, takes_stream = accepted(headers.get(hdrs.ACCEPT, "*/*"))
        if not takes_json:
            return refuse(406, "Accept must list application/json and text/event-stream.")
        message = jsonrpc.read_message(await read_body(request))
        if isinstance(message, jsonrpc.Rejected):
            return respond(refused(message.id_json, message.error), modern=True)
        if isinstance(message, jsonrpc.Response):
            return await self._accept(request, caller, message)
        facts = request[RPC_FACTS] = RpcFacts(message.method[:_MOST_NAME])
        if isinstance(message, jsonrpc.Notification):
            return await self._accept(request, caller, message)
        if self._calls.closing:
            return refuse(503, "The server is stopping.", {"Retry-After": "5"})
        facts.name = _name_of(message)
        params = message.params
        facts.trace_id = tracing.adopt(
            request.headers, params.get("_meta") if isinstance(params, dict) else None
        )
        if self._begin_span is not None:
            facts.span = self._begin_span(facts.method, facts.name)
        exchange = await self._exchange(request, caller, message)
        exchange.gzip = takes_gzip(headers.get(hdrs.ACCEPT_ENCODING, ""))
        facts.version, facts.request_id = exchange.version, exchange.request_id
        response = await self._answering.answer(request, exchange, facts, stream=takes_stream)
        facts.streamed = not isinstance(response, web.Response)
        return response

    async def _exchange(
        self, request: web.Request, caller: Caller, message: jsonrpc.Request
    ) -> Exchange:
        """The checked envelope.

        Raises:
            Answered: it does not hold, or it is a handshake.
        """
        if header_is_modern(request) or (
            ladder.VERSION_FIELD not in request.headers and ladder.speaks_modern(message.params)
        ):
            return self._modern(request, caller, message)
        if message.method == "initialize":
            raise Answered(self._initialize(caller, message, request[SURFACE]))
        session_id = request.headers.get(session_ids.FIELD, "")
        if not session_id and message.method == "ping":
            session = Session(caller.subject, versions.ASSUMED_VERSION, {}, 0)
        else:
            session = await self._session(request, caller, message.id_json)
        return Exchange(
            request=message,
            caller=caller,
            request_id=self._new_request_id(request),
            version=session.version,
            modern=False,
            capabilities=session.capabilities,
            surface=request[SURFACE],
            session_id=session_id,
            client=session.client,
        )

    def _modern(self, request: web.Request, caller: Caller, message: jsonrpc.Request) -> Exchange:
        surface = request[SURFACE]
        error = self._server.check_modern(message, request.headers, surface)
        if error is not None:
            raise Answered(respond(refused(message.id_json, error), modern=True))
        meta = message.params["_meta"]
        return Exchange(
            request=message,
            caller=caller,
            request_id=self._new_request_id(request),
            version=meta[versions.META_VERSION],
            modern=True,
            capabilities=meta[versions.META_CAPABILITIES],
            surface=surface,
            log_level=meta.get(versions.META_LOG_LEVEL) or "",
            client=named(meta.get(versions.META_CLIENT_INFO)),
        )

    def _initialize(
        self, caller: Caller, message: jsonrpc.Request, surface: Surface
    ) -> web.Response:
        settled = self._server.initialize(message, surface)
        if isinstance(settled, Reply):
            return respond(settled, modern=False)
        response = respond(settled.reply, modern=False)
        response.headers[session_ids.FIELD] = self._sessions.open(
            caller.subject, settled.version, settled.capabilities, settled.client, surface.name
        )
        return response

    async def _session(
        self, request: web.Request, caller: Caller, id_json: bytes | None
    ) -> Session:
        """The session of a legacy request.

        Raises:
            Answered: 400 when the request names none, 404 when it is not the caller's on this
                surface.
        """
        session_id = request.headers.get(session_ids.FIELD, "")
        if not session_id:
            message = f"The field {session_ids.FIELD} is missing; start with initialize."
            raise Answered(refuse(400, message, id_json=id_json))
        session = await self._sessions.find(session_id, caller.subject, request[SURFACE].name)
        if session is None:
            message = "This session is unknown or has ended; start anew with initialize."
            raise Answered(refuse(404, message, id_json=id_json))
        return session

    async def _accept(
        self,
        request: web.Request,
        caller: Caller,
        message: jsonrpc.Notification | jsonrpc.Response,
    ) -> web.Response:
        if header_is_modern(request):
            return self._accept_modern(request, message)
        await self._session(request, caller, None)
        if isinstance(message, jsonrpc.Response):
            await self._asking.answered(request.headers[session_ids.FIELD], message)
        elif message.method == "notifications/cancelled":
            params = message.params if isinstance(message.params, dict) else {}
            self._calls.cancel(request.headers[session_ids.FIELD], params.get("requestId"))
        return web.Response(status=202)

    def _accept_modern(
        self, request: web.Request, message: jsonrpc.Notification | jsonrpc.Response
    ) -> web.Response:
        if isinstance(message, jsonrpc.Response):
            return refuse(400, "The server asked nothing, so there is nothing to answer.")
        error = ladder.unsupported(request.headers[ladder.VERSION_FIELD].strip(" \t"))
        if error is not None:
            return respond(refused(None, error), modern=True)
        return web.Response(status=202)

    async def _get(self, request: web.Request, caller: Caller) -> web.StreamResponse | Opening:
        """A session's own stream, or the rest of one that broke off."""
        if header_is_modern(request):
            return refuse(405, "GET is not served here.", {"Allow": "POST"})
        if not accepted(request.headers.get(hdrs.ACCEPT, "*/*"))[1]:
            return refuse(406, "Accept must list text/event-stream.")
        session = await self._session(request, caller, None)
        session_id = request.headers[session_ids.FIELD]
        last_event_id = request.headers.get("Last-Event-ID", "")
        if not last_event_id or last_event_id.startswith(f"{STANDALONE}-"):
            return await self._listening.standalone(
                caller,
                session_id=session_id,
                version=session.version,
                last_event_id=last_event_id,
            )
        resumed = Resumed(self._server.relay, session_id, last_event_id)
        if await resumed.gone():
            return refuse(400, "The events of this stream are no longer there.")
        with self._limits.stream(caller.identity):
            response = sse.stream()
            await response.prepare(request)
            async for frames in resumed.events(self._keep_alive_s):
                await response.write(frames)
            await response.write_eof()
        return response

    async def _delete(self, request: web.Request, caller: Caller) -> web.Response:
        session = await self._session(request, caller, None)
        await self._sessions.end(request.headers[session_ids.FIELD], session)
        return web.Response(status=204)


def add_mcp(
    app: web.Application,
    server: McpServer,
    *,
    authenticate: Authenticate,
    challenge: Challenge,
    allowed_hosts: Collection[str],
    allowed_origins: Collection[str] = (),
    sessions: Sessions | None = None,
    seal: Seal | None = None,
    new_request_id: Callable[[web.Request], str] | None = None,
    keep_alive_s: float = sse.KEEP_ALIVE_S,
    drain_s: float = 20.0,
    limits: Limits | None = None,
    begin_span: BeginSpan | None = None,
) -> McpEndpoint:
    """Serve MCP at `/mcp` of an application, and its surfaces below.

    The application wants the runner of `make_runner`, which tells of clients that leave.

    Args:
        app: Gets the routes, CORS, and a shut-down that waits for calls under way.
        server: Answers the messages.
        authenticate: The caller of a request; raises AuthError.
        challenge: The 401 or 403 answer to an AuthError.
        allowed_hosts: Names in `Host`; `*` for all.
        allowed_origins: Web origins besides loopback ones and our own; `*` for all.
        sessions: Seals legacy sessions; by default with a key that dies with the process.
        seal: For the ids of requests to clients; by default likewise.
        new_request_id: Names a request in logs and errors.
        keep_alive_s: Silence after which an answer becomes a stream, and between its comments.
        drain_s: How long calls under way may take to end when the application shuts down.
        limits: What one user may take; by default all.
        begin_span: Begins the span of a request, by method and tool; kept in its facts.
    """
    gate = Gate(allowed_hosts, allowed_origins)
    endpoint = McpEndpoint(
        server,
        authenticate=authenticate,
        challenge=challenge,
        gate=gate,
        sessions=sessions or Sessions(),
        seal=seal or Seal("question"),
        new_request_id=new_request_id or (lambda _: secrets.token_hex(8)),
        keep_alive_s=keep_alive_s,
        limits=Limits() if limits is None else limits,
        begin_span=begin_span,
    )
    for path in (PATH, BELOW):
        resource = app.router.add_resource(path)
        routes = [resource.add_route(method, endpoint.handle) for method in _METHODS]
        page_access(app).allow(routes, gate=gate)

    async def drain(_: web.Application) -> None:
        await endpoint.drain(drain_s)

    app.on_shutdown.append(drain)
    return endpoint


def _name_of(message: jsonrpc.Request) -> str:
    key = ladder.NAMED_BY.get(message.method)
    name = message.params.get(key) if key and isinstance(message.params, dict) else ""
    return name[:_MOST_NAME] if isinstance(name, str) else ""
