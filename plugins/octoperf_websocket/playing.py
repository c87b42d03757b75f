"""The functions that play the actions; the processes of a run import this module."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from octoperf_mcp import ActionFailedError, ActionSample, ActionUser
from octoperf_websocket.wire import Handshake, Socket

_TIMEOUT_MS = 6000
"""JMeter's sampler waits as long where nothing is said."""
_CONNECT_MS = 20_000
_SWITCHED = 101
_FIRST_ERROR = 400
_TEXT = "text/plain; charset=utf-8"
_BINARY = "application/octet-stream"


def open_connection(user: ActionUser) -> None:
    """Open a connection; one of the same name that is open is given up."""
    _opened(user)


def request_response(user: ActionUser) -> None:
    """Send a message and wait for one."""
    socket = _socket(user)
    if socket is None:
        return
    with _row(user, "WS", socket) as sample:
        data = _payload(user)
        before = socket.received
        sample.sent(data, size=socket.write(data))
        _take(user, socket, sample, before)


def write(user: ActionUser) -> None:
    """Send a message."""
    socket = _socket(user)
    if socket is None:
        return
    with _row(user, "WS", socket) as sample:
        data = _payload(user)
        sample.sent(data, size=socket.write(data))
        sample.received("", message="Sent")


def read(user: ActionUser) -> None:
    """Wait for a message."""
    socket = _socket(user)
    if socket is None:
        return
    with _row(user, "WS", socket) as sample:
        try:
            _take(user, socket, sample, socket.received)
        except TimeoutError:
            if not user.flag("optional"):
                raise
            sample.received("", message="No message came, and none had to")


def ping(user: ActionUser) -> None:
    """Send a ping and wait for its pong."""
    socket = _socket(user)
    if socket is None:
        return
    with _row(user, "PING", socket) as sample:
        before, payload = socket.received, os.urandom(4).hex().encode()
        size = socket.ping(payload, _timeout(user, "readTimeoutMs", "readTimeout"))
        sample.sent(payload, size=size)
        sample.received(payload, message="Pong", size=socket.received - before)


def close(user: ActionUser) -> None:
    """Close the connection."""
    socket = _socket(user)
    if socket is None:
        return
    with _row(user, "CLOSE", socket) as sample:
        before, code = socket.received, user.integer("statusCode", 1000)
        size, answer = socket.close(code, _timeout(user, "readTimeoutMs", "readTimeout"))
        sample.sent(str(code), size=size)
        sample.received(answer, message="Closed", size=socket.received - before)


@contextmanager
def _row(user: ActionUser, method: str, socket: Socket) -> Iterator[ActionSample]:
    """A row in which no answer in time is told as JMeter tells it."""
    with user.sample(method, socket.url) as sample:
        try:
            yield sample
        except TimeoutError as error:
            raise ActionFailedError(str(error)) from error


def _sockets(user: ActionUser) -> dict[str, Socket]:
    found: dict[str, Socket] = user.state.setdefault("sockets", {})
    return found


def _socket(user: ActionUser) -> Socket | None:
    """The user's connection; a kept element may want a new one, as `_opened` answers it."""
    if user.flag("createNewConnection"):
        return _opened(user)
    name = user.text("connection")
    found = _sockets(user).get(name)
    if found is None:
        called = f" called {name!r}" if name else ""
        raise ActionFailedError(f"No WebSocket{called} is open: put an Open action before this one")
    return found


