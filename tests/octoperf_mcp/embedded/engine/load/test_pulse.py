"""A generator that cannot keep up says so."""

import time
from pathlib import Path

import gevent
import pytest

from octoperf_mcp.embedded.engine.load.pulse import Pulse
from octoperf_mcp.embedded.metrics.gauge_limits import is_overloaded
from octoperf_mcp.embedded.metrics.recorder import Recorder


@pytest.mark.parametrize(
    ("lag_ms", "cpu_pct", "overloaded"),
    [(1, 40, False), (99, 89, False), (100, 10, True), (0, 90, True)],
)
def test_late_timers_or_a_full_core_are_an_overload(
    lag_ms: float, cpu_pct: float, overloaded: bool
) -> None:
    assert is_overloaded(lag_ms, cpu_pct) is overloaded


def hold_up(seconds: float) -> None:
    """Keep the hub from its timers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def test_a_generator_that_is_held_up_says_so_once(tmp_path: Path) -> None:
    recorder = Recorder("run", "gen", "local", tmp_path / "spool.jsonl", None)
    lines: list[str] = []
    pulse = Pulse(recorder, lambda: {0: 1}, lines.append)
    pulse.start()
    with gevent.Timeout(20):
        while pulse.overloaded_s < 2:
            gevent.sleep(0.01)
            hold_up(0.3)
    pulse.stop()
    recorder.close()
    assert len(lines) == 1
    assert lines[0].startswith("The load generator is overloaded: ")
