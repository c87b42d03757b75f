"""All processes below this one, whoever started them, and the end of them.

A browser starts in a session of its own, so that a process group does not hold it. A process that
asks to be the reaper of its descendants (prctl(2), PR_SET_CHILD_SUBREAPER) inherits those whose
parent died, and so always sees all of them.
"""

import contextlib
import ctypes
import os
import signal
import time
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_PROC = Path("/proc")
_LOOKS = 200
_LOOK_S = 0.01


def adopt() -> None:
    """Become the parent of every descendant that loses its own; Linux only, elsewhere nothing."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants() -> set[int]:
    """Process ids below this process; none where there is no /proc."""
    parents: dict[int, int] = {}
    for entry in _PROC.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            after_name = entry.read_text("utf-8", "replace").rpartition(")")[2].split()
            parents[int(entry.parent.name)] = int(after_name[1])
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid()}


def end_all() -> None:
    """Kill everything below this process, until nothing is left."""
    for _ in range(_LOOKS):
        left = descendants()
        if not left:
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        reap()
        time.sleep(_LOOK_S)


def reap() -> None:
    """Take note of children that ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
