"""What one user may take."""

import pytest

from octoperf_mcp.transport import limits
from octoperf_mcp.transport.limits import Busy, Limits


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def taken(counted: Limits, user: str = "ann") -> int:
    """How many requests pass now."""
    for number in range(1000):
        try:
            counted.take(user)
        except Busy:
            return number
    return 1000


def test_a_burst_passes_and_then_the_rate() -> None:
    clock = Clock()
    counted = Limits(requests_per_s=10, burst=5, clock=clock)
    assert taken(counted) == 5
    clock.now += 0.1
    assert taken(counted) == 1
    clock.now += 0.35
    assert taken(counted) == 3
    clock.now += 3600
    assert taken(counted) == 5


def test_who_is_refused_is_told_whole_seconds_and_is_not_counted() -> None:
    clock = Clock()
    counted = Limits(requests_per_s=0.25, burst=2, clock=clock)
    assert taken(counted) == 2
    for _ in range(50):
        with pytest.raises(Busy) as caught:
            counted.take("ann")
        assert caught.value.retry_after_s == 4
    clock.now += 4
    assert taken(counted) == 1


def test_users_do_not_hold_each_other_up() -> None:
    counted = Limits(requests_per_s=1, burst=3, clock=Clock())
    assert taken(counted, "ann") == 3
    assert taken(counted, "bob") == 3


def test_zero_is_no_limit() -> None:
    counted = Limits(requests_per_s=0, burst=0, streams=0)
    assert taken(counted) == 1000
    with counted.stream("ann"), counted.stream("ann"):
        assert counted.users == 0


def test_few_users_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MOST_USERS", 10)
    clock = Clock()
    counted = Limits(requests_per_s=1, burst=2, clock=clock)
    for number in range(10):
        counted.take(f"idle-{number}")
    clock.now += 10
    for number in range(30):
        counted.take(f"busy-{number}")
    assert counted.users <= 10
    assert taken(counted, "busy-29") == 1


def test_a_stream_is_given_back_however_it_ends() -> None:
    counted = Limits(streams=1)
    first = counted.stream("ann")
    first.__enter__()
    with pytest.raises(Busy), counted.stream("ann"):
        pytest.fail("two at a time")
    with counted.stream("bob"):
        first.__exit__(RuntimeError, RuntimeError(), None)
    with counted.stream("ann"):
        pass


def test_a_stream_may_take_the_place_of_one() -> None:
    counted = Limits(streams=1)
    counted.enter("ann")
    counted.enter("ann", replacing=True)
    with pytest.raises(Busy):
        counted.enter("ann", replacing=True)
    counted.leave("ann")
    counted.leave("ann")
    counted.enter("ann")
