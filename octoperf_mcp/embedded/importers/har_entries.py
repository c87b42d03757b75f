"""The entries of a HAR file: which of them are requests that a load test repeats."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from octoperf_mcp.embedded.importers.har_options import HarOptions
from octoperf_mcp.embedded.importers.hosts import noise
from octoperf_mcp.embedded.importers.values import mapping, number, pairs, text

Json = dict[str, Any]

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,40}")
_HOST = re.compile(r"[^\s/?#@\\]+")
_MAX_URL = 32_768
_STATIC_KINDS = frozenset({"stylesheet", "script", "image", "font", "media", "texttrack"})
_CALLS = frozenset({"xhr", "fetch", "document", "websocket", "eventsource", "ping"})
_STATIC_MEDIA = re.compile(
    r"(?:image|font|audio|video)/|text/css|(?:text|application)/(?:x-)?(?:javascript|ecmascript)"
    r"|application/(?:x-)?font|application/vnd\.ms-fontobject"
)
_STATIC_PATH = re.compile(
    r"\.(?:css|m?js|map|png|jpe?g|gif|svg|webp|avif|bmp|ico|cur|woff2?|ttf|otf|eot"
    r"|mp3|mp4|webm|ogg|wav)$",
    re.IGNORECASE,
)
_SOCKET = "WebSocket"
_INFORMATIONAL_END, _STATUS_END, _SWITCHING = 200, 600, 101


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request of the recording, with what is needed to place it; times in epoch ms."""

    index: int
    method: str
    url: SplitResult
    port: int
    started_ms: float | None
    elapsed_ms: float
    page: str
    kind: str
    media_type: str
    status: int
    request: Json
    response: Json
    kept: Json | None = None
    """`{bodyRef, bodySize}` of the answer once its body is put away."""
    messages: tuple[Json, ...] | None = None
    """Of a WebSocket that is to be played."""

    @property
    def host(self) -> str:
        """The host's name in lower case, without port."""
        return self.url.hostname or ""

    def is_static(self) -> bool:
        """Whether it fetched an image, style sheet, script, font or the like for a page."""
        if self.method != "GET" or self.kind in _CALLS:
            return False
        if self.kind in _STATIC_KINDS:
            return True
        if self.media_type:
            return _STATIC_MEDIA.match(self.media_type) is not None
        return is_static_path(self.url.path)


def is_static_path(path: str) -> bool:
    """Whether a path ends like that of an image, style sheet, script, font or the like."""
    return _STATIC_PATH.search(path) is not None


def read(index: int, entry: Any, *, sockets: bool = False) -> Recorded | str:
    """One entry of `log.entries`, or the reason why it is no request that can be repeated.

    Args:
        index: Its place.
        entry: As decoded.
        sockets: Whether WebSockets whose messages were recorded can be repeated.
    """
    if not isinstance(entry, dict):
        return "not an object"
    request, response = mapping(entry.get("request")), mapping(entry.get("response"))
    method = text(request.get("method")).upper()
    if not _TOKEN.fullmatch(method):
        return "no request method"
    messages = _messages(entry) if sockets else None
    address = _address(text(request.get("url")), of_socket=messages is not None)
    if isinstance(address, str):
        return address
    url, port = address
    kind = text(entry.get("_resourceType")).lower()
    status = int(number(response.get("status")) or 0)
    reason = _no_exchange(entry, method, kind, status)
    if reason and (messages is None or reason != _SOCKET):
        return reason
    return Recorded(
        index=index,
        method=method,
        url=url,
        port=port,
        started_ms=_epoch_ms(entry.get("startedDateTime")),
        elapsed_ms=0.0 if messages else max(number(entry.get("time")) or 0.0, 0.0),
        page=text(entry.get("pageref")),
        kind=kind,
        media_type=_media_type(response),
        status=status,
        request=request,
        response=response,
        messages=messages,
    )


def _messages(entry: Json) -> tuple[Json, ...] | None:
    """The messages of a WebSocket; None where none were recorded."""
    listed = entry.get("_webSocketMessages")
    if not isinstance(listed, list) or not listed:
        return None
    return tuple(one for one in listed if isinstance(one, dict))


def left_out(recorded: Recorded, options: HarOptions) -> str:
    """Why the options leave a request out, empty when it stays."""
    if options.block_ads and (domain := noise(recorded.host)):
        return f"ad, analytics or browser traffic: {domain}"
    if not options.keep_resources and recorded.is_static():
        return "static resource: left to its page (downloadResources)"
    if recorded.response.get("_fetchedFromServiceWorker") is True:
        return "answered by a service worker, never sent"
    return ""


def _address(url: str, *, of_socket: bool = False) -> tuple[SplitResult, int] | str:
    scheme = url.partition(":")[0].lower()
    if scheme in ("ws", "wss"):
        if not of_socket:
            return _SOCKET
        scheme = "https" if scheme == "wss" else "http"
        url = scheme + url[url.index(":") :]
    if scheme not in ("http", "https"):
        return f"not an HTTP address: {scheme[:20]}" if scheme else "no address"
    if len(url) > _MAX_URL:
        return f"address longer than {_MAX_URL} characters"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "not a valid address"
    if not host or not _HOST.fullmatch(host) or port == 0:
        return "not a valid address"
    return parts, port or (443 if scheme == "https" else 80)


def _no_exchange(entry: Json, method: str, kind: str, status: int) -> str:
    if method == "CONNECT":
        return "tunnel of a proxy"
    if kind == "websocket" or status == _SWITCHING:
        return _SOCKET
    if entry.get("_fromCache"):
        return "answered by the browser's cache, never sent"
    answered = isinstance(entry.get("response"), dict)
    if answered and not _INFORMATIONAL_END <= status < _STATUS_END:
        return f"never answered (status {status})"
    return ""


def _media_type(response: Json) -> str:
    """Without parameters, in lower case; empty when the answer had none."""
    declared = text(mapping(response.get("content")).get("mimeType"))
    if not declared or declared == "x-unknown":
        headers = {name.lower(): value for name, value in pairs(response.get("headers"))}
        declared = headers.get("content-type", "")
    return declared.partition(";")[0].strip().lower()


def _epoch_ms(value: Any) -> float | None:
    if (plain := number(value)) is not None:
        return plain
    try:
        moment = datetime.fromisoformat(text(value))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp() * 1000
    except (ValueError, OverflowError):
        return None
