"""Answers of the REST API: JSON with sorted keys, versions as ETag."""

from typing import Any

import orjson
from aiohttp import hdrs, web

from octoperf_mcp.embedded.failures import Conflict
from octoperf_mcp.embedded.store.documents import Document

_OPTIONS = orjson.OPT_SORT_KEYS


def json_answer(value: Any, *, status: int = 200, version: int | None = None) -> web.Response:
    """JSON with alphabetical properties, content type exactly `application/json`.

    Args:
        value: Anything that JSON can hold; NaN becomes null.
        status: 200, or 201 after a create.
        version: Version of the document, answered as its ETag.
    """
    answer = web.Response(
        body=orjson.dumps(value, option=_OPTIONS), status=status, content_type="application/json"
    )
    if version is not None:
        answer.headers[hdrs.ETAG] = f'"{version}"'
    return answer


def document_answer(document: Document, *, status: int = 200) -> web.Response:
    """A document with its version as ETag."""
    return json_answer(document.body, status=status, version=document.version)


def text_answer(text: str) -> web.Response:
    """Plain text, in UTF-8."""
    return web.Response(text=text, content_type="text/plain")


def no_content() -> web.Response:
    """204, as every DELETE answers."""
    return web.Response(status=204)


def expected_version(request: web.Request) -> int | None:
    """The version that `If-Match` names, None without the header or with `*`.

    Raises:
        Conflict: what it names can be no version of ours, hence not the current one.
    """
    text = request.headers.get(hdrs.IF_MATCH, "*").strip()
    if text == "*":
        return None
    version = text.removeprefix("W/").strip('"')
    if not (version.isascii() and version.isdigit()):
        raise Conflict(f"If-Match {text} names no version of this document.", stale=True)
    return int(version)
