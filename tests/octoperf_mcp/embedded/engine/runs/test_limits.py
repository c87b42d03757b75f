"""Answers that never end, that are far too long, that unpack to far too much; and slow lines."""

import gzip
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import brotli
import pytest

from octoperf_mcp.embedded.engine.actions.compiler import Options
from octoperf_mcp.embedded.engine.wire.exchange import MOST_DECODED, decoded
from tests.octoperf_mcp.embedded.engine.players import Player, node, request
from tests.octoperf_mcp.embedded.engine.target import Answer, Target

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


@contextmanager
def serving(first: bytes, again: bytes, times: int = 1_000_000) -> Iterator[int]:
    """A port that answers every connection with `first`, then `again` until nobody listens."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk(peer: socket.socket) -> None:
        with peer:
            peer.recv(65536)
            try:
                peer.sendall(first)
                for _ in range(times):
                    peer.sendall(again)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(peer,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def server_at(port: int) -> dict[str, object]:
    return {"id": "srv", "protocol": "HTTP", "hostname": "127.0.0.1", "port": port}


@pytest.mark.parametrize(
    ("first", "again", "message"),
    [
        (HEAD + b"Content-Length: 99999999999\r\n\r\n", b"x" * 1000, "did not end in time"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"3\r\nabc\r\n", "did not end in time"),
        (b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n", "The headers of the answer did not end"),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x" * 1000, "The headers of the answer did not end"),
    ],
)
def test_an_answer_without_end_is_a_failure_with_its_cause(
    first: bytes, again: bytes, message: str
) -> None:
    with serving(first, again) as port:
        player = Player([request()], servers=[server_at(port)])
        player.program.longest_answer_s = 5.0 if "headers" in message else 0.2
        player.session = player.user()
        [outcome] = player.play()
    assert (outcome.sample.code, outcome.sample.ok) == ("-1", False)
    assert message in outcome.message
    assert outcome.sample.received_bytes > 0


def test_a_target_that_falls_silent_is_not_waited_for_without_end(target: Target) -> None:
    player = Player([request("/slow")], servers=[target.server(responseTimeoutMs=0)])
    player.program.longest_answer_s = 0.1
    player.session = player.user()
    [outcome] = player.play()
    assert outcome.message == "java.net.SocketTimeoutException: Read timed out"


def test_an_answer_of_100_mb_is_counted_whole_and_kept_in_part() -> None:
    size = 100 * 1024 * 1024
    first = HEAD + f"Content-Length: {size}\r\n\r\n".encode()
    with serving(first, b"x" * 1024 * 1024, 100) as port:
        extractor = node("RegexpVariableExtractor", variable="v", regexp="(x{10})")
        action = request(children=[extractor])
        player = Player([action], servers=[server_at(port)], options=Options(body_cap_bytes=4096))
        [outcome] = player.play()
    assert outcome.sample.ok
    assert outcome.sample.received_bytes == len(first) + size
    assert outcome.exchange is not None
    assert (len(outcome.exchange.raw_body), outcome.exchange.body_truncated) == (4096, True)
    assert player.variables["v"] == "x" * 10


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", brotli.compress)],
)
def test_a_few_bytes_do_not_unpack_to_fill_the_memory(
    encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    bomb = pack(b"\0" * (MOST_DECODED + 5_000_000))
    assert len(bomb) < 1_000_000
    assert len(decoded(bomb, encoding)) == MOST_DECODED


def test_a_bandwidth_limits_how_fast_answers_are_read(target: Target) -> None:
    target.answers["/page"] = Answer(b"x" * 20_000)
    player = Player([request("/page"), request("/page")], servers=[target.server()])
    player.program.bits_per_second = 800_000
    player.session = player.user()
    first, second = player.play()
    received = first.sample.received_bytes
    for sample in (first.sample, second.sample):
        assert sample.ok
        assert sample.elapsed_us >= (received - 20_000 // 20) * 8 / 800_000 * 1_000_000
    assert first.sample.latency_us < first.sample.elapsed_us / 2


def test_resources_of_a_page_share_the_bandwidth(target: Target) -> None:
    for path in ("/a", "/b", "/c", "/d"):
        target.answers[path] = Answer(b"x" * 10_000)
    shown = "".join(f"<img src='{path}'>" for path in ("/a", "/b", "/c", "/d"))
    target.answers["/page"] = Answer(shown, headers=[("Content-Type", "text/html")])
    player = Player([request("/page", downloadResources=True)], servers=[target.server()])
    player.program.bits_per_second = 1_600_000
    player.session = player.user()
    outcomes = player.play()
    assert max(outcome.sample.elapsed_us for outcome in outcomes) >= 30_000 * 8 / 1.6
