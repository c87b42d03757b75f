"""A generator process of a load run: holds users, records what they do."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent
from gevent.event import Event
from locust import User, task
from locust.env import Environment
from locust.runners import WorkerRunner

from octoperf_mcp.embedded.engine.load.arrivals import Curve
from octoperf_mcp.embedded.engine.load.crew import Crew, Part, Slot
from octoperf_mcp.embedded.engine.load.locust_nodes import (
    ARRIVED,
    FINISHED_USERS,
    LAYOUT,
    PARTY,
    PARTY_OVER,
    STOP_TEST,
    WIND_UP,
    WOUND_UP,
    class_name,
)
from octoperf_mcp.embedded.engine.load.parties import (
    SET_UP,
    TEAR_DOWN,
    Parties,
    Party,
    compile_party,
)
from octoperf_mcp.embedded.engine.load.pulse import Pulse
from octoperf_mcp.embedded.engine.load.ramp import peak_users
from octoperf_mcp.embedded.engine.load.reception import Layout, Reception
from octoperf_mcp.embedded.engine.load.sink import LoadSink
from octoperf_mcp.embedded.engine.play.profiles import Materials, compile_profile
from octoperf_mcp.embedded.engine.play.program import BrowserSettings
from octoperf_mcp.embedded.engine.processes.locks import hold
from octoperf_mcp.embedded.engine.processes.masks import Mask
from octoperf_mcp.embedded.engine.processes.order import Order, profile_name
from octoperf_mcp.embedded.engine.processes.pipes import Orders, tell
from octoperf_mcp.embedded.engine.runs.log import RunLog
from octoperf_mcp.embedded.engine.wire.reach import Reach
from octoperf_mcp.embedded.engine.wire.transport import Addresses
from octoperf_mcp.embedded.metrics.histogram import percentile
from octoperf_mcp.embedded.metrics.recorder import Recorder

OnMessage = Callable[..., None]

_MS = 1000


class _HeldUser(User):
    """A user of Locust's that plays in a slot of the crew; its class has one profile."""

    abstract = True
    crew: Crew
    profile: int

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._slot: Slot = self.crew.join(self.profile)

    @task
    def play(self) -> None:
        """Play until the run ends, then wait to be taken away."""
        self._slot.live()
        Event().wait()

    def stop(self, force: bool = False) -> bool:
        """Locust holds too many: end after the request in flight."""
        self._slot.retire()
        return bool(super().stop(force=force))


class _Runner(WorkerRunner):
    """Knows its messages before it joins: the master's first ones follow its answer at once."""

    def __init__(
        self, environment: Environment, port: int, on_layout: OnMessage, **tasks: OnMessage
    ) -> None:
        self._on_layout = on_layout
        self._tasks = tasks
        super().__init__(environment, "127.0.0.1", port)

    def connect_to_master(self) -> None:
        """Called by Locust's constructor, before any message is read."""
        if LAYOUT not in self.custom_messages:
            self.register_message(LAYOUT, self._on_layout)
            for name, on_message in self._tasks.items():
                self.register_message(name, on_message, concurrent=True)
        super().connect_to_master()  # type: ignore[no-untyped-call]  # Locust has no annotation there


