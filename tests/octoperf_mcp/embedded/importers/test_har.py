"""What a HAR recording becomes."""

import hashlib
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from octoperf_mcp.demo.shop_recording import container_timeline, recording
from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.har import HarOptions, import_har
from octoperf_mcp.entities.imported import Imported

Json = dict[str, Any]
Entry = Callable[..., Json]
Har = Callable[..., bytes]

KEEP = HarOptions(keep_resources=True)
START_MS = 1767225600000


def containers(result: Imported) -> list[Json]:
    children: list[Json] = result.virtual_users[0]["children"]
    return children


def requests(result: Imported) -> list[Json]:
    return [made for child in containers(result) for made in child.get("children", [])]


def only(data: bytes, options: HarOptions | None = None) -> Json:
    (request,) = requests(import_har(data, options))
    return request


def header_names(request: Json) -> list[str]:
    return [header["name"] for header in request["headers"]]


def reasons(result: Imported) -> dict[str, str]:
    return {dropped.path: dropped.reason for dropped in result.dropped}


def shop_journey(options: HarOptions | None = None) -> Imported:
    return import_har(recording(), options)


def test_the_shop_becomes_one_journey_on_one_server() -> None:
    result = shop_journey()
    assert [(r["method"], r["path"]) for r in requests(result)] == [
        ("GET", "/"),
        ("GET", "/login"),
        ("POST", "/login"),
        ("GET", "/"),
        ("GET", "/search"),
        ("GET", "/product/lamp-oslo"),
        ("GET", "/api/stock"),
        ("POST", "/cart/add"),
        ("GET", "/cart"),
        ("POST", "/order"),
        ("GET", "/order/confirmation"),
        ("POST", "/logout"),
        ("GET", "/"),
    ]
    (server,) = result.servers
    assert (server["protocol"], server["hostname"], server["port"]) == (
        "HTTP",
        "shop.example",
        8888,
    )
    assert {r["serverId"] for r in requests(result)} == {server["id"]}


def test_every_entry_of_the_shop_is_imported_or_dropped_with_a_reason() -> None:
    entries = orjson.loads(recording())["log"]["entries"]
    result = shop_journey()
    assert len(requests(result)) + len(result.dropped) == len(entries)
    assert set(reasons(result).values()) == {
        "static resource: left to its page (downloadResources)"
    }
    assert f"{len(requests(result))} of {len(entries)}" in result.virtual_users[0]["description"]


def test_all_entries_of_the_shop_stay_with_keep_all() -> None:
    entries = orjson.loads(recording())["log"]["entries"]
    result = shop_journey(KEEP)
    assert len(requests(result)) == len(entries)
    assert not any(request["downloadResources"] for request in requests(result))


def test_a_timeline_makes_one_named_container_for_each_step() -> None:
    timeline = container_timeline()
    options = HarOptions.from_wire({}, timeline=orjson.dumps(timeline))
    made = containers(shop_journey(options))
    assert [c["name"] for c in made] == [step["name"] for step in timeline["entries"]]
    assert [len(c["children"]) for c in made] == [1, 1, 2, 1, 1, 1, 2, 2, 2]


def test_recorded_bodies_are_kept_under_their_hash() -> None:
    result = shop_journey()
    login = requests(result)[1]
    page = result.blobs[login["recordedResponse"]["bodyRef"]]
    assert b'name="csrf"' in page
    assert login["recordedResponse"]["bodySize"] == len(page)
    posted = result.blobs[requests(result)[2]["recordedRequest"]["bodyRef"]]
    assert posted.endswith(b"&user=ada&password=lamplight")
    for key, data in result.blobs.items():
        assert hashlib.sha256(data).hexdigest() == key
    named = {
        request[side]["bodyRef"]
        for request in requests(result)
        for side in ("recordedRequest", "recordedResponse")
    }
    assert named - {None} == result.blobs.keys()


def test_ids_are_unique_and_as_long_as_those_of_documents() -> None:
    result = shop_journey()
    ids = [made["id"] for made in [*containers(result), *requests(result)]]
    assert len(set(ids)) == len(ids)
    assert {len(one) for one in ids} == {20}


