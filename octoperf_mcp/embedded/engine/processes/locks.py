"""Who writes a file of a run: the process that holds its lock, until it dies."""

import fcntl
import os
from pathlib import Path


def hold(path: Path) -> int:
    """Take the lock of a file for the life of this process; answers its descriptor."""
    descriptor = os.open(_lock_of(path), os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def is_held(path: Path) -> bool:
    """Whether a living process writes the file."""
    try:
        descriptor = os.open(_lock_of(path), os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _lock_of(path: Path) -> Path:
    return path.with_name(path.name + ".lock")