class Worker:
    """One generator."""

    def __init__(self, order: Order) -> None:
        order.spool.parent.mkdir(parents=True, exist_ok=True)
        self._order = order
        self._lock = hold(order.spool)
        self._log = RunLog(order.files / "jmeter.log", f"o.a.j.JMeter {order.generator}")
        parts = self._compiled()
        raw = _raw_results(order)
        self._recorder = Recorder(
            order.run_id,
            order.generator,
            order.region,
            order.spool,
            order.files / f"{order.generator}.jtl.gz" if raw else None,
            raw=raw if set(raw.values()) != {"ALL"} else None,
            arriving=[part.program.profile for part in parts if part.reception is not None],
        )
        programs = [part.program for part in parts]
        programs += [party.program for kind in self._parties.values() for party in kind]
        mask = Mask(secret for program in programs for secret in program.secrets)
        self._sink = LoadSink(self._recorder, self._log, mask)
        self._crew = Crew(
            parts, self._sink, dict(order.properties), self._stop_test, self._finished
        )
        self._playing = Parties(self._crew, Reach.of(order.reach))
        self._pulse = Pulse(
            self._recorder, self._crew.users, lambda text: self._log.write(text, level="WARN")
        )
        self._runner: WorkerRunner | None = None
        self._closed = False
        self._over = Event()

    def _compiled(self) -> list[Part]:
        order = self._order
        materials = Materials(
            order.virtual_users,
            order.servers,
            order.variables,
            order.resources,
            order.run_id,
            (order.index, order.workers),
            browser=BrowserSettings.of_order(order),
            actions=order.actions,
        )
        parts = []
        reach = Reach.of(order.reach)
        for index, profile in order.profiles:
            program = compile_profile(profile, index, materials, self._warn)
            part = Part(program, profile["load"], Addresses(program.static_hosts, reach))
            part.reception = self._reception(index, profile)
            parts.append(part)
        self._parties: dict[str, list[Party]] = {
            which: [
                party
                for index, profile in order.profiles
                if (party := compile_party(profile, index, which, materials, self._warn))
            ]
            for which in (SET_UP, TEAR_DOWN)
        }
        return parts

    def _reception(self, index: int, profile: dict[str, Any]) -> Reception | None:
        curve = Curve.of(profile["load"])
        if curve is None:
            return None
        name = profile_name(profile, index)
        think = ((profile.get("engine") or {}).get("settings") or {}).get("thinkTime") or {}
        if think.get("pacing"):
            self._warn(f"Profile {name!r}: its pacing is not kept, as arrivals start iterations.")

        def say(text: str) -> None:
            self._log.write(f"Profile {name!r}: {text}", level="WARN")

        return Reception(curve, peak_users(profile["load"]), index, say)

    def _warn(self, message: str) -> None:
        if self._order.index == 0:
            self._log.write(message, level="WARN")

    def run(self, orders: Orders) -> None:
        """Join the master and play until it ends the run."""
        commands = orders.commands()
        port = int(next(commands)["port"])
        environment = Environment(
            user_classes=[
                type(class_name(index), (_HeldUser,), {"crew": self._crew, "profile": index})
                for index, _ in self._order.profiles
            ]
        )
        tasks = {WIND_UP: self._on_wind_up, PARTY: self._on_party}
        self._runner = runner = _Runner(environment, port, self._on_layout, **tasks)
        environment.runner = runner
        tell("joined", generator=self._order.generator)
        self._pulse.start()
        gevent.spawn(self._watch, commands)
        if any(part.reception is not None for part in self._crew.parts):
            gevent.spawn(self._tell_arrivals)
        gevent.spawn(runner.greenlet.join).link(lambda _: self._over.set())
        self._over.wait()
        self._close()

    def _watch(self, commands: Iterator[Any]) -> None:
        """Wait for the service's end, which is this process's end."""
        for _ in commands:
            pass
        self._crew.wind_up(0)
        self._cut_off()
        self._over.set()

    def _on_layout(self, *, msg: Any, **_: Any) -> None:
        facts = msg.data
        ahead = time.monotonic() - time.time()
        since_ms = facts["since_ms"]
        since = float("-inf") if since_ms is None else ahead + since_ms / _MS
        start = ahead + facts["start_ms"] / _MS
        self._crew.arrange(Layout(facts["index"], facts["count"], start, since))

    def _on_party(self, *, msg: Any, **_: Any) -> None:
        """Play set-ups before the first user, or tear-downs after the last one."""
        which, facts = str(msg.data["which"]), msg.data
        if which == TEAR_DOWN:
            self._crew.wind_up(facts["grace_ms"] / _MS)
            self._cut_off_users()
        until = time.monotonic() + facts["until_ms"] / _MS - time.time()
        self._playing.play(self._parties[which], until)
        self._send(PARTY_OVER, {"which": which})

    def _on_wind_up(self, *, msg: Any, **_: Any) -> None:
        self._crew.wind_up(msg.data["grace_ms"] / _MS)
        self._cut_off()
        self._close()
        self._send(WOUND_UP, {})

    def _cut_off(self) -> None:
        """End all users; one in the middle of a request leaves a sample of its own kind."""
        self._playing.end()
        self._cut_off_users()

    def _cut_off_users(self) -> None:
        if self._runner is not None:
            self._runner.user_greenlets.kill(block=True)

    def _close(self) -> None:
        """Write everything; what comes after is lost, so nothing may play any more."""
        if self._closed:
            return
        self._closed = True
        self._pulse.stop()
        self._sink.close()
        self._caveats()
        self._say_arrived()
        self._recorder.close()

    def _tell_arrivals(self) -> None:
        """Once a second, so that a generator that is lost has told what it started."""
        while not self._closed:
            self._say_arrived()
            gevent.sleep(1)

    def _say_arrived(self) -> None:
        told = {
            str(part.program.profile): part.reception.arrived().message()
            for part in self._crew.parts
            if part.reception is not None
        }
        if told:
            tell(ARRIVED, profiles=told)

    def _caveats(self) -> None:
        """What a reader of the figures has to know of this generator."""
        company, overloaded_s = self._crew.company, self._pulse.overloaded_s
        if overloaded_s:
            text = f"The load generator was overloaded for {overloaded_s} s: trust no times of then"
            self._log.write(text, level="WARN")
        if company.late_starts:
            self._log.write(
                f"{company.late_starts} starts came later than planned, 95 % of them by at most "
                f"{percentile(company.lateness, 95) / _MS:.0f} ms, the worst by "
                f"{company.worst_late_ms:.0f} ms, as the requests before took too long.",
                level="WARN",
            )

    def _stop_test(self, now: bool) -> None:
        self._send(STOP_TEST, {"now": now})

    def _finished(self, count: int) -> None:
        self._send(FINISHED_USERS, {"count": count})

    def _send(self, kind: str, data: dict[str, Any]) -> None:
        if self._runner is not None:
            self._runner.send_message(kind, data)


def _raw_results(order: Order) -> dict[int, str]:
    """Which raw results each profile wants, ALL or ERRORS; empty where none wants any."""
    kinds = {
        index: str(((profile.get("engine") or {}).get("jtl") or {}).get("type") or "ALL")
        for index, profile in order.profiles
    }
    return kinds if set(kinds.values()) - {"NONE"} else {}