def test_headers_of_cookies_and_of_the_connection_are_left_to_the_engine() -> None:
    request = requests(shop_journey())[2]
    assert header_names(request) == [
        "Accept",
        "Accept-Encoding",
        "Accept-Language",
        "Cache-Control",
        "Origin",
        "Referer",
        "Upgrade-Insecure-Requests",
        "User-Agent",
    ]
    recorded = [h["name"] for h in request["recordedRequest"]["headers"]]
    assert "Cookie" not in recorded
    assert "Content-Length" in recorded


def test_a_redirect_and_its_target_stay_two_requests(entry: Entry, har: Har) -> None:
    result = import_har(
        har(
            entry("https://a.example/old", status=302, answered={"Location": "/new"}),
            entry("https://a.example/new", at_ms=5),
        )
    )
    first, second = requests(result)
    assert (first["path"], first["followRedirects"]) == ("/old", False)
    assert first["recordedResponse"]["status"] == 302
    assert second["path"] == "/new"


def test_a_query_becomes_decoded_parameters(entry: Entry, har: Har) -> None:
    request = only(har(entry("https://a.example/s;v=1?q=a+b%2Fc&flag&empty=&=&&raw=%zz&bad=%E9#x")))
    assert request["path"] == "/s;v=1"
    assert request["parameters"] == [
        {"name": "q", "value": "a b/c", "equals": True, "encode": True},
        {"name": "flag", "value": "", "equals": False, "encode": True},
        {"name": "empty", "value": "", "equals": True, "encode": True},
        {"name": "raw", "value": "%zz", "equals": True, "encode": False},
        {"name": "bad", "value": "%E9", "equals": True, "encode": False},
    ]


FORM = "application/x-www-form-urlencoded"


def posted(entry: Entry, har: Har, post: Json, **headers: str) -> Json:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return only(har(entry(method="POST", post=post, headers=named)))


def test_a_form_becomes_its_decoded_fields_and_its_type_is_left_to_the_engine(
    entry: Entry, har: Har
) -> None:
    post = {"mimeType": FORM, "text": "a=1%2B1&b=x+y&c="}
    request = posted(entry, har, post, Content_Type=FORM)
    assert request["postData"] == {
        "@type": "FormPostData",
        "parameters": [
            {"name": "a", "value": "1+1", "encode": True},
            {"name": "b", "value": "x y", "encode": True},
            {"name": "c", "value": "", "encode": True},
        ],
    }
    assert request["headers"] == []


def test_a_form_without_text_is_read_from_its_params(entry: Entry, har: Har) -> None:
    post = {"mimeType": FORM, "params": [{"name": "a", "value": "1"}, {"value": "nameless"}]}
    assert posted(entry, har, post)["postData"]["parameters"] == [
        {"name": "a", "value": "1", "encode": True}
    ]


@pytest.mark.parametrize("body", ["no-equals-sign", "a=1&b", '{"json": true}'])
def test_a_form_type_over_something_else_is_sent_as_it_was(
    entry: Entry, har: Har, body: str
) -> None:
    request = posted(entry, har, {"mimeType": FORM, "text": body}, Content_Type=FORM)
    assert request["postData"] == {"@type": "RawPostData", "body": body, "contentType": FORM}
    assert request["headers"] == [{"name": "Content-Type", "value": FORM}]


def test_json_stays_text_with_its_type_as_a_header(entry: Entry, har: Har) -> None:
    post = {"mimeType": "application/json", "text": '{"a": "é"}'}
    request = posted(entry, har, post, content_type="application/json")
    assert request["postData"]["body"] == '{"a": "é"}'
    assert header_names(request) == ["content-type"]


MULTIPART = (
    "--B0und\r\n"
    'Content-Disposition: form-data; name="title"\r\n\r\nA "lamp"\r\n'
    "--B0und\r\n"
    'Content-Disposition: form-data; name="photo"; filename="C:\\\\pics\\\\lamp.png"\r\n'
    "Content-Type: image/png\r\n\r\n\r\n"
    "--B0und--\r\n"
)


