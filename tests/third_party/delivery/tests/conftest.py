"""A chat that keeps what it is told."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

HOOK = "/services/T00000000/B00000000/only-the-chat-knows"


@dataclass
class Chat:
    """The chat; it answers `status`."""

    url: str = ""
    status: int = 200
    heard: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)


@pytest.fixture(scope="session")
def _chat() -> Iterator[Chat]:
    chat = Chat()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            fields = {name.lower(): value for name, value in self.headers.items()}
            chat.heard.append((self.path, fields, json.loads(body)))
            text = b"ok" if chat.status == 200 else f"no_service {self.path}".encode()
            self.send_response(chat.status)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            """Nothing to say."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        chat.url = f"http://127.0.0.1:{server.server_port}{HOOK}"
        yield chat
        server.shutdown()


@pytest.fixture
def chat(_chat: Chat) -> Iterator[Chat]:
    """The chat, with nothing heard yet."""
    _chat.heard.clear()
    yield _chat
    _chat.status = 200


@pytest.fixture(scope="session")
def octoperf_settings(_chat: Chat) -> dict[str, dict[str, Any]]:
    """`[delivery]` of the platform of these tests."""
    return {"delivery": {"webhook_url": _chat.url, "max_error_pct": 5.0}}
