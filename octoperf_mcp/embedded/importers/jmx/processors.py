"""Extractors and assertions of a plan, as the platform has them."""

import re
from collections.abc import Callable
from typing import Any

from octoperf_mcp.embedded.importers.jmx.plan import Element
from octoperf_mcp.embedded.importers.nodes import node

Json = dict[str, Any]
Made = list[Json] | str
"""The actions, or why there are none and the element stays generic."""

_SCOPES = {"": "REQUEST_ONLY", "parent": "REQUEST_ONLY", "all": "REQUEST_AND_SUBREQUESTS"}
_SCOPES["children"] = "SUBREQUESTS_ONLY"
_OF_A_VARIABLE = "looks at a variable instead of an answer"
_REGEXP_PLACES = {
    "": "BODY",
    "false": "BODY",
    "true": "HEADERS",
    "unescaped": "BODY_UNESCAPED",
    "as_document": "BODY",
    "request_headers": "REQUEST_HEADERS",
    "url": "URL",
    "code": "CODE",
    "message": "MESSAGE",
}
_LOCATIONS = {
    "response_data": "BODY",
    "response_code": "CODE",
    "response_message": "MESSAGE",
    "response_headers": "HEADERS",
    "response_data_as_document": "DOCUMENT",
    "sample_label": "URL",
    "request_headers": "REQUEST_HEADERS",
    "request_data": "REQUEST_DATA",
}
_MATCH, _CONTAINS, _NOT, _EQUALS, _SUBSTRING, _OR = 1, 2, 4, 8, 16, 32
_RULES = ((_EQUALS, "EQUALS"), (_SUBSTRING, "SUBSTRING"), (_MATCH, "MATCHES"))
_MOST_FOUND = 200


def _extractor(kind: str, element: Element, names: tuple[str, str, str], **members: Any) -> Json:
    """An extractor; `names` are the properties of variable, default and match number."""
    variable, default, number = (element.text(name) for name in names)
    return node(
        kind,
        element.name or variable,
        enabled=element.enabled,
        variable=variable.strip(),
        defaultValue=default,
        matchNumber=_whole(number, 1),
        **members,
    )


def _whole(text: str, default: int) -> int:
    return int(text) if re.fullmatch(r"\s*-?\d{1,6}\s*", text) else default


def _regexp(element: Element) -> Made:
    scope = _SCOPES.get(element.text("Sample.scope"))
    place = _REGEXP_PLACES.get(element.text("RegexExtractor.useHeaders").lower())
    if scope is None or place is None:
        return _OF_A_VARIABLE
    names = ("RegexExtractor.refname", "RegexExtractor.default", "RegexExtractor.match_number")
    return [
        _extractor(
            "RegexpVariableExtractor",
            element,
            names,
            regexp=element.text("RegexExtractor.regex"),
            template=element.text("RegexExtractor.template") or "$1$",
            extractFrom=place,
            applyTo=scope,
        )
    ]


def _boundary(element: Element) -> Made:
    scope = _SCOPES.get(element.text("Sample.scope"))
    place = _REGEXP_PLACES.get(element.text("BoundaryExtractor.useHeaders").lower())
    if scope is None or place is None:
        return _OF_A_VARIABLE
    left, right = (
        element.text("BoundaryExtractor.lboundary"),
        element.text("BoundaryExtractor.rboundary"),
    )
    names = (
        "BoundaryExtractor.refname",
        "BoundaryExtractor.default",
        "BoundaryExtractor.match_number",
    )
    return [
        _extractor(
            "RegexpVariableExtractor",
            element,
            names,
            regexp=f"(?s){_literal(left)}(.*?){_literal(right) or '$'}",
            template="$1$",
            extractFrom=place,
            applyTo=scope,
        )
    ]


def _literal(text: str) -> str:
    """A regular expression for the text itself; `${variables}` in it stay."""
    pieces = re.split(r"(\$\{[^{}]*\})", text)
    return "".join(p if p.startswith("${") and p.endswith("}") else re.escape(p) for p in pieces)


def _json(element: Element) -> Made:
    """One extractor for each of the names, which are separated by semicolons."""
    if element.text("Sample.scope") == "variable":
        return _OF_A_VARIABLE
    lists = [
        [one.strip() for one in element.text(f"JSONPostProcessor.{name}").split(";")]
        for name in ("referenceNames", "jsonPathExprs", "match_numbers", "defaultValues")
    ]
    variables, paths, numbers, defaults = lists
    if len(variables) != len(paths) or len(variables) > _MOST_FOUND:
        return "has not as many names as paths"
    return [
        node(
            "JsonPathVariableExtractor",
            element.name if len(variables) == 1 else f"{element.name} {variable}",
            enabled=element.enabled,
            variable=variable,
            defaultValue=_at(defaults, index, ""),
            matchNumber=_whole(_at(numbers, index, "1"), 1),
            path=path,
        )
        for index, (variable, path) in enumerate(zip(variables, paths, strict=True))
    ]


