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
SILENT: Final = f"{PATH}?silent"
"""With one silence as long as the longest of a real stream, and a keep-alive after it."""

_MOST: Final = 10


class StreamCheck:
    """Serves the stream; `silence_s` is the longest silence of real ones."""

    def __init__(self, silence_s: float = sse.KEEP_ALIVE_S) -> None:
        self._open = 0
        self._silence_s = silence_s

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Five events within a second, or two around a silence."""
        if self._open >= _MOST:
            return refuse(503, "Others are checking; try again.", {"Retry-After": "2"})
        self._open += 1
        try:
            response = sse.stream()
            await response.prepare(request)
            if "silent" in request.query:
                await self._silent(response)
            else:
                await _slow(response)
            await response.write_eof()
        finally:
            self._open -= 1
        return response

    async def _silent(self, response: web.StreamResponse) -> None:
        await response.write(b"data: 0\n\n")
        await asyncio.sleep(self._silence_s)
        await response.write(sse.KEEP_ALIVE + b"data: 1\n\n")


async def _slow(response: web.StreamResponse) -> None:
    for number in range(EVENTS):
        if number:
            await asyncio.sleep(PAUSE_S)
        await response.write(b"data: %d\n\n" % number)


def add_stream_check(app: web.Application) -> None:
    """Serve it."""
    app.router.add_get(PATH, StreamCheck().serve)
