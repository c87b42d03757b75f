import gzip
import json
import socket
import ssl
import zlib
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest

from octoperf_mcp.embedded.engine.actions.compiler import Options
from octoperf_mcp.embedded.metrics.sample import RESOURCE
from tests.octoperf_mcp.embedded.engine.players import Json, Player, node, request
from tests.octoperf_mcp.embedded.engine.target import Answer, Target


def echoed(player: Player) -> Json:
    [outcome] = player.play()
    assert outcome.exchange is not None
    seen: Json = json.loads(outcome.exchange.text)
    return seen


def test_a_request_is_sent_as_its_action_says(target: Target) -> None:
    action = request(
        "/echo",
        method="PUT",
        parameters=[
            {"name": "q", "value": "a b&c"},
            {"name": "raw", "value": "x%20y", "encode": False},
            {"name": "flag", "value": "", "equals": False},
        ],
        headers=[{"name": "X-One", "value": "1"}, {"name": "Content-Length", "value": "999"}],
        postData={"@type": "RawPostData", "body": '{"a": 1}', "contentType": "application/json"},
    )
    seen = echoed(Player([action], servers=[target.server()]))
    assert seen["method"] == "PUT"
    assert seen["target"] == "/echo?q=a+b%26c&raw=x%20y&flag"
    assert seen["body"] == '{"a": 1}'
    assert seen["headers"]["x-one"] == "1"
    assert seen["headers"]["content-type"] == "application/json"
    assert seen["headers"]["content-length"] == "8"
    assert seen["headers"]["host"] == f"127.0.0.1:{target.port}"


def test_a_sample_carries_sizes_times_and_what_it_was(target: Target) -> None:
    [outcome] = Player([request("/short-pause", id="a1")], servers=[target.server()]).play()
    sample = outcome.sample
    assert (sample.action_id, sample.virtual_user_id, sample.kind) == ("a1", "vu", "Hit")
    assert (sample.code, sample.method, sample.ok) == ("200", "GET", True)
    assert sample.url == f"http://127.0.0.1:{target.port}/short-pause"
    assert sample.sent_bytes > 50
    assert sample.received_bytes > len("late")
    assert 0 < sample.connect_us < sample.latency_us <= sample.elapsed_us
    assert sample.latency_us >= 50_000


def test_a_kept_connection_costs_no_connect_time(target: Target) -> None:
    first, second = Player([request(), request("/echo")], servers=[target.server()]).play()
    assert first.sample.connect_us > 0
    assert second.sample.connect_us == 0
    assert target.connections == 1


def test_a_connection_that_the_server_closed_is_opened_anew(target: Target) -> None:
    outcomes = Player([request("/bye"), request()], servers=[target.server()]).play(2)
    assert [outcome.sample.code for outcome in outcomes] == ["200"] * 4
    assert target.connections == 3


def test_without_keep_alive_each_request_has_its_own_connection(target: Target) -> None:
    player = Player([request(), request()], servers=[target.server(keepAlive=False)])
    assert all(outcome.sample.connect_us for outcome in player.play())
    assert target.connections == 2
    assert target.hits[0].headers["connection"] == "close"


def test_a_form_is_encoded_and_a_charset_obeyed(target: Target) -> None:
    body = {
        "@type": "FormPostData",
        "parameters": [
            {"name": "user", "value": "Zoë & co"},
            {"name": "raw", "value": "a%20b", "encode": False},
        ],
    }
    action = request("/echo", method="POST", postData=body, contentEncoding="iso-8859-1")
    seen = echoed(Player([action], servers=[target.server()]))
    assert seen["body"] == "user=Zo%EB+%26+co&raw=a%20b"
    assert seen["headers"]["content-type"] == "application/x-www-form-urlencoded"


def test_multipart_bodies_take_project_files(target: Target, tmp_path: Path) -> None:
    folder = tmp_path
    (folder / "cv.txt").write_bytes(b"all I did")
    body = {
        "@type": "MultipartPostData",
        "parts": [{"name": "note", "value": "hi"}, {"name": "cv", "filename": "/some/dir/cv.txt"}],
    }
    action = request(
        "/echo",
        method="POST",
        postData=body,
        headers=[{"name": "Content-Type", "value": "multipart/form-data; boundary=recorded"}],
    )
    seen = echoed(Player([action], servers=[target.server()], resources=folder))
    kind = seen["headers"]["content-type"]
    assert kind.startswith("multipart/form-data; boundary=")
    assert "recorded" not in kind
    boundary = kind.partition("boundary=")[2]
    assert seen["body"] == (
        f'--{boundary}\r\nContent-Disposition: form-data; name="note"\r\n\r\nhi\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="cv"; filename="cv.txt"\r\n'
        f"Content-Type: text/plain\r\n\r\nall I did\r\n--{boundary}--\r\n"
    )


