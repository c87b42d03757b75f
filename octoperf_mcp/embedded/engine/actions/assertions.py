"""Assertions. Adding one is a line in `ASSERTIONS`."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from octoperf_mcp.embedded.engine.actions.extractors import compile_pattern, json_text
from octoperf_mcp.embedded.engine.actions.subjects import LOCATIONS, REQUEST_ONLY, answers_of
from octoperf_mcp.embedded.engine.play.session import Check
from octoperf_mcp.embedded.engine.texts.templates import Template, compile_text
from octoperf_mcp.embedded.engine.wire.exchange import Exchange

if TYPE_CHECKING:
    from octoperf_mcp.embedded.engine.play.session import UserSession

Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Assertion:
    """A compiled assertion."""

    check: Callable[["UserSession", Exchange], Check]
    assumes_success: bool = False
    """A status of 400 and above alone is no failure."""
    replaces_matrix: bool = False
    """In a validation it stands for the comparison with the recorded status."""


Matcher = Callable[["UserSession", str], bool]


def _response_assertion(node: Node) -> Assertion:
    name = str(node.get("name") or "Response assertion")
    place = str(node.get("location") or "BODY")
    rule = str(node.get("rule") or "CONTAINS")
    scope = str(node.get("type") or REQUEST_ONLY)
    negate = bool(node.get("negate"))
    custom = compile_text(str(node.get("message") or ""))
    subject = LOCATIONS.get(place, LOCATIONS["BODY"])
    patterns = [str(pattern) for pattern in node.get("patterns") or []]
    matchers = [(pattern, _matcher(rule, pattern)) for pattern in patterns]

    def check(session: "UserSession", exchange: Exchange) -> Check:
        for answer in answers_of(exchange, scope):
            text = subject(answer)
            for pattern, matches in matchers:
                try:
                    found = matches(session, text)
                except re.error as error:
                    return Check(name, error=True, message=f"Bad pattern /{pattern}/: {error}")
                if found == negate:
                    message = custom.render(session) or _expectation(place, rule, negate, pattern)
                    return Check(name, failure=True, message=message)
        return Check(name)

    return Assertion(check, bool(node.get("assumeSuccess")), replaces_matrix=True)


def _matcher(rule: str, pattern: str) -> Matcher:
    if rule in {"EQUALS", "SUBSTRING"}:
        template = compile_text(pattern)
        if rule == "EQUALS":
            return lambda session, text: text == template.render(session)
        return lambda session, text: template.render(session) in text
    try:
        compiled = compile_pattern(pattern)
    except re.error as error:
        return _broken(error)
    if rule == "MATCHES":
        return lambda session, text: compiled(session).fullmatch(text) is not None
    return lambda session, text: compiled(session).search(text) is not None


def _broken(error: re.error) -> Matcher:
    def fail(_: "UserSession", __: str) -> bool:
        raise error

    return fail


_PLACES = {"BODY": "text", "DOCUMENT": "document", "HEADERS": "headers", "CODE": "code"}


def _expectation(place: str, rule: str, negate: bool, pattern: str) -> str:
    """The sentence of JMeter's own response assertion."""
    subject = _PLACES.get(place, place.lower().replace("_", " "))
    verb = {"EQUALS": "equal", "MATCHES": "match"}.get(rule, "contain")
    middle = f"not to {verb}" if negate else f"to {verb}"
    return f"Test failed: {subject} expected {middle} /{pattern}/"


def _json_assertion(node: Node) -> Assertion:
    from jsonpath import compile as compile_path  # noqa: PLC0415 - loaded when a tree needs it

    name = str(node.get("name") or "JSON assertion")
    source = compile_text(str(node.get("path") or ""))
    negate = bool(node.get("negate"))
    holds = _json_expectation(node)

    def check(session: "UserSession", exchange: Exchange) -> Check:
        path = source.render(session)
        try:
            values = compile_path(path).findall(json.loads(exchange.text))
        except json.JSONDecodeError as error:
            return Check(name, failure=not negate, message=f"The body is no JSON: {error}")
        except Exception as error:  # noqa: BLE001 - the library has many errors; all mean the path
            return Check(name, error=True, message=f"{path}: {error}")
        problem = holds(session, path, values)
        if bool(problem) == negate:
            return Check(name)
        return Check(name, failure=True, message=problem or f"{path} did match, expected not to")

    return Assertion(check)


def _json_expectation(node: Node) -> Callable[["UserSession", str, list[Any]], str]:
    """Answers what is wrong with the values found, empty when nothing is."""
    expected = node.get("expectedValue")
    template: Template | None = None if expected is None else compile_text(str(expected))
    as_regex, wants_null = bool(node.get("regex")), bool(node.get("expectNull"))

    def problem(session: "UserSession", path: str, values: list[Any]) -> str:
        if not values:
            return f"No results for path: {path}"
        if wants_null:
            return "" if any(value is None for value in values) else f"{path} is not null"
        if template is None:
            return ""
        wanted = template.render(session)
        texts = [json_text(value) for value in values]
        if as_regex:
            found = any(re.fullmatch(wanted, text) for text in texts)
        else:
            found = any(text == wanted for text in texts)
        return "" if found else f"Value in {path} expected to be {wanted!r}, but found {texts[0]!r}"

    return problem


ASSERTIONS: dict[str, Callable[[Node], Assertion]] = {
    "ResponseAssertion": _response_assertion,
    "JsonAssertion": _json_assertion,
}
