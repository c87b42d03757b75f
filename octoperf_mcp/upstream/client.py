"""One client for the OctoPerf REST API; each call carries its caller's own token."""

import asyncio
import ssl
from collections.abc import Mapping
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
)
from octoperf_mcp.registry.context import Caller, Revised
from octoperf_mcp.registry.rest_calls import RestCall
from octoperf_mcp.upstream.account import HEADER
from octoperf_mcp.upstream.connections import BrokenConnectionError, Pool
from octoperf_mcp.upstream.failures import failure, unreachable
from octoperf_mcp.upstream.http1 import (
    Answer,
    LargeAnswerError,
    MalformedAnswerError,
    unpacked,
)
from octoperf_mcp.upstream.multipart import encoded

_PARSE_IN_THREAD_BYTES = 2 * 1024 * 1024
_UNPACK_IN_THREAD_BYTES = 256 * 1024
_FIRST_FAILURE = 400
_JSON = "application/json"
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_NO_IDS = frozenset({"", ".", ".."})


class UnregisteredCallError(OctoPerfMcpError):
    """A tool made a call that no plugin registered: a defect of the plugin."""

    code = "unregistered_call"


class RestClient:
    """Makes registered calls, without cookies, which would mix users, and without redirects.

    Args:
        base_url: Address of the REST API, without trailing slash.
        registered: The calls that may be made.
        settings: Limits.
        tls: Instead of the usual trust in the system's certificates.
    """

    def __init__(
        self,
        base_url: str,
        registered: frozenset[RestCall],
        settings: UpstreamSettings,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._registered = registered
        self._max_answer_bytes = settings.max_answer_bytes
        self._pool = Pool(
            base_url, limit=settings.connections, silence_s=settings.timeout_s, tls=tls
        )
        base = urlsplit(base_url)
        self._prefix = quote(base.path, safe="/%")
        host = base.netloc.rpartition("@")[2]
        self._fixed = (
            f" HTTP/1.1\r\nHost: {host}\r\nUser-Agent: octoperf-mcp/{__version__}\r\n"
            f"Accept: {_JSON}, */*;q=0.5\r\nAccept-Encoding: gzip\r\n"
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()

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
        if call not in self._registered:
            raise UnregisteredCallError(f"{call.endpoint} was not registered by any plugin.")
        request = self._request(call, _target(call, values), caller.token, body, account)
        answer = await self._answer(call, request)
        return await _decode(call, answer.body)

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
        if call not in self._registered:
            raise UnregisteredCallError(f"{call.endpoint} was not registered by any plugin.")
        more = "" if if_revision is None else f'If-Match: "{if_revision}"\r\n'
        target = _target(call, values)
        request = self._request(call, target, caller.token, body, account, more)
        answer = await self._answer(call, request)
        return Revised(await _decode(call, answer.body), _revision(answer.field(b"etag")))

    async def _answer(self, call: RestCall, request: bytes) -> Answer:
        answer = await self._ask(call, request)
        if answer.status >= _FIRST_FAILURE:
            raise failure(call, answer.status, answer.body, answer.field(b"retry-after"))
        return answer

    def _request(  # noqa: PLR0917 - the parts of one request
        self, call: RestCall, target: str, token: str, body: Any, account: str, more: str = ""
    ) -> bytes:
        if "\r" in token or "\n" in token:
            raise InvalidTokenError("The access token is malformed.")
        head = f"{call.method} {self._prefix}{target}{self._fixed}Authorization: Bearer {token}\r\n"
        head += more
        if account:
            head += f"{HEADER}: {account}\r\n"
        if call.body == "json":
            data = orjson.dumps(body)
            head += f"Content-Type: {_JSON}\r\nContent-Length: {len(data)}\r\n\r\n"
            return head.encode("latin-1") + data
        if call.body == "multipart":
            media_type, data = encoded(body)
            head += f"Content-Type: {media_type}\r\nContent-Length: {len(data)}\r\n\r\n"
            return head.encode("latin-1") + data
        if call.method in _WITH_BODY:
            head += "Content-Length: 0\r\n"
        return (head + "\r\n").encode("latin-1")

    async def _ask(self, call: RestCall, request: bytes) -> Answer:
        try:
            answer = await self._pool.ask(call.method, request, self._max_answer_bytes)
            if b"content-encoding" in answer.fields:
                await self._unpack(answer)
        except TimeoutError as error:
            raise unreachable(call, "it did not answer in time") from error
        except BrokenConnectionError as error:
            raise unreachable(call, "the connection broke") from error
        except ssl.SSLCertVerificationError as error:
            raise unreachable(call, "its certificate is not trusted") from error
        except OSError as error:
            raise unreachable(call, "no connection could be made") from error
        except MalformedAnswerError as error:
            raise unreachable(call, f"what it answered is not HTTP: {error}") from error
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
    return f"{path}?{urlencode(query)}" if query else path


def _query_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def _decode(call: RestCall, answer: bytes) -> Any:
    if call.answer == "none" or not answer:
        return None
    if call.answer == "bytes":
        return answer
    if call.answer == "text":
        return answer.decode("utf-8", "replace")
    try:
        if len(answer) > _PARSE_IN_THREAD_BYTES:
            return await asyncio.to_thread(orjson.loads, answer)
        return orjson.loads(answer)
    except orjson.JSONDecodeError as error:
        raise UnavailableError(
            "OctoPerf answered with something that is not JSON.",
            endpoint=call.endpoint,
            next_step="Check that the configured upstream is an OctoPerf REST API.",
        ) from error
