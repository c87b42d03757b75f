"""Bodies and query parameters of requests, within limits."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson
from aiohttp import hdrs, web

from octoperf_mcp.embedded.failures import Invalid, TooLarge
from octoperf_mcp.embedded.importers.values import MAX_DEPTH, depth_of

MAX_JSON_BYTES = 16 * 1024 * 1024
MAX_FORM_BYTES = 64 * 1024

_REQUIRED: Any = object()


async def read_bytes(request: web.Request, limit: int) -> bytes:
    """The body, decompressed.

    Raises:
        TooLarge: it has more than `limit` bytes.
    """
    if (request.content_length or 0) > limit:
        raise TooLarge(_too_large(limit))
    data = bytearray()
    async for part in request.content.iter_any():
        data += part
        if len(data) > limit:
            raise TooLarge(_too_large(limit))
    return bytes(data)


async def read_json(request: web.Request, *, empty: Any = _REQUIRED) -> Any:
    """The decoded JSON body.

    Args:
        request: Its content type is not looked at: clients differ.
        empty: What an empty body stands for; without it an empty body is refused.

    Raises:
        Invalid: the body is no JSON; the message is the decoder's.
        TooLarge: it has too many bytes or levels.
    """
    data = await read_bytes(request, MAX_JSON_BYTES)
    if not data and empty is not _REQUIRED:
        return empty
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"The body is no JSON: {error}") from error
    if depth_of(value) > MAX_DEPTH:
        raise TooLarge(f"The body has more than {MAX_DEPTH} levels.")
    return value


async def read_object(request: web.Request, *, empty: Any = _REQUIRED) -> dict[str, Any]:
    """The decoded body, a JSON object.

    Raises:
        Invalid: it is no object; TooLarge as in `read_json`.
    """
    value = await read_json(request, empty=empty)
    if not isinstance(value, dict):
        raise Invalid("The body must be a JSON object.")
    return value


async def read_texts(request: web.Request) -> list[str]:
    """The decoded body, a JSON array of texts such as ids.

    Raises:
        Invalid: it is anything else; TooLarge as in `read_json`.
    """
    value = await read_json(request)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Invalid("The body must be a JSON array of texts.")
    return value


async def read_form(request: web.Request) -> Mapping[str, str]:
    """Form fields, with query parameters of the same names behind them.

    Raises:
        TooLarge: the form has more than 64 KiB.
    """
    fields = dict(request.query)
    if request.content_type == "application/x-www-form-urlencoded":
        data = await read_bytes(request, MAX_FORM_BYTES)
        fields |= dict(parse_qsl(data.decode("utf-8", "replace"), keep_blank_values=True))
    return fields


def required_query(request: web.Request, name: str) -> str:
    """A query parameter.

    Raises:
        Invalid: it is missing or empty.
    """
    value = request.query.get(name, "")
    if not value:
        raise Invalid(f"The query parameter {name!r} is missing.")
    return value


def number_query(request: web.Request, name: str, default: int) -> int:
    """A query parameter that is an integer from 0.

    Raises:
        Invalid: it is anything else.
    """
    return whole_number(name, request.query.get(name, str(default)))


def whole_number(name: str, text: str) -> int:
    """An integer from 0.

    Raises:
        Invalid: it is anything else.
    """
    if not (text.isascii() and text.isdigit()) or len(text) > 15:  # noqa: PLR2004 - far above need
        raise Invalid(f"{name!r} must be a whole number from 0, not {text!r}.")
    return int(text)


def is_multipart(request: web.Request) -> bool:
    """Whether the body has parts."""
    return request.headers.get(hdrs.CONTENT_TYPE, "").lower().startswith("multipart/")


def _too_large(limit: int) -> str:
    return f"The body has more than {limit} bytes."
