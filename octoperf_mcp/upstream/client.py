"""One client for the OctoPerf REST API; each call carries its caller's own token."""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import orjson

from octoperf_mcp import __version__
from octoperf_mcp.config import UpstreamSettings
from octoperf_mcp.errors import (
    InvalidTokenError,
    NotFoundError,
    OctoPerfMcpError,
    UnavailableError,
    UnreachableError,
    UpstreamError,
)
from octoperf_mcp.observability.metrics import Metrics
from octoperf_mcp.registry.context import Caller, Revised
from octoperf_mcp.registry.rest_calls import RestCall
from octoperf_mcp.upstream.account import HEADER
from octoperf_mcp.upstream.breaker import Breaker
from octoperf_mcp.upstream.calls import CAPABILITIES
from octoperf_mcp.upstream.connections import BrokenConnectionError, Pool
from octoperf_mcp.upstream.decoding import decoded
from octoperf_mcp.upstream.dialing import Dialer, ProxyRefusedError
from octoperf_mcp.upstream.failures import failure, paused, redirected, unreachable
from octoperf_mcp.upstream.http1 import (
    Answer,
    LargeAnswerError,
    MalformedAnswerError,
    unpacked,
)
from octoperf_mcp.upstream.lookout import Lookout
from octoperf_mcp.upstream.multipart import encoded
from octoperf_mcp.upstream.proxies import Proxy
from octoperf_mcp.upstream.retries import DOWN, is_safe, pause_s
from octoperf_mcp.upstream.routes import routes_of

_UNPACK_IN_THREAD_BYTES = 256 * 1024
_FIRST_REDIRECT = 300
_FIRST_FAILURE = 400
_JSON = "application/json"
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_NO_IDS = frozenset({"", ".", ".."})
_Request = tuple[str, bytes]
"""Request line and fields, then what follows the fields of the trace: each attempt has its own."""


class UnregisteredCallError(OctoPerfMcpError):
    """A tool made a call that no plugin registered: a defect of the plugin."""

    code = "unregistered_call"


