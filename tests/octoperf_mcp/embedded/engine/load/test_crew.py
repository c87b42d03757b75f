"""Users of a generator, in this process."""

import time
from collections import Counter
from collections.abc import Callable, Iterator

import gevent
import gevent.event
import pytest

from octoperf_mcp.embedded.engine.load.arrivals import Curve
from octoperf_mcp.embedded.engine.load.crew import Crew, Part
from octoperf_mcp.embedded.engine.load.locust_nodes import share, shares
from octoperf_mcp.embedded.engine.load.ramp import Load, peak_users, spans_of
from octoperf_mcp.embedded.engine.load.reception import Arrived, Layout, Reception
from octoperf_mcp.embedded.engine.play.control import StopTest
from octoperf_mcp.embedded.engine.play.program import Program
from octoperf_mcp.embedded.engine.play.session import UserSession
from octoperf_mcp.embedded.engine.play.variables import VariableSet
from octoperf_mcp.embedded.engine.wire.transport import Addresses
from tests.octoperf_mcp.embedded.engine.players import Notes
from tests.octoperf_mcp.embedded.engine.stage import arrivals, ramp


class Band:
    """Crews that play the same profile; each user notes when it began."""

    def __init__(self, load: Load, generators: int = 1, profile: int = 0) -> None:
        self.load = load
        self.notes = Notes()
        self.began: dict[int, float] = {}
        self.iterations: Counter[int] = Counter()
        self.stops: list[bool] = []
        self.finished = 0
        self.start = time.monotonic()
        self.crews = [self._crew(profile) for _ in range(generators)]
        self.users: list[gevent.Greenlet] = []
        self.program = self.crews[0].parts[0].program

    def _crew(self, profile: int) -> Crew:
        program = Program("P", profile, "vu", self._body, VariableSet())
        part = Part(program, self.load, Addresses())
        curve = Curve.of(self.load)
        if curve is not None:
            users = peak_users(self.load)
            part.reception = Reception(curve, users, profile, self.notes.lines.append)
        return Crew([part], self.notes, {}, self.stops.append, self._on_finished)

    def _body(self, session: UserSession) -> None:
        number = session.thread_number
        self.began.setdefault(number, (time.monotonic() - self.start) * 1000)
        self.iterations[number] += 1
        session.pause(5)

    def _on_finished(self, count: int) -> None:
        self.finished = count

    def arrange(self, since: float = float("-inf")) -> None:
        for index, crew in enumerate(self.crews):
            crew.arrange(Layout(index, len(self.crews), self.start, since))

    def arrived(self) -> Arrived:
        told = []
        for crew in self.crews:
            reception = crew.parts[0].reception
            assert reception is not None
            told.append(reception.arrived().message())
        return Arrived.sum(told)

    def fill(self, crew: Crew, users: int) -> None:
        part = crew.parts[0]
        while len(part.slots) < users:
            self.users.append(gevent.spawn(crew.join(part.program.profile).live))

    def end(self) -> None:
        for crew in self.crews:
            crew.wind_up(5)
        gevent.killall(self.users)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with gevent.Timeout(10):
            while not condition():
                gevent.sleep(0.005)


@pytest.fixture
def bands() -> Iterator[list[Band]]:
    made: list[Band] = []
    yield made
    for band in made:
        band.end()


def test_generators_share_the_users_and_none_starts_before_its_time(bands: list[Band]) -> None:
    load = ramp(7, 200, 60_000)
    band = Band(load, generators=3, profile=1)
    bands.append(band)
    band.arrange()
    for index, crew in enumerate(band.crews):
        band.fill(crew, share(7, index, 3, 1))
    band.wait_for(lambda: len(band.began) == 7)
    assert sorted(band.began) == [1, 2, 3, 4, 5, 6, 7]
    for number, at_ms in band.began.items():
        assert at_ms >= spans_of(load, number - 1)[0][0], number
    assert sum(crew.users()[1] for crew in band.crews) == 7


@pytest.mark.parametrize("profile", range(4))
@pytest.mark.parametrize("count", range(1, 5))
def test_the_shares_of_generators_add_up(profile: int, count: int) -> None:
    for total in range(20):
        parts = list(shares(total, count, profile))
        assert sum(parts) == total
        assert max(parts) - min(parts) <= 1


def test_when_a_generator_is_lost_the_others_take_its_users_over(bands: list[Band]) -> None:
    band = Band(ramp(4, 0, 60_000), generators=2)
    bands.append(band)
    band.arrange()
    for crew in band.crews:
        band.fill(crew, 2)
    band.wait_for(lambda: len(band.began) == 4)
    lost = band.crews.pop()
    lost.wind_up(5)
    band.arrange()
    band.fill(band.crews[0], 4)
    band.wait_for(lambda: band.crews[0].users()[0] == 4)


def test_a_user_whose_time_is_over_after_a_renumbering_leaves(bands: list[Band]) -> None:
    band = Band(ramp(2, 0, 60_000))
    bands.append(band)
    band.arrange()
    band.fill(band.crews[0], 2)
    band.wait_for(lambda: len(band.began) == 2)
    band.crews.append(band._crew(0))
    band.arrange()
    band.wait_for(lambda: band.crews[0].users()[0] == 1)


def test_users_come_back_when_the_shape_wants_them_again(bands: list[Band]) -> None:
    points = [(0, 1), (60, 1), (60, 0), (120, 0), (120, 1), (60_000, 1)]
    load = {
        "@type": "UserProfileLoadCustom",
        "points": [{"timeInMs": t, "threadsCount": n} for t, n in points],
    }
    band = Band(load)
    bands.append(band)
    band.arrange()
    band.fill(band.crews[0], 1)
    band.wait_for(lambda: sum("Thread started" in line for line in band.notes.lines) == 2)
    assert sum("Thread finished" in line for line in band.notes.lines) == 1


