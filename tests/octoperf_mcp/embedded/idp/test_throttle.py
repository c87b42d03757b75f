from octoperf_mcp.embedded.idp.throttle import Throttle


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_window_slides() -> None:
    clock = Clock()
    throttle = Throttle(2, 60, clock=clock)
    throttle.count("a")
    clock.now = 30
    throttle.count("a")
    assert throttle.wait_s("a") == 30
    assert throttle.wait_s("b") == 0
    clock.now = 60
    assert throttle.wait_s("a") == 0
    throttle.count("a")
    assert throttle.wait_s("a") == 30


def test_events_can_be_taken_back() -> None:
    throttle = Throttle(1, 60, clock=Clock())
    throttle.count("a")
    throttle.take_back("a")
    assert throttle.wait_s("a") == 0
    throttle.count("a")
    throttle.forget("a")
    throttle.take_back("a")
    assert throttle.wait_s("a") == 0


def test_memory_is_bounded() -> None:
    throttle = Throttle(1, 60, keys=10, clock=Clock())
    for number in range(100):
        throttle.count(number)
    assert len(throttle._events) == 10
    assert throttle.wait_s(99) == 60
