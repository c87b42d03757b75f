"""The bandwidth of one user: how fast it reads, as the network of a phone or a DSL line would."""

import time

import gevent

_BITS = 8
_SMALLEST = 512
_LARGEST = 64 * 1024
_READS_PER_S = 20


class Throttle:
    """Shared by all connections of a user; requests are not slowed down, only answers.

    Args:
        bits_per_second: More than 0.
    """

    def __init__(self, bits_per_second: int) -> None:
        self._bytes_per_s = bits_per_second / _BITS
        self._free_at = 0.0
        self.block = int(min(_LARGEST, max(_SMALLEST, self._bytes_per_s / _READS_PER_S)))
        """Bytes to read at a time, so that the sender notices."""

    def took(self, size: int) -> None:
        """Wait for as long as these bytes take on the line."""
        now = time.monotonic()
        self._free_at = max(now, self._free_at) + size / self._bytes_per_s
        gevent.sleep(self._free_at - now)
