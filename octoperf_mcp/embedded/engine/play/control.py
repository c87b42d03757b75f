"""How the course of a user is broken off; none of these is an error."""

NEXT_ITERATION = "START_NEXT_ITERATION"
STOP_THREAD = "STOP_THREAD"
STOP_TEST = "STOP_TEST"
STOP_TEST_NOW = "STOP_TEST_NOW"
ERROR_POLICIES = frozenset({NEXT_ITERATION, STOP_THREAD, STOP_TEST, STOP_TEST_NOW})
"""What `errorHandling` may say besides CONTINUE."""


class Departure(Exception):  # noqa: N818 - a course of events, not an error
    """The base of them all."""


class NextIteration(Departure):
    """The iteration is over; the user starts the next one."""


class StopUser(Departure):
    """The user has nothing left to do: its data are used up, or its error policy says so."""


class StopTest(Departure):
    """The error policy ends the whole test.

    Args:
        now: Requests in flight are cut off instead of drained.
    """

    def __init__(self, *, now: bool) -> None:
        super().__init__()
        self.now = now


class TimeUp(Departure):
    """The run, or this user's part in it, is over; raised between requests and in pauses only."""
