"""Finds out by itself that an upstream that was left alone is back.

Callers alone would not do: a server that says that it is not ready gets no calls to try with.
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable

from octoperf_mcp.upstream.breaker import Breaker


class Lookout:
    """Asks whenever an open breaker allows a trial, until it is closed.

    Args:
        breaker: What was opened.
        ask: Whether the upstream answers; it raises nothing.
    """

    def __init__(self, breaker: Breaker, ask: Callable[[], Awaitable[bool]]) -> None:
        self._breaker = breaker
        self._ask = ask
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Look out, if the breaker is open and nobody does."""
        if self._breaker.is_open and (self._task is None or self._task.done()):
            # in a context of its own: it belongs to no caller's trace
            self._task = asyncio.create_task(self._look(), context=contextvars.Context())

    async def close(self) -> None:
        """Stop it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self) -> None:
        while self._breaker.is_open:
            if wait_s := self._breaker.wait_s():
                await asyncio.sleep(wait_s)
            elif await self._ask():
                self._breaker.succeeded()
            else:
                self._breaker.failed()
