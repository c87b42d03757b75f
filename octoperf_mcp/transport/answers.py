"""JSON-RPC answers as HTTP responses."""

from typing import Final

from aiohttp import hdrs, web
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


class Answered(Exception):  # noqa: N818 - an early answer, no error
    """Ends the reading of a request with this answer."""

    def __init__(self, response: web.Response) -> None:
        super().__init__()
        self.response = response


def respond(reply: Reply, *, modern: bool) -> web.Response:
    """The HTTP answer of a JSON-RPC one; what a legacy client asked wrongly is still a 200."""
    headers = _FIELDS.copy()
    if reply.encoding:
        headers[hdrs.CONTENT_ENCODING] = reply.encoding
        headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
    status = STATUS.get(reply.code, 200) if modern else 200
    return web.Response(body=reply.body, status=status, headers=headers)


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
