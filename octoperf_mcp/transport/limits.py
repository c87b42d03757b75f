"""What one user may take of a server: requests a second, and streams at a time.

By user, not by address: hosted clients send all of their users from a few addresses.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Final

_MOST_USERS: Final = 10_000


class Busy(Exception):  # noqa: N818 - an answer, no error
    """The user has to wait."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = max(1, math.ceil(retry_after_s))


class Limits:
    """Counts by user; one process's own, so that replicas multiply it.

    A user's state is one number: the time at which their requests so far are worked off (the
    generic cell rate algorithm, a leaky bucket without a timer). Who has nothing to work off is
    forgotten.

    Args:
        requests_per_s: Sustained rate; 0 for no limit.
        burst: Requests that may come at once.
        streams: Open event streams at a time; 0 for no limit.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        requests_per_s: float = 0,
        burst: int = 1,
        streams: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._interval = 1 / requests_per_s if requests_per_s > 0 else 0.0
        self._slack = self._interval * max(burst - 1, 0)
        self._streams = streams
        self._clock = clock
        self._worked_off: dict[Hashable, float] = {}
        self._open: Counter[Hashable] = Counter()

    @property
    def users(self) -> int:
        """How many users are remembered."""
        return len(self._worked_off)

    @property
    def open(self) -> int:
        """How many streams are open."""
        return self._open.total()

    def take(self, user: Hashable) -> None:
        """Count one request.

        Raises:
            Busy: it is one too many; it is not counted.
        """
        if not self._interval:
            return
        now = self._clock()
        due = self._worked_off.get(user, now)
        if due - now > self._slack:
            raise Busy("You send too many requests; wait a moment.", due - now - self._slack)
        if user not in self._worked_off and len(self._worked_off) >= _MOST_USERS:
            self._forget(now)
        self._worked_off[user] = max(due, now) + self._interval

    def enter(self, user: Hashable, *, replacing: bool = False) -> None:
        """Count one more open stream, which `leave` takes back.

        Args:
            user: Who opens it.
            replacing: Whether it takes the place of one that is about to end.

        Raises:
            Busy: the user has as many as may be.
        """
        if self._streams and self._open[user] >= self._streams + replacing:
            message = f"You have {self._streams} open streams, which is the limit; close one."
            raise Busy(message, 30)
        self._open[user] += 1

    def leave(self, user: Hashable) -> None:
        """Take one open stream back."""
        self._open[user] -= 1
        if not self._open[user]:
            del self._open[user]

    @contextmanager
    def stream(self, user: Hashable) -> Iterator[None]:
        """One open stream, as long as the context lasts.

        Raises:
            Busy: the user has as many as may be.
        """
        self.enter(user)
        try:
            yield
        finally:
            self.leave(user)

    def _forget(self, now: float) -> None:
        """Make room: those with nothing to work off, else whoever came first."""
        self._worked_off = {user: due for user, due in self._worked_off.items() if due > now}
        if len(self._worked_off) >= _MOST_USERS:
            del self._worked_off[next(iter(self._worked_off))]