@pytest.mark.parametrize("boundary", ["B0und", '"B0und"'])
def test_a_multipart_body_becomes_fields_and_names_of_files(
    entry: Entry, har: Har, boundary: str
) -> None:
    declared = f"multipart/form-data; boundary={boundary}"
    request = posted(entry, har, {"mimeType": declared, "text": MULTIPART}, Content_Type=declared)
    assert request["postData"] == {
        "@type": "MultipartPostData",
        "parts": [
            {"name": "title", "value": 'A "lamp"', "contentType": ""},
            {"name": "photo", "filename": "lamp.png", "contentType": "image/png"},
        ],
    }
    assert request["headers"] == []


def test_a_multipart_body_that_lost_its_text_is_read_from_its_params(
    entry: Entry, har: Har
) -> None:
    params = [
        {"name": "title", "value": "x"},
        {"name": "photo", "fileName": "/tmp/a.png", "contentType": "image/png"},
        {"value": "nameless"},
    ]
    post = {"mimeType": "multipart/form-data; boundary=x", "params": params}
    assert posted(entry, har, post)["postData"]["parts"] == [
        {"name": "title", "value": "x", "contentType": ""},
        {"name": "photo", "filename": "a.png", "contentType": "image/png"},
    ]


def test_a_binary_body_is_left_out_and_the_request_says_so(entry: Entry, har: Har) -> None:
    post = {"mimeType": "image/png", "text": b64encode(b"\x89PNG\xff").decode()}
    request = posted(entry, har, post | {"encoding": "base64"}, Content_Type="image/png")
    assert request["postData"] is None
    assert "binary" in request["description"]
    assert request["recordedRequest"]["bodySize"] == 5


def test_pages_fetch_their_resources_themselves_unless_all_are_kept(entry: Entry, har: Har) -> None:
    data = har(
        entry("https://a.example/"),
        entry("https://a.example/x.css", mime="text/css"),
        entry("https://a.example/font", mime="", _resourceType="font"),
        entry("https://a.example/app.js?v=1", mime="", status=304),
        entry("https://a.example/data.js", mime="text/javascript", _resourceType="fetch"),
        entry("https://a.example/logo.png", "POST", mime="image/png"),
        entry("https://a.example/broken", status=500),
    )
    result = import_har(data)
    assert {r["path"]: r["downloadResources"] for r in requests(result)} == {
        "/": True,
        "/data.js": False,
        "/logo.png": False,
        "/broken": False,
    }
    assert list(reasons(result)) == ["/log/entries/1", "/log/entries/2", "/log/entries/3"]


def test_ads_and_analytics_go_unless_blocking_is_off(entry: Entry, har: Har) -> None:
    data = har(
        entry("https://a.example/"),
        entry("https://www.google-analytics.com/collect", mime="text/plain"),
        entry("https://notgoogle-analytics.com/", mime="text/plain"),
    )
    assert reasons(import_har(data)) == {
        "/log/entries/1": "ad, analytics or browser traffic: google-analytics.com"
    }
    assert len(requests(import_har(data, HarOptions(block_ads=False)))) == 3


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"url": "data:text/plain,x"}, "not an HTTP address: data"),
        ({"url": ""}, "no address"),
        ({"url": "wss://a.example/live"}, "WebSocket"),
        ({"_resourceType": "websocket"}, "WebSocket"),
        ({"url": "https://a.example:99999/"}, "not a valid address"),
        ({"url": "https://[::1/"}, "not a valid address"),
        ({"url": "https:///path"}, "not a valid address"),
        ({"url": "https://a.example/" + "x" * 40_000}, "address longer than 32768 characters"),
        ({"method": ""}, "no request method"),
        ({"method": "GE T"}, "no request method"),
        ({"method": "CONNECT"}, "tunnel of a proxy"),
        ({"status": 0}, "never answered (status 0)"),
        ({"status": 101}, "WebSocket"),
        ({"_fromCache": "disk"}, "answered by the browser's cache, never sent"),
    ],
)
def test_what_was_no_repeatable_request_is_dropped_with_its_reason(
    entry: Entry, har: Har, changes: Json, reason: str
) -> None:
    result = import_har(har(entry(), entry(**changes)))
    assert reasons(result) == {"/log/entries/1": reason}


