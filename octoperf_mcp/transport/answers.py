"""JSON-RPC answers as HTTP responses."""

import functools
import time
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import SERVER_SOFTWARE, HttpVersion11
from multidict import CIMultiDict

from octoperf_mcp.errors import InvalidRequestError
from octoperf_mcp.protocol import jsonrpc
from octoperf_mcp.protocol.exchange import Reply

STATUS: Final = {
    -32700: 400,
    -32600: 400,
    -32601: 404,
    -32602: 400,
    -32020: 400,
    -32021: 400,
    -32022: 400,
}
"""HTTP status by JSON-RPC code in the stateless era; 200 for all others."""

_FIELDS: Final = CIMultiDict({"Content-Type": "application/json"})
_PACKED_FIELDS: Final = CIMultiDict(
    {**_FIELDS, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
)
_JOINED_BYTES: Final = 16 * 1024
"""Up to here one copy costs less than a write of several buffers."""


class Answered(Exception):  # noqa: N818 - an early answer, no error
    """Ends the reading of a request with this answer."""

    def __init__(self, response: web.Response) -> None:
        super().__init__()
        self.response = response


class JsonResponse(web.Response):
    """A JSON body that is there already, in two parts.

    To the usual request - HTTP/1.1, the connection stays, no web page behind it - it is written as
    it is; aiohttp's way makes a list of tools cost a sixth more, a call a tenth. All other requests
    go that way, signals and CORS included.
    """

    def __init__(self, head: bytes, tail: bytes, *, status: int, encoding: str = "") -> None:
        fields = _FIELDS if not encoding else _PACKED_FIELDS
        super().__init__(status=status, headers=fields)
        self._parts = (head, tail)
        self._encoding = encoding
        self._direct: web.BaseRequest | None = None
        self._plain_fields = len(self.headers)

    @property
    def keep_alive(self) -> bool | None:
        """See `StreamResponse.keep_alive`."""
        return True if self._direct is not None else super().keep_alive

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """See `StreamResponse.prepare`."""
        if (
            request.version == HttpVersion11
            and request.keep_alive
            and super().keep_alive is None
            and hdrs.ORIGIN not in request.headers
            and len(self.headers) == self._plain_fields
        ):
            self._direct = request
            return None
        self.body = b"".join(self._parts)
        return await super().prepare(request)

    async def write_eof(self, data: bytes = b"") -> None:
        """See `StreamResponse.write_eof`."""
        if self._direct is None:
            await super().write_eof(data)
            return
        transport = self._direct.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has left")
        head, tail = self._parts
        fields = _head(self.status, self._encoding, int(time.time()))
        length = b"%d\r\n\r\n" % (len(head) + len(tail))
        if len(head) < _JOINED_BYTES:
            transport.write(b"".join((fields, length, head, tail)))
        else:
            transport.writelines((fields + length, head, tail))
        await self._direct.writer.drain()


@functools.lru_cache(maxsize=64)
def _head(status: int, encoding: str, now_s: int) -> bytes:
    """All of a response's head but its length; made anew every second, for its date."""
    fields = _PACKED_FIELDS if encoding else _FIELDS
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        *(f"{name}: {value}" for name, value in fields.items()),
        f"Date: {formatdate(now_s, usegmt=True)}",
        f"Server: {SERVER_SOFTWARE}",
        "Content-Length: ",
    ]
    return "\r\n".join(lines).encode("ascii")


def respond(reply: Reply, *, modern: bool) -> web.Response:
    """The HTTP answer of a JSON-RPC one; what a legacy client asked wrongly is still a 200."""
    status = STATUS.get(reply.code, 200) if modern else 200
    return JsonResponse(reply.head, reply.tail, status=status, encoding=reply.encoding)


def refuse(
    status: int,
    message: str,
    headers: dict[str, str] | None = None,
    *,
    id_json: bytes | None = None,
) -> web.Response:
    """An HTTP error whose body is a JSON-RPC error, which tells a client that we are modern."""
    body = jsonrpc.refusal(id_json, InvalidRequestError(message))
    fields = _FIELDS.copy()
    fields.update(headers or {})
    return web.Response(status=status, body=body, headers=fields)
