"""Streamable HTTP at `/mcp`, both eras (2025-11-25 and 2026-07-28, basic/transports).

The order of an answer: Host and Origin, pre-flight, authentication, HTTP method, fields, body.
Clients probe with GET, HEAD and POST, and want the challenge on each.
"""

import asyncio
import functools
import secrets
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Final

from aiohttp import hdrs, web
from multidict import CIMultiDict

from octoperf_mcp.errors import AuthError, InvalidRequestError
from octoperf_mcp.protocol import jsonrpc, ladder, versions
from octoperf_mcp.protocol.exchange import Exchange, Reply
from octoperf_mcp.protocol.server import McpServer, refused
from octoperf_mcp.registry.context import Caller
from octoperf_mcp.transport import sessions as session_ids
from octoperf_mcp.transport import sse
from octoperf_mcp.transport.calls import Call, Calls
from octoperf_mcp.transport.origins import Gate, page_access
from octoperf_mcp.transport.sessions import Session, Sessions

Authenticate = Callable[[web.Request], Awaitable[Caller]]
Challenge = Callable[[web.Request, AuthError], web.Response]

PATH: Final = "/mcp"
MAX_BODY_BYTES: Final = 4 * 1024 * 1024
MAX_FIELD_BYTES: Final = 32 * 1024
"""For the runner: `max_field_size` and `max_line_size`; a long token and a Base64 `Mcp-Name`."""
KEEP_ALIVE_S: Final = 15.0
BODY_TIMEOUT_S: Final = 60.0

_STATUS: Final = {
    -32700: 400,
    -32600: 400,
    -32601: 404,
    -32602: 400,
    -32020: 400,
    -32021: 400,
    -32022: 400,
}
"""HTTP status by JSON-RPC code in the stateless era; 200 for all others."""

_METHODS: Final = (
    hdrs.METH_POST,
    hdrs.METH_GET,
    hdrs.METH_HEAD,
    hdrs.METH_DELETE,
    hdrs.METH_PUT,
    hdrs.METH_PATCH,
)
_JSON: Final = CIMultiDict({"Content-Type": "application/json"})


@dataclass(slots=True)
class RpcFacts:
    """What the request log should know of one message."""

    method: str = ""
    name: str = ""
    version: str = ""
    code: int = 0
    tool_error: bool = False


RPC_FACTS: Final = web.RequestKey("octoperf_mcp_rpc", RpcFacts)
"""On each request to `/mcp` whose body was read."""


class _Answered(Exception):  # noqa: N818 - an early answer, no error
    """Ends the reading of a request with this answer."""

    def __init__(self, response: web.Response) -> None:
        super().__init__()
        self.response = response


