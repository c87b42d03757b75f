"""WebSockets played for real: by actions, and by the elements that JMX imports keep."""

import json
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from octoperf_mcp.entities.action_types import AddedAction, AddedActions
from octoperf_mcp.entities.added_checks import check_schema
from octoperf_mcp.entities.added_types import AddedTypes
from octoperf_mcp.entities.check import check
from octoperf_websocket.kinds import KINDS
from tests.octoperf_mcp.embedded.engine.conftest import closed_players, tls
from tests.octoperf_mcp.embedded.engine.players import Player, node
from tests.plugins.octoperf_websocket.site import Site

__all__ = ["closed_players", "tls"]

Json = dict[str, Any]
ACTIONS = AddedActions(tuple(AddedAction(one, "websocket", "octoperf_mcp", "") for one in KINDS))
LUMINIS = "eu.luminis.jmeter.wssampler."


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


def played(site: Site, *children: Json, **more: Any) -> Player:
    return Player(list(children), servers=[site.server()], actions=ACTIONS.messages(), **more)


def opened(path: str = "/echo", **more: Any) -> Json:
    return node("WebSocketOpenAction", id="open", serverId="srv", path=path, **more)


def asked(message: str, *children: Json, **more: Any) -> Json:
    return node("WebSocketRequestResponseAction", *children, id="ask", message=message, **more)


def messages(player: Player) -> list[str]:
    return [outcome.message for outcome in player.play()]


def test_a_connection_is_opened_used_and_closed(site: Site) -> None:
    player = played(
        site,
        opened(),
        asked("hello ${name}"),
        node("WebSocketPingAction"),
        node("WebSocketCloseAction"),
    )
    player.variables["name"] = "ada"
    outcomes = player.play()
    assert [(one.sample.method, one.sample.code, one.sample.ok) for one in outcomes] == [
        ("GET", "101", True),
        ("WS", "200", True),
        ("PING", "200", True),
        ("CLOSE", "200", True),
    ]
    first, second, _, last = outcomes
    assert first.sample.url == f"ws://127.0.0.1:{site.port}/echo"
    assert first.sample.connect_us > 0
    assert first.exchange is not None
    assert ("Upgrade", "websocket") in first.exchange.sent_headers
    assert second.exchange is not None
    assert (second.exchange.sent_body, second.exchange.text) == (b"hello ada", "HELLO ADA")
    assert second.sample.sent_bytes > 0
    assert second.sample.received_bytes > 0
    assert last.exchange is not None
    assert last.exchange.text == "The WebSocket was closed: 1000"


def test_messages_are_deflated_where_the_server_agrees(site: Site) -> None:
    first, second = played(site, opened(), asked("a" * 5000)).play()
    assert first.sample.ok
    assert site.deflated
    assert second.exchange is not None
    assert second.exchange.text == "A" * 5000
    assert second.sample.sent_bytes < 200
    assert second.sample.received_bytes < 200


def test_over_https_it_is_wss(tls: ssl.SSLContext) -> None:
    site = Site(tls)
    try:
        first, second = played(site, opened(), asked("x")).play()
    finally:
        site.close()
    assert first.sample.url.startswith("wss://")
    assert second.exchange is not None
    assert second.exchange.text == "X"


def test_binary_messages_are_hexadecimal_digits(site: Site) -> None:
    wrong = asked("0xZZ", payloadType="BINARY")
    _, second, third = played(
        site, opened(), asked("0x01 02,ff", payloadType="BINARY"), {**wrong, "id": "w"}
    ).play()
    assert second.exchange is not None
    assert second.exchange.sent_body == b"\x01\x02\xff"
    assert second.exchange.body == b"\xff\x02\x01"
    assert third.message == "A binary message is written in hexadecimal digits"


def test_extractors_and_assertions_read_the_message(site: Site) -> None:
    extractor = node("RegexpVariableExtractor", variable="id", regexp="ID-(.)")
    _, second, third = played(site, opened(), asked("id-7", extractor), asked("${id}")).play()
    assert dict(second.extracted)["id"] == "7"
    assert third.exchange is not None
    assert third.exchange.text == "7"


def test_the_handshake_has_headers_subprotocol_and_cookies(site: Site) -> None:
    headers = [{"name": "Origin", "value": "https://${host}"}]
    player = played(
        site,
        opened("/told?x=${host}", headers=headers, subprotocols=["chat"]),
        node("WebSocketReadAction"),
    )
    player.variables["host"] = "shop.example"
    player.program.clears_cookies = False
    player.session.cookies.store(["sid=1"], "127.0.0.1", "/")
    first, second = player.play()
    assert second.exchange is not None
    told = json.loads(second.exchange.text)
    assert told["Origin"] == "https://shop.example"
    assert (told["Cookie"], told["target"]) == ("sid=1", "/told?x=shop.example")
    assert first.exchange is not None
    assert first.exchange.header("sec-websocket-protocol") == "chat"


