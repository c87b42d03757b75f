import pytest

from octoperf_mcp.embedded.engine.play.session import Outcome
from tests.octoperf_mcp.embedded.engine.players import Json, Player, node, request
from tests.octoperf_mcp.embedded.engine.target import Answer, Target

PAGE = """<html><body><ul><li class="a" data-n="1">one</li><li class="a" data-n="2">two</li>
<li class="b">three &amp; four</li></ul></body></html>"""


def after(target: Target, path: str, *processors: Json, **before: str) -> Player:
    target.answers["/page"] = Answer(PAGE, headers=[("Content-Type", "text/html"), ("X-T", "h-9")])
    player = Player([request(path, children=list(processors))], servers=[target.server()])
    player.variables.update(before)
    player.play()
    return player


def regexp(pattern: str, **more: object) -> Json:
    return node("RegexpVariableExtractor", variable="v", regexp=pattern, **more)


LI = '<li class="a" data-n="(\\d)">(\\w+)</li>'


@pytest.mark.parametrize(
    ("extractor", "expected"),
    [
        (regexp(LI), {"v": "1", "v_matchNr": "2"}),
        (regexp(LI, matchNumber=2, template="$2$-$1$"), {"v": "two-2", "v_matchNr": "2"}),
        (regexp(LI, matchNumber=3, defaultValue="none"), {"v": "none", "v_matchNr": "2"}),
        (regexp(LI, template="$0$ $7$"), {"v": '<li class="a" data-n="1">one</li> '}),
        (
            regexp(LI, matchNumber=-1, template="$2$", defaultValue="d"),
            {"v": "d", "v_1": "one", "v_2": "two", "v_matchNr": "2"},
        ),
        (regexp("nothing"), {"v": None, "v_matchNr": "0"}),
        (regexp("nothing", defaultValue="dflt"), {"v": "dflt", "v_matchNr": "0"}),
        (regexp("X-T: (.+)", extractFrom="HEADERS"), {"v": "h-9"}),
        (regexp("four|(three & f)", extractFrom="BODY_UNESCAPED"), {"v": "three & f"}),
        (regexp("/(\\w+)$", extractFrom="URL"), {"v": "page"}),
        (regexp("(.*)", extractFrom="CODE"), {"v": "200"}),
        (regexp("(?<tag>data-n)"), {"v": "data-n"}),
        (regexp('data-n="(${wanted})"'), {"v": "2"}),
        (
            node("CssVariableExtractor", variable="v", selector="li.a", matchNumber=2),
            {"v": "two", "v_matchNr": "2"},
        ),
        (
            node("CssVariableExtractor", variable="v", selector="li", attribute="data-n"),
            {"v": "1", "v_matchNr": "2"},
        ),
        (node("XPath1VariableExtractor", variable="v", xpath="//li[3]"), {"v": "three & four"}),
        (node("XPath1VariableExtractor", variable="v", xpath="//li/@data-n"), {"v": "1"}),
        (node("XPath1VariableExtractor", variable="v", xpath="count(//li)"), {"v": "3"}),
        (node("XPath2VariableExtractor", variable="v", xpath="//li[1]"), {"v": "one"}),
        (
            node("XPath2VariableExtractor", variable="v", xpath="string-join(//li/@data-n, '+')"),
            {"v": "1+2", "v_matchNr": "1"},
        ),
        (
            node("XPath2VariableExtractor", variable="v", xpath="//li[matches(., '^t')]/string()"),
            {"v": "two", "v_matchNr": "2"},
        ),
    ],
)
def test_extractors_fill_variables_from_a_page(
    target: Target, extractor: Json, expected: dict[str, str | None]
) -> None:
    player = after(target, "/page", extractor, wanted="2")
    assert {name: player.variables.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("extractor", "expected"),
    [
        (node("JsonPathVariableExtractor", variable="v", path="$.items[*].id"), {"v": "7"}),
        (
            node("JsonPathVariableExtractor", variable="v", path="$.items[*].n", matchNumber=-1),
            {"v_1": "a", "v_2": "b", "v_matchNr": "2"},
        ),
        (
            node("JsonPathVariableExtractor", variable="v", path="$.items[0]"),
            {"v": '{"id": 7, "n": "a"}'},
        ),
        (node("JsonPathVariableExtractor", variable="v", path="$.ok"), {"v": "true"}),
        (
            node("JsonPathVariableExtractor", variable="v", path="$.zip", defaultValue="-"),
            {"v": "-", "v_matchNr": "0"},
        ),
        (
            node("JMESPathVariableExtractor", variable="v", path="items[].n", matchNumber=2),
            {"v": "b"},
        ),
        (node("JMESPathVariableExtractor", variable="v", path="${p}.id"), {"v": "8"}),
        (
            node("JMESPathVariableExtractor", variable="v", path="zip", defaultValue="-"),
            {"v": "-"},
        ),
    ],
)
def test_extractors_fill_variables_from_json(
    target: Target, extractor: Json, expected: dict[str, str]
) -> None:
    player = after(target, "/json", extractor, p="items[1]")
    assert {name: player.variables.get(name) for name in expected} == expected


def test_match_number_zero_takes_any_of_the_matches(target: Target) -> None:
    assert after(target, "/page", regexp(LI, matchNumber=0)).variables["v"] in {"1", "2"}


