"""The master process of one location: waits for its workers, follows the load, ends the run.

Locust's port is plain and unauthenticated, so it listens on the loopback interface only.
"""

import time
from collections.abc import Callable, Generator, Iterable
from typing import Any

import gevent
from gevent.event import Event
from locust import LoadTestShape, User, task
from locust.dispatch import UsersDispatcher
from locust.env import Environment
from locust.runners import MasterRunner, Runner, WorkerNode

from octoperf_mcp.embedded.engine.load.locust_nodes import (
    FINISHED_USERS,
    LAYOUT,
    PARTY,
    PARTY_OVER,
    STOP_TEST,
    WIND_UP,
    WOUND_UP,
    class_name,
    share,
)
from octoperf_mcp.embedded.engine.load.parties import SET_UP, TEAR_DOWN, wants
from octoperf_mcp.embedded.engine.load.ramp import Load, duration_ms, highest_until, peak_users
from octoperf_mcp.embedded.engine.processes.order import Order
from octoperf_mcp.embedded.engine.processes.pipes import Orders, tell
from octoperf_mcp.embedded.engine.runs.log import RunLog

_LOOK_AHEAD_MS = 3000
"""Users are handed out so long before their time, since Locust hands out once a second."""
_LEAD_MS = 200
"""From the end of the set-ups to the first user, and from a new layout to the first arrival that
is shared by it: every generator hears of it in time."""
_JOIN_S = 60.0
_AFTER_GRACE_S = 15.0
"""Time that workers have to write everything down, besides the grace."""
_MS = 1000

Loads = dict[int, Load]


class _RemoteUser(User):
    """Stands for a profile; its users live in the workers."""

    abstract = True

    @task
    def play(self) -> None:
        """Locust wants every user class to have a task."""


class _Shape(LoadTestShape):
    """How many users Locust is to hold: those who have played or will within seconds."""

    def __init__(self, loads: Loads) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Locust has no annotation there
        self._loads = loads
        self.start_ms: int | None = None
        self._nodes: set[str] = set()
        self._changes = 0

    def totals(self) -> dict[int, int]:
        """Users of each profile to hold now."""
        if self.start_ms is None:
            return dict.fromkeys(self._loads, 0)
        elapsed = int(time.time() * _MS) - self.start_ms
        return {
            profile: highest_until(load, elapsed + _LOOK_AHEAD_MS)
            for profile, load in self._loads.items()
        }

    def tick(self) -> tuple[int, float]:
        """Total of users, and a rate that only tells Locust when to hand users out again.

        The dispatcher hands out at once, whatever the rate; Locust asks it when either changes.
        """
        nodes = _alive(self.runner)
        if nodes != self._nodes:
            self._nodes = nodes
            self._changes += 1
        return sum(self.totals().values()), 1.0 + self._changes / 1000


class _Dispatcher(UsersDispatcher):
    """Hands users out by number, so that every generator knows which ones are its own."""

    shape: _Shape
    on_layout: Callable[[list[WorkerNode]], None]

    def _dispatcher(self) -> Generator[dict[str, dict[str, int]]]:
        nodes = self._worker_nodes
        self.on_layout(nodes)
        totals = self.shape.totals()
        self._users_on_workers = {
            node.id: {
                class_name(profile): share(total, index, len(nodes), profile)
                for profile, total in totals.items()
            }
            for index, node in enumerate(nodes)
        }
        yield self._users_on_workers

    def _prepare_rebalance(self) -> None:
        """Nothing to prepare: every dispatch is computed anew."""