def test_a_file_can_be_the_body(target: Target, tmp_path: Path) -> None:
    (tmp_path / "data.bin").write_bytes(b"\x00\x01")
    action = request(
        "/echo", method="POST", postData={"@type": "FilePostData", "filename": "data.bin"}
    )
    player = Player([action], servers=[target.server()], resources=tmp_path)
    assert echoed(player)["body"] == "\x00\x01"


@pytest.mark.parametrize(
    "body",
    [
        {"@type": "FilePostData", "filename": "gone.bin"},
        {"@type": "MultipartPostData", "parts": [{"name": "f", "filename": "gone.bin"}]},
    ],
)
def test_a_missing_file_is_a_failing_row_and_nothing_is_sent(
    target: Target, tmp_path: Path, body: Json
) -> None:
    action = request("/echo", method="POST", postData=body)
    player = Player([action], servers=[target.server()], resources=tmp_path)
    [outcome] = player.play()
    assert (outcome.sample.code, outcome.sample.ok) == ("-1", False)
    missing = "java.io.FileNotFoundException: resources/gone.bin (No such file or directory)"
    assert outcome.message == missing
    assert target.count == 0


def test_redirects_are_followed_and_each_hop_is_a_sub_request(target: Target) -> None:
    action = request(
        "/enter",
        method="POST",
        followRedirects=True,
        postData={"@type": "FormPostData", "parameters": [{"name": "csrf", "value": "tok-1"}]},
    )
    hop, whole = Player([action], servers=[target.server()]).play()
    assert (hop.sample.kind, hop.sample.code) == (RESOURCE, "302")
    assert (whole.sample.kind, whole.sample.code, whole.sample.ok) == ("Hit", "200", True)
    assert whole.exchange is not None
    assert "Welcome Ada" in whole.exchange.text
    assert whole.sample.elapsed_us > hop.sample.elapsed_us
    assert [(hit.method, hit.path, hit.body != b"") for hit in target.hits] == [
        ("POST", "/enter", True),
        ("GET", "/home", False),
    ]
    assert "content-type" not in target.hits[1].headers


def test_redirects_are_left_alone_unless_wanted(target: Target) -> None:
    action = request(
        "/enter", method="POST", postData={"@type": "RawPostData", "body": "csrf=tok-1"}
    )
    [outcome] = Player([action], servers=[target.server()]).play()
    assert outcome.sample.code == "302"


def test_a_redirect_loop_ends_as_an_engine_failure(target: Target) -> None:
    outcomes = Player([request("/loop", followRedirects=True)], servers=[target.server()]).play()
    assert outcomes[-1].sample.code == "-1"
    assert "maximum number of redirects" in outcomes[-1].message
    assert len(outcomes) == target.count


def test_cookies_belong_to_the_user_and_go_with_the_iteration(target: Target) -> None:
    player = Player([request("/login"), request("/echo")], servers=[target.server()])
    player.play()
    assert target.hits[1].headers["cookie"] == "sid=s-1"
    player.play()
    assert "cookie" not in target.hits[2].headers
    player.program.clears_cookies = False
    player.play()
    assert target.hits[4].headers["cookie"] == "sid=s-1"
    other = player.user()
    other.run_iteration()
    assert "cookie" not in target.hits[6].headers


