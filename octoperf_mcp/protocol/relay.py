"""What replicas share: logs of short messages, read again and waited for; values that expire.

All that outlives a connection goes through it: events of a stream that may be resumed, answers
that come in at another replica than the question left from, changes that every client may watch,
sessions that were deleted, what repeated calls answered the first time.
"""

import asyncio
import hashlib
import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

CHANGES: Final = "changes"
"""The log of `Change`s, one for all clients."""

MAX_LOG_BYTES: Final = 1024 * 1024
MAX_TOTAL_BYTES: Final = 64 * 1024 * 1024
MAX_VALUES: Final = 10_000
IDLE_S: Final = 3600.0


def session_key(session_id: str) -> str:
    """A short name of a session, for its logs."""
    return hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def watched_log(session_id: str) -> str:
    """The log of a session's subscriptions: `[uri, on]` each."""
    return f"{session_key(session_id)}/watched"


@dataclass(frozen=True, slots=True)
class Entry:
    """One message; numbers grow by one within a log, from 1."""

    log: str
    number: int
    data: bytes


class Relay(Protocol):
    """Logs by name; one that was not touched for an hour may be gone, its oldest entries sooner.

    Values by name, each with a life. All but `read` and `forget` raise StoreUnavailableError when
    what is shared cannot be reached.
    """

    def trouble(self) -> str:
        """What does not work because what is shared cannot be reached; empty when it can."""
        ...

    async def append(self, log: str, data: bytes) -> int:
        """Add a message; answers its number."""
        ...

    async def last(self, log: str) -> int:
        """Number of the newest message, 0 when there is none."""
        ...

    async def read(self, after: Mapping[str, int], timeout_s: float) -> Sequence[Entry]:
        """Messages behind these numbers, in order within each log.

        Waits until there is one, at most so long; empty then.
        """
        ...

    async def forget(self, log: str) -> None:
        """Drop a log."""

    async def put(self, name: str, data: bytes, life_s: float, *, only_new: bool = False) -> bool:
        """Keep a value for so long; with `only_new` False where the name has one already."""
        ...

    async def get(self, name: str) -> bytes | None:
        """The value of a name; None when it has none, or its life is over."""
        ...

    async def drop(self, name: str) -> None:
        """Forget a value."""

    async def swap(self, name: str, before: bytes | None, after: bytes) -> bool:
        """Keep a value without end, where the name still has that one before, None for none.

        False where it has another: of several who change the same value, one at a time succeeds.
        """
        ...


@dataclass(slots=True)
class _Log:
    entries: deque[Entry] = field(default_factory=deque)
    last: int = 0
    size: int = 0
    touched: float = 0.0
    waiting: set[asyncio.Future[None]] = field(default_factory=set)


class MemoryRelay:
    """For one process."""

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        *,
        max_log_bytes: int = MAX_LOG_BYTES,
        max_total_bytes: int = MAX_TOTAL_BYTES,
    ) -> None:
        self._now = now
        self._max_log_bytes = max_log_bytes
        self._max_total_bytes = max_total_bytes
        self._logs: OrderedDict[str, _Log] = OrderedDict()
        self._size = 0
        self._values: dict[str, tuple[float, bytes]] = {}

    def trouble(self) -> str:
        """See `Relay.trouble`."""
        return ""

    async def append(self, log: str, data: bytes) -> int:
        """See `Relay.append`."""
        found = self._touch(log)
        found.last += 1
        found.entries.append(Entry(log, found.last, data))
        self._grow(found, len(data) + 1)
        while found.size > self._max_log_bytes and len(found.entries) > 1:
            self._grow(found, -len(found.entries.popleft().data) - 1)
        waiting, found.waiting = found.waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)
        self._sweep(keep=log)
        return found.last

    async def last(self, log: str) -> int:
        """See `Relay.last`."""
        found = self._logs.get(log)
        return 0 if found is None else found.last

    async def read(self, after: Mapping[str, int], timeout_s: float) -> Sequence[Entry]:
        """See `Relay.read`."""
        entries = self._behind(after)
        if entries:
            return entries
        loop = asyncio.get_running_loop()
        news = loop.create_future()
        logs = [self._touch(log) for log in after]
        for log in logs:
            log.waiting.add(news)
        timer = loop.call_later(timeout_s, _end, news)
        try:
            await news
        finally:
            timer.cancel()
            for name, log in zip(after, logs, strict=True):
                log.waiting.discard(news)
                if not log.last and not log.waiting and self._logs.get(name) is log:
                    del self._logs[name]
        return self._behind(after)

    async def forget(self, log: str) -> None:
        """See `Relay.forget`."""
        found = self._logs.pop(log, None)
        if found is not None:
            self._size -= found.size

    async def put(self, name: str, data: bytes, life_s: float, *, only_new: bool = False) -> bool:
        """See `Relay.put`; when there are too many, the ended and then the oldest go first."""
        now = self._now()
        if only_new and await self.get(name) is not None:
            return False
        if len(self._values) >= MAX_VALUES:
            self._values = {key: kept for key, kept in self._values.items() if kept[0] > now}
        while len(self._values) >= MAX_VALUES:
            del self._values[next(iter(self._values))]
        self._values[name] = now + life_s, data
        return True

    async def swap(self, name: str, before: bytes | None, after: bytes) -> bool:
        """See `Relay.swap`."""
        return await self.get(name) == before and await self.put(name, after, math.inf)

    async def get(self, name: str) -> bytes | None:
        """See `Relay.get`."""
        ends_at, data = self._values.get(name, (0.0, b""))
        return data if ends_at > self._now() else None

    async def drop(self, name: str) -> None:
        """See `Relay.drop`."""
        self._values.pop(name, None)

    def _touch(self, log: str) -> _Log:
        found = self._logs.get(log)
        if found is None:
            found = self._logs[log] = _Log()
        self._logs.move_to_end(log)
        found.touched = self._now()
        return found

    def _behind(self, after: Mapping[str, int]) -> list[Entry]:
        found = []
        for name, number in after.items():
            log = self._logs.get(name)
            if log is not None and log.last > number:
                found += [entry for entry in log.entries if entry.number > number]
        return found

    def _grow(self, log: _Log, size: int) -> None:
        log.size += size
        self._size += size

    def _sweep(self, keep: str) -> None:
        """Drop what nobody touched for long, and the least touched while there is too much."""
        idle_since = self._now() - IDLE_S
        while self._logs:
            name, oldest = next(iter(self._logs.items()))
            if oldest.touched > idle_since and self._size <= self._max_total_bytes:
                return
            if name in {keep, CHANGES} or oldest.waiting:
                if len(self._logs) == 1:
                    return
                self._touch(name)
                return
            del self._logs[name]
            self._size -= oldest.size


def _end(news: asyncio.Future[None]) -> None:
    if not news.done():
        news.set_result(None)
