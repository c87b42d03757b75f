"""One recorded exchange as an `HttpRequestAction`.

Redirects are not followed: a browser records a 302 and the request after it as two entries, and
both stay requests of their own. So the hits of a replay equal the entries of the recording, and
the verdict compares a replayed 302 with the recorded 302 instead of with the page behind it.
"""

import re
from dataclasses import replace
from typing import Any

from octoperf_mcp.embedded.importers.encoding import fields
from octoperf_mcp.embedded.importers.har_bodies import (
    MAX_BODY_BYTES,
    PostBody,
    decoded,
    inflated,
    read_body,
)
from octoperf_mcp.embedded.importers.har_entries import Recorded
from octoperf_mcp.embedded.importers.har_options import MAX_NAME
from octoperf_mcp.embedded.importers.values import mapping, pairs, text
from octoperf_mcp.entities.imported import Imported, new_id

Json = dict[str, Any]

_MAX_HEADERS = 200
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")
_BREAKS = re.compile(r"[\r\n\0]")
_MADE_BY_THE_ENGINE = frozenset(
    {
        "connection",
        "content-length",
        "cookie",
        "expect",
        "host",
        "http2-settings",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Cookies and validators come from the virtual user's cookie store and cache, the others from
the connection. `Accept-Encoding` is narrowed instead: see `_encodings`."""

_DECODABLE = ("gzip", "deflate")
_NOT_MODIFIED = 304
_OK = range(200, 300)
_HTML = frozenset({"text/html", "application/xhtml+xml"})


def action(recorded: Recorded, server_id: str, result: Imported, *, fetch_resources: bool) -> Json:
    """The action of a settled exchange.

    Args:
        recorded: The exchange.
        server_id: Server that it went to.
        result: Keeps the body that was sent.
        fetch_resources: Whether pages load their images, style sheets and scripts at run time.
    """
    sent = _headers(recorded.request.get("headers"))
    body = read_body(recorded.request.get("postData"), _value(sent, "content-type"))
    path = recorded.url.path or "/"
    notes = [note for note in (body.note, _note_of_304(recorded)) if note]
    made: Json = {
        "@type": "HttpRequestAction",
        "id": new_id(),
        "name": path[:MAX_NAME],
        "description": " ".join(notes),
        "enabled": True,
        "serverId": server_id,
        "method": recorded.method,
        "path": path,
        "parameters": [
            {"name": f.name, "value": f.value, "equals": f.equals, "encode": f.encode}
            for f in fields(recorded.url.query)
        ],
        "headers": _replayed(sent, keep_type=body.keep_type),
        "postData": body.post_data,
        "contentEncoding": "",
        "followRedirects": False,
        "downloadResources": fetch_resources and _is_page(recorded),
        "thinktime": None,
        "recordedRequest": _recorded_request(recorded, sent, body, result),
        "recordedResponse": _recorded_response(recorded),
        "children": [],
    }
    return made


def settled(recorded: Recorded, result: Imported) -> Recorded:
    """The exchange with the body of its answer put away in `result`."""
    content = mapping(recorded.response.get("content"))
    encoding = _value(_headers(recorded.response.get("headers")), "content-encoding")
    whole = recorded.status != _NOT_MODIFIED
    body = inflated(decoded(content), encoding) if whole else None
    bare = {name: value for name, value in content.items() if name != "text"}
    response = {**recorded.response, "content": bare} if recorded.response else {}
    return replace(recorded, response=response, kept=_kept(body, result))


def _headers(listed: Any) -> list[Json]:
    """Headers that can be sent: no pseudo headers of HTTP/2, no line breaks."""
    return [
        {"name": name, "value": value}
        for name, value in pairs(listed)
        if _HEADER_NAME.fullmatch(name) and not _BREAKS.search(value)
    ][:_MAX_HEADERS]


def _value(headers: list[Json], name: str) -> str:
    return next((h["value"] for h in headers if h["name"].lower() == name), "")


def _replayed(sent: list[Json], *, keep_type: bool) -> list[Json]:
    kept = []
    for header in sent:
        name = header["name"].lower()
        if name in _MADE_BY_THE_ENGINE or (name == "content-type" and not keep_type):
            continue
        value = _encodings(header["value"]) if name == "accept-encoding" else header["value"]
        if value or name != "accept-encoding":
            kept.append({"name": header["name"], "value": value})
    return kept


def _encodings(recorded: str) -> str:
    """What the load engine can decode of what the browser asked for."""
    return ", ".join(name for name in _DECODABLE if name in recorded.lower())


def _is_page(recorded: Recorded) -> bool:
    return recorded.media_type in _HTML and recorded.status in _OK


def _note_of_304(recorded: Recorded) -> str:
    if recorded.status != _NOT_MODIFIED:
        return ""
    return "Recorded as 304 from the browser's cache; sent without its validators."


def _recorded_request(
    recorded: Recorded, sent: list[Json], body: PostBody, result: Imported
) -> Json:
    """What the browser sent, without its cookies: they open a session that may still live."""
    return {
        "method": recorded.method,
        "url": recorded.url.geturl(),
        "httpVersion": text(recorded.request.get("httpVersion"))[:MAX_NAME],
        "headers": [header for header in sent if header["name"].lower() != "cookie"],
        **_kept(body.data, result),
    }


def _recorded_response(recorded: Recorded) -> Json | None:
    """What came back; None when nothing did, or when a 304 says nothing about a full answer."""
    response = recorded.response
    if not response or recorded.status == _NOT_MODIFIED:
        return None
    headers = _headers(response.get("headers"))
    return {
        "status": recorded.status,
        "statusText": text(response.get("statusText"))[:MAX_NAME],
        "headers": headers,
        "contentType": _value(headers, "content-type") or recorded.media_type,
        **(recorded.kept or {}),
    }


def _kept(data: bytes | None, result: Imported) -> Json:
    """`bodyRef` is None when the recording held no body, or one beyond 10 MiB."""
    if not data:
        return {"bodyRef": None, "bodySize": 0}
    if len(data) > MAX_BODY_BYTES:
        return {"bodyRef": None, "bodySize": len(data)}
    return {"bodyRef": result.keep(data), "bodySize": len(data)}