def test_a_cookie_of_the_jar_wins_over_a_recorded_one(target: Target) -> None:
    recorded = [{"name": "Cookie", "value": "sid=dead; theme=dark"}]
    actions = [request("/login"), request("/echo", headers=recorded)]
    Player(actions, servers=[target.server()]).play()
    assert target.hits[1].headers["cookie"] == "theme=dark; sid=s-1"


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("br", brotli.compress),
        ("deflate, gzip", lambda data: gzip.compress(zlib.compress(data))),
        ("identity", bytes),
        ("unheard-of", bytes),
    ],
)
def test_compressed_answers_are_read_as_text(
    target: Target, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    kind = ("Content-Type", "text/plain; charset=utf-8")
    target.answers["/packed"] = Answer(
        pack("zipped é".encode()), headers=[("Content-Encoding", encoding), kind]
    )
    [outcome] = Player([request("/packed")], servers=[target.server()]).play()
    assert outcome.exchange is not None
    assert outcome.exchange.text == "zipped é"


def test_tls_works_with_any_certificate_and_keeps_its_connection(
    target: Target, tls: ssl.SSLContext
) -> None:
    site = Target(tls)
    try:
        server = site.server(protocol="HTTPS")
        player = Player([request("/login"), request("/echo")], servers=[server])
        first, second = player.play()
        third, _ = player.play()
    finally:
        site.close()
    assert [o.sample.code for o in (first, second, third)] == ["200"] * 3
    assert first.sample.connect_us > 0
    assert second.sample.connect_us == third.sample.connect_us == 0
    assert first.sample.url.startswith("https://127.0.0.1:")
    assert site.hits[1].headers["cookie"] == "sid=s-1"


def test_long_answers_are_read_whole_but_kept_in_part(target: Target) -> None:
    options = Options(body_cap_bytes=1000)
    first, second = Player(
        [request("/big"), request()], servers=[target.server()], options=options
    ).play()
    assert first.exchange is not None
    assert (len(first.exchange.raw_body), first.exchange.body_truncated) == (1000, True)
    assert first.sample.received_bytes > 3_000_000
    assert second.sample.connect_us == 0


def test_basic_credentials_of_the_server_are_sent_below_their_path(target: Target) -> None:
    login = {
        "@type": "BasicAuthorization",
        "basePath": "/e",
        "username": "ann",
        "password": {"type": "PLAIN", "value": "pw"},
    }
    server = target.server(authorizations=[login])
    Player([request("/echo"), request("/home")], servers=[server]).play()
    assert target.hits[0].headers["authorization"] == "Basic YW5uOnB3"
    assert "authorization" not in target.hits[1].headers


@pytest.mark.parametrize(
    ("path", "server", "message"),
    [
        ("/cut", {}, "org.apache.http.NoHttpResponseException: 127.0.0.1:{port} failed to respond"),
        ("/slow", {"responseTimeoutMs": 60}, "java.net.SocketTimeoutException: Read timed out"),
        (
            "/short",
            {},
            "org.apache.http.ConnectionClosedException: Premature end of Content-Length delimited message body",
        ),
        (
            "/",
            {"hostname": "no-such-host.invalid"},
            "java.net.UnknownHostException: no-such-host.invalid",
        ),
    ],
)
def test_engine_failures_speak_the_words_of_the_java_client(
    target: Target, path: str, server: Json, message: str
) -> None:
    [outcome] = Player([request(path)], servers=[target.server(**server)]).play()
    assert (outcome.sample.code, outcome.sample.ok) == ("-1", False)
    assert outcome.message == message.format(port=target.port)
    assert outcome.exchange is not None
    assert outcome.exchange.header_text.startswith("HTTP/1.1 -1 - UNKNOWN")


def test_a_target_that_is_down_is_named(target: Target) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        [outcome] = Player([request()], servers=[target.server(port=port)]).play()
    assert outcome.message == (
        "org.apache.http.conn.HttpHostConnectException: "
        f"Connect to 127.0.0.1:{port} failed: Connection refused"
    )


def test_a_plain_server_asked_for_tls_is_a_handshake_failure(target: Target) -> None:
    [outcome] = Player([request()], servers=[target.server(protocol="HTTPS")]).play()
    assert outcome.message.startswith("javax.net.ssl.SSLHandshakeException: ")


def test_a_missing_server_makes_a_failing_row() -> None:
    player = Player([request()])
    [outcome] = player.play()
    assert (outcome.sample.ok, outcome.message) == (False, "No Server Found")
    assert any("No Server Found" in line for line in player.notes.lines)


def test_an_answer_may_be_anything_without_ending_the_user(target: Target) -> None:
    def strange(_: object) -> Answer:
        return Answer(
            b"\xff\xfe not text",
            headers=[("Content-Encoding", "gzip"), ("Content-Type", "text/x; charset=klingon")],
        )

    target.answers["/odd"] = strange
    [outcome] = Player([request("/odd")], servers=[target.server()]).play()
    assert outcome.exchange is not None
    assert "not text" in outcome.exchange.text


def test_an_unresolved_reference_is_sent_literally(target: Target) -> None:
    action = request("/echo", parameters=[{"name": "t", "value": "${token}"}])
    assert echoed(Player([action], servers=[target.server()]))["target"] == "/echo?t=%24%7Btoken%7D"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_every_method_works(target: Target, method: str) -> None:
    outcomes = Player([request("/echo", method=method)], servers=[target.server()]).play(2)
    assert [outcome.sample.code for outcome in outcomes] == ["200", "200"]
    assert target.hits[0].method == method


def test_disabled_actions_and_processors_do_nothing(target: Target) -> None:
    assertion = node("ResponseAssertion", patterns=["never"], enabled=False)
    actions = [request(enabled=False), request("/echo", children=[assertion])]
    [outcome] = Player(actions, servers=[target.server()]).play()
    assert (outcome.sample.url.endswith("/echo"), outcome.sample.ok) == (True, True)