def test_a_user_ends_after_its_iterations_and_is_not_replaced(bands: list[Band]) -> None:
    band = Band(ramp(2, 0, 60_000))
    bands.append(band)
    band.program.iterations = 3
    band.arrange()
    band.fill(band.crews[0], 2)
    band.wait_for(lambda: band.finished == 2)
    assert band.iterations == {1: 3, 2: 3}
    assert band.crews[0].users() == {0: 0}


def test_trouble_of_one_iteration_is_logged_and_the_user_goes_on(bands: list[Band]) -> None:
    band = Band(ramp(1, 0, 60_000))
    bands.append(band)
    calls = 0

    def body(session: UserSession) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise KeyError("a bug")
        band._body(session)

    band.program.body = body
    band.arrange()
    band.fill(band.crews[0], 1)
    band.wait_for(lambda: band.iterations[1] > 0)
    [line] = [line for line in band.notes.lines if line.startswith("ERROR")]
    assert "a bug" in line
    assert "Traceback" in line


def test_a_policy_that_ends_the_test_is_passed_on(bands: list[Band]) -> None:
    band = Band(ramp(1, 0, 60_000))
    bands.append(band)

    def body(_: UserSession) -> None:
        raise StopTest(now=True)

    band.program.body = body
    band.arrange()
    band.fill(band.crews[0], 1)
    band.wait_for(lambda: band.stops == [True])


def test_winding_up_waits_for_users_in_a_request_but_not_for_ever(bands: list[Band]) -> None:
    band = Band(ramp(1, 0, 60_000))
    bands.append(band)
    release = gevent.event.Event()
    band.program.body = lambda _: release.wait()
    band.arrange()
    band.fill(band.crews[0], 1)
    band.wait_for(lambda: band.crews[0].users()[0] == 1)
    assert band.crews[0].wind_up(0.02) is False
    release.set()
    assert band.crews[0].wind_up(5) is True


def test_arrivals_are_shared_and_each_plays_one_iteration(bands: list[Band]) -> None:
    """Three generators for two users: the one without a user gets no arrival."""
    load = arrivals((0, 6000), (400, 6000), (400, 0), (60_000, 0), users=2)
    band = Band(load, generators=3, profile=1)
    bands.append(band)
    for index, crew in enumerate(band.crews):
        band.fill(crew, share(2, index, 3, 1))
    band.arrange()
    band.wait_for(lambda: sum(band.iterations.values()) == 40)
    found = band.arrived()
    assert (found.planned, found.document("P")["dropped"]) == (40, 0)


def test_arrivals_that_find_no_free_user_wait_and_are_told_late(bands: list[Band]) -> None:
    """The target stalls: the only user starts the others after their instants, in order."""
    band = Band(arrivals((0, 6000), (600, 6000), users=1))
    bands.append(band)
    stalls = iter([250])
    band.program.body = lambda session: session.pause(next(stalls, 1))
    band.fill(band.crews[0], 1)
    band.arrange()
    band.wait_for(lambda: band.arrived().planned == 60)
    band.wait_for(lambda: time.monotonic() > band.start + 0.6)
    band.end()
    found = band.arrived().document("P")
    assert found["late"] > 10
    assert found["lateMaxMs"] >= 200
    assert 100 <= found["lateP95Ms"] <= found["lateMaxMs"] * 1.01
    assert found["started"] + found["dropped"] == 60
    assert sum("start late" in line for line in band.notes.lines) == 1


def test_what_waits_at_the_end_of_the_load_is_dropped_and_counted(bands: list[Band]) -> None:
    band = Band(arrivals((0, 6000), (100, 6000), users=1))
    bands.append(band)
    band.program.body = lambda session: session.pause(60_000)
    band.fill(band.crews[0], 1)
    band.arrange()
    band.wait_for(lambda: band.crews[0].users()[0] == 0 and band.arrived().planned == 10)
    band.end()
    found = band.arrived().document("P")
    assert (found["planned"], found["started"], found["dropped"]) == (10, 1, 9)


def test_when_a_generator_is_lost_its_later_arrivals_go_to_the_others(bands: list[Band]) -> None:
    band = Band(arrivals((0, 6000), (600, 6000), users=4), generators=2)
    bands.append(band)
    for crew in band.crews:
        band.fill(crew, 2)
    band.arrange()
    band.wait_for(lambda: band.arrived().started >= 10)
    lost = band.crews[1]
    since = time.monotonic() + 0.05
    left = band.crews[0]
    left.arrange(Layout(0, 1, band.start, since))
    band.wait_for(lambda: time.monotonic() > since)
    lost.wind_up(5)
    band.wait_for(lambda: band.arrived().planned == 60)
    band.wait_for(lambda: left.users()[0] == 0)
    found = band.arrived().document("P")
    # Of the lost one's own, those between the new layout and its end are started twice at most.
    assert 58 <= found["started"] <= 63


def test_users_who_arrive_end_after_their_iterations(bands: list[Band]) -> None:
    band = Band(arrivals((0, 6000), (60_000, 6000), users=2))
    bands.append(band)
    band.program.iterations = 3
    band.fill(band.crews[0], 2)
    band.arrange()
    band.wait_for(lambda: band.finished == 2)
    assert band.iterations == {1: 3, 2: 3}


def test_a_user_that_is_retired_while_it_waits_gets_no_arrival(bands: list[Band]) -> None:
    band = Band(arrivals((0, 0), (60_000, 60), users=1))
    bands.append(band)
    band.fill(band.crews[0], 1)
    gevent.sleep(0)
    band.crews[0].parts[0].slots[0].retire()
    band.users[0].join(5)
    assert band.users[0].ready()