def test_fewer_matches_than_before_leave_none_behind(target: Target) -> None:
    player = after(
        target, "/page", regexp("<li", matchNumber=-1), v_matchNr="4", v_3="old", v_4="old"
    )
    assert "v_4" not in player.variables
    assert player.variables["v_3"] == "<li"


@pytest.mark.parametrize(
    "broken",
    [
        regexp("(unclosed"),
        node("JsonPathVariableExtractor", variable="v", path="$["),
        node("JMESPathVariableExtractor", variable="v", path="]["),
        node("XPath1VariableExtractor", variable="v", xpath="//["),
        node("CssVariableExtractor", variable="v", selector=">>"),
    ],
)
def test_a_broken_extractor_is_named_and_ends_nothing(target: Target, broken: Json) -> None:
    player = after(target, "/json", broken)
    assert player.notes.outcomes[0].sample.ok
    assert any("xtractor" in line for line in player.notes.lines), player.notes.lines


def test_an_extractor_in_a_container_applies_to_every_request_below(target: Target) -> None:
    inner = node("ContainerAction", request("/page", id="p"))
    outer = node("ContainerAction", regexp("(\\w+)", extractFrom="CODE"), inner)
    target.answers["/page"] = Answer("", 404)
    player = Player([outer], servers=[target.server()])
    player.play()
    assert player.variables["v"] == "404"


def test_sub_requests_can_be_searched(target: Target) -> None:
    target.answers["/first"] = Answer("token=a1", 302, [("Location", "/json")])
    extractor = regexp("token=(\\w+)", applyTo="REQUEST_AND_SUBREQUESTS")
    player = Player(
        [request("/first", followRedirects=True, children=[extractor])], servers=[target.server()]
    )
    player.play()
    assert player.variables["v"] == "a1"


def outcome_of(target: Target, path: str, *assertions: Json) -> Outcome:
    player = Player([request(path, children=list(assertions))], servers=[target.server()])
    player.variables["who"] = "hello"
    return player.play()[-1]


def checks(**more: object) -> Json:
    return node("ResponseAssertion", **{"location": "BODY", "rule": "SUBSTRING", **more})


@pytest.mark.parametrize(
    ("path", "assertion", "ok"),
    [
        ("/", checks(patterns=["hell"]), True),
        ("/", checks(patterns=["hell", "world"]), False),
        ("/", checks(patterns=["world"], negate=True), True),
        ("/", checks(patterns=["${who}"], rule="EQUALS"), True),
        ("/", checks(patterns=["hel"], rule="EQUALS"), False),
        ("/", checks(patterns=["h.l+"], rule="CONTAINS"), True),
        ("/", checks(patterns=["h.l+"], rule="MATCHES"), False),
        ("/", checks(patterns=["h.l+o"], rule="MATCHES"), True),
        ("/", checks(patterns=["200"], location="CODE", rule="EQUALS"), True),
        ("/", checks(patterns=["Content-Length: 5"], location="HEADERS"), True),
        ("/", checks(patterns=["127.0.0.1"], location="URL"), True),
        ("/", checks(patterns=["keep-alive"], location="REQUEST_HEADERS"), True),
        ("/boom", checks(patterns=["broken"]), False),
        ("/boom", checks(patterns=["broken"], assumeSuccess=True), True),
        ("/json", node("JsonAssertion", path="$.items[1].id", expectedValue="8"), True),
        ("/json", node("JsonAssertion", path="$.items[1].id", expectedValue="9"), False),
        ("/json", node("JsonAssertion", path="$.items", expectedValue=None), True),
        ("/json", node("JsonAssertion", path="$.gone", expectedValue=None), False),
        ("/json", node("JsonAssertion", path="$.gone", negate=True), True),
        (
            "/json",
            node("JsonAssertion", path="$.items[0].n", expectedValue="[ab]", regex=True),
            True,
        ),
        ("/json", node("JsonAssertion", path="$.no", expectNull=True), True),
        ("/json", node("JsonAssertion", path="$.ok", expectNull=True), False),
        ("/", node("JsonAssertion", path="$.ok", expectedValue="true"), False),
    ],
)
def test_assertions_decide(target: Target, path: str, assertion: Json, ok: bool) -> None:
    outcome = outcome_of(target, path, assertion)
    assert outcome.sample.ok is ok, outcome.message
    assert outcome.sample.assertions_ok + outcome.sample.assertions_failed == 1


def test_a_failed_assertion_says_what_was_expected(target: Target) -> None:
    outcome = outcome_of(target, "/", checks(patterns=["world"], name="greets"))
    assert outcome.message == "Test failed: text expected to contain /world/"
    assert (outcome.checks[0].name, outcome.checks[0].failure) == ("greets", True)
    custom = outcome_of(target, "/", checks(patterns=["world"], message="no ${who}"))
    assert custom.message == "no hello"


def test_a_broken_pattern_is_an_error_of_the_assertion(target: Target) -> None:
    outcome = outcome_of(target, "/", checks(patterns=["(a"], rule="CONTAINS"))
    assert (outcome.sample.assertions_error, outcome.sample.ok) == (1, False)


def test_an_assertion_in_a_container_applies_to_every_request_below(target: Target) -> None:
    group = node("ContainerAction", checks(patterns=["hello"]), request("/"), request("/json"))
    first, second, whole = Player([group], servers=[target.server()]).play()
    assert [first.sample.ok, second.sample.ok, whole.sample.ok] == [True, False, False]
