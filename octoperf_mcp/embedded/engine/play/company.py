"""What the users of one generator have in common at play: meeting points and queues."""

import math
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import gevent
from gevent.event import Event

from octoperf_mcp.embedded.metrics.histogram import bucket_of

if TYPE_CHECKING:
    from octoperf_mcp.embedded.engine.play.session import UserSession

_NOTED_MS = 1.0


@dataclass(slots=True)
class _Point:
    """Where users wait for each other; each round has an event of its own."""

    waiting: int = 0
    percent: float = 100.0
    round: Event = field(default_factory=Event)

    def open(self) -> None:
        """Let all who wait go on; who comes later waits for the next round."""
        opened, self.round, self.waiting = self.round, Event(), 0
        opened.set()


class Company:
    """Shared by all sessions of a generator."""

    def __init__(self) -> None:
        self._users: Counter[str] = Counter()
        """Users at play by meeting point: those whose virtual user comes there."""
        self._points: defaultdict[str, _Point] = defaultdict(_Point)
        self._queues: defaultdict[str, deque[str]] = defaultdict(deque)
        self._news: defaultdict[str, Event] = defaultdict(Event)
        self.late_starts = 0
        """Requests and iterations that began later than planned, as the one before took long."""
        self.worst_late_ms = 0.0
        self.lateness: dict[int, int] = {}
        """Histogram of those late starts."""

    def late(self, ms: float) -> None:
        """Note a start that came so much later than planned."""
        if ms > _NOTED_MS:
            self.late_starts += 1
            self.worst_late_ms = max(self.worst_late_ms, ms)
            bucket = bucket_of(round(ms * 1000))
            self.lateness[bucket] = self.lateness.get(bucket, 0) + 1

    def enter(self, meetings: Iterable[str]) -> None:
        """A user starts who will come to these meeting points."""
        self._users.update(meetings)

    def leave(self, meetings: Iterable[str]) -> None:
        """The user ends; the others may be complete without it."""
        for name in meetings:
            self._users[name] -= 1
            if name in self._points:
                self._open_if_enough(name)

    def meet(self, session: "UserSession", name: str, percent: float, timeout_ms: float) -> bool:
        """Wait until `percent` of the users have come.

        When the first of them has waited for `timeout_ms` (0: for ever), all go on.

        Returns:
            False when the time was over first.

        Raises:
            TimeUp: the run, or the user's part in it, is over.
        """
        point = self._points[name]
        point.waiting += 1
        point.percent = percent
        mine = point.round
        self._open_if_enough(name)
        try:
            in_time = session.wait_for(mine, timeout_ms or None)
        except BaseException:
            if not mine.is_set():
                point.waiting -= 1
            raise
        if not in_time and not mine.is_set():
            point.open()
        return in_time

    def _open_if_enough(self, name: str) -> None:
        point = self._points[name]
        needed = max(1, math.ceil(self._users[name] * point.percent / 100))
        if point.waiting >= needed:
            point.open()

    def put(self, queue: str, value: str) -> None:
        """Append to a queue."""
        self._queues[queue].append(value)
        self._news[queue].set()

    def take(self, session: "UserSession", queue: str, timeout_ms: float) -> str | None:
        """The oldest value of a queue, waiting for one; None when none came in time.

        Raises:
            TimeUp: the run, or the user's part in it, is over.
        """
        values = self._queues[queue]
        end = session.now_ms() + timeout_ms
        while not values:
            left = end - session.now_ms()
            if left <= 0:
                return None
            self._news[queue].clear()
            session.wait_for(self._news[queue], left)
            gevent.sleep(0)
        return values.popleft()
