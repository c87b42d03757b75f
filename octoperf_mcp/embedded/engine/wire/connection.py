"""One HTTP/1.1 connection of one user: what goes out, what comes in, and when.

The parser is geventhttpclient's. Its client is not used, because it repeats idempotent requests
whose connection broke: a repetition reaches the target without a sample of its own.
"""

import select
import socket as plain_socket
import ssl
import time
from collections.abc import Callable
from typing import Any

import gevent.socket
import gevent.ssl
from gevent import monkey
from geventhttpclient.header import Headers
from geventhttpclient.response import HTTPParseError, HTTPSocketResponse

from octoperf_mcp.embedded.engine.wire.exchange import Exchange
from octoperf_mcp.embedded.engine.wire.http_failures import (
    EndlessAnswerError,
    ExchangeFailedError,
    TruncatedAnswerError,
    connect_failure,
    exchange_failure,
    handshake_failure,
)
from octoperf_mcp.embedded.engine.wire.throttle import Throttle

Address = tuple[Any, ...]
Resolver = Callable[[str, int], list[Address]]

_BLOCK = 64 * 1024
_LONGEST_S = 600.0
"""An answer that takes longer never ends: a stream of events, or a target that drips."""
_MOST_HEADERS = 1024 * 1024
_MOST_BYTES = 4 * 1024 * 1024 * 1024
_poll = monkey.get_original("select", "poll")


def _tls_context() -> ssl.SSLContext:
    """TLS without certificate checks, as the original's engine trusts every certificate."""
    context: ssl.SSLContext = gevent.ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


class _Answer(HTTPSocketResponse):
    """Counts what comes in and keeps at most `cap` bytes of the body."""

    def __init__(
        self,
        sock: gevent.socket.socket,
        method: str,
        cap: int,
        end: float,
        throttle: Throttle | None,
    ) -> None:
        self.received = 0
        self.truncated = False
        self.cap = cap
        self._end = end
        self._throttle = throttle
        self._block = _BLOCK if throttle is None else throttle.block
        super().__init__(sock, block_size=self._block, method=method, headers_type=Headers)

    def feed(self, data: str | bytes) -> None:
        size = len(data)
        self.received += size
        if time.monotonic() > self._end:
            raise EndlessAnswerError("The answer did not end in time", self.received)
        if self.received > (_MOST_BYTES if self.headers_complete else _MOST_HEADERS):
            part = "body" if self.headers_complete else "headers"
            raise EndlessAnswerError(f"The {part} of the answer did not end", self.received)
        super().feed(data)
        if self._throttle is not None:
            self._throttle.took(size)

    def _on_body(self, buf: bytearray) -> None:
        room = self.cap - len(self._body_buffer)
        if len(buf) > room:
            self.truncated = True
            buf = buf[: max(0, room)]
        self._body_buffer += buf

    def drain(self, sock: gevent.socket.socket) -> bytes:
        """Read to the end of the message; answers the kept part of the body."""
        while not self.message_complete:
            data = sock.recv(self._block)
            try:
                self.feed(data)
            except HTTPParseError as error:
                raise (TruncatedAnswerError if not data else error) from error
            if not data and not self.message_complete:
                raise TruncatedAnswerError
        return bytes(self._body_buffer)


