"""Whether events arrive as they are sent, through every proxy on the way."""

import time
from collections.abc import AsyncIterator
from typing import Final

import aiohttp

from octoperf_mcp.doctor.findings import Finding, Places, Web
from octoperf_mcp.transport.stream_check import EVENTS, PATH, PAUSE_S

_OK: Final = 200
_NOT_FOUND: Final = 404
_LEAST: Final = 0.5
"""Of the time that the server takes; what is held back arrives in none."""


async def streams(places: Places, web: Web) -> AsyncIterator[Finding]:
    """Read a stream that the server sends slowly."""
    url = places.public + PATH
    arrivals: list[float] = []
    try:
        async with web.session.get(url, **web.way(url)) as answer:
            if answer.status == _NOT_FOUND:
                yield Finding("streams", "skipped", f"{url} is not there: an earlier version runs.")
                return
            if answer.status != _OK or answer.content_type != "text/event-stream":
                yield Finding(
                    "streams",
                    "failed",
                    f"{url} answered {answer.status} with {answer.content_type}.",
                    "Let the proxy pass everything below /mcp on, unchanged.",
                )
                return
            async for data in answer.content.iter_any():
                arrivals += [time.monotonic()] * data.count(b"data:")
    except (aiohttp.ClientError, TimeoutError) as error:
        yield Finding(
            "streams",
            "failed",
            f"{url} broke off after {len(arrivals)} of {EVENTS} events ({type(error).__name__}).",
            "Raise the read time-out of the proxy to 300 s or more.",
        )
        return
    if len(arrivals) != EVENTS:
        yield Finding(
            "streams", "failed", f"{len(arrivals)} of {EVENTS} events came through {url}.", _BUFFER
        )
    elif arrivals[-1] - arrivals[0] < PAUSE_S * (EVENTS - 1) * _LEAST:
        yield Finding("streams", "failed", f"All events of {url} came at once, late.", _BUFFER)
    else:
        yield Finding("streams", "ok", "Events arrive as they are sent.")


_BUFFER: Final = (
    "Switch buffering off for /mcp: `proxy_buffering off` in nginx, `flush_interval -1` in Caddy; "
    "no compression of text/event-stream."
)
