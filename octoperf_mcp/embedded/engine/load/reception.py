"""Deals the arrivals of a profile to the free users of this generator.

Arrivals come at their instants whatever the target does. Where no user is free, they wait in order
and start late; what waits still at the end of the load is dropped. All of it is counted.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import gevent
from gevent.event import AsyncResult, Event

from octoperf_mcp.embedded.engine.load.arrivals import Curve
from octoperf_mcp.embedded.metrics.histogram import bucket_of, flat, merge_flat, percentile

_MS = 1000
_LATE_US = 10_000
"""Below it a start is late by the timers of the generator, which tells of them itself."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which share of the users this generator has, and when the run began."""

    index: int
    count: int
    start: float
    """`time.monotonic()` of the run's first instant."""
    since: float = float("-inf")
    """`time.monotonic()` from which arrivals are shared so."""


@dataclass(slots=True)
class Arrived:
    """What became of the arrivals of a profile, on one generator or on all."""

    planned: int = 0
    """Those of the whole profile whose instant has come."""
    started: int = 0
    late: int = 0
    """Started more than 10 ms after their instant."""
    worst_us: int = 0
    lateness: dict[int, int] = field(default_factory=dict)
    """Histogram of how late they started."""

    def start(self, late_us: int) -> None:
        """One more has started, so much after its instant."""
        self.started += 1
        self.late += late_us > _LATE_US
        self.worst_us = max(self.worst_us, late_us)
        bucket = bucket_of(late_us)
        self.lateness[bucket] = self.lateness.get(bucket, 0) + 1

    def message(self) -> dict[str, Any]:
        """As a generator tells it."""
        return {
            "planned": self.planned,
            "started": self.started,
            "late": self.late,
            "worst_us": self.worst_us,
            "lateness": flat(self.lateness),
        }

    @classmethod
    def sum(cls, messages: Iterable[Mapping[str, Any]]) -> "Arrived":
        """Of all generators of a profile; each knows how many are planned in all."""
        total = cls()
        for told in messages:
            total.planned = max(total.planned, int(told["planned"]))
            total.started += int(told["started"])
            total.late += int(told["late"])
            total.worst_us = max(total.worst_us, int(told["worst_us"]))
            merge_flat(total.lateness, told["lateness"])
        return total

    def document(self, name: str) -> dict[str, Any]:
        """As a bench result has it, for a profile of this name."""
        return {
            "profile": name,
            "planned": self.planned,
            "started": self.started,
            "late": self.late,
            "dropped": max(0, self.planned - self.started),
            "lateP95Ms": round(percentile(self.lateness, 95) / _MS, 1),
            "lateMaxMs": round(self.worst_us / _MS, 1),
        }


class Reception:
    """The arrivals of one profile on one generator.

    Args:
        curve: When they come.
        users: The most users of the profile, on all generators.
        profile: Its index, by which generators share its users (`crew`).
        say: Takes a warning for the run log.
    """

    def __init__(self, curve: Curve, users: int, profile: int, say: Callable[[str], None]) -> None:
        self._curve = curve
        self._users = users
        self._profile = profile
        self._say = say
        self._layouts: list[Layout] = []
        self._news = Event()
        self._next_number = 0
        self._waiting: deque[float] = deque()
        self._free: dict[object, AsyncResult] = {}
        """Users who wait for an arrival; the last one is the next to get one."""
        self._dealer: gevent.Greenlet | None = None
        self._closed = False
        self._said = False
        self._arrived = Arrived()

    @property
    def end(self) -> float:
        """`time.monotonic()` at which the load ends; arrivals come once the run has begun only."""
        return self._layouts[-1].start + self._curve.end_ms / _MS

    def arrange(self, layout: Layout) -> None:
        """Take a share of the arrivals, from `layout.since` on."""
        self._layouts.append(layout)
        self._news.set()
        if self._dealer is None and not self._closed:
            self._dealer = gevent.spawn(self._deal)

    def take(self, user: object) -> float | None:
        """Wait for an arrival: its instant as `time.monotonic()`.

        None when there is no further one: the load is over, or the user was excused.
        """
        if self._closed or (self._waiting and time.monotonic() >= self.end):
            return None
        if self._waiting:
            return self._started(self._waiting.popleft())
        place = self._free[user] = AsyncResult()
        try:
            due: float | None = place.get()
        except BaseException:
            self._free.pop(user, None)
            if place.ready() and place.value is not None:
                self._come(place.value)
            raise
        return None if due is None else self._started(due)

    def excuse(self, user: object) -> None:
        """Let a user go who may wait."""
        place = self._free.pop(user, None)
        if place is not None:
            place.set(None)

    def close(self) -> None:
        """No further arrival starts."""
        if self._closed:
            return
        self._arrived.planned = self._reached()
        self._closed = True
        if self._dealer is not None:
            self._dealer.kill(block=False)
        for user in list(self._free):
            self.excuse(user)

    def arrived(self) -> Arrived:
        """What became of them so far."""
        if not self._closed:
            self._arrived.planned = self._reached()
        return self._arrived

    def _reached(self) -> int:
        if not self._layouts:
            return 0
        passed_ms = (time.monotonic() - self._layouts[-1].start) * _MS
        return self._curve.until(min(passed_ms, self._curve.end_ms))

    def _started(self, due: float) -> float:
        self._arrived.start(max(0, round((time.monotonic() - due) * 1e6)))
        return due

    def _deal(self) -> None:
        """Let every arrival come at its instant."""
        while not self._closed:
            self._news.clear()
            found = self._next()
            if found is None:
                self._news.wait()
                continue
            number, due = found
            wait = due - time.monotonic()
            if wait > 0 and self._news.wait(wait):
                continue
            self._next_number = number + 1
            self._come(due)

    def _next(self) -> tuple[int, float] | None:
        """Number and instant of the next own arrival."""
        start = self._layouts[-1].start
        if not any(self._place(layout) is not None for layout in self._layouts):
            return None
        for number in range(self._next_number, self._curve.total):
            due = start + self._curve.instant_ms(number) / _MS
            if self._is_own(number, due):
                return number, due
        return None

    def _is_own(self, number: int, due: float) -> bool:
        layout = next((each for each in reversed(self._layouts) if each.since <= due), None)
        if layout is None:
            return False
        return number % min(layout.count, self._users) == self._place(layout)

    def _place(self, layout: Layout) -> int | None:
        """Which arrivals are this generator's; None for one that has no user of the profile."""
        own = (layout.index - self._profile) % layout.count
        return own if own < self._users else None

    def _come(self, due: float) -> None:
        if self._free:
            self._free.popitem()[1].set(due)
            return
        if not self._said:
            self._said = True
            self._say("Arrivals wait, since all users of the profile are at play: they start late.")
        self._waiting.append(due)