def _at(values: list[str], index: int, default: str) -> str:
    return values[index] if index < len(values) else default


def _jmes(element: Element) -> Made:
    if element.text("Sample.scope") == "variable":
        return _OF_A_VARIABLE
    names = (
        "JMESExtractor.referenceName",
        "JMESExtractor.defaultValue",
        "JMESExtractor.matchNumber",
    )
    path = element.text("JMESExtractor.jmesPathExpr")
    return [_extractor("JMESPathVariableExtractor", element, names, path=path)]


def _xpath(element: Element) -> Made:
    return _any_xpath(
        element,
        "XPath1VariableExtractor",
        "XPathExtractor",
        {},
        tolerant=element.flag("XPathExtractor.tolerant"),
    )


def _xpath2(element: Element) -> Made:
    lines = element.text("XPathExtractor2.namespaces").splitlines()
    pairs = (line.partition("=") for line in lines)
    namespaces = {prefix.strip(): uri.strip() for prefix, equals, uri in pairs if equals}
    return _any_xpath(
        element, "XPath2VariableExtractor", "XPathExtractor2", namespaces, tolerant=False
    )


def _any_xpath(
    element: Element, kind: str, prefix: str, namespaces: dict[str, str], *, tolerant: bool
) -> Made:
    if element.text("Sample.scope") == "variable":
        return _OF_A_VARIABLE
    number = f"{prefix}.matchNumber"
    names = (f"{prefix}.refname", f"{prefix}.default", number)
    made = _extractor(
        kind,
        element,
        names,
        xpath=element.text(f"{prefix}.xpathQuery"),
        namespaces=namespaces,
        tolerant=tolerant,
    )
    made["matchNumber"] = _whole(element.text(number), -1)
    return [made]


def _css(element: Element) -> Made:
    if element.text("Sample.scope") == "variable":
        return _OF_A_VARIABLE
    names = ("HtmlExtractor.refname", "HtmlExtractor.default", "HtmlExtractor.match_number")
    return [
        _extractor(
            "CssVariableExtractor",
            element,
            names,
            selector=element.text("HtmlExtractor.expr"),
            attribute=element.text("HtmlExtractor.attribute"),
        )
    ]


def _assertion(element: Element) -> Made:
    scope = _SCOPES.get(element.text("Assertion.scope"))
    if scope is None:
        return _OF_A_VARIABLE
    place = element.text("Assertion.test_field").removeprefix("Assertion.") or "response_data"
    location = _LOCATIONS.get(place)
    kind = _whole(element.text("Assertion.test_type"), _CONTAINS)
    strings = element.items("Asserion.test_strings") or element.items("Assertion.test_strings")
    patterns = [one for one in strings if isinstance(one, str)]
    negate = bool(kind & _NOT)
    if location is None:
        return f"looks at {place[:80]}"
    rule = next((rule for bit, rule in _RULES if kind & bit), "CONTAINS")
    if kind & _OR and len(patterns) > 1:
        if negate:
            return "holds when any one of its patterns is missing"
        rule, patterns = _either(rule, patterns)
    return [
        node(
            "ResponseAssertion",
            element.name,
            enabled=element.enabled,
            type=scope,
            location=location,
            rule=rule,
            patterns=patterns,
            negate=negate,
            assumeSuccess=element.flag("Assertion.assume_success"),
            message=element.text("Assertion.custom_message"),
        )
    ]


def _either(rule: str, patterns: list[str]) -> tuple[str, list[str]]:
    """One regular expression that holds when any of the patterns does."""
    if rule in {"EQUALS", "SUBSTRING"}:
        patterns = [_literal(pattern) for pattern in patterns]
    either = "|".join(f"(?:{pattern})" for pattern in patterns)
    return ("MATCHES" if rule in {"EQUALS", "MATCHES"} else "CONTAINS"), [either]


def _json_assertion(element: Element) -> Made:
    validates = element.flag("JSONVALIDATION")
    return [
        node(
            "JsonAssertion",
            element.name,
            enabled=element.enabled,
            path=element.text("JSON_PATH"),
            expectedValue=element.text("EXPECTED_VALUE") if validates else None,
            regex=validates and element.flag("ISREGEX", default=True),
            negate=element.flag("INVERT"),
            expectNull=element.flag("EXPECT_NULL"),
        )
    ]


PROCESSORS: dict[str, Callable[[Element], Made]] = {
    "RegexExtractor": _regexp,
    "BoundaryExtractor": _boundary,
    "JSONPostProcessor": _json,
    "JMESPathExtractor": _jmes,
    "XPathExtractor": _xpath,
    "XPath2Extractor": _xpath2,
    "HtmlExtractor": _css,
    "ResponseAssertion": _assertion,
    "JSONPathAssertion": _json_assertion,
}
"""By class."""
