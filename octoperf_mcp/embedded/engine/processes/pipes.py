"""How a worker process and the service talk: JSON lines on standard input and output.

The first line in is the order; later lines are commands. The end of the input means that the
service is gone, and ends the worker: no process outlives its parent.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

from gevent import os as gevent_os

_BLOCK = 1 << 16
Message = dict[str, Any]


class Orders:
    """The worker's side of its standard input."""

    def __init__(self, fd: int = 0) -> None:
        self._fd = fd
        self._rest = b""

    def first(self) -> Message:
        """The order, read before anything else runs.

        Raises:
            EOFError: there is none.
        """
        while b"\n" not in self._rest:
            data = os.read(self._fd, _BLOCK)
            if not data:
                raise EOFError("standard input ended before the order")
            self._rest += data
        return self._take()

    def commands(self) -> Iterator[Message]:
        """Later lines, as they come; ends with the input. Other greenlets run meanwhile."""
        gevent_os.make_nonblocking(self._fd)
        while True:
            while b"\n" in self._rest:
                yield self._take()
            data = gevent_os.nb_read(self._fd, _BLOCK)
            if not data:
                return
            self._rest += data

    def _take(self) -> Message:
        line, _, self._rest = self._rest.partition(b"\n")
        message: Message = json.loads(line)
        return message


def tell(event: str, **facts: Any) -> None:
    """Send an event to the service; a service that is gone does not matter here."""
    line = json.dumps({"event": event, **facts}) + "\n"
    try:
        os.write(1, line.encode())
    except OSError:
        return
