"""`jmeter.log` of a run: every process of the run appends whole lines to the same file."""

import os
import time
from pathlib import Path

NAME = "jmeter.log"


class RunLog:
    """Appends lines in the layout of the original's engine.

    One write per line, so that lines of several processes never mix.
    """

    def __init__(self, path: Path, source: str = "o.a.j.JMeter") -> None:
        self._path = path
        self._source = source

    def write(self, message: str, *, level: str = "INFO", source: str = "") -> None:
        """Append one line; line breaks within the message are indented."""
        now = time.time()
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now))
        text = message.rstrip().replace("\n", "\n    ")
        line = f"{stamp},{int(now * 1000) % 1000:03d} {level} {source or self._source}: {text}\n"
        fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(fd, line.encode())
        finally:
            os.close(fd)
