"""A short, slow stream without meaning, by which `octoperf-mcp doctor` sees what proxies hold back.

It needs no token, so few at a time are served.
"""

import asyncio
from typing import Final

from aiohttp import web

from octoperf_mcp.transport import sse
from octoperf_mcp.transport.answers import refuse

PATH: Final = "/mcp/public/stream-check"
EVENTS: Final = 5
PAUSE_S: Final = 0.2
_MOST: Final = 10


class StreamCheck:
    """Serves the stream."""

    def __init__(self) -> None:
        self._open = 0

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Five events within a second."""
        if self._open >= _MOST:
            return refuse(503, "Others are checking; try again.", {"Retry-After": "2"})
        self._open += 1
        try:
            response = sse.stream()
            await response.prepare(request)
            for number in range(EVENTS):
                if number:
                    await asyncio.sleep(PAUSE_S)
                await response.write(b"data: %d\n\n" % number)
            await response.write_eof()
        finally:
            self._open -= 1
        return response


def add_stream_check(app: web.Application) -> None:
    """Serve it."""
    app.router.add_get(PATH, StreamCheck().serve)
