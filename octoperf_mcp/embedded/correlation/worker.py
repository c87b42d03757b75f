"""The process in which expressions of users run; `sandbox` starts it for each task.

Standard input: a line of JSON `{virtualUser, rules, bodies: [[key, size], …]}`, then the bodies
one after another. Standard output: `{virtualUser, changes, notes}`. With `propose: {limit, taken,
plant}` in place of `rules` the output is `{proposals, total, patch?}`.

A regular expression can take longer than the universe lasts. Python's matcher looks for signals
while it works, so that an alarm ends the rule at fault and the others go on; the parent's kill and
the limit of CPU time end what no signal reaches.
"""

import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import BinaryIO

import orjson

from octoperf_mcp.embedded.correlation.apply import RuleTimeoutError, apply_rules
from octoperf_mcp.embedded.correlation.propose import propose

RULE_LIMIT_S = 3.0
CPU_LIMIT_S = 90


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise RuleTimeoutError


@contextmanager
def rule_limit() -> Iterator[None]:
    """Raise `RuleTimeoutError` in a block that takes longer than 3 s; in the main thread only."""
    previous = signal.signal(signal.SIGALRM, _interrupt)
    signal.setitimer(signal.ITIMER_REAL, RULE_LIMIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def work(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer one request."""
    asked = orjson.loads(source.readline())
    bodies = {key: source.read(size) for key, size in asked["bodies"]}
    if "propose" in asked:
        made = propose(asked["virtualUser"], bodies.get, **asked["propose"], time_limit=rule_limit)
    else:
        applied = apply_rules(
            asked["virtualUser"], asked["rules"], bodies.get, time_limit=rule_limit
        )
        made = {
            "virtualUser": applied.virtual_user,
            "changes": applied.changes,
            "notes": applied.notes,
        }
    sink.write(orjson.dumps(made))
    sink.flush()


def main() -> None:
    """Serve one request of the parent and end; without it, end by the limit of CPU time."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
    work(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
