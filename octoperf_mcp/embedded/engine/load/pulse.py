"""Once a second a generator says how it is: users, lateness of its timers, use of its core."""

import time
from collections.abc import Callable

import gevent
import psutil

from octoperf_mcp.embedded.metrics.gauge_limits import is_overloaded
from octoperf_mcp.embedded.metrics.recorder import Recorder

_STEP_S = 0.05
_MS = 1000


class Pulse:
    """Writes the gauges and the lines of the recorder."""

    def __init__(
        self,
        recorder: Recorder,
        users: Callable[[], dict[int, int]],
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._recorder = recorder
        self._users = users
        self._say = say
        self.overloaded_s = 0
        """Seconds in which the generator could not keep up, so that times are not to be trusted."""
        self._greenlet: gevent.Greenlet | None = None

    def start(self) -> None:
        """Begin."""
        self._greenlet = gevent.spawn(self._beat)

    def stop(self) -> None:
        """End; the recorder may be closed then."""
        if self._greenlet is not None and self._greenlet is not gevent.getcurrent():
            self._greenlet.kill()

    def _beat(self) -> None:
        psutil.cpu_percent()
        while True:
            used, begin = time.process_time(), time.monotonic()
            lag = self._lateness(1.0 - time.time() % 1.0)
            share = (time.process_time() - used) / max(1e-6, time.monotonic() - begin)
            machine = float(psutil.cpu_percent()), float(psutil.virtual_memory().percent)
            self._recorder.gauge(
                self._users(), round(lag * _MS, 3), round(share * 100, 1), machine=machine
            )
            self._watch(lag * _MS, share * 100)
            self._recorder.flush(time.time_ns() // 1_000_000)

    def _watch(self, lag_ms: float, cpu_pct: float) -> None:
        """Say it the first time that the generator is overloaded; `close` says for how long."""
        if not is_overloaded(lag_ms, cpu_pct):
            return
        self.overloaded_s += 1
        if self.overloaded_s == 1:
            self._say(
                f"The load generator is overloaded: {cpu_pct:.0f} % CPU, timers {lag_ms:.0f} ms "
                "late. Response times are not to be trusted from here on."
            )

    def _lateness(self, duration_s: float) -> float:
        """Sleep in small steps; the most that one of them came too late, in seconds."""
        end = time.monotonic() + duration_s
        worst = 0.0
        while (left := end - time.monotonic()) > 0:
            begin, step = time.monotonic(), min(_STEP_S, left)
            gevent.sleep(step)
            worst = max(worst, time.monotonic() - begin - step)
        return worst
