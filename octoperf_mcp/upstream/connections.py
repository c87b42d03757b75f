"""A pool of connections to one origin: one request at a time on each."""

import asyncio
import functools
from collections import deque
from typing import Final, cast

from octoperf_mcp.upstream.dialing import Dialer
from octoperf_mcp.upstream.http1 import Answer, AnswerReader

IDLE_S: Final = 10.0
"""Idle connections are closed before the usual server does."""

CONNECT_S: Final = 10.0
_LOOK_S: Final = 1.0
_REPEATED: Final = frozenset(("PUT", "DELETE"))
"""Repeated when a kept connection turns out to be closed; GET always is, POST never."""


class BrokenConnectionError(Exception):
    """The connection ended before the answer; `begun` is whether some of it had come."""

    def __init__(self, *, begun: bool) -> None:
        super().__init__()
        self.begun = begun


class Connection(asyncio.Protocol):
    """One connection, and the answer that is waited for on it."""

    __slots__ = (
        "_loop",
        "_pool",
        "_reader",
        "_transport",
        "_waiter",
        "asked",
        "heard",
        "open",
        "since",
    )

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._reader: AnswerReader | None = None
        self._waiter: asyncio.Future[Answer] | None = None
        self.open = False
        self.asked = 0
        self.heard = self.since = self._loop.time()

    @property
    def usable(self) -> bool:
        """Whether a request can be sent now."""
        return self.open and self._waiter is None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast("asyncio.Transport", transport)
        self.open = True

    async def ask(self, request: bytes, max_bytes: int) -> Answer:
        """Send a request, wait for its answer.

        Raises:
            BrokenConnectionError: the connection ended.
            MalformedAnswerError, LargeAnswerError: from the reader.
            TimeoutError: nothing came for too long, or not all of it in time.
        """
        if not self.open or self._transport is None:
            raise BrokenConnectionError(begun=False)
        self.asked += 1
        self._reader = AnswerReader(max_bytes)
        self._waiter = self._loop.create_future()
        self.heard = self.since = self._loop.time()
        self._transport.write(request)
        return await self._waiter

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._reader is None:
            self.abort()  # nobody asked
            return
        self.heard = self._loop.time()
        try:
            answer = self._reader.feed(data)
        except Exception as error:  # noqa: BLE001 - handed on to who waits
            self._fail(error)
            return
        if answer is not None:
            self._settle(answer)

    def eof_received(self) -> None:
        """See `asyncio.Protocol`: what ends here, ends."""
        self.connection_lost(None)

    def connection_lost(self, _error: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        if not self.open:
            return
        self.open = False
        if self._reader is None:
            self._pool.lost(self)
            return
        answer = self._reader.end()
        if answer is None:
            self._fail(BrokenConnectionError(begun=self._reader.begun))
        else:
            self._settle(answer)

    def look(self, now: float, silence_s: float, longest_s: float) -> None:
        """Give up what has been silent for too long, or takes too long altogether."""
        if self._waiter is None:
            if now - self.heard >= IDLE_S:
                self.abort()
        elif now - self.heard >= silence_s or now - self.since >= longest_s:
            self._fail(TimeoutError())

    def abort(self) -> None:
        """Close without a word."""
        if self._transport is not None:
            self._transport.abort()
        self.connection_lost(None)

    def _settle(self, answer: Answer) -> None:
        waiter, self._waiter, self._reader = self._waiter, None, None
        if not answer.reusable:
            self.abort()
        if waiter is not None and not waiter.done():
            waiter.set_result(answer)

    def _fail(self, error: Exception) -> None:
        waiter, self._waiter, self._reader = self._waiter, None, None
        self.abort()
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)


class Pool:
    """The connections to one origin.

    Args:
        dialer: Makes them.
        limit: Most connections at a time; further requests wait for one.
        silence_s: Longest time without a byte while an answer is waited for.
        longest_s: Longest time that an answer may take altogether.
    """

    def __init__(
        self, dialer: Dialer, *, limit: int, silence_s: float, longest_s: float = 300.0
    ) -> None:
        self._dialer = dialer
        self._limit = limit
        self._silence_s = silence_s
        self._longest_s = longest_s
        self._taken = 0
        self._idle: dict[Connection, None] = {}
        self._all: set[Connection] = set()
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._looking: asyncio.TimerHandle | None = None

    @property
    def busy(self) -> int:
        """Connections that carry a request, or are being made."""
        return self._taken - len(self._idle)

    @property
    def size(self) -> int:
        """Connections altogether."""
        return self._taken

    async def ask(self, method: str, request: bytes, max_bytes: int) -> Answer:
        """Send a complete request and wait for its answer.

        Raises:
            OSError: no connection could be made.
            TimeoutError: no connection or no byte came in time.
            BrokenConnectionError, MalformedAnswerError, LargeAnswerError: see `Connection.ask`.
        """
        connection = await self._take()
        kept = connection.asked > 0
        try:
            return await connection.ask(request, max_bytes)
        except BrokenConnectionError as error:
            if error.begun or not (method == "GET" or (kept and method in _REPEATED)):
                raise
        finally:
            self._give_back(connection)
        self._drop_idle()
        connection = await self._take()
        try:
            return await connection.ask(request, max_bytes)
        finally:
            self._give_back(connection)

    async def close(self) -> None:
        """Close all connections."""
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        for connection in list(self._all):
            connection.abort()
        await asyncio.sleep(0)

    def lost(self, connection: Connection) -> None:
        """An idle connection ended."""
        self._all.discard(connection)
        if connection in self._idle:
            del self._idle[connection]
            self._hand_on(None)

    async def _take(self) -> Connection:
        if self._idle:
            return self._idle.popitem()[0]
        if self._taken < self._limit:
            self._taken += 1
            return await self._connect()
        waiting: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        try:
            async with asyncio.timeout(CONNECT_S):
                given = await waiting
        except BaseException:
            if waiting.done() and not waiting.cancelled():
                self._give_back(waiting.result())
            raise
        if given is not None and given.open:
            return given
        return await self._connect()

    def _give_back(self, connection: Connection | None) -> None:
        if connection is not None and not connection.usable:
            self._all.discard(connection)
            connection.abort()
            connection = None
        self._hand_on(connection)

    def _hand_on(self, connection: Connection | None) -> None:
        """Give a connection, or the right to make one, to who waits longest."""
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(connection)
                return
        if connection is None:
            self._taken -= 1
        else:
            self._idle[connection] = None

    def _drop_idle(self) -> None:
        """What broke one kept connection has broken the others too, as a restart does."""
        for connection in list(self._idle):
            connection.abort()

    async def _connect(self) -> Connection:
        try:
            async with asyncio.timeout(CONNECT_S):
                connection = await self._dialer.dial(functools.partial(Connection, self))
        except BaseException:
            self._hand_on(None)
            raise
        self._all.add(connection)
        if self._looking is None:
            self._look()
        return connection

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in list(self._all):
            connection.look(now, self._silence_s, self._longest_s)
        self._looking = (
            loop.call_later(min(_LOOK_S, self._silence_s / 4), self._look) if self._all else None
        )