def _opened(user: ActionUser) -> Socket | None:
    """The new connection; None where the row of its handshake is KO already."""
    server = user.server()
    if server is not None:
        host, port, tls = server.hostname, server.port, server.scheme == "https"
    else:
        tls = user.flag("TLS")
        host, port = user.text("server"), user.integer("port", 443 if tls else 80)
    path = user.text("path", "/")
    path = path if path.startswith("/") else f"/{path}"
    usual = port == (443 if tls else 80)
    authority = host if usual else f"{host}:{port}"
    url = f"{'wss' if tls else 'ws'}://{authority}{path}"
    with user.sample("GET", url) as sample:
        if not host:
            raise ActionFailedError("The action names no server")
        known = _sockets(user).pop(user.text("connection"), None)
        if known is not None:
            known.drop()
        line = user.connect(
            host,
            port,
            tls=tls,
            connect_timeout_ms=_timeout(user, "connectTimeoutMs", "connectTimeout", _CONNECT_MS),
        )
        sample.connected()
        socket = Socket(line, url)
        headers = _headers(user, host, path, secure=tls)
        wait_ms = _timeout(user, "readTimeoutMs", "readTimeout")
        protocols = [user.render(str(one)) for one in user.action.get("subprotocols") or []]
        try:
            sent, answer = socket.shake_hands(authority, path, headers, protocols, wait_ms)
        except BaseException as error:
            line.close()
            if isinstance(error, TimeoutError):
                raise ActionFailedError(str(error)) from error
            raise
        sample.sent("", headers=_sent_headers(sent), size=len(sent))
        _tell(sample, answer, socket.received)
        if not socket.is_open:
            line.close()
        if answer.code < _FIRST_ERROR and answer.code != _SWITCHED:
            raise ActionFailedError(f"The server opened no WebSocket: it answered {answer.code}")
    if answer.code != _SWITCHED:
        return None
    _sockets(user)[user.text("connection")] = socket
    return socket


def _tell(sample: ActionSample, answer: Handshake, size: int) -> None:
    kind = next((value for name, value in answer.headers if name.lower() == "content-type"), _TEXT)
    sample.received(
        answer.body,
        code=answer.code,
        message=answer.reason,
        headers=answer.headers,
        content_type=kind,
        size=size,
    )


def _headers(user: ActionUser, host: str, path: str, *, secure: bool) -> list[tuple[str, str]]:
    listed: Any = user.action.get("headers") or []
    headers = [(str(one.get("name")), user.render(str(one.get("value")))) for one in listed]
    cookies = user.cookies(host, path.partition("?")[0], secure=secure)
    if cookies and not any(name.lower() == "cookie" for name, _ in headers):
        headers.append(("Cookie", cookies))
    return headers


def _sent_headers(data: bytes) -> list[tuple[str, str]]:
    lines = data.decode("latin-1").split("\r\n")[1:]
    pairs = [line.partition(":") for line in lines if ":" in line]
    return [(name, value.strip()) for name, _, value in pairs]


def _take(user: ActionUser, socket: Socket, sample: ActionSample, before: int) -> None:
    """Wait for a message of the wanted kind and record it."""
    data = socket.read(_timeout(user, "readTimeoutMs", "readTimeout"))
    binary = isinstance(data, bytes)
    kind = _BINARY if binary else _TEXT
    sample.received(data, content_type=kind, size=socket.received - before)
    wanted = (user.text("payloadType") or user.text("dataType")).upper()
    reads = user.text("requestData") == "" and user.text("message") == ""
    if reads and wanted in {"TEXT", "BINARY"} and (wanted == "BINARY") != binary:
        found = "binary" if binary else "text"
        raise ActionFailedError(f"A {found} message came, not a {wanted.lower()} one")


def _payload(user: ActionUser) -> str | bytes:
    """What is sent: text, or the bytes that hexadecimal digits stand for."""
    text = user.text("message") or user.text("requestData")
    kind = user.text("payloadType").upper()
    binary = kind == "BINARY" or (not kind and user.flag("binaryPayload"))
    if user.flag("loadDataFromFile"):
        data = user.file(user.text("dataFile"))
        return data if binary else data.decode("utf-8", "replace")
    if not binary:
        return text
    digits = "".join(text.replace("0x", " ").replace(",", " ").split())
    try:
        return bytes.fromhex(digits)
    except ValueError as error:
        raise ActionFailedError("A binary message is written in hexadecimal digits") from error


def _timeout(user: ActionUser, ours: str, theirs: str, usual: int = _TIMEOUT_MS) -> int:
    return user.integer(ours) or user.integer(theirs) or usual
