"""Once a second a generator says how it is: users, lateness of its timers, use of its core."""

import time
from collections.abc import Callable

import gevent

from octoperf_mcp.embedded.metrics.recorder import Recorder

_STEP_S = 0.05
_MS = 1000


class Pulse:
    """Writes the gauges and the lines of the recorder."""

    def __init__(self, recorder: Recorder, users: Callable[[], dict[int, int]]) -> None:
        self._recorder = recorder
        self._users = users
        self._greenlet: gevent.Greenlet | None = None

    def start(self) -> None:
        """Begin."""
        self._greenlet = gevent.spawn(self._beat)

    def stop(self) -> None:
        """End; the recorder may be closed then."""
        if self._greenlet is not None and self._greenlet is not gevent.getcurrent():
            self._greenlet.kill()

    def _beat(self) -> None:
        while True:
            used, begin = time.process_time(), time.monotonic()
            lag = self._lateness(1.0 - time.time() % 1.0)
            share = (time.process_time() - used) / max(1e-6, time.monotonic() - begin)
            self._recorder.gauge(self._users(), round(lag * _MS, 3), round(share * 100, 1))
            self._recorder.flush(time.time_ns() // 1_000_000)

    def _lateness(self, duration_s: float) -> float:
        """Sleep in small steps; the most that one of them came too late, in seconds."""
        end = time.monotonic() + duration_s
        worst = 0.0
        while (left := end - time.monotonic()) > 0:
            begin, step = time.monotonic(), min(_STEP_S, left)
            gevent.sleep(step)
            worst = max(worst, time.monotonic() - begin - step)
        return worst
