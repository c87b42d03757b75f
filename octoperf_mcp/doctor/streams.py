"""Whether events arrive as they are sent, through every proxy on the way."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from octoperf_mcp.doctor.findings import TIMEOUT_S, Finding, Places, Web
from octoperf_mcp.transport.sse import KEEP_ALIVE_S
from octoperf_mcp.transport.stream_check import EVENTS, PATH, PAUSE_S, SILENT

_OK: Final = 200
_NOT_FOUND: Final = 404
_LEAST: Final = 0.5
"""Of the time that the server takes; what is held back arrives in none."""

_SILENT_EVENTS: Final = 2


@dataclass(slots=True)
class _Stream:
    """What came: arrivals of events, by a clock that only grows; `broke` names what cut it off."""

    url: str
    status: int = 0
    media_type: str = ""
    coding: str = ""
    arrivals: list[float] = field(default_factory=list)
    began: float = 0.0
    ended: float = 0.0
    broke: str = ""

    @property
    def is_one(self) -> bool:
        return self.status == _OK and self.media_type == "text/event-stream"


async def streams(places: Places, web: Web) -> AsyncIterator[Finding]:
    """Read a stream that the server sends slowly."""
    found = await _read(places.public + PATH, web)
    if found.status == _NOT_FOUND:
        told = f"{found.url} is not there: an earlier version runs."
        yield Finding("streams", "skipped", told)
    elif found.status and not found.is_one:
        yield Finding(
            "streams",
            "failed",
            f"{found.url} answered {found.status} with {found.media_type}.",
            "Let the proxy pass everything below /mcp on, unchanged.",
        )
    elif found.broke:
        came = len(found.arrivals)
        told = f"{found.url} broke off after {came} of {EVENTS} events ({found.broke})."
        yield Finding("streams", "failed", told, _TIME_OUT)
    else:
        for finding in _judged(found):
            yield finding


async def silence(places: Places, web: Web) -> Finding | None:
    """Read a stream that is silent for as long as any may be; None where none can be read."""
    found = await _read(places.public + SILENT, web, KEEP_ALIVE_S + TIMEOUT_S)
    if not found.is_one or len(found.arrivals) > _SILENT_EVENTS:
        return None  # `streams` tells of the first; the second is an earlier version
    if len(found.arrivals) == _SILENT_EVENTS:
        return Finding("silence", "ok", f"Streams may be silent for {KEEP_ALIVE_S:g} s.")
    after_s = found.ended - found.began
    return Finding(
        "silence",
        "failed",
        f"A stream was cut off after {after_s:.0f} s of silence; the server says something every "
        f"{KEEP_ALIVE_S:g} s only, and calls may take longer.",
        _TIME_OUT,
    )


async def _read(url: str, web: Web, limit_s: float = TIMEOUT_S) -> _Stream:
    found = _Stream(url)
    limit = aiohttp.ClientTimeout(total=limit_s)
    try:
        async with web.session.get(url, **web.way(url), timeout=limit) as answer:
            found.status, found.media_type = answer.status, answer.content_type
            found.coding = answer.headers.get("Content-Encoding", "")
            found.began = time.monotonic()
            if found.is_one:
                async for data in answer.content.iter_any():
                    found.arrivals += [time.monotonic()] * data.count(b"data:")
    except (aiohttp.ClientError, TimeoutError) as error:
        found.broke = type(error).__name__
    found.ended = time.monotonic()
    return found


def _judged(found: _Stream) -> list[Finding]:
    """What the arrivals of all events say."""
    came, url = found.arrivals, found.url
    if len(came) != EVENTS:
        told = f"{len(came)} of {EVENTS} events came through {url}."
        return [Finding("streams", "failed", told, _BUFFER)]
    if came[-1] - came[0] < PAUSE_S * (EVENTS - 1) * _LEAST:
        packed = f", packed with {found.coding}" if found.coding else ""
        told = f"All events of {url} came at once, late{packed}."
        return [Finding("streams", "failed", told, _BUFFER)]
    sound = Finding("streams", "ok", "Events arrive as they are sent.")
    if not found.coding:
        return [sound]
    told = f"Events come packed with {found.coding}, which not every client unpacks as they come."
    return [sound, Finding("compression", "warning", told, _PACKED)]


_TIME_OUT: Final = (
    "Raise the read time-out of the proxy for /mcp: `proxy_read_timeout 1h` in nginx, "
    "`timeout tunnel 1h` in HAProxy; Caddy has none."
)
_PACKED: Final = (
    "Take text/event-stream out of what the proxy packs: out of `gzip_types` in nginx, or "
    "`gzip off` for /mcp."
)
_BUFFER: Final = (
    "Switch buffering off for /mcp: `proxy_buffering off` and `proxy_http_version 1.1` in nginx, "
    "and no `proxy_ignore_headers X-Accel-Buffering`; `flush_interval -1` in Caddy. "
    "No compression of text/event-stream: `gzip off`."
)
