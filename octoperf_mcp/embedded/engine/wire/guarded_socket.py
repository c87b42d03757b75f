"""A connection for what is not HTTP; see `ActionConnection` for what it promises."""

from collections.abc import Callable

import gevent.socket

from octoperf_mcp.embedded.engine.wire.http_failures import exchange_failure
from octoperf_mcp.embedded.engine.wire.throttle import Throttle
from octoperf_mcp.entities.playing import ActionFailedError

_BLOCK = 64 * 1024
_MS = 1000


class GuardedSocket:
    """A socket that was opened as those of requests are.

    Args:
        sock: Connected, over TLS where it has to be.
        server: Host, port and whether it is TLS, for messages.
        longest_s: Longest wait for data.
        throttle: The bandwidth of the user.
        on_close: Called once.
    """

    def __init__(
        self,
        sock: gevent.socket.socket,
        server: tuple[str, int, bool],
        longest_s: float,
        throttle: Throttle | None,
        on_close: Callable[["GuardedSocket"], None],
    ) -> None:
        self._sock: gevent.socket.socket | None = sock
        self._host, self._port, self._tls = server
        self._longest_s = longest_s
        self._throttle = throttle
        self._on_close = on_close

    def send(self, data: bytes) -> None:
        """See `ActionConnection.send`."""
        sock = self._open()
        sock.settimeout(self._longest_s)
        try:
            sock.sendall(data)
        except OSError as error:
            raise self._failure(error) from error

    def receive(self, timeout_ms: float | None = None) -> bytes:
        """See `ActionConnection.receive`."""
        sock = self._open()
        sock.settimeout(self._longest_s if timeout_ms is None else max(0.001, timeout_ms / _MS))
        try:
            data: bytes = sock.recv(_BLOCK if self._throttle is None else self._throttle.block)
        except TimeoutError:
            raise
        except OSError as error:
            raise self._failure(error) from error
        if self._throttle is not None:
            self._throttle.took(len(data))
        return data

    def close(self) -> None:
        """See `ActionConnection.close`."""
        sock, self._sock = self._sock, None
        if sock is not None:
            sock.close()
            self._on_close(self)

    def _open(self) -> gevent.socket.socket:
        if self._sock is None:
            raise ActionFailedError("java.net.SocketException: Socket closed")
        return self._sock

    def _failure(self, error: OSError) -> ActionFailedError:
        told = exchange_failure(error, self._host, self._port, tls=self._tls)
        return ActionFailedError(told.message)
