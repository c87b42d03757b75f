"""The committed recording is what it says, and holds nothing of the machine that made it."""

import re
from urllib.parse import urlsplit

import orjson

from octoperf_mcp.demo.shop_recording import RECORDED_URL, STEPS, container_timeline, recording

RECORDED = orjson.loads(recording())["log"]


def test_it_is_small_and_was_made_by_chromium() -> None:
    assert len(recording()) < 400_000
    assert RECORDED["browser"]["name"] == "chromium"


def test_every_request_went_to_the_fixed_host_and_none_failed() -> None:
    for entry in RECORDED["entries"]:
        assert entry["request"]["url"].startswith(f"{RECORDED_URL}/")
        assert 200 <= entry["response"]["status"] < 400


def test_every_page_and_resource_has_its_body() -> None:
    for entry in RECORDED["entries"]:
        if entry["response"]["status"] == 200:
            assert entry["response"]["content"]["text"]


def test_no_path_or_name_of_a_machine_is_in_it() -> None:
    text = recording().decode()
    assert not re.findall(r"/(?:home|root|work|tmp|Users)/|localhost|[\w.]+@[\w.]+\.\w+", text)
    assert {entry["serverIPAddress"] for entry in RECORDED["entries"]} == {"127.0.0.1"}


def test_the_token_is_sent_in_forms_and_in_a_header_and_changes_on_signing_in() -> None:
    sent = {}
    for entry in RECORDED["entries"]:
        request = entry["request"]
        path = urlsplit(request["url"]).path
        for field in request.get("postData", {}).get("params", []):
            if field["name"] == "csrf":
                sent[path] = field["value"]
        for header in request["headers"]:
            if header["name"] == "X-CSRF-Token":
                sent[path] = header["value"]
    assert list(sent) == ["/login", "/api/stock", "/cart/add", "/order", "/logout"]
    before, *after = sent.values()
    assert len(set(after)) == 1
    assert before not in after


def test_the_timeline_names_every_step_in_order() -> None:
    entries = container_timeline()["entries"]
    assert [entry["name"] for entry in entries] == [name for name, _, _ in STEPS]
    starts = [entry["startTimestamp"] for entry in entries]
    assert starts == sorted(starts)
