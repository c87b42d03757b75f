"""Assertions that plans keep as JMeter elements."""

import hashlib
from typing import Any

import pytest

from tests.octoperf_mcp.embedded.engine.players import Json, Player, node, request
from tests.octoperf_mcp.embedded.engine.target import Answer, Target

FEED = "<?xml version='1.0'?><feed><entry n='1'/><entry n='2'/></feed>"


def kept(test_class: str, **properties: Any) -> Json:
    named = {name.replace("__", "."): value for name, value in properties.items()}
    return node("GenericAction", testClass=f"org.apache.jmeter.{test_class}", properties=named)


def size(number: str, comparison: str, field: str = "response_data", **more: Any) -> Json:
    return kept(
        "assertions.SizeAssertion",
        SizeAssertion__size=number,
        SizeAssertion__operator=comparison,
        Assertion__test_field=f"SizeAssertion.{field}",
        **more,
    )


def xpath(path: str, **more: Any) -> Json:
    return kept("assertions.XPathAssertion", XPath__xpath=path, **more)


@pytest.mark.parametrize(
    ("path", "assertion", "ok", "message"),
    [
        ("/", size("5", "1"), True, ""),
        ("/", size("5", "2"), False, "It was 5 bytes, but should have been not equal to 5 bytes"),
        ("/", size("4", "3"), True, ""),
        ("/", size("5", "4"), False, "less than 5 bytes"),
        ("/", size("5", "5"), True, ""),
        ("/", size("${most}", "6"), False, "less than or equal to 4 bytes"),
        ("/", size("50", "3", "response_network_size"), True, ""),
        ("/", size("3", "1", "response_code"), True, ""),
        ("/", size("many", "1"), False, "'many' is no number of bytes"),
        ("/feed", xpath("//entry[@n='2']"), True, ""),
        ("/feed", xpath("//entry[@n='3']"), False, "No Nodes Matched //entry[@n='3']"),
        ("/feed", xpath("count(//entry)=2"), True, ""),
        ("/feed", xpath("//entry", XPath__negate="true"), False, "Nodes Matched for //entry"),
        ("/feed", xpath("//entry["), False, "//entry["),
        ("/", xpath("//p"), False, "The answer is no XML"),
        ("/page", xpath("//b[.='bold']", XPath__tolerant="true"), True, ""),
        ("/feed", kept("assertions.XMLAssertion"), True, ""),
        ("/page", kept("assertions.XMLAssertion"), False, "The answer is no XML"),
        (
            "/",
            kept(
                "assertions.MD5HexAssertion",
                MD5HexAssertion__size=hashlib.md5(b"hello", usedforsecurity=False).hexdigest(),
            ),
            True,
            "",
        ),
        ("/", kept("assertions.MD5HexAssertion", MD5HexAssertion__size="0"), False, "but should"),
        ("/", kept("assertions.DurationAssertion", DurationAssertion__duration="60000"), True, ""),
        (
            "/short-pause",
            kept("assertions.DurationAssertion", DurationAssertion__duration="10"),
            False,
            "The operation lasted too long",
        ),
    ],
)
def test_each_assertion_decides_and_says_why(
    target: Target, path: str, assertion: Json, ok: bool, message: str
) -> None:
    target.answers["/feed"] = Answer(FEED, headers=[("Content-Type", "application/xml")])
    target.answers["/page"] = Answer("<p>a <b>bold</b><br> word")
    player = Player([request(path, children=[assertion])], servers=[target.server()])
    player.variables["most"] = "4"
    [outcome] = player.play()
    assert outcome.sample.ok is ok
    assert message in outcome.message


def test_a_size_may_be_asked_of_what_a_page_shows(target: Target) -> None:
    target.answers["/page"] = Answer("<img src='/'>", headers=[("Content-Type", "text/html")])
    small = size("5", "1", Assertion__scope="children")
    action = request("/page", downloadResources=True, children=[small])
    assert Player([action], servers=[target.server()]).play()[-1].sample.ok
