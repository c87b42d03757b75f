"""WebSockets of a recording: played where the platform can, named as left out where not."""

import base64
from collections.abc import Callable
from typing import Any

from octoperf_mcp.embedded.importers.har import HarOptions, import_har
from octoperf_mcp.embedded.importers.har_sockets import MOST_MESSAGES
from octoperf_mcp.entities.added_types import AddedTypes
from octoperf_mcp.entities.check import check
from octoperf_mcp.entities.imported import Imported
from octoperf_websocket.kinds import KINDS

Json = dict[str, Any]
Entry = Callable[..., Json]
Har = Callable[..., bytes]
SOCKETS = HarOptions(sockets=True)


def message(kind: str, data: str, opcode: int = 1) -> Json:
    return {"type": kind, "time": 1767225600.5, "opcode": opcode, "data": data}


def socket(entry: Entry, *messages: Json, url: str = "wss://shop.example:8443/live?room=1") -> Json:
    headers = {
        "Origin": "https://shop.example",
        "Sec-WebSocket-Key": "x",
        "Sec-WebSocket-Protocol": "chat, news",
        "Cookie": "sid=1",
        "Upgrade": "websocket",
    }
    made = entry(url, at_ms=50, took_ms=60_000, status=101, headers=headers)
    return {**made, "_resourceType": "websocket", "_webSocketMessages": list(messages)}


def played(result: Imported) -> list[Json]:
    (user,) = result.virtual_users
    document = {**user, "projectId": "p"}
    check("virtual_user", document, AddedTypes(tuple(one.added("websocket") for one in KINDS)))
    found: list[Json] = user["children"][0]["children"][1]["children"]
    return found


def test_messages_become_actions_in_their_order(entry: Entry, har: Har) -> None:
    data = base64.b64encode(b"\x01\xff").decode()
    result = import_har(
        har(
            entry(),
            socket(
                entry,
                message("receive", "welcome"),
                message("send", "hi"),
                message("receive", "hello"),
                message("receive", "news"),
                message("send", "typing"),
                message("send", data, 2),
            ),
        ),
        SOCKETS,
    )
    actions = [one for one in played(result) if one["@type"] != "ThinktimeAction"]
    assert [one["@type"] for one in actions] == [
        "WebSocketOpenAction",
        "WebSocketReadAction",
        "WebSocketRequestResponseAction",
        "WebSocketReadAction",
        "WebSocketWriteAction",
        "WebSocketWriteAction",
        "WebSocketCloseAction",
    ]
    opened, first, asked, _, typing, binary, _ = actions
    assert opened["path"] == "/live?room=1"
    assert opened["headers"] == [{"name": "Origin", "value": "https://shop.example"}]
    assert opened["subprotocols"] == ["chat", "news"]
    assert first["optional"] is True
    assert (asked["message"], typing["message"]) == ("hi", "typing")
    assert (binary["message"], binary["payloadType"]) == ("01ff", "BINARY")
    server = next(one for one in result.servers if one["id"] == opened["serverId"])
    assert (server["protocol"], server["hostname"], server["port"]) == (
        "HTTPS",
        "shop.example",
        8443,
    )
    assert result.dropped == []
    assert "a WebSocket with 6 messages" in result.changed[0].reason


def test_without_the_plugin_it_is_left_out_as_before(entry: Entry, har: Har) -> None:
    result = import_har(har(entry(), socket(entry, message("send", "hi"))))
    assert [note.reason for note in result.dropped] == ["WebSocket"]


def test_one_without_recorded_messages_is_left_out(entry: Entry, har: Har) -> None:
    result = import_har(har(entry(), socket(entry)), SOCKETS)
    assert [note.reason for note in result.dropped] == ["WebSocket"]


def test_a_long_conversation_is_cut_and_strange_ones_do_no_harm(entry: Entry, har: Har) -> None:
    many = [message("send", "x")] * (MOST_MESSAGES + 2)
    strange = [message("send", "%%%", 2), {"type": 7, "data": None}, message("send", "y" * 300_000)]
    result = import_har(
        har(entry(), socket(entry, *strange, *many), socket(entry, message("send", "z"))), SOCKETS
    )
    assert len(played(result)) <= MOST_MESSAGES + 3
    assert result.changed[0].reason.endswith("5 more are left out")