def test_entries_that_are_no_objects_are_dropped(entry: Entry, har: Har) -> None:
    result = import_har(har(None, entry(), "x", {}))
    assert reasons(result) == {
        "/log/entries/0": "not an object",
        "/log/entries/2": "not an object",
        "/log/entries/3": "no request method",
    }


def test_a_request_whose_answer_was_not_recorded_stays(entry: Entry, har: Har) -> None:
    unanswered = entry()
    del unanswered["response"]
    assert only(har(unanswered))["recordedResponse"] is None


def test_a_304_is_sent_without_validators_and_has_nothing_to_compare_with(
    entry: Entry, har: Har
) -> None:
    request = only(har(entry(status=304, headers={"If-None-Match": '"1"', "Accept": "*/*"})))
    assert header_names(request) == ["Accept"]
    assert request["recordedResponse"] is None
    assert "304" in request["description"]


def test_headers_that_would_break_a_request_are_not_replayed(entry: Entry, har: Har) -> None:
    headers = {":authority": "a", "X-Split": "a\r\nEvil: 1", "X Y": "1", "x-ok": "ü"}
    assert header_names(only(har(entry(headers=headers)))) == ["x-ok"]


@pytest.mark.parametrize(
    ("asked", "kept"),
    [("gzip, deflate, br, zstd", "gzip, deflate"), ("br", None), ("GZIP", "gzip")],
)
def test_only_encodings_that_the_engine_decodes_are_asked_for(
    entry: Entry, har: Har, asked: str, kept: str | None
) -> None:
    made = only(har(entry(headers={"accept-encoding": asked})))["headers"]
    assert made == ([{"name": "accept-encoding", "value": kept}] if kept else [])


def thinktimes(result: Imported) -> list[int]:
    return [(request["thinktime"] or {"value": 0})["value"] for request in requests(result)]


def test_a_pause_counts_from_the_end_of_all_that_the_user_waited_for(
    entry: Entry, har: Har
) -> None:
    data = har(
        entry(at_ms=0, took_ms=100),
        entry("https://a.example/x.css", mime="text/css", at_ms=110, took_ms=500),
        entry("https://mixpanel.com/t", mime="text/plain", at_ms=120, took_ms=9000),
        entry("https://a.example/2", at_ms=1610),
        entry("https://a.example/3", at_ms=1615),
    )
    assert thinktimes(import_har(data)) == [0, 1000, 0]
    assert thinktimes(import_har(data, HarOptions(max_thinktime_ms=300))) == [0, 300, 0]
    assert thinktimes(import_har(data, HarOptions(max_thinktime_ms=0))) == [0, 0, 0]


def test_delays_stand_between_containers_and_nowhere_else(entry: Entry, har: Har) -> None:
    data = har(
        entry(),
        entry("https://a.example/1", at_ms=1000),
        entry("https://a.example/2", at_ms=6000),
        creator="Fiddler",
    )
    result = import_har(data, HarOptions(delays=True))
    assert [child["@type"] for child in containers(result)] == [
        "ContainerAction",
        "ThinktimeAction",
        "ContainerAction",
    ]
    assert containers(result)[1]["thinktime"] == {"@type": "ThinktimeConstant", "value": 5000}
    assert thinktimes(result) == [0, 0, 0]


PAGES = [
    {"id": "p1", "title": "https://a.example/first?x=1"},
    {"id": "p2", "title": "Cart"},
    {"id": "p3", "title": "Cart"},
]


def test_chromium_captures_get_one_container_for_each_page(entry: Entry, har: Har) -> None:
    data = har(
        entry(pageref="p1"),
        entry(at_ms=10, pageref="p2"),
        entry(at_ms=20),
        entry(at_ms=30, pageref="p3"),
        entry(at_ms=40, pageref="p1"),
        pages=PAGES,
    )
    made = containers(import_har(data))
    assert [(c["name"], len(c["children"])) for c in made] == [
        ("/first", 2),
        ("Cart", 2),
        ("Cart (2)", 1),
    ]


