"""One virtual user at play: its variables, cookies and connections, and its way to report.

Knows gevent, but nothing of who starts users: Locust, a validation or a test.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import gevent
from gevent.event import Event

from octoperf_mcp.embedded.engine.play.company import Company
from octoperf_mcp.embedded.engine.play.control import (
    NEXT_ITERATION,
    STOP_TEST,
    STOP_TEST_NOW,
    STOP_THREAD,
    NextIteration,
    StopTest,
    StopUser,
    TimeUp,
)
from octoperf_mcp.embedded.engine.play.tally import Tally
from octoperf_mcp.embedded.engine.wire.cookies import CookieJar
from octoperf_mcp.embedded.engine.wire.exchange import Exchange
from octoperf_mcp.embedded.engine.wire.http_cache import Bodies, HttpCache
from octoperf_mcp.embedded.engine.wire.transport import Addresses, Transport
from octoperf_mcp.embedded.metrics.sample import CONTAINER, ITERATION, RESOURCE, SUMS, Sample

if TYPE_CHECKING:
    from octoperf_mcp.embedded.engine.play.program import Program

_MS = 1000
_IDLE_ITERATION_MS = 10
"""Pause after an iteration that neither sent nor waited, so that it cannot block the others."""


@dataclass(frozen=True, slots=True)
class Check:
    """What an assertion found: `failure` when it does not hold, `error` when it cannot tell."""

    name: str
    failure: bool = False
    error: bool = False
    message: str = ""

    @property
    def ok(self) -> bool:
        """Whether it holds."""
        return not (self.failure or self.error)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A sample with what led to it."""

    sample: Sample
    exchange: Exchange | None = None
    checks: Sequence[Check] = ()
    message: str = ""
    """Why it is KO, when neither status nor assertion tells."""
    extracted: Sequence[tuple[str, str]] = ()
    """Variables that extractors set after it."""


class Sink(Protocol):
    """Takes what users do."""

    def outcome(self, session: "UserSession", outcome: Outcome) -> None:
        """A sample ended."""

    def log(self, session: "UserSession", message: str, *, level: str = "INFO") -> None:
        """A line for the run log."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Which user of which run a session is."""

    thread_number: int
    """From 1, within its profile."""
    sink: Sink
    addresses: Addresses
    halt: Event
    """Set when the run ends: pauses end, no further request starts."""
    properties: dict[str, str]
    """Shared by all users of the generator."""
    deadline: float | None = None
    """`time.monotonic()` at which this user leaves."""
    company: Company = field(default_factory=Company)
    """The other users of the generator."""


