"""Proposals: what is found in a recording, what is not, and that a patch does what a rule does."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import jsonpatch
import pytest

from octoperf_mcp.embedded.correlation.propose import propose

if TYPE_CHECKING:
    from tests.octoperf_mcp.embedded.correlation.conftest import Recording

Json = dict[str, Any]
TOKEN = "a8F3kd93LLsk2+x/="
FORM = f'<input name="id" value="x12345678"><input type="hidden" name="csrf" value="{TOKEN}">'


def found(recording: "Recording", **more: Any) -> list[Json]:
    made = propose(
        recording.virtual_user,
        recording.bodies.get,
        **{"limit": 50, "time_limit": nullcontext, **more},
    )
    proposals: list[Json] = made["proposals"]
    return proposals


def field(name: str, value: str) -> Json:
    return {"parameters": [{"name": name, "value": value}]}


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else ():
        yield from texts(inner)
    for inner in value if isinstance(value, list) else ():
        yield from texts(inner)


def test_a_token_of_a_form_is_proposed_with_its_evidence(recording: "Recording") -> None:
    recording.add("page", FORM).add("post", postData=field("csrf", TOKEN))
    (proposal,) = found(recording)
    assert proposal["name"] == "csrf"
    assert proposal["confidence"] >= 0.9
    assert proposal["source"] == {"actionId": "page", "actionName": "/page", "part": "BODY"}
    assert proposal["uses"] == [
        {"actionId": "post", "actionName": "/post", "where": "value of post parameter csrf"}
    ]
    assert proposal["injectionTargets"] == ["POST_PARAM"]
    assert proposal["extractor"]["regexp"].startswith('name="csrf" value="')
    assert proposal["extractor"]["matchNumber"] == 1


@pytest.mark.parametrize(
    ("answer", "sent", "target", "part"),
    [
        ({"answer": '{"access_token":"eyJh.J9eyJz.OiI1Q"}'}, {"headers": [{"name": "Authorization", "value": "Bearer eyJh.J9eyJz.OiI1Q"}]}, "HEADER", "BODY"),
        ({"answered": {"Location": "https://a.test/cb?code=Abc123Def456&z=1"}}, {"parameters": [{"name": "code", "value": "Abc123Def456"}]}, "QUERY_PARAM", "HEADERS"),
        ({"answered": {"X-CSRF-Token": "Abc123Def456"}}, {"headers": [{"name": "x-csrf-token", "value": "Abc123Def456"}]}, "HEADER", "HEADERS"),
        ({"answer": '<a href="/cart;jsessionid=0A1B2C3D4E5F">'}, {"path": "/cart;jsessionid=0A1B2C3D4E5F"}, "PATH", "BODY"),
        ({"answer": '{"orderId":"8f3a-91bc-77d0"}'}, {"path": "/orders/8f3a-91bc-77d0"}, "PATH", "BODY"),
        ({"answer": '{"cart":"8f3a-91bc-77d0"}'}, {"postData": {"body": '{"cartId":"8f3a-91bc-77d0"}'}}, "BODY", "BODY"),
        ({"answer": "<cart>8f3a-91bc-77d0</cart>"}, {"postData": {"body": "<x><t>8f3a-91bc-77d0</t></x>"}}, "BODY", "BODY"),
        ({"answer": '<a href="/?state=a%2Fb1c2d3e4f5">'}, {"parameters": [{"name": "state", "value": "a/b1c2d3e4f5"}]}, "QUERY_PARAM", "BODY"),
    ],
)  # fmt: skip
def test_a_value_is_found_wherever_it_is_sent(
    recording: "Recording", answer: Json, sent: Json, target: str, part: str
) -> None:
    recording.add("first", **answer).add("second", **sent)
    (proposal,) = found(recording)
    assert proposal["injectionTargets"] == [target]
    assert proposal["source"]["part"] == part
    patched = jsonpatch.apply_patch(recording.virtual_user, proposal["patch"])
    first, second = patched["children"][0]["children"]
    assert first["children"] == [proposal["extractor"] | {"id": first["children"][0]["id"]}]
    assert "${" in json.dumps([second[key] for key in sent])


def test_a_renewed_token_is_one_proposal_for_all_pages(recording: "Recording") -> None:
    for number in range(3):
        value = f"Tk{number}abcdef987654"
        recording.add(f"page{number}", FORM.replace(TOKEN, value))
        recording.add(f"post{number}", postData=field("csrf", value))
    (proposal,) = found(recording)
    assert [use["actionId"] for use in proposal["uses"]] == ["post0", "post1", "post2"]
    assert "the recording has 3 different values" in proposal["reasons"]


@pytest.mark.parametrize(
    ("answer", "sent"),
    [
        (FORM, field("password", TOKEN)),
        (FORM, field("csrf", "another-value-123")),
        ('{"view":"checkout"}', field("view", "checkout")),
        ('{"page":"12345"}', field("page", "12345")),
        ('<script src="/main.8f3a91bc77d0.js">', field("file", "main.8f3a91bc77d0.js")),
        (FORM, field("csrf", "${csrf}")),
    ],
)
def test_what_no_answer_made_is_not_proposed(
    recording: "Recording", answer: str, sent: Json
) -> None:
    """What a user types, words, short numbers, files, and what is correlated already."""
    recording.add("first", answer).add("second", postData=sent)
    assert found(recording) == []


def test_a_value_that_was_sent_first_is_the_users(recording: "Recording") -> None:
    recording.add("search", f"You searched for {TOKEN}", postData=field("x", TOKEN))
    recording.add("again", postData=field("x", TOKEN))
    assert found(recording) == []


def test_cookies_are_left_to_the_cookie_manager(recording: "Recording") -> None:
    recording.add("first", answered={"Set-Cookie": f"sid={TOKEN}"})
    recording.add("second", headers=[{"name": "Cookie", "value": f"sid={TOKEN}"}])
    assert found(recording) == []


def test_names_are_free_and_proposals_are_ordered_and_limited(recording: "Recording") -> None:
    recording.add("first", FORM + '{"item":"item-00017"}')
    recording.add("second", postData=field("csrf", TOKEN), path="/items/item-00017")
    both = found(recording, taken=["csrf", "csrf2"])
    assert [proposal["name"] for proposal in both] == ["csrf3", "items"]
    assert both[0]["confidence"] > both[1]["confidence"]
    (one,) = found(recording, limit=1)
    assert one["name"] == "csrf"


def test_no_recorded_value_is_in_a_proposal(recording: "Recording") -> None:
    other = "Zz81Yy72Xx63Ww54"
    recording.add("first", f'<a data-key="{other}" data-csrf="{TOKEN}">')
    recording.add("second", postData=field("csrf", TOKEN))
    (proposal,) = found(recording)
    for text in texts(proposal):
        assert TOKEN not in text
        assert other not in text


def test_one_expression_serves_many_answers(recording: "Recording") -> None:
    for number in range(200):
        recording.add(f"r{number}", f'<p>word{number:06d}</p><i data-id="id{number:08d}q">')
    for number in range(100, 130):
        recording.requests[number]["parameters"] = [{"name": "id", "value": f"id{number - 1:08d}q"}]
    (proposal,) = found(recording)
    assert len(proposal["uses"]) == 30


def test_several_are_planted_by_one_patch_also_into_one_text(recording: "Recording") -> None:
    """The patches of each would put the recorded value of the other back."""
    cart = "q8Wn2Lx7Rt5Zk1Vb"
    recording.add("page", FORM).add("cart", json.dumps({"cartId": cart}))
    body = json.dumps({"csrf": TOKEN, "cartId": cart})
    recording.add(
        "post",
        postData={"@type": "RawPostData", "contentType": "application/json", "body": body},
    )
    names = [proposal["name"] for proposal in found(recording)]
    made = propose(
        recording.virtual_user,
        recording.bodies.get,
        limit=50,
        plant=[*names, "none of this name"],
        time_limit=nullcontext,
    )
    planted = list(texts(jsonpatch.apply_patch(recording.virtual_user, made["patch"])))
    (sent,) = [text for text in planted if "cartId" in text and "csrf" in text]
    assert len(names) == 2
    assert all(f"${{{name}}}" in sent for name in names)
    assert "patch" not in propose(
        recording.virtual_user, recording.bodies.get, limit=50, time_limit=nullcontext
    )
