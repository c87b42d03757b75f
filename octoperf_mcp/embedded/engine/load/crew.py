"""The users of one generator: each waits for its time, plays, and ends by its rules.

Users are numbered through all generators: the generator with index i of n has the users whose
number leaves i when divided by n. A ramp summed over the generators is therefore smooth, and when
a generator joins or is lost, the others renumber their users.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from traceback import format_exc

import gevent
from gevent.event import Event

from octoperf_mcp.embedded.engine.load.ramp import Load, spans_of
from octoperf_mcp.embedded.engine.load.reception import Layout, Reception
from octoperf_mcp.embedded.engine.play.company import Company
from octoperf_mcp.embedded.engine.play.control import Departure, StopTest, StopUser, TimeUp
from octoperf_mcp.embedded.engine.play.program import Program
from octoperf_mcp.embedded.engine.play.session import Seat, Sink, UserSession
from octoperf_mcp.embedded.engine.processes.masks import Mask
from octoperf_mcp.embedded.engine.wire.transport import Addresses

_MS = 1000
_AFTER_TROUBLE_MS = 1000


@dataclass(slots=True)
class Part:
    """One profile, as this generator plays it."""

    program: Program
    load: Load
    addresses: Addresses
    slots: list["Slot"] = field(default_factory=list)
    playing: int = 0
    reception: Reception | None = None
    """What lets iterations start where users arrive; None where they stay and go round."""


class Crew:
    """All users of this generator."""

    def __init__(
        self,
        parts: Sequence[Part],
        sink: Sink,
        properties: dict[str, str],
        on_stop_test: Callable[[bool], None],
        on_finished: Callable[[int], None],
    ) -> None:
        self.parts = list(parts)
        self.sink = sink
        self.properties = properties
        self.company = Company()
        self.halt = Event()
        """Set at the end of the run: no further request starts."""
        self.on_stop_test = on_stop_test
        self._on_finished = on_finished
        self._finished = 0
        self._layout: Layout | None = None
        self.renumbered = Event()

    @property
    def layout(self) -> Layout | None:
        """None before the run begins."""
        return self._layout

    def arrange(self, layout: Layout) -> None:
        """Take a share of the users, from now on."""
        self._layout = layout
        for part in self.parts:
            if part.reception is not None:
                part.reception.arrange(layout)
                continue
            for slot in part.slots:
                slot.renumber()
        before, self.renumbered = self.renumbered, Event()
        before.set()

    def join(self, profile: int) -> "Slot":
        """A place for one more user of a profile."""
        part = next(part for part in self.parts if part.program.profile == profile)
        slot = Slot(self, part, len(part.slots))
        part.slots.append(slot)
        return slot

    def users(self) -> dict[int, int]:
        """Users at play, by profile."""
        return {part.program.profile: part.playing for part in self.parts}

    def finished(self) -> None:
        """One more user has nothing left to do for the whole run."""
        self._finished += 1
        self._on_finished(self._finished)

    def wind_up(self, grace_s: float) -> bool:
        """End the run: requests in flight may take `grace_s` to end.

        Returns:
            False when some did not, and have to be cut off.
        """
        self.halt.set()
        for part in self.parts:
            if part.reception is not None:
                part.reception.close()
        end = time.monotonic() + grace_s
        while any(part.playing for part in self.parts):
            if time.monotonic() >= end:
                return False
            gevent.sleep(0.01)
        return True


class Slot:
    """Holds one user after the other; lives in one greenlet."""

    def __init__(self, crew: Crew, part: Part, position: int) -> None:
        self._crew = crew
        self._part = part
        self._position = position
        self._session: UserSession | None = None
        self._retired = False

    def live(self) -> None:
        """Play whenever it is this user's turn, until the run ends or the user is done."""
        crew = self._crew
        if self._part.reception is not None:
            self._serve(self._part.reception)
            return
        while not (self._retired or crew.halt.is_set()):
            span = self._next_span()
            now = time.monotonic()
            if span is None:
                crew.renumbered.wait()
            elif span[0] > now:
                crew.renumbered.wait(span[0] - now)
            elif not self._play(span[1]):
                crew.finished()
                return

    def renumber(self) -> None:
        """The share of this generator changed: the user's time may end earlier or later."""
        if self._session is None:
            return
        span = self._next_span()
        now = time.monotonic()
        self._session.deadline = span[1] if span is not None and span[0] <= now else now

    def retire(self) -> None:
        """End after the request in flight."""
        self._retired = True
        if self._part.reception is not None:
            self._part.reception.excuse(self)
        if self._session is not None:
            self._session.deadline = time.monotonic()

    def _number(self) -> int:
        layout = self._crew.layout
        if layout is None:
            return self._position
        own = (layout.index - self._part.program.profile) % layout.count
        return self._position * layout.count + own

    def _next_span(self) -> tuple[float, float] | None:
        """When this user plays next, or now: from, to as `time.monotonic()`."""
        layout = self._crew.layout
        if layout is None:
            return None
        now = time.monotonic()
        for begin, end in spans_of(self._part.load, self._number()):
            if layout.start + end / _MS > now:
                return layout.start + begin / _MS, layout.start + end / _MS
        return None

    def _serve(self, reception: Reception) -> None:
        """Play an iteration for each arrival that this user gets, until there are none."""
        crew, part = self._crew, self._part
        dues = iter(lambda: None if self._retired else reception.take(self), None)
        first = next(dues, None)
        if first is None:
            return
        dues = chain([first], dues)

        def turn(session: UserSession) -> bool:
            due = next(dues, None)
            if due is None:
                return False
            part.playing += 1
            try:
                _iterate_once(session, due)
            finally:
                part.playing -= 1
            return True

        with self._seated(reception.end) as session:
            goes_on = play_out(session, crew.on_stop_test, turn)
        if not goes_on:
            crew.finished()

    def _play(self, deadline: float) -> bool:
        """Play until the deadline; False when the user is done for the whole run."""
        with self._seated(deadline) as session:
            self._part.playing += 1
            try:
                return play_out(session, self._crew.on_stop_test)
            finally:
                self._part.playing -= 1

    @contextmanager
    def _seated(self, deadline: float) -> Iterator[UserSession]:
        crew, part = self._crew, self._part
        seat = Seat(
            self._number() + 1,
            crew.sink,
            part.addresses,
            crew.halt,
            crew.properties,
            deadline,
            crew.company,
        )
        session = self._session = UserSession(part.program, seat)
        session.log(f"Thread started: {session.thread_name}")
        try:
            yield session
        finally:
            self._session = None
            session.close()
            session.log(f"Thread finished: {session.thread_name}")


def _iterate_once(session: UserSession, due: float | None = None) -> bool:
    try:
        session.run_iteration(due)
    except Departure:
        raise
    except Exception as error:  # noqa: BLE001 - one user's trouble must not thin out the load
        session.log(f"{type(error).__name__}: {error}\n{format_exc()}", level="ERROR")
        session.pause(_AFTER_TROUBLE_MS)
    return True


def play_out(
    session: UserSession,
    on_stop_test: Callable[[bool], None],
    turn: Callable[[UserSession], bool] = _iterate_once,
) -> bool:
    """Play a user's iterations; False when it has nothing left to do for the whole run.

    `turn` plays one, and is False when none is left for now.
    """
    limit = session.program.iterations
    try:
        while limit is None or session.iteration < limit:
            if not turn(session):
                return True
    except TimeUp:
        return True
    except StopUser:
        return False
    except StopTest as stop:
        on_stop_test(stop.now)
        return False
    return False


def secrets_of(parts: Sequence[Part]) -> Mask:
    """Masks the secrets of all programs."""
    return Mask(secret for part in parts for secret in part.program.secrets)
