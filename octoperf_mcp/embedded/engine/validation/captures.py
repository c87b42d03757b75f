"""What a validation keeps: one line per sample, bodies as files named by their content."""

import hashlib
import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

from octoperf_mcp.embedded.engine.play.session import Outcome, UserSession
from octoperf_mcp.embedded.engine.processes.locks import hold
from octoperf_mcp.embedded.engine.processes.masks import Mask
from octoperf_mcp.embedded.engine.runs.directory import CAPTURED_BODIES, CAPTURES
from octoperf_mcp.embedded.engine.runs.log import RunLog
from octoperf_mcp.embedded.engine.wire.exchange import Exchange, Header
from octoperf_mcp.embedded.metrics.sample import HIT


class CaptureSink:
    """Takes the samples of the one user of a validation."""

    def __init__(self, directory: Path, run_log: RunLog, mask: Mask) -> None:
        self._bodies = directory / CAPTURED_BODIES
        self._bodies.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(directory / CAPTURES, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = hold(directory / CAPTURES)
        self._run_log = run_log
        self._mask = mask
        self._last: defaultdict[str, int] = defaultdict(int)
        self.count = 0
        self.failed = 0

    def close(self) -> None:
        """No more samples."""
        os.close(self._fd)

    def outcome(self, session: UserSession, outcome: Outcome) -> None:
        """Write a sample with its exchange; containers and sub-requests are left out."""
        sample = outcome.sample
        if sample.kind != HIT:
            return
        self.count += 1
        self.failed += not sample.ok
        # An action is addressed by its time stamp, so that each has one of its own.
        stamp = max(sample.started_ms, self._last[sample.action_id] + 1)
        self._last[sample.action_id] = stamp
        line: dict[str, Any] = {
            "actionId": sample.action_id,
            "timestamp": stamp,
            "iteration": session.iteration,
            "ok": sample.ok and not sample.cut_off,
            "code": sample.code,
            "method": sample.method,
            "url": sample.url,
            "name": session.sampler_name,
            "elapsedMs": sample.elapsed_us // 1000,
            "message": outcome.message,
            "assertions": [
                {
                    "name": check.name,
                    "failure": check.failure,
                    "error": check.error,
                    "message": check.message,
                }
                for check in outcome.checks
            ],
            "extracted": dict(outcome.extracted),
        }
        if outcome.exchange is not None:
            line["request"] = self._request(outcome.exchange)
            line["response"] = self._response(outcome.exchange)
        data = json.dumps(self._mask.tree(line), ensure_ascii=False)
        os.write(self._fd, data.encode("utf-8", "replace") + b"\n")

    def log(self, session: UserSession, message: str, *, level: str = "INFO") -> None:
        """A line of the user in the run log."""
        source = f"o.a.j.t.JMeterThread {session.thread_name}"
        self._run_log.write(self._mask.text(message), level=level, source=source)

    def _request(self, exchange: Exchange) -> dict[str, Any]:
        return {
            "method": exchange.method,
            "url": exchange.url,
            "httpVersion": "HTTP/1.1",
            "headers": _rows(exchange.sent_headers),
            **self._kept(exchange.sent_body),
        }

    def _response(self, exchange: Exchange) -> dict[str, Any]:
        entity = exchange.response_entity(0)
        del entity["body"]
        entity["bodyTruncated"] = exchange.body_truncated
        return {**entity, **self._kept(exchange.body)}

    def _kept(self, body: bytes) -> dict[str, Any]:
        """A reference to the body, which is written once however often it comes."""
        if not body:
            return {}
        body = self._mask.data(body)
        key = hashlib.sha256(body).hexdigest()
        path = self._bodies / key
        if not path.exists():
            partial = path.with_suffix(".part")
            partial.write_bytes(body)
            partial.replace(path)
        return {"bodyRef": key, "bodySize": len(body)}


def _rows(headers: list[Header]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]
