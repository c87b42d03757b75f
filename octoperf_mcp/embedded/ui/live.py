"""The figures of a report while one of its runs goes on: a stream of server-sent events.

An event `parts` has those parts of the page that changed, as HTML by the id of their element;
`over` says that all runs have ended. One stream draws at a time, and the longer a drawing takes
the rarer they are: to be watched costs a run no more than a part of one processor.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import orjson
from aiohttp import web

from octoperf_mcp.embedded.failures import Failure
from octoperf_mcp.embedded.ui.analysis import Report, read_report
from octoperf_mcp.embedded.ui.rendering import HEADERS, Page

PERIOD_S: Final = 2.0
"""Least time between two events."""
SHARE: Final = 4
"""A stream rests at least so many times as long as its drawing took."""
LONGEST_S: Final = 3600.0
"""Then it ends, and the browser asks for another one."""
MOST: Final = 60
MOST_OF_ONE_USER: Final = 4
"""A browser opens six connections to a server; some have to be left for its pages."""
_RETRY: Final = b"retry: 3000\n\n"
_FIELDS: Final = {
    **HEADERS,
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}


class Watchers:
    """Who watches: so many at most, and nobody once the server stops."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._closing = asyncio.Event()
        self.turn = asyncio.Lock()

    @property
    def count(self) -> int:
        """Open streams."""
        return self._counts.total()

    @contextmanager
    def place(self, user_id: str) -> Iterator[None]:
        """Room for one stream.

        Raises:
            web.HTTPServiceUnavailable: there is none.
        """
        full = self.count >= MOST or self._counts[user_id] >= MOST_OF_ONE_USER
        if full or self._closing.is_set():
            raise web.HTTPServiceUnavailable(headers=HEADERS)
        self._counts[user_id] += 1
        try:
            yield
        finally:
            self._counts[user_id] -= 1

    async def rest(self, seconds: float) -> bool:
        """Wait; False when the server stops meanwhile."""
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return True
        return False

    async def close(self, _app: web.Application | None = None) -> None:
        """End all streams."""
        self._closing.set()


WATCHERS = web.AppKey("watchers", Watchers)


async def watch(page: Page) -> web.StreamResponse:
    """Send the page's parts as they change, until the runs are over or the reader is gone."""
    await read_report(page)
    watchers = page.request.app[WATCHERS]
    with watchers.place(page.user.user_id):
        answer = web.StreamResponse(headers=_FIELDS)
        await answer.prepare(page.request)
        try:
            await answer.write(_RETRY)
            await _tell(page, answer, watchers)
        except (ConnectionError, Failure, web.HTTPNotFound):
            pass  # the reader is gone, or what was read: the browser asks again and is told
    return answer


async def _tell(page: Page, answer: web.StreamResponse, watchers: Watchers) -> None:
    known: dict[str, str] = {}
    end = time.monotonic() + LONGEST_S
    while time.monotonic() < end:
        async with watchers.turn:
            if _is_gone(page.request):
                return
            begun = time.monotonic()
            report: Report = await read_report(page)
            parts = await report.parts()
            spent = time.monotonic() - begun
        changed = {part: html for part, html in parts.items() if known.get(part) != html}
        known = parts
        if changed:
            await answer.write(event("parts", orjson.dumps(changed)))
        if report.is_over:
            await answer.write(event("over", b"{}"))
            return
        if not await watchers.rest(max(PERIOD_S, SHARE * spent)):
            return
        if await page.platform.identity.browser_user(page.request) is None:
            return


def event(name: str, data: bytes) -> bytes:
    """One event; JSON has no line break."""
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()