class UserSession:
    """Plays a program, iteration by iteration. Use from one greenlet."""

    def __init__(self, program: "Program", seat: Seat) -> None:
        self.program = program
        self.thread_number: int = seat.thread_number
        self.profile_name: str = program.name
        self.properties = seat.properties
        self.variables: dict[str, str] = {}
        self.store: dict[Any, Any] = {}
        """State of actions and variables that belongs to this user."""
        self.cookies = CookieJar()
        self.transport = Transport(
            seat.addresses,
            bits_per_second=program.bits_per_second,
            longest_answer_s=program.longest_answer_s,
        )
        self.cache = _cache_of(program)
        self.random = random.Random()  # noqa: S311 - test data
        self.iteration: int = 0
        self.sampler_name: str = ""
        self.last_ok = True
        self.deadline = seat.deadline
        """`time.monotonic()` at which this user leaves; whoever seated it may move it."""
        self.at_end: list[Callable[[], None]] = []
        """Called when the user closes."""
        self.at_iteration_end: list[Callable[[], None]] = []
        """Called when this iteration is over."""
        self._seat = seat
        self._tally = Tally()
        self._waited = False
        self._due: float | None = None
        self._meant: float | None = None
        """When the next iteration is meant to start, as far as a plan says it."""
        """`time.monotonic()` at which the next iteration was to begin."""
        self.company = seat.company
        self.company.enter(program.meetings)
        for start in program.variables.constants:
            start(self)

    @property
    def thread_name(self) -> str:
        """As the run log and the raw results call this user."""
        return f"{self.profile_name} {self.program.profile + 1}-{self.thread_number}"

    def run_iteration(self, due: float | None = None) -> None:
        """Play the tree once, then wait until the pacing allows the next iteration.

        Args:
            due: `time.monotonic()` at which it was meant to start, for a user who arrives; such
                a one has no pacing.

        Raises:
            StopUser: the user is to end, its data are used up for instance.
            StopTest: the error policy ends the whole test.
            TimeUp: the run or the user's part in it is over.
        """
        self.checkpoint()
        now = time.monotonic()
        meant = self._meant if due is None else due
        began = now if self._due is None else self._due
        self._due = self._meant = None
        before = replace(self._tally)
        self._waited = False
        self.iteration += 1
        if self.program.clears_cookies:
            self.cookies.clear()
        if self.program.clears_cache and self.cache is not None:
            self.cache.clear()
        for start in self.program.variables.per_iteration:
            start(self)
        try:
            self.program.body(self)
        except NextIteration:
            self.checkpoint()
        finally:
            self._end_iteration()
        pacing_ms = self.program.pacing_ms(self) if due is None else 0.0
        if pacing_ms > 0 or meant is not None:
            self._report_iteration(before, max(0.0, now - (now if meant is None else meant)))
        self._keep_pace(began, pacing_ms)
        if not self._waited:
            self.pause(_IDLE_ITERATION_MS)

    def _end_iteration(self) -> None:
        ends, self.at_iteration_end = self.at_iteration_end, []
        for end in ends:
            end()

    def _keep_pace(self, began: float, pacing_ms: float) -> None:
        """Wait until the next iteration is due.

        It counts from when this one was due, so that late timers do not add up; from when it
        really begins only where this one took too long.
        """
        if pacing_ms <= 0:
            return
        due = self._meant = began + pacing_ms / _MS
        wait_ms = (due - time.monotonic()) * _MS
        if wait_ms > 0:
            self.pause(wait_ms)
            self._due = due
        else:
            self.company.late(-wait_ms)

    def close(self) -> None:
        """Give back the connections and leave the company; to be called once."""
        for end in self.at_end:
            end()
        self.transport.close()
        self.company.leave(self.program.meetings)

    def checkpoint(self) -> None:
        """Go on only while there is time.

        Raises:
            TimeUp: the run, or this user's part in it, is over.
        """
        if self.is_over():
            raise TimeUp

    def is_over(self) -> bool:
        """Whether the run, or this user's part in it, is over."""
        deadline = self.deadline
        return self._seat.halt.is_set() or (deadline is not None and time.monotonic() >= deadline)

    def turn(self) -> None:
        """To be called once per turn of a loop: ends it in time, and lets other users play."""
        self.checkpoint()
        gevent.sleep(0)

    def pause(self, ms: float) -> None:
        """Wait; a think time.

        Raises:
            TimeUp: the end came before.
        """
        if ms <= 0:
            return
        self._waited = True
        wait = ms / _MS
        deadline = self.deadline
        if deadline is not None:
            wait = min(wait, max(0.0, deadline - time.monotonic()))
        self._seat.halt.wait(wait)
        self.checkpoint()

    def wait_for(self, event: Event, timeout_ms: float | None) -> bool:
        """Wait for an event; False when `timeout_ms` were over first.

        Raises:
            TimeUp: the end came before.
        """
        self._waited = True
        wait = None if timeout_ms is None else timeout_ms / _MS
        if self.deadline is not None:
            left = max(0.0, self.deadline - time.monotonic())
            wait = left if wait is None else min(wait, left)
        gevent.wait([event, self._seat.halt], timeout=wait, count=1)
        self.checkpoint()
        return bool(event.is_set())

    def now_ms(self) -> float:
        """A clock that only goes forward, in milliseconds."""
        return time.monotonic() * _MS

    def waited(self) -> None:
        """Note that this iteration did something that takes time."""
        self._waited = True

    def count_call(self, *, shared: bool) -> int:
        """Count a call of `${__counter}`, from 1."""
        store: dict[Any, Any] = self.program.shared if shared else self.store
        store["calls"] = store.get("calls", 0) + 1
        return int(store["calls"])

    def log(self, message: str, *, level: str = "INFO") -> None:
        """Write a line to the run log."""
        self._seat.sink.log(self, message, level=level)

    def report(self, outcome: Outcome) -> None:
        """Hand over a sample, and do what the error policy says about a failed one.

        Raises:
            NextIteration, StopUser, StopTest: as the policy says.
        """
        sample = outcome.sample
        self._seat.sink.outcome(self, outcome)
        if sample.kind in SUMS or sample.cut_off:
            return
        tally = self._tally
        tally.count += 1
        tally.elapsed_us += sample.elapsed_us
        tally.latency_us += sample.latency_us
        tally.connect_us += sample.connect_us
        tally.sent += sample.sent_bytes
        tally.received += sample.received_bytes
        if sample.kind == RESOURCE:
            return
        self.last_ok = sample.ok
        if not sample.ok:
            tally.failed += 1
            self._apply_policy()

    def contained(self, action_id: str, play: Callable[["UserSession"], None]) -> None:
        """Play children and report their sum; a container without samples makes none."""
        outer, inner = self._tally, Tally()
        self._tally = inner
        started_ms = time.time_ns() // 1_000_000
        try:
            play(self)
        except (NextIteration, StopUser, StopTest):
            self._leave(outer, inner)
            self._report_container(action_id, inner, started_ms)
            raise
        except BaseException:
            self._leave(outer, inner)
            raise
        self._leave(outer, inner)
        self._report_container(action_id, inner, started_ms)

    def _report_iteration(self, before: Tally, late_s: float) -> None:
        """An iteration counts from when it was meant to start, whatever held it up."""
        late_us = round(late_s * 1_000_000)
        tally = self._tally.since(before)
        tally.elapsed_us += late_us
        tally.latency_us, tally.connect_us = late_us, 0
        meant_ms = time.time_ns() // 1_000_000 - tally.elapsed_us // 1000
        self._report_sum(ITERATION, self.program.virtual_user_id, tally, meant_ms)

    def _report_container(self, action_id: str, tally: Tally, started_ms: int) -> None:
        if tally.count:
            self._report_sum(CONTAINER, action_id, tally, started_ms)

    def _report_sum(self, kind: str, action_id: str, tally: Tally, started_ms: int) -> None:
        sample = Sample(
            action_id=action_id,
            virtual_user_id=self.program.virtual_user_id,
            profile=self.program.profile,
            kind=kind,
            started_ms=started_ms,
            elapsed_us=tally.elapsed_us,
            latency_us=tally.latency_us,
            connect_us=tally.connect_us,
            sent_bytes=tally.sent,
            received_bytes=tally.received,
            code="",
            method="",
            media_type="",
            url="",
            ok=tally.failed == 0,
        )
        message = f"{tally.failed} of {tally.count} requests in it failed" if tally.failed else ""
        self._seat.sink.outcome(self, Outcome(sample, message=message))

    def _leave(self, outer: Tally, inner: Tally) -> None:
        outer.add(inner)
        self._tally = outer

    def _apply_policy(self) -> None:
        policy = self.program.error_policy
        if policy == NEXT_ITERATION:
            raise NextIteration
        if policy == STOP_THREAD:
            raise StopUser
        if policy in {STOP_TEST, STOP_TEST_NOW}:
            self.log(f"Shutdown Test detected by thread: {self.thread_name}")
            raise StopTest(now=policy == STOP_TEST_NOW)


def _cache_of(program: "Program") -> HttpCache | None:
    if program.cache_size <= 0:
        return None
    bodies: Bodies = program.shared.setdefault(Bodies, Bodies())
    return HttpCache(program.cache_size, uses_freshness=program.cache_is_timed, bodies=bodies)
