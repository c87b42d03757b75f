"""Set-up and tear-down of a profile: users of a virtual user of their own, before and after."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gevent
from gevent.event import Event

from octoperf_mcp.embedded.engine.actions.compiler import Warn
from octoperf_mcp.embedded.engine.actions.timers import compile_pacing
from octoperf_mcp.embedded.engine.load.crew import Crew, play_out
from octoperf_mcp.embedded.engine.load.locust_nodes import share
from octoperf_mcp.embedded.engine.load.ramp import peak_users
from octoperf_mcp.embedded.engine.play.control import ERROR_POLICIES
from octoperf_mcp.embedded.engine.play.profiles import (
    Document,
    Materials,
    Role,
    apply_engine,
    compile_program,
    profile_options,
)
from octoperf_mcp.embedded.engine.play.program import Program
from octoperf_mcp.embedded.engine.play.session import Seat, UserSession
from octoperf_mcp.embedded.engine.processes.order import profile_name
from octoperf_mcp.embedded.engine.wire.reach import Reach
from octoperf_mcp.embedded.engine.wire.transport import Addresses

SET_UP, TEAR_DOWN = "setUp", "tearDown"
"""The settings of a profile that hold them."""
_NAMES = {SET_UP: "set up", TEAR_DOWN: "tear down"}
_AS_MANY_AS_THE_PROFILE = -1


@dataclass(frozen=True, slots=True)
class Party:
    """The users that one profile wants before or after its own."""

    program: Program
    users: int
    ramp_s: float
    """Users start evenly within it."""


def wants(profile: Mapping[str, Any], which: str) -> Mapping[str, Any] | None:
    """The `SetUpTearDown` of a profile, if it has one."""
    settings = (profile.get("engine") or {}).get("settings") or {}
    found: Mapping[str, Any] | None = settings.get(which)
    return found


def compile_party(
    profile: Document, index: int, which: str, materials: Materials, warn: Warn
) -> Party | None:
    """The party of a profile on this generator; None when it has none here.

    With the scope GLOBAL the users play once in the run, on the first generator of the location;
    with LOCAL on every generator.
    """
    wanted = wants(profile, which)
    if wanted is None:
        return None
    place, generators = materials.share
    everywhere = wanted.get("scope") == "LOCAL"
    if place > 0 and not everywhere:
        return None
    name = f"{profile_name(profile, index)} {_NAMES[which]}"
    program = compile_program(
        Role(name, index, str(wanted.get("virtualUserId"))),
        materials,
        profile_options(profile),
        warn,
    )
    apply_engine(program, profile)
    _apply(program, wanted)
    users = int(wanted.get("numberOfThreads") or 1)
    if users == _AS_MANY_AS_THE_PROFILE:
        users = peak_users(dict(profile["load"]))
        users = share(users, place, generators, index) if everywhere else users
    return Party(program, users, float(wanted.get("rampupPeriodSec") or 0))


def _apply(program: Program, wanted: Mapping[str, Any]) -> None:
    policy = str(wanted.get("onSampleError") or "CONTINUE")
    program.error_policy = policy if policy in ERROR_POLICIES else "CONTINUE"
    program.pacing_ms = compile_pacing(wanted.get("pacing"))
    loops = wanted.get("loopCount")
    program.iterations = 1 if loops is None else int(loops) if int(loops) >= 0 else None
    if wanted.get("sameUserOnEachIteration") is not None:
        keeps = bool(wanted["sameUserOnEachIteration"])
        program.clears_cookies = program.clears_cache = not keeps


def _delay(party: Party, number: int) -> float:
    """Seconds from the start of the party to the start of one of its users, from 0."""
    return party.ramp_s * number / party.users


class Parties:
    """Plays parties, one kind after the other."""

    def __init__(self, crew: Crew, reach: Reach | None = None) -> None:
        self._crew = crew
        self._reach = reach
        self._halt = Event()
        self._users: list[gevent.Greenlet] = []

    def play(self, parties: list[Party], until: float) -> None:
        """Play all and come back when their users are done, at the latest at `until`."""
        begin = time.monotonic()
        self._users = [
            gevent.spawn(self._live, party.program, number, begin + _delay(party, number), until)
            for party in parties
            for number in range(party.users)
        ]
        gevent.joinall(self._users)

    def end(self) -> None:
        """Cut off whoever plays."""
        self._halt.set()
        gevent.killall(self._users)

    def _live(self, program: Program, number: int, begin: float, until: float) -> None:
        crew = self._crew
        if self._halt.wait(max(0.0, min(begin, until) - time.monotonic())):
            return
        addresses = Addresses(program.static_hosts, self._reach)
        seat = Seat(
            number + 1, crew.sink, addresses, self._halt, crew.properties, until, crew.company
        )
        session = UserSession(program, seat)
        session.log(f"Thread started: {session.thread_name}")
        try:
            play_out(session, crew.on_stop_test)
        finally:
            session.close()
            session.log(f"Thread finished: {session.thread_name}")
