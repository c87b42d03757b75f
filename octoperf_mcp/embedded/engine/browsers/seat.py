"""The generator's side of one browser user: starts its host, plays iterations, ends it."""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import gevent
from gevent import subprocess

from octoperf_mcp.embedded.engine.browsers.tools import BrowserTools

_MODULE = "octoperf_mcp.embedded.engine.browsers.host"
_END_S = 1.5
_NOT_INHERITED = ("OCTOPERF_MCP_", "LOCUST_", "NODE_", "PLAYWRIGHT_", "PW_")

Json = dict[str, Any]


class BrowserSeat:
    """Use from one greenlet; `close` leaves no process."""

    def __init__(self, tools: BrowserTools, order: Json) -> None:
        """Start the host.

        Args:
            tools: Where runner and browser are.
            order: `files` and `resources`, folders of the run; `sources`, files by name;
                `secrets`; `reach`, where the run may go.
        """
        environ = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_INHERITED)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", _MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environ,
            start_new_session=True,
        )
        self._send({**asdict(tools), **order})

    def _send(self, message: Json) -> None:
        with contextlib.suppress(OSError):
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def play(self, order: Json) -> Iterator[Json]:
        """Events of one iteration, the last of which is `done` unless the host is gone."""
        self._send(order)
        for line in self._process.stdout:
            with contextlib.suppress(ValueError):
                event: Json = json.loads(line)
                yield event
                if event.get("event") == "done":
                    return

    def close(self) -> None:
        """End the host, and with it the browser."""
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        with gevent.Timeout(_END_S, exception=False):
            self._process.wait()
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process.stdout.close()
