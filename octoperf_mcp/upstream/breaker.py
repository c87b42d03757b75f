"""A breaker: an upstream that keeps failing is left alone for a while, and callers told at once."""

import time
from collections.abc import Callable


class Breaker:
    """Opens after so many failures in a row; then one call at a time tries whether it is over.

    A failure is no answer, or one that says that the upstream is down; a refusal is none.

    Args:
        failures: How many in a row open it; 0 for never.
        pause_s: How long it stays open, and how far apart the trials are.
        clock: Seconds.
    """

    __slots__ = ("_clock", "_limit", "_pause_s", "_until", "failures")

    def __init__(
        self, failures: int, pause_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = failures
        self._pause_s = pause_s
        self._clock = clock
        self._until = 0.0
        self.failures = 0

    @property
    def is_open(self) -> bool:
        """Whether calls are refused, trials apart."""
        return bool(self._limit) and self.failures >= self._limit

    def wait_s(self) -> float:
        """0 when a call may be made now, else in how many seconds; a trial shuts the door again."""
        if not self.is_open:
            return 0.0
        now = self._clock()
        if now < self._until:
            return self._until - now
        self._until = now + self._pause_s
        return 0.0

    def failed(self) -> None:
        """A call failed."""
        self.failures += 1
        if self._limit and self.failures == self._limit:
            self._until = self._clock() + self._pause_s

    def succeeded(self) -> None:
        """A call was answered."""
        self.failures = 0
