"""One HTTP client for the OctoPerf REST API; each call carries its caller's own token."""

import asyncio
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson
from yarl import URL

from octoperf_mcp.config import UpstreamSettings
from octoperf_mcp.errors import NotFoundError, OctoPerfMcpError, UnavailableError
from octoperf_mcp.registry.context import Caller
from octoperf_mcp.registry.rest_calls import RestCall
from octoperf_mcp.upstream.failures import failure, unreachable

_PARSE_IN_THREAD_BYTES = 2 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_FIRST_FAILURE = 400
_JSON = "application/json"
_URLS = 1024
"""Addresses kept ready: taking one apart costs as much as checking a token."""
_NO_IDS = frozenset({"", ".", ".."})


class UnregisteredCallError(OctoPerfMcpError):
    """A tool made a call that no plugin registered: a defect of the plugin."""

    code = "unregistered_call"


def open_session(settings: UpstreamSettings) -> aiohttp.ClientSession:
    """The one session of a process.

    No cookies, which would mix users; idle connections are closed before the usual server does.
    aiohttp itself repeats a GET, PUT or DELETE once when a connection broke, never a POST.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=settings.connections, keepalive_timeout=10),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(
            total=None, connect=10, sock_connect=10, sock_read=settings.timeout_s
        ),
    )


class RestClient:
    """Makes registered calls.

    Args:
        session: From `open_session`; closed by whoever opened it.
        base_url: Origin of the REST API, without trailing slash.
        registered: The calls that may be made.
        max_answer_bytes: Largest answer that is read.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        registered: frozenset[RestCall],
        max_answer_bytes: int = 64 * 1024 * 1024,
    ) -> None:
        self._session = session
        self._registered = registered
        self._max_answer_bytes = max_answer_bytes
        self._url = lru_cache(maxsize=_URLS)(partial(_url, base_url))

    async def call(
        self, call: RestCall, caller: Caller, values: Mapping[str, Any], body: Any = None
    ) -> Any:
        """Make one call as `caller`; answers decoded JSON, text, bytes or None.

        Raises:
            UnregisteredCallError: no plugin registered the call.
            UpstreamError: the call was refused or failed.
            InvalidTokenError: the token is not accepted (any more).
        """
        if call not in self._registered:
            raise UnregisteredCallError(f"{call.endpoint} was not registered by any plugin.")
        url = self._url(_target(call, values))
        headers = {"Authorization": f"Bearer {caller.token}", "Accept": f"{_JSON}, */*;q=0.5"}
        data = None
        if call.body == "json":
            data = orjson.dumps(body)
            headers["Content-Type"] = _JSON
        status, answer, answer_headers = await self._send(call, url, headers, data)
        if status >= _FIRST_FAILURE:
            raise failure(call, status, answer, answer_headers)
        return await _decode(call, answer)

    async def _send(
        self, call: RestCall, url: URL, headers: Mapping[str, str], data: bytes | None
    ) -> tuple[int, bytes, Mapping[str, str]]:
        try:
            async with self._session.request(
                call.method, url, headers=headers, data=data, allow_redirects=False
            ) as response:
                return response.status, await self._read(call, response), response.headers
        except TimeoutError as error:
            raise unreachable(call, "it did not answer in time") from error
        except (aiohttp.ServerDisconnectedError, ConnectionResetError) as error:
            raise unreachable(call, "the connection broke") from error
        except aiohttp.ClientError as error:
            raise unreachable(call, type(error).__name__) from error

    async def _read(self, call: RestCall, response: aiohttp.ClientResponse) -> bytes:
        declared = response.content_length
        if declared is not None and declared <= self._max_answer_bytes:
            return await response.read()
        parts: list[bytes] = []
        size = 0
        async for part in response.content.iter_chunked(_CHUNK_BYTES):
            size += len(part)
            if size > self._max_answer_bytes:
                raise UnavailableError(
                    f"The answer is larger than {self._max_answer_bytes} bytes.",
                    endpoint=call.endpoint,
                    next_step="Ask for less: a filter, a shorter time range, fewer rows.",
                )
            parts.append(part)
        return b"".join(parts)


def _url(base_url: str, target: str) -> URL:
    return URL(base_url + target, encoded=True)


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