class Master:
    """Runs one location's part of a run."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._loads = {index: profile["load"] for index, profile in order.profiles}
        self._log = RunLog(order.files / "jmeter.log")
        self._go = Event()
        self._end = Event()
        self._grace_ms = order.grace_ms
        self._at_once = Event()
        """Nothing more is to be played, not even a tear-down."""
        self._reason = "planned"
        self._wound_up: set[str] = set()
        self._party_over: set[str] = set()
        self._finished: dict[str, int] = {}
        self._known_layout: list[str] = []
        self._shape = _Shape(self._loads)
        self._runner = self._listen()

    def _listen(self) -> MasterRunner:
        dispatcher = type(
            "Dispatcher",
            (_Dispatcher,),
            {"shape": self._shape, "on_layout": lambda _, nodes: self._tell_layout(nodes)},
        )
        environment = Environment(
            user_classes=[type(class_name(index), (_RemoteUser,), {}) for index in self._loads],
            shape_class=self._shape,
            dispatcher_class=dispatcher,
            stop_timeout=self._order.grace_ms / _MS,
        )
        runner = environment.create_master_runner("127.0.0.1", 0)
        runner.register_message(STOP_TEST, self._on_stop_test)
        runner.register_message(FINISHED_USERS, self._on_finished)
        runner.register_message(WOUND_UP, self._on_wound_up)
        runner.register_message(PARTY_OVER, self._on_party_over)
        return runner

    def run(self, orders: Orders) -> None:
        """Play the run; returns when all workers have written everything."""
        gevent.spawn(self._obey, orders)
        tell("listening", port=self._runner.server.port)
        self._wait_for_workers()
        tell("ready")
        self._go.wait()
        if not self._end.is_set():
            last_ms = self._set_up()
            self._play(last_ms)
            self._tear_down()
        self._wind_up()
        tell("ended", reason=self._reason)
        self._runner.quit()

    def _wait_for_workers(self) -> None:
        end = time.monotonic() + _JOIN_S
        while len(self._runner.clients.ready) < self._order.workers and not self._end.is_set():
            if time.monotonic() > end:
                joined = len(self._runner.clients.ready)
                raise TimeoutError(f"{joined} of {self._order.workers} load workers joined.")
            gevent.sleep(0.005)

    def _obey(self, orders: Orders) -> None:
        """Commands of the service; without it there is nothing left to do."""
        for command in orders.commands():
            if "go_ms" in command:
                self._shape.start_ms = int(command["go_ms"])
                self._go.set()
            elif command.get("stop"):
                self._stop("stopped", 0)
        self._stop("orphaned", 0)

    def _stop(self, reason: str, grace_ms: int) -> None:
        if not self._end.is_set():
            self._reason, self._grace_ms = reason, grace_ms
        if not grace_ms:
            self._at_once.set()
        self._end.set()
        self._go.set()

    def _set_up(self) -> int:
        """Play the set-ups, whose time is taken out of the run's; answers when the run ends."""
        start_ms = self._shape.start_ms or 0
        last_ms = start_ms + max(duration_ms(load) for load in self._loads.values())
        if not self._has(SET_UP):
            return last_ms
        self._end.wait(max(0.0, start_ms / _MS - time.time()))
        self._play_party(SET_UP, last_ms)
        self._shape.start_ms = int(time.time() * _MS) + _LEAD_MS
        return last_ms

    def _tear_down(self) -> None:
        """Play the tear-downs once the users have ended, unless the run was stopped."""
        if self._has(TEAR_DOWN):
            if self._at_once.is_set():
                self._log.write("The tear-down is not played, since the test was stopped.")
                return
            longest_ms = max(duration_ms(load) for load in self._loads.values())
            self._play_party(TEAR_DOWN, int(time.time() * _MS) + self._grace_ms + longest_ms)

    def _has(self, which: str) -> bool:
        return any(wants(profile, which) for _, profile in self._order.profiles)

    def _play_party(self, which: str, until_ms: int) -> None:
        """Let every generator play its set-ups or tear-downs, and wait for all."""
        self._party_over.clear()
        self._log.write(f"{which} begins")
        facts = {"which": which, "until_ms": until_ms, "grace_ms": self._grace_ms}
        nodes = _alive(self._runner)
        for node in nodes:
            self._runner.send_message(PARTY, facts, node)
        stop = self._end if which == SET_UP else self._at_once
        while nodes & _alive(self._runner) - self._party_over and not stop.is_set():
            gevent.sleep(0.005)
        self._log.write(f"{which} ends")

    def _play(self, last_ms: int) -> None:
        start_ms = self._shape.start_ms or 0
        if self._end.is_set():
            return
        gevent.sleep(max(0.0, start_ms / _MS - time.time() - 1))
        self._runner.start_shape()
        while not self._end.is_set():
            left = last_ms / _MS - time.time()
            if left <= 0:
                return
            self._end.wait(min(left, 0.25))
            if self._runner.worker_count <= 0:
                self._stop("lost", 0)

    def _wind_up(self) -> None:
        for node in _alive(self._runner):
            self._runner.send_message(WIND_UP, {"grace_ms": self._grace_ms}, node)
        end = time.monotonic() + self._grace_ms / _MS + _AFTER_GRACE_S
        while not _alive(self._runner) <= self._wound_up and time.monotonic() < end:
            gevent.sleep(0.01)

    def _tell_layout(self, nodes: Iterable[WorkerNode]) -> None:
        """Tell each worker its share before Locust tells it its users."""
        layout = [node.id for node in nodes]
        if layout == self._known_layout:
            return
        if self._known_layout:
            self._log.write(f"The load is now played by {len(layout)} generators.", level="WARN")
        facts: dict[str, Any] = {"count": len(layout), "start_ms": self._shape.start_ms}
        facts["since_ms"] = int(time.time() * _MS) + _LEAD_MS if self._known_layout else None
        self._known_layout = layout
        for index, node in enumerate(layout):
            self._runner.send_message(LAYOUT, {**facts, "index": index}, node)

    def _on_stop_test(self, *, msg: Any, **_: Any) -> None:
        self._stop("policy", 0 if msg.data["now"] else self._grace_ms)

    def _on_finished(self, *, msg: Any, **_: Any) -> None:
        self._finished[msg.node_id] = msg.data["count"]
        if sum(self._finished.values()) >= sum(map(peak_users, self._loads.values())):
            self._stop("finished", self._grace_ms)

    def _on_party_over(self, *, msg: Any, **_: Any) -> None:
        self._party_over.add(msg.node_id)

    def _on_wound_up(self, *, msg: Any, **_: Any) -> None:
        self._wound_up.add(msg.node_id)


def _alive(runner: Runner | None) -> set[str]:
    """Workers that Locust hears of."""
    if not isinstance(runner, MasterRunner):
        return set()
    clients = runner.clients
    return {node.id for node in (*clients.ready, *clients.spawning, *clients.running)}