class Connection:
    """A connection to one origin, opened when the first request needs it."""

    _tls: ssl.SSLContext | None = None

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: bool,
        resolve: Resolver,
        connect_timeout_s: float | None,
        read_timeout_s: float | None,
        longest_s: float = _LONGEST_S,
        throttle: Throttle | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self._is_tls = tls
        self._resolve = resolve
        self._connect_timeout_s = connect_timeout_s or longest_s
        self._read_timeout_s = read_timeout_s or longest_s
        self._longest_s = longest_s
        self._throttle = throttle
        self._sock: gevent.socket.socket | None = None

    def close(self) -> None:
        """Close the socket; the next request opens another."""
        sock, self._sock = self._sock, None
        if sock is not None:
            sock.close()

    def perform(self, exchange: Exchange, head: bytes, cap: int) -> None:
        """Send the request and fill in the answer and the times; never raises for the network.

        Args:
            exchange: Its method and body are sent, the rest is filled in.
            head: Request line and headers, up to and including the empty line.
            cap: Bytes of the body that are kept; the rest is read and counted.
        """
        begin = time.perf_counter_ns()
        try:
            self._perform(exchange, head, cap, begin)
        except ExchangeFailedError as error:
            exchange.status = 0
            exchange.failure = error.message
            self.close()
        except BaseException:
            self.close()
            raise
        finally:
            exchange.elapsed_us = _us_since(begin)

    def _perform(self, exchange: Exchange, head: bytes, cap: int, begin: int) -> None:
        sock = self._live_socket()
        if sock is None:
            try:
                sock = self._sock = self.connected()
            finally:
                exchange.connect_us = max(1, _us_since(begin))
        answer: _Answer | None = None
        try:
            data = head + exchange.sent_body
            exchange.on_wire = True
            sock.sendall(data)
            exchange.sent_bytes = len(data)
            end = time.monotonic() + self._longest_s
            answer = _Answer(sock, exchange.method, cap, end, self._throttle)
            exchange.latency_us = _us_since(begin)
            exchange.status = answer.get_code()
            exchange.reason = answer.status_message or ""
            exchange.headers = [(name, str(value)) for name, value in answer.items()]
            exchange.raw_body = answer.drain(sock)
        except Exception as error:
            if isinstance(error, EndlessAnswerError):
                exchange.received_bytes = error.received
            raise exchange_failure(error, self.host, self.port, tls=self._is_tls) from error
        finally:
            if answer is not None:
                exchange.received_bytes = answer.received
        exchange.body_truncated = answer.truncated
        if answer.should_close():
            self.close()

    def _live_socket(self) -> gevent.socket.socket | None:
        """The kept socket, unless the server closed it meanwhile."""
        sock = self._sock
        if sock is None:
            return None
        poll = _poll()
        poll.register(sock.fileno(), select.POLLIN)
        if poll.poll(0) and not self._only_tls_talk(sock):
            self.close()
            return None
        return sock

    def _only_tls_talk(self, sock: gevent.socket.socket) -> bool:
        """Whether an idle socket that became readable brought session tickets and nothing else."""
        if not self._is_tls:
            return False
        sock.settimeout(0.0)
        try:
            sock.recv(1)
        except (ssl.SSLWantReadError, TimeoutError):
            return True
        except OSError:
            return False
        else:
            return False
        finally:
            sock.settimeout(self._read_timeout_s)

    def connected(self) -> gevent.socket.socket:
        """A socket of its own to the origin, over TLS where the origin has it.

        Raises:
            ExchangeFailedError: it did not come about.
        """
        sock = self._tcp_socket()
        if not self._is_tls:
            sock.settimeout(self._read_timeout_s)
            return sock
        if Connection._tls is None:
            Connection._tls = _tls_context()
        try:
            secured = Connection._tls.wrap_socket(sock, server_hostname=self.host)
        except Exception as error:
            sock.close()
            raise handshake_failure(error, self.host, self.port) from error
        secured.settimeout(self._read_timeout_s)
        return secured

    def _tcp_socket(self) -> gevent.socket.socket:
        try:
            addresses = self._resolve(self.host, self.port)
        except OSError as error:
            raise connect_failure(error, self.host, self.port) from error
        failure: OSError | None = None
        for family, kind, protocol, _, address in addresses:
            sock = gevent.socket.socket(family, kind, protocol)
            try:
                sock.settimeout(self._connect_timeout_s)
                sock.connect(address)
                sock.setsockopt(plain_socket.IPPROTO_TCP, plain_socket.TCP_NODELAY, 1)
            except OSError as error:
                sock.close()
                failure = failure or error
            except BaseException:
                sock.close()
                raise
            else:
                return sock
        raise connect_failure(failure or OSError("no address"), self.host, self.port)


def _us_since(begin_ns: int) -> int:
    return (time.perf_counter_ns() - begin_ns) // 1000
