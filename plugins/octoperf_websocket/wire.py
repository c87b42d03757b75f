"""One WebSocket of one user (RFC 6455, permessage-deflate of RFC 7692) over the engine's sockets.

wsproto frames and unframes; when and how long to wait is decided here.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Message,
    Ping,
    Pong,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.extensions import PerMessageDeflate
from wsproto.utilities import ProtocolError

from octoperf_mcp import ActionConnection, ActionFailedError

MOST_BYTES = 16 * 1024 * 1024
"""Of one message; a longer one ends the connection."""
_NO_ANSWER = "java.net.SocketTimeoutException: Read timed out"
_MS = 1000


@dataclass(frozen=True, slots=True)
class Handshake:
    """What the server answered to the request for a WebSocket."""

    code: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes


class Socket:
    """An open connection, before and after its handshake."""

    def __init__(self, line: ActionConnection, url: str) -> None:
        self.url = url
        self.received = 0
        """Bytes that came, ever."""
        self.is_open = False
        self._line = line
        self._ws = WSConnection(ConnectionType.CLIENT)
        self._messages: deque[str | bytes] = deque()
        self._parts: list[str | bytes] = []
        self._size = 0
        self._pongs: deque[bytes] = deque()
        self._answer: Handshake | None = None
        self._ending = ""

    def shake_hands(
        self,
        host: str,
        target: str,
        headers: list[tuple[str, str]],
        subprotocols: list[str],
        timeout_ms: float,
    ) -> tuple[bytes, Handshake]:
        """Ask for a WebSocket; what was sent, and the answer."""
        request = Request(
            host=host,
            target=target,
            subprotocols=subprotocols,
            extensions=[PerMessageDeflate()],
            extra_headers=[(name.encode(), value.encode()) for name, value in headers],
        )
        sent = self._send(request)
        self._wait(lambda: self._answer is not None, timeout_ms)
        if self._answer is None:
            raise ActionFailedError(self._ending or "The server did not answer the handshake")
        return sent, self._answer

    def write(self, data: str | bytes) -> int:
        """Send a message; its size on the wire."""
        self._require_open()
        event = TextMessage(data) if isinstance(data, str) else BytesMessage(data)
        return len(self._send(event))

    def read(self, timeout_ms: float) -> str | bytes:
        """The next message.

        Raises:
            TimeoutError: none came in time.
            ActionFailedError: the connection is closed.
        """
        if not self._messages:
            self._require_open()
            self._wait(lambda: bool(self._messages), timeout_ms)
        if not self._messages:
            raise ActionFailedError(self._ending)
        return self._messages.popleft()

    def ping(self, payload: bytes, timeout_ms: float) -> int:
        """Send a ping and wait for its pong; the ping's size on the wire."""
        self._require_open()
        self._pongs.clear()
        size = len(self._send(Ping(payload)))
        self._wait(lambda: payload in self._pongs, timeout_ms)
        if payload not in self._pongs:
            raise ActionFailedError(self._ending)
        return size

    def close(self, code: int, timeout_ms: float) -> tuple[int, str]:
        """Close and wait until the server agrees; size on the wire, and what it answered."""
        self._require_open()
        size = len(self._send(CloseConnection(code)))
        try:
            self._wait(lambda: bool(self._ending), timeout_ms)
        finally:
            self.drop()
        return size, self._ending

    def drop(self) -> None:
        """Give the connection up."""
        self.is_open = False
        self._line.close()

    def _require_open(self) -> None:
        if not self.is_open:
            raise ActionFailedError(self._ending or "The WebSocket is closed")

    def _send(self, event: Event) -> bytes:
        try:
            data = self._ws.send(event)
        except ProtocolError as error:
            raise ActionFailedError(f"WebSocket: {error}") from error
        self._line.send(data)
        return data

    def _wait(self, is_there: Callable[[], bool], timeout_ms: float) -> None:
        """Take in what comes until something is there or the connection ends."""
        end = time.monotonic() + timeout_ms / _MS
        while not is_there() and not self._ending:
            left_ms = (end - time.monotonic()) * _MS
            if left_ms <= 0:
                raise TimeoutError(_NO_ANSWER)
            try:
                data = self._line.receive(left_ms)
            except TimeoutError:
                raise TimeoutError(_NO_ANSWER) from None
            self.received += len(data)
            try:
                self._ws.receive_data(data or None)
                for event in self._ws.events():
                    self._take(event)
            except ProtocolError as error:
                self._end(f"The server broke the WebSocket protocol: {error}")

    def _take(self, event: Event) -> None:
        if isinstance(event, Message):
            self._collect(event)
        elif isinstance(event, Ping):
            self._line.send(self._ws.send(event.response()))
        elif isinstance(event, Pong):
            self._pongs.append(bytes(event.payload))
        elif isinstance(event, CloseConnection):
            self._closed_by(event)
        elif isinstance(event, AcceptConnection):
            self.is_open = True
            headers = _texts(event.extra_headers)
            if event.subprotocol:
                headers.append(("Sec-WebSocket-Protocol", event.subprotocol))
            self._answer = Handshake(_SWITCHED, "Switching Protocols", headers, b"")
        elif isinstance(event, RejectConnection):
            self._answer = Handshake(event.status_code, "", _texts(event.headers), b"")
        elif isinstance(event, RejectData) and self._answer is not None:
            known = self._answer
            self._answer = Handshake(known.code, "", known.headers, known.body + event.data)

    def _collect(self, event: Message[Any]) -> None:
        self._parts.append(event.data if isinstance(event.data, str) else bytes(event.data))
        self._size += len(event.data)
        if self._size > MOST_BYTES:
            self._end(f"The message did not end after {MOST_BYTES} bytes")
        elif event.message_finished:
            texts = [part for part in self._parts if isinstance(part, str)]
            whole: str | bytes = "".join(texts)
            if not isinstance(event, TextMessage):
                whole = b"".join(part for part in self._parts if isinstance(part, bytes))
            self._messages.append(whole)
            self._parts, self._size = [], 0

    def _closed_by(self, event: CloseConnection) -> None:
        if self.is_open and self._ws.state.name == "REMOTE_CLOSING":
            self._line.send(self._ws.send(event.response()))
        reason = f" {event.reason}" if event.reason else ""
        self._end(f"The WebSocket was closed: {event.code}{reason}")

    def _end(self, message: str) -> None:
        self._ending = self._ending or message
        self.drop()


_SWITCHED = 101


def _texts(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
