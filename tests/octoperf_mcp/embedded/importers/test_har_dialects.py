"""Recordings as the browsers and proxies in use write them."""

import base64
import gzip
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from octoperf_mcp.embedded.importers.har import import_har
from octoperf_mcp.embedded.importers.har_bodies import MAX_BODY_BYTES
from octoperf_mcp.embedded.importers.har_options import HarOptions
from octoperf_mcp.entities.imported import Imported

Json = dict[str, Any]
Entry = Callable[..., Json]


def recording(creator: Json, entries: list[Json], *, version: str = "1.2", **log: Any) -> Imported:
    made = {"log": {"version": version, "creator": creator, "entries": entries, **log}}
    return import_har(orjson.dumps(made), HarOptions(keep_resources=True))


def containers(result: Imported) -> list[tuple[str, list[str]]]:
    children = result.virtual_users[0]["children"]
    return [(one["name"], [request["path"] for request in one["children"]]) for one in children]


def first(result: Imported) -> Json:
    request: Json = result.virtual_users[0]["children"][0]["children"][0]
    return request


def test_chrome_has_pages_kinds_and_pseudo_headers(entry: Entry) -> None:
    headers = {":authority": "shop.example", ":method": "GET", "accept": "*/*"}
    common = {"pageref": "page_1", "_priority": "High", "_initiator": {"type": "other"}}
    result = recording(
        {"name": "WebInspector", "version": "537.36"},
        [
            entry("https://shop.example/", headers=headers, _resourceType="document", **common),
            entry("https://shop.example/live", _resourceType="websocket", status=101, **common),
            entry("https://shop.example/a.js", _fromCache="memory", **common),
            entry("chrome-extension://abc/x.js", **common),
        ],
        pages=[{"id": "page_1", "title": "https://shop.example/", "pageTimings": {}}],
    )
    assert containers(result) == [("/", ["/"])]
    assert first(result)["headers"] == [{"name": "accept", "value": "*/*"}]
    assert [note.reason.partition(":")[0] for note in result.dropped] == [
        "WebSocket",
        "answered by the browser's cache, never sent",
        "not an HTTP address",
    ]


def test_firefox_names_all_pages_alike_and_is_split_by_pauses(entry: Entry) -> None:
    pages = [{"id": "page_1", "title": "Shop"}, {"id": "page_1", "title": "Shop"}]
    result = recording(
        {"name": "Firefox", "version": "128.0"},
        [
            entry("https://shop.example/", at_ms=0, pageref="page_1", _securityState="secure"),
            entry("https://shop.example/cart", at_ms=5_000, pageref="page_1"),
            entry("https://shop.example/blocked", at_ms=5_010, status=0, pageref="page_1"),
        ],
        browser={"name": "Firefox", "version": "128.0"},
        pages=pages,
    )
    assert containers(result) == [("/", ["/"]), ("/cart", ["/cart"])]
    assert "never answered" in result.dropped[0].reason


def test_safari_writes_negative_timings_and_its_own_fetch_types(entry: Entry) -> None:
    made = entry("https://shop.example/", pageref="page_0", _fetchType="Network Load")
    made["timings"] = {"blocked": -1, "dns": -1, "connect": -1, "send": 0, "wait": 9, "receive": 1}
    made["time"] = -1
    pages = [{"id": "page_0", "title": "Lamps & more", "startedDateTime": "2026-01-01T00:00:00Z"}]
    result = recording({"name": "WebKit Web Inspector", "version": "1.0"}, [made], pages=pages)
    assert containers(result) == [("Lamps & more", ["/"])]


def test_charles_keeps_answers_compressed_and_tunnels_listed(entry: Entry) -> None:
    packed = base64.b64encode(gzip.compress(b'{"lamps": 3}')).decode()
    result = recording(
        {"name": "Charles Proxy", "version": "4.6.6"},
        [
            entry("https://shop.example:443", "CONNECT", _charlesStatus="COMPLETE"),
            entry(
                "https://shop.example/api",
                mime="application/json",
                text=packed,
                encoding="base64",
                answered={"Content-Encoding": "gzip"},
                _charlesStatus="COMPLETE",
            ),
        ],
    )
    assert containers(result) == [("/api", ["/api"])]
    kept = first(result)["recordedResponse"]
    assert result.blobs[kept["bodyRef"]] == b'{"lamps": 3}'
    assert kept["bodySize"] == 12


def test_fiddler_has_no_pages_and_forms_as_parameters(entry: Entry) -> None:
    post = {
        "mimeType": "application/x-www-form-urlencoded",
        "params": [{"name": "user", "value": "ada"}, {"name": "word", "value": "a b"}],
    }
    result = recording(
        {"name": "Fiddler", "version": "5.0", "comment": "https://fiddler2.com"},
        [entry("http://shop.example:8080/login", "POST", status=302, post=post)],
        pages=[],
    )
    parameters = first(result)["postData"]["parameters"]
    assert [(one["name"], one["value"]) for one in parameters] == [("user", "ada"), ("word", "a b")]
    assert result.servers[0]["port"] == 8080


def test_mitmproxy_has_neither_pages_nor_browser_and_multipart_texts(entry: Entry) -> None:
    body = (
        '--x1\r\nContent-Disposition: form-data; name="title"\r\n\r\nMe\r\n--x1\r\n'
        'Content-Disposition: form-data; name="photo"; filename="p.png"\r\n'
        "Content-Type: image/png\r\n\r\n(bytes)\r\n--x1--\r\n"
    )
    declared = "multipart/form-data; boundary=x1"
    made = entry(
        "https://shop.example/upload",
        "POST",
        status=201,
        headers={"content-type": declared},
        post={"mimeType": declared, "text": body, "params": []},
    )
    made["_webSocketMessages"] = None
    result = recording({"name": "mitmproxy", "version": "10.2", "comment": ""}, [made])
    assert first(result)["postData"]["parts"] == [
        {"name": "title", "value": "Me", "contentType": ""},
        {"name": "photo", "filename": "p.png", "contentType": "image/png"},
    ]
    assert first(result)["headers"] == []


def test_har_1_1_without_pages_or_timings(entry: Entry) -> None:
    made = entry("http://old.example/")
    del made["time"], made["startedDateTime"]
    assert containers(recording({"name": "old"}, [made], version="1.1")) == [("/", ["/"])]


@pytest.mark.parametrize(
    "body",
    [gzip.compress(b"0" * (MAX_BODY_BYTES + 1)), b"\x1f\x8bnot gzip", gzip.compress(b"x")[:-3]],
    ids=["a bomb", "broken", "cut short"],
)
def test_what_cannot_be_decompressed_stays_as_it_was(entry: Entry, body: bytes) -> None:
    packed = base64.b64encode(body).decode()
    made = entry(text=packed, encoding="base64", answered={"content-encoding": "gzip"})
    result = recording({"name": "Charles Proxy"}, [made])
    assert result.blobs[first(result)["recordedResponse"]["bodyRef"]] == body