@pytest.mark.parametrize("creator", ["Firefox", "Fiddler", "Charles Proxy"])
def test_other_captures_are_split_at_pauses_above_three_seconds(
    entry: Entry, har: Har, creator: str
) -> None:
    data = har(
        entry("https://a.example/a", pageref="p1"),
        entry("https://a.example/b", at_ms=3000, pageref="p2"),
        entry("https://a.example/c", at_ms=6001, pageref="p1"),
        pages=PAGES,
        creator=creator,
    )
    made = containers(import_har(data))
    assert [(c["name"], len(c["children"])) for c in made] == [("/a", 2), ("/c", 1)]


def test_a_disabled_step_is_a_disabled_container_and_earlier_traffic_is_dropped(
    entry: Entry, har: Har
) -> None:
    timeline = {
        "entries": [
            {"type": "DISABLED", "name": "Warm-up", "startTimestamp": START_MS + 100},
            {"type": "ENABLED", "name": "Nothing", "startTimestamp": START_MS + 200},
            {"type": "ENABLED", "name": "Pay", "startTimestamp": START_MS + 300},
        ]
    }
    data = har(*(entry(at_ms=at) for at in (99, 100, 199, 300, 9999)))
    result = import_har(data, HarOptions.from_wire({}, timeline=orjson.dumps(timeline)))
    assert [(c["name"], c["enabled"], len(c["children"])) for c in containers(result)] == [
        ("Warm-up", False, 2),
        ("Pay", True, 2),
    ]
    assert reasons(result) == {
        "/log/entries/0": "started before the first entry of the containerTimeline"
    }


def test_requests_play_in_the_order_in_which_they_started(entry: Entry, har: Har) -> None:
    late, early = entry("https://a.example/2", at_ms=50), entry("https://a.example/1", at_ms=10)
    undated = entry("https://a.example/3") | {"startedDateTime": "yesterday"}
    result = import_har(har(late, undated, early))
    assert [r["path"] for r in requests(result)] == ["/1", "/2", "/3"]


def test_servers_are_told_apart_by_protocol_host_and_port(entry: Entry, har: Har) -> None:
    urls = [
        "https://A.example/",
        "https://a.example:443/",
        "http://a.example/",
        "https://a.example:8443/",
        "https://user:secret@b.example/",
    ]
    result = import_har(har(*(entry(url) for url in urls)))
    assert [(s["protocol"], s["hostname"], s["port"]) for s in result.servers] == [
        ("HTTPS", "a.example", 443),
        ("HTTP", "a.example", 80),
        ("HTTPS", "a.example", 8443),
        ("HTTPS", "b.example", 443),
    ]


def test_the_name_is_the_given_one_or_that_of_the_first_container(entry: Entry, har: Har) -> None:
    data = har(entry("https://a.example/home"))
    assert import_har(data).virtual_users[0]["name"] == "/home"
    assert import_har(data, HarOptions(name="Checkout")).virtual_users[0]["name"] == "Checkout"


def test_a_byte_order_mark_and_lone_surrogates_are_read(entry: Entry, har: Har) -> None:
    data = b"\xef\xbb\xbf" + har(entry(text="HERE")).replace(b"HERE", b"\\ud83d!")
    result = import_har(data)
    assert list(result.blobs.values()) == [b"?!"]


def test_a_broken_base64_body_is_no_body(entry: Entry, har: Har) -> None:
    request = only(har(entry(text="a", encoding="base64")))
    assert request["recordedResponse"]["bodyRef"] is None


def test_a_recording_without_a_request_to_repeat_fails_with_the_reasons(
    entry: Entry, har: Har
) -> None:
    with pytest.raises(ImportFailed, match=r"None of the 2 entries .*\(2 x never answered"):
        import_har(har(entry(status=0), entry(status=0)))
