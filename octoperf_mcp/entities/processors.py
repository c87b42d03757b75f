"""What stands below a request: extractors, assertions and scripts."""

from typing import Annotated, Any, Literal

from pydantic import Field

from octoperf_mcp.entities.base import Entity, Flag, Text, type_name

ResponseScope = Literal["REQUEST_ONLY", "REQUEST_AND_SUBREQUESTS", "SUBREQUESTS_ONLY"]


class ActionBase(Entity):
    """Properties common to all actions; `enabled` omitted means disabled."""

    id: str
    name: Text = None
    enabled: Flag = None
    description: Text = None


class ExtractorBase(ActionBase):
    """An extractor: writes `${variable}` for what comes after it.

    `match_number` is the occurrence from 1, 0 for a random one, -1 for all of them.
    """

    variable: str
    default_value: Text = None
    match_number: int | None = None


class RegexpVariableExtractor(ExtractorBase):
    """A regular expression with groups, and a template such as `$1$`."""

    kind: Literal["RegexpVariableExtractor", "RegexpExtractor", "RegexExtractor"] = type_name()
    regexp: str
    template: Text = None
    extract_from: (
        Literal["BODY", "HEADERS", "BODY_UNESCAPED", "URL", "CODE", "MESSAGE", "REQUEST_HEADERS"]
        | None
    ) = None
    apply_to: ResponseScope | None = None


class JsonPathVariableExtractor(ExtractorBase):
    """A JSONPath expression, `$.token`."""

    kind: Literal["JsonPathVariableExtractor", "JsonVariableExtractor", "JsonExtractor"] = (
        type_name()
    )
    path: str


class JMESPathVariableExtractor(ExtractorBase):
    """A JMESPath expression."""

    kind: Literal["JMESPathVariableExtractor", "JmesPathVariableExtractor"] = type_name()
    path: str


class XPath1VariableExtractor(ExtractorBase):
    """An XPath 1.0 expression; tolerant reads HTML."""

    kind: Literal["XPath1VariableExtractor", "XPathVariableExtractor"] = type_name()
    xpath: str
    namespaces: dict[str, str] | None = None
    tolerant: Flag = None


class XPath2VariableExtractor(ExtractorBase):
    """An XPath 2.0 expression."""

    kind: Literal["XPath2VariableExtractor"] = type_name()
    xpath: str
    namespaces: dict[str, str] | None = None
    tolerant: Flag = None


class CssVariableExtractor(ExtractorBase):
    """A CSS selector; an empty attribute takes the text."""

    kind: Literal["CssVariableExtractor", "CssJQueryVariableExtractor", "CssExtractor"] = (
        type_name()
    )
    selector: str
    attribute: Text = None


Extractor = Annotated[
    RegexpVariableExtractor
    | JsonPathVariableExtractor
    | JMESPathVariableExtractor
    | XPath1VariableExtractor
    | XPath2VariableExtractor
    | CssVariableExtractor,
    Field(discriminator="kind"),
]
"""Any extractor, by `@type`."""


class ResponseAssertion(ActionBase):
    """A check of the answer; all patterns must hold."""

    kind: Literal["ResponseAssertion"] = type_name()
    type: ResponseScope
    location: Literal[
        "BODY", "HEADERS", "CODE", "MESSAGE", "URL", "REQUEST_HEADERS", "REQUEST_DATA", "DOCUMENT"
    ]
    rule: Literal["CONTAINS", "MATCHES", "EQUALS", "SUBSTRING"]
    patterns: list[str]
    negate: Flag = None
    assume_success: Flag = None
    message: Text = None


class JsonAssertion(ActionBase):
    """A check of one place of a JSON answer; no expected value means existence only."""

    kind: Literal["JsonAssertion"] = type_name()
    path: str
    expected_value: Text = None
    regex: Flag = None
    negate: Flag = None
    expect_null: Flag = None


class JSR223Action(ActionBase):
    """A script; `filename` names a project file that wins over `script`."""

    kind: Literal["JSR223Action", "JSR223PreProcessor", "JSR223PostProcessor"] = type_name()
    language: str
    script: str
    parameters: Text = None
    filename: Text = None


class GenericAction(ActionBase):
    """An imported JMeter element kept as it is."""

    kind: Literal["GenericAction", "JMeterAction"] = type_name()
    test_class: str
    gui_class: Text = None
    test_name: Text = None
    properties: dict[str, Any] | None = None