class McpEndpoint:
    """The handler of `/mcp`."""

    def __init__(
        self,
        server: McpServer,
        *,
        authenticate: Authenticate,
        challenge: Challenge,
        gate: Gate,
        sessions: Sessions,
        new_request_id: Callable[[web.Request], str],
        keep_alive_s: float,
    ) -> None:
        self._server = server
        self._authenticate = authenticate
        self._challenge = challenge
        self._gate = gate
        self._sessions = sessions
        self._new_request_id = new_request_id
        self._keep_alive_s = keep_alive_s
        self._calls = Calls()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one HTTP request."""
        refusal = self._gate.refusal(request.headers)
        if refusal is not None:
            return _refuse(*refusal)
        try:
            caller = await self._authenticate(request)
            if request.method == hdrs.METH_POST:
                return await self._post(request, caller)
            if request.method == hdrs.METH_DELETE and not _header_is_modern(request):
                return await self._delete(request, caller)
        except AuthError as error:
            return self._challenge(request, error)
        except _Answered as answered:
            return answered.response
        allow = "POST" if _header_is_modern(request) else "POST, DELETE"
        return _refuse(405, f"{request.method} is not served here.", {"Allow": allow})

    async def drain(self, timeout_s: float) -> int:
        """Wait for the calls under way, then cancel the rest; answers how many those were."""
        return await self._calls.drain(timeout_s)

    async def _post(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        headers = request.headers
        if not _is_json(headers.get(hdrs.CONTENT_TYPE, "")):
            return _refuse(415, "The body must be application/json.")
        takes_json, takes_stream = _accepted(headers.get(hdrs.ACCEPT, "*/*"))
        if not takes_json:
            return _refuse(406, "Accept must list application/json and text/event-stream.")
        message = jsonrpc.read_message(await _read(request))
        if isinstance(message, jsonrpc.Rejected):
            return _respond(refused(message.id_json, message.error), modern=True)
        facts = request[RPC_FACTS] = RpcFacts()
        if isinstance(message, jsonrpc.Request):
            facts.method = message.method
            exchange, key = await self._exchange(request, caller, message)
            exchange.gzip = "gzip" in headers.get(hdrs.ACCEPT_ENCODING, "")
            facts.version = exchange.version
            return await self._answer(request, exchange, key, stream=takes_stream)
        return await self._accept(request, caller, message)

    async def _exchange(
        self, request: web.Request, caller: Caller, message: jsonrpc.Request
    ) -> tuple[Exchange, tuple[str, str | int] | None]:
        """The checked envelope, and what a legacy client would cancel the call by."""
        if _header_is_modern(request) or (
            ladder.VERSION_FIELD not in request.headers and ladder.speaks_modern(message.params)
        ):
            return self._modern(request, caller, message), None
        if message.method == "initialize":
            raise _Answered(self._initialize(caller, message))
        session_id = request.headers.get(session_ids.FIELD, "")
        if not session_id and message.method == "ping":
            session = Session(caller.subject, versions.ASSUMED_VERSION, {}, 0)
        else:
            session = await self._session(request, caller, message.id_json)
        exchange = Exchange(
            request=message,
            caller=caller,
            request_id=self._new_request_id(request),
            version=session.version,
            modern=False,
            capabilities=session.capabilities,
        )
        return exchange, (session_id, message.id)

    def _modern(self, request: web.Request, caller: Caller, message: jsonrpc.Request) -> Exchange:
        error = self._server.check_modern(message, request.headers)
        if error is not None:
            raise _Answered(_respond(refused(message.id_json, error), modern=True))
        meta = message.params["_meta"]
        return Exchange(
            request=message,
            caller=caller,
            request_id=self._new_request_id(request),
            version=meta[versions.META_VERSION],
            modern=True,
            capabilities=meta[versions.META_CAPABILITIES],
            log_level=meta.get(versions.META_LOG_LEVEL) or "",
        )

    def _initialize(self, caller: Caller, message: jsonrpc.Request) -> web.Response:
        settled = self._server.initialize(message)
        if isinstance(settled, Reply):
            return _respond(settled, modern=False)
        response = _respond(settled.reply, modern=False)
        response.headers[session_ids.FIELD] = self._sessions.open(
            caller.subject, settled.version, settled.capabilities
        )
        return response

    async def _session(
        self, request: web.Request, caller: Caller, id_json: bytes | None
    ) -> Session:
        """The session of a legacy request.

        Raises:
            _Answered: 400 when the request names none, 404 when it is not the caller's.
        """
        session_id = request.headers.get(session_ids.FIELD, "")
        if not session_id:
            message = f"The field {session_ids.FIELD} is missing; start with initialize."
            raise _Answered(_refuse(400, message, id_json=id_json))
        session = await self._sessions.find(session_id, caller.subject)
        if session is None:
            message = "This session is unknown or has ended; start anew with initialize."
            raise _Answered(_refuse(404, message, id_json=id_json))
        return session

    async def _answer(
        self,
        request: web.Request,
        exchange: Exchange,
        key: tuple[str, str | int] | None,
        *,
        stream: bool,
    ) -> web.StreamResponse:
        call = Call()
        if stream:
            exchange.notify = call.notify
        outcome = self._server.dispatch(exchange)
        if isinstance(outcome, Reply):
            return _respond(outcome, modern=exchange.modern)
        self._calls.start(call, outcome, key)
        try:
            await self._quiet(call, stream)
            if not call.messages and call.done:
                return _respond(_reply(call, exchange), modern=exchange.modern)
            return await self._stream(request, exchange, call)
        except (asyncio.CancelledError, ConnectionError):
            # the client is gone: an end to stateless work, no concern of a legacy call
            call.cancel() if exchange.modern else call.detach()
            raise

    async def _quiet(self, call: Call, stream: bool) -> None:
        """Wait for the first sign of life; without a stream, for the end."""
        await call.news(self._keep_alive_s)
        while not stream and not call.done:
            await call.news(self._keep_alive_s)

    async def _stream(
        self, request: web.Request, exchange: Exchange, call: Call
    ) -> web.StreamResponse:
        """Answer with events: what the call says, comments while it is silent, its reply."""
        response = sse.stream()
        await response.prepare(request)
        while True:
            while call.messages:
                await response.write(sse.event(call.messages.popleft()))
            if call.done:
                break
            await call.news(self._keep_alive_s)
            if not call.messages and not call.done:
                await response.write(sse.KEEP_ALIVE)
        try:
            reply = _reply(call, exchange)
        except AuthError as error:
            reply = refused(exchange.request.id_json, InvalidRequestError(error.message))
        await response.write(sse.event(reply.body))
        await response.write_eof()
        return response

    async def _accept(
        self,
        request: web.Request,
        caller: Caller,
        message: jsonrpc.Notification | jsonrpc.Response,
    ) -> web.Response:
        if _header_is_modern(request):
            return self._accept_modern(request, message)
        await self._session(request, caller, None)
        if (
            isinstance(message, jsonrpc.Notification)
            and message.method == "notifications/cancelled"
        ):
            params = message.params if isinstance(message.params, dict) else {}
            self._calls.cancel(request.headers[session_ids.FIELD], params.get("requestId"))
        return web.Response(status=202)

    def _accept_modern(
        self, request: web.Request, message: jsonrpc.Notification | jsonrpc.Response
    ) -> web.Response:
        if isinstance(message, jsonrpc.Response):
            return _refuse(400, "The server asked nothing, so there is nothing to answer.")
        error = ladder.unsupported(request.headers[ladder.VERSION_FIELD].strip(" \t"))
        if error is not None:
            return _respond(refused(None, error), modern=True)
        return web.Response(status=202)

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
    new_request_id: Callable[[web.Request], str] | None = None,
    keep_alive_s: float = KEEP_ALIVE_S,
) -> McpEndpoint:
    """Serve MCP at `/mcp` of an application.

    The runner must be given `handler_cancellation=True`, or stateless calls go on after their
    client has left, and `max_field_size=max_line_size=MAX_FIELD_BYTES`.

    Args:
        app: Gets the routes, CORS, and a clean-up that ends calls under way.
        server: Answers the messages.
        authenticate: The caller of a request; raises AuthError.
        challenge: The 401 or 403 answer to an AuthError.
        allowed_hosts: Names in `Host`; `*` for all.
        allowed_origins: Web origins besides loopback ones and our own; `*` for all.
        sessions: Seals legacy sessions; by default with a key that dies with the process.
        new_request_id: Names a request in logs and errors.
        keep_alive_s: Silence after which an answer becomes a stream, and between its comments.
    """
    gate = Gate(allowed_hosts, allowed_origins)
    endpoint = McpEndpoint(
        server,
        authenticate=authenticate,
        challenge=challenge,
        gate=gate,
        sessions=sessions or Sessions(),
        new_request_id=new_request_id or (lambda _: secrets.token_hex(8)),
        keep_alive_s=keep_alive_s,
    )
    resource = app.router.add_resource(PATH)
    routes = [resource.add_route(method, endpoint.handle) for method in _METHODS]
    page_access(app).allow(routes, gate=gate)

    async def end(_: web.Application) -> None:
        await endpoint.drain(0)

    app.on_cleanup.append(end)
    return endpoint


def _reply(call: Call, exchange: Exchange) -> Reply:
    if call.cancelled:
        cancelled = jsonrpc.error(exchange.request.id_json, jsonrpc.CANCELLED, "Request cancelled")
        return Reply(cancelled, code=jsonrpc.CANCELLED)
    return call.reply()


def _respond(reply: Reply, *, modern: bool) -> web.Response:
    """The HTTP answer of a JSON-RPC one; what a legacy client asked wrongly is still a 200."""
    headers = _JSON.copy()
    if reply.encoding:
        headers[hdrs.CONTENT_ENCODING] = reply.encoding
    status = _STATUS.get(reply.code, 200) if modern else 200
    return web.Response(body=reply.body, status=status, headers=headers)


def _refuse(
    status: int,
    message: str,
    headers: dict[str, str] | None = None,
    *,
    id_json: bytes | None = None,
) -> web.Response:
    """An HTTP error whose body is a JSON-RPC error, which tells a client that we are modern."""
    body = jsonrpc.refusal(id_json, InvalidRequestError(message))
    fields = _JSON.copy()
    fields.update(headers or {})
    return web.Response(status=status, body=body, headers=fields)


async def _read(request: web.Request) -> bytes:
    """The body, within its limits of size and time."""
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise _Answered(_refuse(413, f"The body may have {MAX_BODY_BYTES} bytes at most."))
    try:
        if request.content.is_eof():
            return await _chunks(request)
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await _chunks(request)
    except TimeoutError:
        raise _Answered(_refuse(408, "The body did not arrive in time.")) from None
    except web.RequestPayloadError:
        raise _Answered(_refuse(400, "The body is broken below its JSON.")) from None


async def _chunks(request: web.Request) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := await request.content.readany():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise _Answered(_refuse(413, f"The body may have {MAX_BODY_BYTES} bytes at most."))
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _header_is_modern(request: web.Request) -> bool:
    """Whether the version field is there and names no handshake revision."""
    version = request.headers.get(ladder.VERSION_FIELD)
    return version is not None and version.strip(" \t") not in versions.LEGACY_VERSIONS


@functools.lru_cache(maxsize=64)
def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"


@functools.lru_cache(maxsize=256)
def _accepted(accept: str) -> tuple[bool, bool]:
    """Whether JSON and event streams are accepted."""
    kinds = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    return (
        not kinds.isdisjoint(("*/*", "application/*", "application/json")),
        not kinds.isdisjoint(("*/*", "text/*", "text/event-stream")),
    )
