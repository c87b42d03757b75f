"""Requests under way, each in a task of its own.

A dropped connection cancels the work of a stateless request and must not cancel that of a legacy
one, so the work never runs in the task of the HTTP handler.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Any

from octoperf_mcp.protocol.exchange import Reply

MAX_QUEUED = 1024
"""Notifications a slow client may leave unread; further ones are dropped."""


class Call:
    """One request under way: its work, what it has to say meanwhile, its answer."""

    __slots__ = ("_loop", "_open", "_task", "_waiter", "cancelled", "messages")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[Reply] | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._open = True
        self.cancelled = False
        self.messages: deque[bytes] = deque()

    def start(self, work: Coroutine[Any, Any, Reply]) -> asyncio.Task[Reply]:
        """Run the work."""
        self._task = self._loop.create_task(work)
        self._task.add_done_callback(self._wake)
        return self._task

    def notify(self, message: bytes) -> None:
        """Queue a notification for the client, unless it is gone or has its answer."""
        if self._open and not self.done and len(self.messages) < MAX_QUEUED:
            self.messages.append(message)
            self._wake()

    def cancel(self) -> None:
        """Stop the work; who waits need not wait until it has wound up."""
        self.cancelled = True
        self._open = False
        if self._task is not None:
            self._task.cancel()
        self._wake()

    def detach(self) -> None:
        """Let the work go on for a client that left."""
        self._open = False
        self.messages.clear()

    @property
    def done(self) -> bool:
        """Whether nothing more will come."""
        return self.cancelled or (self._task is not None and self._task.done())

    def reply(self) -> Reply:
        """The answer, once done and not cancelled.

        Raises:
            AuthError: the upstream refused the token, or it grants too little.
        """
        if self._task is None:
            raise RuntimeError("the call was never started")
        return self._task.result()

    async def news(self, timeout_s: float) -> None:
        """Wait until there is a notification or the end, at most so long."""
        if self.done or self.messages:
            return
        self._waiter = self._loop.create_future()
        timer = self._loop.call_later(timeout_s, self._wake)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _wake(self, _: object = None) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Calls:
    """All calls under way; legacy ones can be found by session and request id."""

    def __init__(self) -> None:
        self.closing = False
        self._running: dict[asyncio.Task[Reply], Call] = {}
        self._by_id: dict[tuple[str, str | int], Call] = {}

    def __len__(self) -> int:
        return len(self._running)

    def start(
        self,
        call: Call,
        work: Coroutine[Any, Any, Reply],
        key: tuple[str, str | int] | None = None,
    ) -> None:
        """Run a call's work; `key` is what `notifications/cancelled` will name."""
        task = call.start(work)
        self._running[task] = call
        if key is not None:
            self._by_id[key] = call
        task.add_done_callback(lambda task: self._ended(task, key))

    def cancel(self, session: str, request_id: Any) -> None:
        """End the call that `notifications/cancelled` names; an unknown one is no error."""
        if isinstance(request_id, str | int):
            call = self._by_id.get((session, request_id))
            if call is not None:
                call.cancel()

    async def drain(self, timeout_s: float) -> int:
        """Wait for the calls under way, then cancel the rest; answers how many those were."""
        self.closing = True
        if self._running:
            await asyncio.wait(list(self._running), timeout=timeout_s)
        left = dict(self._running)
        for call in left.values():
            call.cancel()
        if left:
            await asyncio.wait(list(left))
        return len(left)

    def _ended(self, task: asyncio.Task[Reply], key: tuple[str, str | int] | None) -> None:
        call = self._running.pop(task, None)
        if key is not None and self._by_id.get(key) is call:
            del self._by_id[key]
        if not task.cancelled():
            task.exception()  # read, so that a client that left makes no "never retrieved"
