"""Requests under way, and the tasks that they run in.

A dropped connection cancels the task of its HTTP handler. That is right for the work of a stateless
request, which runs there, and wrong for that of a legacy one, or of one that may become a task of
the client's: those run in tasks of their own.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from functools import cached_property
from typing import Any

from octoperf_mcp.errors import AuthError
from octoperf_mcp.protocol.exchange import Reply

MAX_QUEUED = 1024
"""Notifications a slow client may leave unread; further ones are dropped."""


class Call:
    """One request under way: its work, what it has to say meanwhile, its answer."""

    __slots__ = (
        "_failure",
        "_loop",
        "_open",
        "_reply",
        "_task",
        "_waiter",
        "cancelled",
        "done",
        "messages",
        "on_news",
        "released",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._task: asyncio.Task[None] | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._reply: Reply | None = None
        self._failure: AuthError | None = None
        self._open = True
        self.cancelled = False
        self.done = False
        self.released = False
        self.messages: deque[bytes] = deque()
        self.on_news: Callable[[], None] | None = None
        """Called once, when there is something to write before the end or it takes long."""

    async def run(self, work: Coroutine[Any, Any, Reply], ended: Callable[["Call"], None]) -> None:
        """Do the work; what it answers or raises is kept for `reply`."""
        try:
            reply = await work
            if not self.done:
                self._reply = reply
        except AuthError as error:
            self._failure = error
        finally:
            self.done = True
            self._task = self.on_news = None
            ended(self)
            self.wake()

    def attach(self, task: asyncio.Task[None]) -> None:
        """Remember the task that runs this call."""
        self._task = task

    def notify(self, message: bytes) -> None:
        """Queue a notification for the client, unless it is gone or has its answer."""
        if self._open and not self.done and len(self.messages) < MAX_QUEUED:
            self.messages.append(message)
            self.wake()

    def cancel(self) -> None:
        """Stop the work; who waits need not wait until it has wound up."""
        self.cancelled = self.done = True
        self._open = False
        self.on_news = None
        if self._task is not None:
            # one turn later, so that the work has begun: what never began cannot clean up
            self._loop.call_soon(self._stop)
        self.wake()

    def settle(self, reply: Reply) -> None:
        """Answer now; the work goes on, and nobody waits for what it gives."""
        self._reply = reply
        self.done = True
        self.wake()

    def release(self) -> None:
        """Let the connection go while the work goes on; the client comes back for the rest."""
        self.released = True
        self.wake()

    def detach(self) -> None:
        """Let the work go on for a client that left."""
        self._open = False
        self.messages.clear()

    def reply(self) -> Reply:
        """The answer, once done and not cancelled.

        Raises:
            AuthError: the upstream refused the token, or it grants too little.
        """
        if self._failure is not None:
            raise self._failure
        if self._reply is None:
            raise RuntimeError("the call has no answer yet")
        return self._reply

    async def news(self, timeout_s: float) -> None:
        """Wait until there is a notification or the end, at most so long."""
        if self.done or self.messages:
            return
        loop = self._loop
        self._waiter = loop.create_future()
        timer = loop.call_later(timeout_s, self.wake)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None

    def wake(self) -> None:
        """Tell whoever waits that there is news."""
        if self.on_news is not None:
            tell, self.on_news = self.on_news, None
            tell()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()


Key = tuple[str, str | int]
"""Session and request id, by which a legacy client cancels a call."""


class Calls:
    """All calls under way; legacy ones can be found by session and request id."""

    def __init__(self) -> None:
        self.closing = False
        self._running: dict[Call, asyncio.Task[None]] = {}
        self._by_key: dict[Key, Call] = {}
        self._keys: dict[Call, Key] = {}

    def __len__(self) -> int:
        return len(self._running)

    @cached_property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Where all of them run; to ask for the running loop each time costs a system call."""
        return asyncio.get_running_loop()

    def start(self, call: Call, work: Coroutine[Any, Any, Reply], key: Key | None = None) -> None:
        """Run a call's work; `key` is what `notifications/cancelled` will name."""
        task = self.loop.create_task(call.run(work, self._ended))
        call.attach(task)
        self._running[call] = task
        if key is not None:
            self._by_key[key] = call
            self._keys[call] = key

    async def attend(self, call: Call, work: Coroutine[Any, Any, Reply]) -> None:
        """Do a call's work in the task that asks, whose cancellation ends it.

        That of the call ends the work alone.
        """
        task = asyncio.current_task(self.loop)
        assert task is not None  # noqa: S101 - this is a coroutine
        call.attach(task)
        self._running[call] = task
        try:
            await call.run(work, self._ended)
        except asyncio.CancelledError:
            if not call.cancelled:
                raise
            task.uncancel()

    def cancel(self, session: str, request_id: Any) -> None:
        """End the call that `notifications/cancelled` names; an unknown one is no error."""
        if isinstance(request_id, str | int):
            call = self._by_key.get((session, request_id))
            if call is not None:
                call.cancel()

    async def drain(self, timeout_s: float) -> int:
        """Wait for the calls under way, then cancel the rest; answers how many those were."""
        self.closing = True
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=timeout_s)
        left = dict(self._running)
        for call in left:
            call.cancel()
        if left:
            await asyncio.wait(list(left.values()))
        return len(left)

    def _ended(self, call: Call) -> None:
        self._running.pop(call, None)
        key = self._keys.pop(call, None)
        if key is not None and self._by_key.get(key) is call:
            del self._by_key[key]
