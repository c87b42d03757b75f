"""Differences between two versions of a document, as a person would tell them."""

import copy
from typing import Any

import pytest

from octoperf_mcp.entities.changes import changes, summary

Json = dict[str, Any]


def request(name: str, **more: Any) -> Json:
    return {
        "@type": "HttpRequestAction",
        "id": f"r-{name}",
        "name": name,
        "enabled": True,
        "method": "GET",
        "path": f"/{name}",
        "headers": [
            {"name": "Accept", "value": "text/html"},
            {"name": "Authorization", "value": "Bearer abc"},
        ],
        "thinktime": {"@type": "ThinktimeConstant", "value": 5000},
        "children": [],
        **more,
    }


def group(name: str, *children: Json) -> Json:
    return {
        "@type": "ContainerAction",
        "id": f"g-{name}",
        "name": name,
        "enabled": True,
        "children": list(children),
    }


def document() -> Json:
    home = group("Home", request("a"), request("b"), request("c"), request("d"))
    return {"@type": "VirtualUser", "name": "Shop", "children": [home, group("Cart")]}


def told(before: Json, after: Json) -> list[str]:
    return [str(change) for change in changes(before, after)]


def edited(pointer: str, value: Any) -> list[str]:
    after = document()
    here: Any = after
    *parents, last = pointer.strip("/").split("/")
    for part in parents:
        here = here[int(part)] if isinstance(here, list) else here[part]
    here[int(last) if isinstance(here, list) else last] = value
    return told(document(), after)


FIRST = "/children/0/children/0"


@pytest.mark.parametrize(
    ("pointer", "value", "text"),
    [
        ("/name", "Store", "renamed to *Store* (/name)"),
        ("/tags", ["x"], "tags none to 1 items (/tags)"),
        (f"{FIRST}/name", "z", f"*a*: renamed to *z* ({FIRST}/name)"),
        (f"{FIRST}/enabled", False, f"*a*: disabled ({FIRST}/enabled)"),
        (f"{FIRST}/thinktime/value", 2000, f"*a*: think time 5 s to 2 s ({FIRST}/thinktime)"),
        (f"{FIRST}/thinktime", None, f"*a*: think time 5 s to none ({FIRST}/thinktime)"),
        (
            f"{FIRST}/thinktime",
            {"@type": "ThinktimeRange", "min": 500, "max": 1000},
            f"*a*: think time 5 s to 0.5 s..1 s ({FIRST}/thinktime)",
        ),
        (f"{FIRST}/path", "/z", f'*a*: path "/a" to "/z" ({FIRST}/path)'),
        (f"{FIRST}/timeoutMs", 1500, f"*a*: timeout none to 1500 ({FIRST}/timeoutMs)"),
        (
            f"{FIRST}/followRedirects",
            True,
            f"*a*: follow redirects none to true ({FIRST}/followRedirects)",
        ),
        (
            f"{FIRST}/headers/0/value",
            "*/*",
            f'*a*: header Accept "text/html" to "*/*" ({FIRST}/headers/0/value)',
        ),
        (
            f"{FIRST}/headers/1/value",
            "Bearer new",
            f"*a*: header Authorization changed ({FIRST}/headers/1)",
        ),
        (
            f"{FIRST}/postData",
            {"@type": "RawPostData", "body": "{}"},
            f"*a*: body none to RawPostData ({FIRST}/postData)",
        ),
        (
            f"{FIRST}/recordedResponse",
            {"status": 200},
            f"*a*: recorded response changed ({FIRST}/recordedResponse)",
        ),
    ],
)
def test_an_edited_action_says_what_it_was_and_what_it_is(
    pointer: str, value: Any, text: str
) -> None:
    assert edited(pointer, value) == [text]


def test_a_header_that_comes_or_goes_is_named_and_a_credential_is_not_shown() -> None:
    after = document()
    headers = after["children"][0]["children"][0]["headers"]
    headers.append({"name": "X-A", "value": "1"})
    headers.append({"name": "Cookie", "value": "session=1"})
    del headers[0]
    assert [change.text for change in changes(document(), after)] == [
        '*a*: header X-A added "1"',
        "*a*: header Cookie added",
        "*a*: header Accept removed",
    ]


def test_of_long_texts_the_part_is_shown_where_they_begin_to_differ() -> None:
    before = group("g", request("a", postData={"@type": "RawPostData", "body": "x" * 500 + "old"}))
    after = copy.deepcopy(before)
    after["children"][0]["postData"]["body"] = "x" * 500 + "new"
    (change,) = changes(before, after)
    assert change.text == f'*a*: body "…{"x" * 12}old" to "…{"x" * 12}new"'


def test_actions_that_come_go_and_move_are_named_with_what_is_below_them() -> None:
    after = document()
    home, cart = after["children"]
    cart["children"].append(home["children"].pop(1))
    home["children"].insert(0, home["children"].pop(2))
    after["children"].insert(1, group("Login", request("user"), request("pass")))
    del home["children"][2]
    assert told(document(), after) == [
        "moved *d* first (/children/0/children/0)",
        "added *Login* (ContainerAction) with 2 below it behind *Home* (/children/1)",
        "moved *b* in *Cart*, first (/children/2/children/0)",
        "removed *c* from *Home* (/children/0/children/2)",
    ]


def test_a_group_that_goes_is_one_line_and_what_was_saved_from_it_another() -> None:
    after = document()
    after["children"] = [group("Cart", document()["children"][0]["children"][3])]
    assert [change.text for change in changes(document(), after)] == [
        "moved *d* in *Cart*, first",
        "removed *Home* with 3 below it",
    ]


def test_an_action_keeps_its_identity_when_it_is_moved_and_edited_at_once() -> None:
    after = document()
    moved = after["children"][0]["children"].pop(0)
    moved["path"] = "/new"
    after["children"].append(moved)
    assert [change.text for change in changes(document(), after)] == [
        "moved *a* behind *Cart*",
        '*a*: path "/a" to "/new"',
    ]


def test_secrets_are_never_told() -> None:
    before = {"name": "pin", "variable": {"value": {"type": "ENCRYPTED", "value": "aaa"}}}
    after = {"name": "pin", "variable": {"value": {"type": "PLAIN", "value": "1234"}}}
    assert told(before, after) == ["variable value changed (/variable/value)"]


def test_profiles_and_report_items_are_told_like_actions() -> None:
    profile: Json = {"id": "p", "name": "Buyers", "load": {"@type": "R", "rampUpMs": 1000}}
    before: Json = {"userProfiles": [profile]}
    after = copy.deepcopy(before)
    after["userProfiles"][0]["load"]["rampUpMs"] = 60_000
    assert told(before, after) == [
        "*Buyers*: load ramp up 1 s to 60 s (/userProfiles/0/load/rampUpMs)"
    ]


def test_dates_and_owners_are_no_change() -> None:
    after = {**document(), "lastModified": 5, "userId": "eve"}
    assert changes(document(), after) == []
    assert summary([]) == "no change"


def test_a_summary_names_three_and_counts_the_rest() -> None:
    after = document()
    for child in after["children"][0]["children"]:
        child["enabled"] = False
    found = summary(changes(document(), after))
    assert found == "*a*: disabled; *b*: disabled; *c*: disabled; and 1 more"


@pytest.mark.parametrize(
    "children", [None, "x", [None, 3, {}], [{"id": 5}, {"id": ""}, {"id": ""}]]
)
def test_malformed_trees_are_told_without_an_error(children: Any) -> None:
    assert isinstance(told(document(), {"children": children}), list)
    assert isinstance(told({"children": children}, document()), list)
