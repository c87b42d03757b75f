"""How the endpoints read bodies and shape answers: RFC 6749 sections 3.2 and 5."""

from typing import Any
from urllib.parse import parse_qsl

import orjson
from aiohttp import hdrs, web
from multidict import MultiDict

MOST_BODY_BYTES = 64 * 1024
CORS_HEADERS = {
    hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
    hdrs.ACCESS_CONTROL_ALLOW_METHODS: "GET, POST, OPTIONS",
    hdrs.ACCESS_CONTROL_ALLOW_HEADERS: "Authorization, Content-Type, MCP-Protocol-Version",
    hdrs.ACCESS_CONTROL_EXPOSE_HEADERS: "WWW-Authenticate, Retry-After",
    hdrs.ACCESS_CONTROL_MAX_AGE: "86400",
}
NO_STORE = {hdrs.CACHE_CONTROL: "no-store", hdrs.PRAGMA: "no-cache"}
_FORM = "application/x-www-form-urlencoded"
# RFC 8707 allows several; everything else may come once.
_REPEATABLE = frozenset({"resource", "audience"})


class BadFormError(ValueError):
    """The body is no form, or a parameter comes twice."""


async def preflight(_request: web.Request) -> web.Response:
    """What a browser asks before a call from another origin."""
    return web.Response(status=204, headers=CORS_HEADERS)


async def read_body(request: web.Request) -> bytes:
    """The body, small.

    Raises:
        web.HTTPRequestEntityTooLarge: it is not.
    """
    length = request.content_length or 0
    body = bytearray()
    if length <= MOST_BODY_BYTES:
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > MOST_BODY_BYTES:
                break
    if max(length, len(body)) > MOST_BODY_BYTES:
        raise web.HTTPRequestEntityTooLarge(
            max_size=MOST_BODY_BYTES, actual_size=max(length, len(body))
        )
    return bytes(body)


async def read_form(request: web.Request) -> MultiDict[str]:
    """The parameters of a form body.

    Raises:
        BadFormError: another content type, not UTF-8, or a parameter that comes twice.
    """
    if request.content_type != _FORM:
        raise BadFormError(f"The body must be {_FORM}.")
    return parameters_of(await read_body(request))


def parameters_of(text: bytes) -> MultiDict[str]:
    """Decode form or query parameters; empty values count as absent (RFC 6749 section 3.1).

    Raises:
        BadFormError: not UTF-8, too many, or one that comes twice.
    """
    try:
        pairs = parse_qsl(text.decode("utf-8"), errors="strict", max_num_fields=100)
    except ValueError as error:
        raise BadFormError("The parameters cannot be read.") from error
    form: MultiDict[str] = MultiDict()
    for name, value in pairs:
        if name in form and name not in _REPEATABLE:
            raise BadFormError("A parameter comes twice.")
        form.add(name, value)
    return form


def oauth_error(status: int, code: str, description: str) -> web.Response:
    """An error as clients of the token, registration and revocation endpoints read it."""
    return oauth_answer({"error": code, "error_description": description}, status=status)


def oauth_answer(document: dict[str, Any], *, status: int = 200) -> web.Response:
    """A JSON answer that nobody may keep."""
    return web.Response(
        status=status,
        body=orjson.dumps(document),
        content_type="application/json",
        headers={**NO_STORE, **CORS_HEADERS},
    )