def test_what_came_unasked_is_read_in_order(site: Site) -> None:
    reads = [node("WebSocketReadAction", id=str(number)) for number in range(2)]
    wanted = node("WebSocketReadAction", id="w", payloadType="TEXT")
    _, first, second = played(site, opened("/push"), *reads).play()
    assert first.exchange is not None
    assert first.exchange.text == "news"
    assert second.exchange is not None
    assert second.exchange.media_type == "application/octet-stream"
    _, _, third = played(site, opened("/push"), reads[0], wanted).play()
    assert third.message == "A binary message came, not a text one"


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("/403", "403", "403"),
        ("/200", "-1", "The server opened no WebSocket: it answered 200"),
    ],
)
def test_a_server_that_opens_none_is_a_ko_row(
    site: Site, path: str, code: str, message: str
) -> None:
    first, second = played(site, opened(path), asked("x")).play()
    assert (first.sample.ok, first.sample.code, first.message) == (False, code, message)
    assert second.message == "No WebSocket is open: put an Open action before this one"


def test_silence_is_told_as_jmeter_tells_it_and_harms_nothing_else(site: Site) -> None:
    quiet = node("WebSocketReadAction", readTimeoutMs=20)
    optional = {**quiet, "id": "o", "optional": True}
    player = played(site, opened("/silent"), quiet, optional, node("WebSocketPingAction"))
    assert messages(player) == ["", "java.net.SocketTimeoutException: Read timed out", "", ""]


def test_a_connection_that_the_server_closed_says_so(site: Site) -> None:
    player = played(site, opened("/closing"), node("WebSocketReadAction"), asked("x"))
    ended = "The WebSocket was closed: 1001 bye"
    assert messages(player) == ["", ended, ended]


def test_nobody_there_is_told_as_for_requests(site: Site) -> None:
    nobody = [site.server(port=9)]
    (message,) = messages(Player([opened()], servers=nobody, actions=ACTIONS.messages()))
    assert message.endswith("Connection refused")


def test_a_user_keeps_its_connection_between_iterations(site: Site) -> None:
    once = node("GenericAction", opened(), testClass="x.OnceOnlyController")
    player = played(site, once, asked("x"))
    assert [one.sample.ok for one in player.play(3)] == [True] * 4
    assert site.opened == 1


def test_several_connections_of_a_user_have_names(site: Site) -> None:
    player = played(
        site,
        opened(connection="a"),
        {**opened("/push", connection="b"), "id": "open-b"},
        asked("x", connection="a"),
        node("WebSocketReadAction", connection="b"),
        node("WebSocketReadAction", id="c", connection="c"),
    )
    outcomes = player.play()
    texts = [one.exchange.text for one in outcomes[2:4] if one.exchange]
    assert texts == ["X", "news"]
    assert outcomes[4].message.startswith("No WebSocket called 'c' is open")


def kept(sampler: str, **properties: Any) -> Json:
    return node("GenericAction", id=sampler, testClass=LUMINIS + sampler, properties=properties)


def test_kept_elements_of_jmeter_are_played(site: Site) -> None:
    address = {"TLS": "false", "server": "127.0.0.1", "port": str(site.port), "path": "push"}
    player = played(
        site,
        kept("OpenWebSocketSampler", **address, connectTimeout="2000", readTimeout="2000"),
        kept("SingleReadWebSocketSampler", dataType="Text", optional="false"),
        kept("SingleWriteWebSocketSampler", payloadType="Text", requestData="hi"),
        kept("PingPongSampler", readTimeout="2000"),
        kept("CloseWebSocketSampler", statusCode="1000"),
        kept(
            "RequestResponseWebSocketSampler",
            **{**address, "path": "/echo"},
            createNewConnection="true",
            binaryPayload="true",
            requestData="cafe",
        ),
    )
    assert messages(player) == [""] * 7
    assert not player.notes.lines
    last = player.notes.outcomes[-1].exchange
    assert last is not None
    assert last.body == b"\xfe\xca"


def test_hosts_of_kept_elements_are_hosts_of_the_run() -> None:
    tree = {"children": [kept("OpenWebSocketSampler", server="chat.example", port="8443")]}
    assert list(ACTIONS.addresses([tree])) == ["chat.example:8443"]


def test_the_kinds_are_ones_that_documents_can_hold() -> None:
    added = AddedTypes(tuple(one.added("websocket") for one in KINDS))
    for one in added.types:
        check_schema(one)
    children = [opened(), asked("x"), node("WebSocketWriteAction", message="y")]
    children += [node(f"WebSocket{name}Action") for name in ("Read", "Ping", "Close")]
    document = {"projectId": "p", "name": "n", "type": "JMETER", "@type": "VirtualUser"}
    check("virtual_user", {**document, "children": children}, added)