class RestClient:
    """Makes registered calls, without cookies, which would mix users, and without redirects.

    Args:
        base_url: Address of the REST API, without trailing slash.
        registered: The calls that may be made; a mapping gives what is called for each.
        settings: Limits.
        tls: Instead of the usual trust in the system's certificates.
        proxy: On the way to it.
        metrics: Told of each call.
    """

    def __init__(
        self,
        base_url: str,
        registered: Iterable[RestCall] | Mapping[RestCall, RestCall],
        settings: UpstreamSettings,
        *,
        tls: ssl.SSLContext | None = None,
        proxy: Proxy | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._routes = _of_octoperf(routes_of(registered))
        self._max_answer_bytes = settings.max_answer_bytes
        self._retries = settings.retries
        self._metrics = metrics or Metrics({})
        self.breaker = Breaker(settings.breaker_failures, settings.breaker_pause_s)
        self._lookout = Lookout(self.breaker, self._answers)
        dialer = Dialer(base_url, tls=tls, ca_file=settings.ca_file, proxy=proxy)
        self.pool = Pool(
            dialer,
            limit=settings.connections,
            silence_s=settings.timeout_s,
            longest_s=settings.longest_s,
        )
        base = urlsplit(base_url)
        self._prefix = quote(base.path, safe="/%")
        host = base.netloc.rpartition("@")[2]
        if dialer.forwards:  # RFC 9112, 3.2.2
            self._prefix = f"http://{host}{self._prefix}"
        self._fixed = (
            f" HTTP/1.1\r\nHost: {host}\r\nUser-Agent: octoperf-mcp/{__version__}\r\n"
            f"Accept: {_JSON}, */*;q=0.5\r\nAccept-Encoding: gzip\r\n"
        )
        if dialer.forwards and proxy is not None and proxy.authorization:
            self._fixed += f"Proxy-Authorization: {proxy.authorization}\r\n"

    def offered(self, endpoints: Iterable[str]) -> frozenset[str]:
        """Endpoints, in our spelling, that an upstream answers which says that it answers these.

        What an operator gave another route, the upstream has.
        """
        said = frozenset(endpoints)
        routed = (ours for ours, theirs in self._routes.items() if ours is not theirs)
        return said | {call.endpoint for call in routed}

    def register(self, calls: Mapping[RestCall, RestCall]) -> None:
        """Make these calls possible, too, each with what is called for it."""
        self._routes = {**self._routes, **_of_octoperf(calls)}

    async def close(self) -> None:
        """Close the connections."""
        await self._lookout.close()
        await self.pool.close()

    async def call(
        self,
        call: RestCall,
        caller: Caller,
        values: Mapping[str, Any],
        body: Any = None,
        *,
        account: str = "",
    ) -> Any:
        """Make one call as `caller`; answers decoded JSON, text, bytes or None.

        `account` is what the platform's audit trail is told (`upstream.account`).

        Raises:
            UnregisteredCallError: no plugin registered the call.
            UpstreamError: the call was refused or failed.
            InvalidTokenError: the token is not accepted (any more).
        """
        call = self._routed(call)
        request = self._request(call, _target(call, values), caller.token, body, account)
        answer = await self._answer(call, request)
        return await decoded(call, answer)

    async def revised(
        self,
        call: RestCall,
        caller: Caller,
        values: Mapping[str, Any],
        body: Any = None,
        *,
        account: str = "",
        if_revision: int | None = None,
    ) -> Revised:
        """`call`, with the revision of the document answered (RFC 9110, ETag and If-Match)."""
        call = self._routed(call)
        more = "" if if_revision is None else f'If-Match: "{if_revision}"\r\n'
        target = _target(call, values)
        request = self._request(call, target, caller.token, body, account, more)
        answer = await self._answer(call, request)
        return Revised(await decoded(call, answer), _revision(answer.field(b"etag")))

    def _routed(self, call: RestCall) -> RestCall:
        """The call as the operator's routes have it."""
        found = self._routes.get(call)
        if found is None:
            raise UnregisteredCallError(
                f"{call.endpoint} was not registered by any plugin: register_rest_calls returns it."
            )
        return found

    async def _answer(self, call: RestCall, request: _Request) -> Answer:
        """The answer of success; safe calls are repeated while the upstream is away."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._attempt(call, request)
            except UpstreamError as error:
                wait_s = None
                if attempt <= self._retries and is_safe(call) and not self.breaker.is_open:
                    wait_s = pause_s(error, attempt)
                if wait_s is None:
                    raise
            await asyncio.sleep(wait_s)

    async def _attempt(self, call: RestCall, request: _Request) -> Answer:
        if self.breaker.failures:
            wait_s = self.breaker.wait_s()
            if wait_s:
                raise paused(call, wait_s)
        started = self._metrics.clock()
        span, trace = self._metrics.asking(call.endpoint)
        head, rest = request
        try:
            answer = await self._ask(call, (head + trace).encode("latin-1") + rest)
        except UnreachableError:
            self._metrics.asked(call.endpoint, 0, started, span)
            self._failed()
            raise
        except BaseException:
            self._metrics.left(span)
            raise
        self._metrics.asked(call.endpoint, answer.status, started, span)
        if answer.status < _FIRST_REDIRECT:
            self.breaker.failures = 0
            return answer
        if answer.status in DOWN:
            self._failed()
        else:
            self.breaker.succeeded()
        if answer.status < _FIRST_FAILURE:
            raise redirected(call, answer.status, answer.field(b"location"))
        raise failure(call, answer.status, answer.body, answer.field(b"retry-after"))

    def _failed(self) -> None:
        self.breaker.failed()
        self._lookout.begin()

    async def _answers(self) -> bool:
        """Whether the REST API is there, asked in nobody's name: a refusal will do."""
        request = f"GET {self._prefix}{CAPABILITIES.path}{self._fixed}\r\n".encode("latin-1")
        started, status = self._metrics.clock(), 0
        try:
            status = (await self._ask(CAPABILITIES, request)).status
        except UpstreamError:
            return False
        finally:
            self._metrics.asked(CAPABILITIES.endpoint, status, started)
        return status not in DOWN

    def _request(  # noqa: PLR0917 - the parts of one request
        self, call: RestCall, target: str, token: str, body: Any, account: str, more: str = ""
    ) -> _Request:
        if "\r" in token or "\n" in token:
            raise InvalidTokenError("The access token is malformed.")
        head = f"{call.method} {self._prefix}{target}{self._fixed}Authorization: Bearer {token}\r\n"
        head += more
        if account:
            head += f"{HEADER}: {account}\r\n"
        if call.body == "json":
            return head, _framed(_JSON, orjson.dumps(body))
        if call.body == "multipart":
            return head, _framed(*encoded(body))
        return head, b"Content-Length: 0\r\n\r\n" if call.method in _WITH_BODY else b"\r\n"

    async def _ask(self, call: RestCall, request: bytes) -> Answer:
        try:
            answer = await self.pool.ask(call.method, request, self._max_answer_bytes)
            if b"content-encoding" in answer.fields:
                await self._unpack(answer)
        except TimeoutError as error:
            raise unreachable(call, "it did not answer in time", repeat=False) from error
        except BrokenConnectionError as error:
            raise unreachable(call, "the connection broke") from error
        except ssl.SSLCertVerificationError as error:
            raise unreachable(call, "its certificate is not trusted", repeat=False) from error
        except ProxyRefusedError as error:
            raise unreachable(call, str(error), repeat=False) from error
        except OSError as error:
            raise unreachable(call, "no connection could be made") from error
        except MalformedAnswerError as error:
            raise unreachable(
                call, f"what it answered is not HTTP: {error}", repeat=False
            ) from error
        except LargeAnswerError as error:
            raise UnavailableError(
                f"The answer is larger than {self._max_answer_bytes} bytes.",
                endpoint=call.endpoint,
                next_step="Ask for less: a filter, a shorter time range, fewer rows.",
            ) from error
        return answer

    async def _unpack(self, answer: Answer) -> None:
        if len(answer.body) > _UNPACK_IN_THREAD_BYTES:
            answer.body = await asyncio.to_thread(unpacked, answer, self._max_answer_bytes)
        else:
            answer.body = unpacked(answer, self._max_answer_bytes)


def _framed(media_type: str, data: bytes) -> bytes:
    fields = f"Content-Type: {media_type}\r\nContent-Length: {len(data)}\r\n\r\n"
    return fields.encode("latin-1") + data


def _of_octoperf(calls: Mapping[RestCall, RestCall]) -> dict[RestCall, RestCall]:
    """Calls without a base address: no token ever goes to one."""
    return {ours: theirs for ours, theirs in calls.items() if ours.base is None}


def _revision(tag: str) -> int | None:
    """The number that an entity tag holds; None for tags of other platforms."""
    text = tag.strip().removeprefix("W/").strip('"')
    return int(text) if text.isascii() and text.isdigit() else None


def _target(call: RestCall, values: Mapping[str, Any]) -> str:
    for name in call.template.names:
        if values[name] in _NO_IDS:
            raise NotFoundError(f"{values[name]!r} is no {name}.", endpoint=call.endpoint)
    path = call.template.fill(values)
    query = [
        (wire_name, _query_text(values[name]))
        for wire_name, name in call.query_names
        if values.get(name) is not None
    ]
    if not query:
        return path
    return f"{path}{'&' if '?' in path else '?'}{urlencode(query)}"


def _query_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
