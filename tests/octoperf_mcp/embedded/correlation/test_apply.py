"""What applying rules does to a recorded virtual user."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from octoperf_mcp.embedded.correlation.apply import Applied

Json = dict[str, Any]
Rule = Callable[..., Json]
Recording = Any

TOKEN = "tok-12345678"
PAGE = f'<input token="{TOKEN}">'


def requests(applied: Applied) -> list[Json]:
    found: list[Json] = applied.virtual_user["children"][0]["children"]
    return found


def extractors(request: Json) -> list[Json]:
    return [child for child in request["children"] if "Extractor" in child["@type"]]


def evidence(applied: Applied) -> list[tuple[str, str, str]]:
    return [(one["actionId"], one["change"], one["where"]) for one in applied.changes]


def form(**fields: str) -> Json:
    parameters = [{"name": k, "value": v, "encode": True} for k, v in fields.items()]
    return {"@type": "FormPostData", "parameters": parameters}


def test_a_hidden_field_is_extracted_and_injected_into_the_form(
    recording: Recording, rule: Rule
) -> None:
    recording.add("form", PAGE).add("post", method="POST", postData=form(csrf=TOKEN, user="ada"))
    applied = recording.apply(rule("PostParamValue"))
    first, second = requests(applied)
    (planted,) = extractors(first)
    assert (planted["variable"], planted["enabled"]) == ("token", True)
    assert len(planted["id"]) == 20
    assert [p["value"] for p in second["postData"]["parameters"]] == ["${token}", "ada"]
    assert evidence(applied) == [
        ("form", "EXTRACT", "response"),
        ("post", "INJECT", "value of post parameter csrf"),
    ]
    assert {one["variable"] for one in applied.changes} == {"token"}
    assert {one["rule"] for one in applied.changes} == {"token"}
    assert applied.notes == []


def test_the_given_document_and_unknown_properties_stay(recording: Recording, rule: Rule) -> None:
    recording.add("form", PAGE, special={"kept": 1}).add("post", postData=form(csrf=TOKEN))
    before = copy.deepcopy(recording.virtual_user)
    applied = recording.apply(rule("PostParamValue"))
    assert recording.virtual_user == before
    assert requests(applied)[0]["special"] == {"kept": 1}


def test_no_recorded_value_is_in_the_evidence(recording: Recording, rule: Rule) -> None:
    named = [{"name": TOKEN, "value": TOKEN}]
    recording.add("form", PAGE).add("post", postData=form(csrf=TOKEN), parameters=named)
    applied = recording.apply(rule("PostParamValue", "QueryParamValue"))
    assert len(applied.changes) == 3
    assert TOKEN not in json.dumps([applied.changes, applied.notes])


@pytest.mark.parametrize(
    ("kind", "pointer"),
    [
        ("HeaderName", ("headers", 0, "name")),
        ("HeaderValue", ("headers", 0, "value")),
        ("QueryParamName", ("parameters", 0, "name")),
        ("QueryParamValue", ("parameters", 0, "value")),
        ("PostParamName", ("postData", "parameters", 0, "name")),
        ("PostParamValue", ("postData", "parameters", 0, "value")),
        ("RequestPath", ("path",)),
        ("PostBody", ("postData", "body")),
    ],
)
def test_each_injection_rule_rewrites_its_place_and_no_other(
    recording: Recording, rule: Rule, kind: str, pointer: tuple[Any, ...]
) -> None:
    pairs = [{"name": f"a-{TOKEN}", "value": f"Bearer {TOKEN}"}]
    recording.add("form", PAGE).add(
        "use",
        path=f"/p/{TOKEN}/x",
        parameters=copy.deepcopy(pairs),
        headers=copy.deepcopy(pairs),
        postData={"body": f'{{"t": "{TOKEN}"}}', "parameters": copy.deepcopy(pairs)},
    )
    expected = copy.deepcopy(recording.requests[1])
    holder: Any = expected
    for key in pointer[:-1]:
        holder = holder[key]
    holder[pointer[-1]] = holder[pointer[-1]].replace(TOKEN, "${token}")
    applied = recording.apply(rule(kind))
    assert requests(applied)[1] == expected
    assert [one["change"] for one in applied.changes] == ["EXTRACT", "INJECT"]


def test_multipart_fields_are_post_parameters(recording: Recording, rule: Rule) -> None:
    parts = [{"name": "csrf", "value": TOKEN}, {"name": "f", "filename": f"{TOKEN}.png"}]
    data = {"@type": "MultipartPostData", "parts": parts}
    recording.add("form", PAGE).add("post", postData=data)
    made = requests(recording.apply(rule("PostParamValue")))[1]["postData"]["parts"]
    assert made == [{"name": "csrf", "value": "${token}"}, parts[1]]


def test_a_renewed_token_follows_the_last_extraction(recording: Recording, rule: Rule) -> None:
    recording.add("one", 'token="first-111"')
    recording.add("two", 'token="second-222"', headers=[{"name": "X", "value": "first-111"}])
    recording.add("three", headers=[{"name": "X", "value": "second-222"}])
    recording.add("four", headers=[{"name": "X", "value": "first-111"}])
    applied = recording.apply(rule("HeaderValue"))
    assert evidence(applied) == [
        ("one", "EXTRACT", "response"),
        ("two", "INJECT", "value of header X"),
        ("two", "EXTRACT", "response"),
        ("three", "INJECT", "value of header X"),
        ("four", "INJECT", "value of header X"),
    ]


def test_what_is_sent_before_the_extraction_stays(recording: Recording, rule: Rule) -> None:
    use = {"headers": [{"name": "X", "value": TOKEN}]}
    recording.add("early", **copy.deepcopy(use)).add("form", PAGE, **copy.deepcopy(use))
    recording.add("late", **copy.deepcopy(use))
    applied = recording.apply(rule("HeaderValue"))
    values = [request["headers"][0]["value"] for request in requests(applied)]
    assert values == [TOKEN, TOKEN, "${token}"]


def test_applying_again_changes_nothing(recording: Recording, rule: Rule) -> None:
    escaped = '<a token="a&amp;b=12345">'
    recording.add("form", PAGE).add("next", escaped, path=f"/x/{TOKEN}")
    recording.add("use", parameters=[{"name": "t", "value": "a&b=12345"}])
    rules = [rule("RequestPath", "QueryParamValue"), rule("HeaderValue", name="unused")]
    first = recording.apply(*rules)
    assert len(first.changes) == 6
    recording.requests = requests(first)
    second = recording.apply(*rules)
    assert second.changes == []
    assert second.virtual_user == first.virtual_user
    assert [note["rule"] for note in second.notes] == ["unused"]


SPECIAL = "a/b+c=d e&f"


@pytest.mark.parametrize(
    ("answer", "sent", "replaced"),
    [
        (SPECIAL, SPECIAL, "${token}"),
        (SPECIAL, "a%2Fb%2Bc%3Dd+e%26f", "${__urlencode(${token})}"),
        (SPECIAL, "a%2fb%2bc%3dd%20e%26f", "${__urlencode(${token})}"),
        ("a%2Fb%3D123", "a/b=123", "${__urldecode(${token})}"),
        ("a%2Fb%3D123", "a%2Fb%3D123", "${token}"),
        ("a%2Fb%3D123", "a%2fb%3d123", "${token}"),
    ],
)
def test_a_value_sent_back_in_another_encoding_is_sent_so_again(
    recording: Recording, rule: Rule, answer: str, sent: str, replaced: str
) -> None:
    recording.add("form", f'token="{answer}"')
    recording.add("use", headers=[{"name": "Referer", "value": f"https://a.example/?t={sent}&x"}])
    applied = recording.apply(rule("HeaderValue"))
    (header,) = requests(applied)[1]["headers"]
    assert header["value"] == f"https://a.example/?t={replaced}&x"


def test_a_value_escaped_in_the_page_is_extracted_unescaped(
    recording: Recording, rule: Rule
) -> None:
    recording.add("form", 'token="a&amp;b&#x2F;cde"').add("use", postData=form(csrf="a&b/cde"))
    applied = recording.apply(rule("PostParamValue"))
    (planted,) = extractors(requests(applied)[0])
    assert planted["extractFrom"] == "BODY_UNESCAPED"
    assert requests(applied)[1]["postData"]["parameters"][0]["value"] == "${token}"


def test_where_unescaping_breaks_the_expression_a_function_unescapes(
    recording: Recording, rule: Rule
) -> None:
    recording.add("form", 'token="say&quot;12&quot;"')
    recording.add("use", postData=form(csrf='say"12"'))
    applied = recording.apply(rule("PostParamValue"))
    assert extractors(requests(applied)[0])[0]["extractFrom"] == "BODY"
    (field,) = requests(applied)[1]["postData"]["parameters"]
    assert field["value"] == "${__unescapeHtml(${token})}"


def test_references_in_a_request_are_not_values(recording: Recording, rule: Rule) -> None:
    recording.add("form", 'token="session_token"')
    recording.add("use", path="/${session_token}/${__urlencode(${session_token})}/session_token")
    applied = recording.apply(rule("RequestPath"))
    assert requests(applied)[1]["path"] == (
        "/${session_token}/${__urlencode(${session_token})}/${token}"
    )


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("id=123456;n=91234567", "id=${token};n=91234567"),
        ("x123456x", "x${token}x"),
    ],
)
def test_a_number_is_not_found_within_a_longer_number(
    recording: Recording, rule: Rule, text: str, replaced: str
) -> None:
    recording.add("form", 'token="123456"').add("use", postData={"body": text})
    assert requests(recording.apply(rule("PostBody")))[1]["postData"]["body"] == replaced


def test_in_a_path_only_whole_words_are_replaced(recording: Recording, rule: Rule) -> None:
    recording.add("form", 'token="abcdef"')
    recording.add("use", path="/abcdefgh/abcdef;jsessionid=abcdef/xabcdef")
    made = requests(recording.apply(rule("RequestPath")))[1]["path"]
    assert made == "/abcdefgh/${token};jsessionid=${token}/xabcdef"


def test_short_values_need_a_named_place(recording: Recording, rule: Rule) -> None:
    recording.add("form", 'token="ab12"')
    recording.add("use", postData=form(pin="ab12", other="ab12"))
    assert [c["change"] for c in recording.apply(rule("PostParamValue")).changes] == ["EXTRACT"]
    named = {"@type": "PostParamValueInjectionRule", "enabled": True, "name": "pin"}
    applied = recording.apply(rule(named))
    assert [p["value"] for p in requests(applied)[1]["postData"]["parameters"]] == [
        "${token}",
        "ab12",
    ]


def test_an_exact_rule_leaves_longer_texts_alone(recording: Recording, rule: Rule) -> None:
    exact = {"@type": "HeaderValueInjectionRule", "enabled": True, "partial": False, "name": "x-a"}
    recording.add("form", PAGE)
    for sent in (TOKEN, f"Bearer {TOKEN}"):
        recording.add(f"use {sent}", headers=[{"name": "X-A", "value": sent}])
    values = [r["headers"][0]["value"] for r in requests(recording.apply(rule(exact)))[1:]]
    assert values == ["${token}", f"Bearer {TOKEN}"]


def test_a_replacement_of_ones_own_is_used(recording: Recording, rule: Rule) -> None:
    own = {"@type": "QueryParamValueInjectionRule", "enabled": True, "replacement": "v1:${token}"}
    recording.add("form", 'token="a/b=123"')
    recording.add("use", parameters=[{"name": "t", "value": "a/b=123"}])
    recording.add("again", parameters=[{"name": "t", "value": "a%2Fb%3D123"}])
    made = [r["parameters"][0]["value"] for r in requests(recording.apply(rule(own)))[1:]]
    assert made == ["v1:${token}", "v1:${__urlencode(${token})}"]


def test_the_match_number_chooses_and_minus_one_takes_all(recording: Recording, rule: Rule) -> None:
    recording.add("form", 'token="first-1" token="second-2"')
    recording.add("use", parameters=[{"name": "a", "value": "second-2"}])
    applied = recording.apply(rule("QueryParamValue", matchNumber=2))
    assert requests(applied)[1]["parameters"][0]["value"] == "${token}"
    applied = recording.apply(rule("QueryParamValue", matchNumber=-1))
    assert requests(applied)[1]["parameters"][0]["value"] == "${token_2}"
    applied = recording.apply(rule("QueryParamValue", matchNumber=3))
    assert applied.notes[0]["message"] == "Its extractor matches no recorded response."


@pytest.mark.parametrize(
    ("extractor", "answer", "content_type"),
    [
        ({"extractFrom": "HEADERS", "regexp": r"Location: \S+t=(\S+)"}, "", "text/html"),
        (
            {"@type": "JsonPathVariableExtractor", "path": "$.auth.token"},
            '{"auth": {"token": "tok-12345678"}}',
            "application/json",
        ),
        (
            {"@type": "JMESPathVariableExtractor", "path": "auth.token"},
            '{"auth": {"token": "tok-12345678"}}',
            "application/json",
        ),
        (
            {"@type": "XPath1VariableExtractor", "xpath": "//input[@name='csrf']/@value"},
            '<input name="csrf" value="tok-12345678">',
            "text/html",
        ),
        (
            {"@type": "CssVariableExtractor", "selector": "input[name=csrf]", "attribute": "value"},
            '<input name="csrf" value="tok-12345678">',
            "text/html",
        ),
    ],
)
def test_every_kind_of_extractor_finds_its_value(
    recording: Recording, rule: Rule, extractor: Json, answer: str, content_type: str
) -> None:
    recording.add("other", "no match here", content_type="text/plain")
    location = {"Location": f"/next?t={TOKEN}"}
    recording.add("form", answer, answered=location, content_type=content_type)
    recording.add("use", parameters=[{"name": "t", "value": TOKEN}])
    applied = recording.apply(rule("QueryParamValue", **extractor))
    assert [one["actionId"] for one in applied.changes] == ["form", "use"]
    assert requests(applied)[2]["parameters"][0]["value"] == "${token}"
    assert len(extractors(requests(applied)[1])) == 1


def test_disabled_actions_rules_and_injections_take_no_part(
    recording: Recording, rule: Rule
) -> None:
    recording.add("off", PAGE, enabled=False).add("use", path=f"/{TOKEN}")
    assert recording.apply(rule("RequestPath")).changes == []
    recording.requests[0]["enabled"] = True
    assert recording.apply(rule("RequestPath") | {"enabled": False}).changes == []
    off = {"@type": "RequestPathInjectionRule", "enabled": False}
    assert [c["change"] for c in recording.apply(rule(off)).changes] == ["EXTRACT"]


def test_two_rules_share_a_value_and_the_first_has_it(recording: Recording, rule: Rule) -> None:
    recording.add("form", PAGE).add("use", path=f"/{TOKEN}")
    applied = recording.apply(rule("RequestPath"), rule("RequestPath", name="second"))
    assert requests(applied)[1]["path"] == "/${token}"
    assert [one["variable"] for one in applied.changes] == ["token", "token", "second"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"regexp": "("}, "Not applied: its expression is wrong: "),
        ({"@type": "MagicExtractor"}, "Not applied: the load engine knows no extractor"),
        ({"variable": "__token"}, "Not applied: the variable __token begins with __"),
        ({"variable": "a,b"}, "Not applied: the extractor names no usable variable"),
        ({"@type": "JMESPathVariableExtractor", "path": "]"}, "Its extractor fails: "),
        ({"@type": "XPath1VariableExtractor", "xpath": "//["}, "Its extractor fails: "),
        ({"@type": "CssVariableExtractor", "selector": "]"}, "Its extractor fails: "),
        ({"regexp": "nowhere(.)"}, "Its extractor matches no recorded response."),
    ],
)
def test_a_rule_that_does_nothing_says_why_and_the_next_is_applied(
    recording: Recording, rule: Rule, changes: Json, message: str
) -> None:
    recording.add("form", PAGE).add("json", "{}").add("use", path=f"/{TOKEN}")
    bad = rule("RequestPath", name="bad")
    bad["extractor"] |= changes
    applied = recording.apply(bad, rule("RequestPath"))
    (note,) = applied.notes
    assert note["rule"] == "bad"
    assert note["message"].startswith(message)
    assert requests(applied)[2]["path"] == "/${token}"


def test_notes_tell_of_missing_recordings_uses_and_injection_classes(
    recording: Recording, rule: Rule
) -> None:
    recording.add("form", PAGE)
    assert recording.apply(rule("HeaderValue")).notes[0]["message"] == (
        "Its values are sent nowhere that its injection rules allow."
    )
    strange = rule({"@type": "CookieInjectionRule"})
    assert "no injection rule 'CookieInjectionRule'" in recording.apply(strange).notes[0]["message"]
    assert recording.apply({"name": "x", "enabled": True}).notes[0]["message"] == (
        "Not applied: it has no extractor."
    )
    recording.requests[0]["recordedResponse"] = None
    assert "import a recording with bodies" in recording.apply(rule()).notes[0]["message"]


def test_a_lost_body_or_an_image_is_no_match(recording: Recording, rule: Rule) -> None:
    recording.add("image", PAGE, content_type="image/png").add("lost", PAGE + " ")
    recording.bodies.popitem()
    assert recording.apply(rule("HeaderValue")).changes == []
