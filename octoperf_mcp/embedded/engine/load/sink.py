"""Where users of a load run report to: the recorder, and the run log."""

from collections import Counter
from typing import Any

from octoperf_mcp.embedded.engine.play.session import Outcome, UserSession
from octoperf_mcp.embedded.engine.processes.masks import Mask
from octoperf_mcp.embedded.engine.runs.log import RunLog
from octoperf_mcp.embedded.metrics.recorder import (
    BODY_CAP_BYTES,
    ERRORS_PER_ACTION_AND_CODE,
    FIRST_ERRORS,
    Recorder,
)
from octoperf_mcp.embedded.metrics.sample import SUMS, ErrorDetail

_LINES_PER_MESSAGE = 20
"""A message that repeats is written so often; how often it came in all is said at the end."""


class LoadSink:
    """One per worker.

    The exchange of a failed sample is kept only as often as the recorder would keep it, because
    building it costs more than the sample itself.
    """

    def __init__(self, recorder: Recorder, run_log: RunLog, mask: Mask) -> None:
        self._recorder = recorder
        self._run_log = run_log
        self._mask = mask
        self._kept: Counter[tuple[str, str]] = Counter()
        self._kept_total = 0
        self._said: Counter[str] = Counter()

    def outcome(self, session: UserSession, outcome: Outcome) -> None:
        """Count a sample; a failed one with what is known of it."""
        sample = outcome.sample
        if self._mask:
            sample.url = self._mask.text(sample.url)
        if not sample.ok:
            sample.error = self._detail(session, outcome)
        self._recorder.add(sample)

    def _detail(self, session: UserSession, outcome: Outcome) -> ErrorDetail:
        sample = outcome.sample
        key = (sample.action_id, sample.code)
        detail = ErrorDetail(self._mask.text(outcome.message), user=str(session.thread_number))
        if sample.kind in SUMS:
            return detail
        full = self._kept_total < FIRST_ERRORS or self._kept[key] < ERRORS_PER_ACTION_AND_CODE
        if sample.cut_off or not full:
            return detail
        self._kept[key] += 1
        self._kept_total += 1
        detail.assertions = self._mask.tree(
            [
                {
                    "name": check.name,
                    "failure": check.failure,
                    "error": check.error,
                    "message": check.message,
                }
                for check in outcome.checks
                if not check.ok
            ]
        )
        exchange = outcome.exchange
        if exchange is not None and exchange.method:
            request: dict[str, Any] = exchange.request_entity(BODY_CAP_BYTES)
            detail.request = self._mask.tree(request)
            detail.response = self._mask.tree(exchange.response_entity(BODY_CAP_BYTES))
        return detail

    def log(self, session: UserSession, message: str, *, level: str = "INFO") -> None:
        """A line of a user in the run log; the same message is not repeated without end."""
        self._said[message] += 1
        if self._said[message] <= _LINES_PER_MESSAGE:
            self._run_log.write(
                self._mask.text(message),
                level=level,
                source=f"o.a.j.t.JMeterThread {session.thread_name}",
            )

    def close(self) -> None:
        """Say what was left out of the log."""
        for message, count in self._said.items():
            if count > _LINES_PER_MESSAGE:
                text = f"{self._mask.text(message)} (this came {count} times)"
                self._run_log.write(text, level="WARN")
