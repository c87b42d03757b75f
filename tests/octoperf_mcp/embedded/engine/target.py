"""A small web site for tests: answers by path, and counts what reaches it."""

import gzip
import json
import ssl
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit


@dataclass
class Hit:
    """One request that arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    raw_target: str


@dataclass
class Answer:
    """What to answer; `pause_s` lies before the first byte, `rest_s` before the last ones."""

    body: bytes | str = b"ok"
    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    pause_s: float = 0.0
    cut: bool = False
    """Close the connection without a word."""
    short: bool = False
    """Promise more than is sent."""
    close: bool = False


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20
    disable_nagle_algorithm = True
    site: ClassVar["Target"]

    def setup(self) -> None:
        super().setup()
        with self.site.lock:
            self.site.connections += 1

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def log_message(self, *_: Any) -> None: ...

    def answer(self) -> None:
        site, self._begin = self.site, time.monotonic()
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        hit = Hit(
            self.command,
            parts.path,
            parse_qs(parts.query, keep_blank_values=True),
            {name.lower(): value for name, value in self.headers.items()},
            body,
            self.path,
        )
        with site.lock:
            site.hits.append(hit)
        found = site.answers.get(parts.path, Answer("nothing here", 404))
        self._write(found(hit) if callable(found) else found)

    def _write(self, answer: Answer) -> None:
        if answer.pause_s:
            self.site.release.wait(answer.pause_s)
        if answer.cut:
            self.close_connection = True
            return
        data = answer.body.encode() if isinstance(answer.body, str) else answer.body
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) + (10 if answer.short else 0)))
        if answer.close or answer.short:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        with self.site.lock:
            self.site.log.append((self.path, time.monotonic() - self._begin))
        if self.command != "HEAD":
            self.wfile.write(data)


for _method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"):
    setattr(_Handler, f"do_{_method}", _Handler.answer)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def handle_error(self, *_: Any) -> None: ...


class Target:
    """The site; `answers[path]` is an Answer or a function from Hit to Answer."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.hits: list[Hit] = []
        self.log: list[tuple[str, float]] = []
        """Path and seconds of each answer, up to its body."""
        self.answers: dict[str, Any] = dict(_SITE)
        self.connections = 0
        self.release = threading.Event()
        self.lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"site": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    @property
    def count(self) -> int:
        """Requests that arrived."""
        with self.lock:
            return len(self.hits)

    def by_path(self) -> Counter[str]:
        """Requests by path."""
        with self.lock:
            return Counter(hit.path for hit in self.hits)

    def server(self, server_id: str = "srv", **more: Any) -> dict[str, Any]:
        """The document of this site as an HTTP server."""
        return {
            "id": server_id,
            "protocol": "HTTP",
            "hostname": "127.0.0.1",
            "port": self.port,
            "connectTimeoutMs": 5000,
            "responseTimeoutMs": 10000,
            **more,
        }

    def close(self) -> None:
        """Stop serving."""
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _login(hit: Hit) -> Answer:
    return Answer(
        "<form><input name='csrf' value='tok-1'></form>",
        headers=[("Set-Cookie", "sid=s-1; Path=/; HttpOnly"), ("Content-Type", "text/html")],
    )


def _enter(hit: Hit) -> Answer:
    form = parse_qs(hit.body.decode())
    if form.get("csrf") != ["tok-1"]:
        return Answer("invalid token", 403)
    return Answer("", 302, [("Location", "/home"), ("Set-Cookie", "user=ada; Path=/")])


def _home(hit: Hit) -> Answer:
    if "user=ada" not in hit.headers.get("cookie", ""):
        return Answer("please sign in", 401)
    return Answer("<h1>Welcome Ada</h1>", headers=[("Content-Type", "text/html")])


def _echo(hit: Hit) -> Answer:
    seen = {
        "method": hit.method,
        "target": hit.raw_target,
        "headers": hit.headers,
        "body": hit.body.decode("latin-1"),
    }
    return Answer(json.dumps(seen), headers=[("Content-Type", "application/json")])


_SITE: dict[str, Any] = {
    "/": Answer("hello"),
    "/login": _login,
    "/enter": _enter,
    "/home": _home,
    "/echo": _echo,
    "/slow": Answer("late", pause_s=30),
    "/short-pause": Answer("late", pause_s=0.05),
    "/cut": Answer(cut=True),
    "/short": Answer("abc", short=True),
    "/boom": Answer("broken", 500),
    "/loop": Answer("", 302, [("Location", "/loop")]),
    "/bye": Answer("bye", close=True),
    "/json": Answer(
        json.dumps({"items": [{"id": 7, "n": "a"}, {"id": 8, "n": "b"}], "ok": True, "no": None}),
        headers=[("Content-Type", "application/json")],
    ),
    "/gzip": Answer(
        gzip.compress("zipped é".encode()),
        headers=[("Content-Encoding", "gzip"), ("Content-Type", "text/plain; charset=utf-8")],
    ),
    "/big": Answer(b"x" * 3_000_000),
}


def wait_for(condition: Any, *, timeout_s: float = 20) -> None:
    """Until the condition holds; fails the test after `timeout_s`."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
