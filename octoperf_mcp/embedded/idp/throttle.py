"""How often somebody may try: counts in sliding windows, bounded in memory."""

import time
from collections import deque
from collections.abc import Callable, Hashable


class Throttle:
    """At most `limit` events of one key within `window_s`.

    Args:
        limit: Events allowed.
        window_s: Seconds an event counts.
        keys: Most keys remembered; the oldest is forgotten first.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        limit: int,
        window_s: float,
        *,
        keys: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._window_s = window_s
        self._keys = keys
        self._clock = clock
        self._events: dict[Hashable, deque[float]] = {}

    def wait_s(self, key: Hashable) -> float:
        """Seconds until the key may try again; 0 when it may now."""
        events = self._current(key)
        if events is None or len(events) < self._limit:
            return 0.0
        return events[0] + self._window_s - self._clock()

    def count(self, key: Hashable) -> None:
        """Remember an event."""
        events = self._current(key)
        if events is None:
            if len(self._events) >= self._keys:
                del self._events[next(iter(self._events))]
            events = self._events.setdefault(key, deque(maxlen=self._limit))
        events.append(self._clock())

    def forget(self, key: Hashable) -> None:
        """Take all events of a key back, since it succeeded."""
        self._events.pop(key, None)

    def take_back(self, key: Hashable) -> None:
        """Take the latest event of a key back."""
        events = self._current(key)
        if events:
            events.pop()

    def _current(self, key: Hashable) -> "deque[float] | None":
        events = self._events.get(key)
        if events is None:
            return None
        start = self._clock() - self._window_s
        while events and events[0] <= start:
            events.popleft()
        if not events:
            del self._events[key]
            return None
        return events
