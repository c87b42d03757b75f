"""The public JSON Schemas of the documents, made from their models.

An agent reads them before it writes a patch. They are stricter than the server in one respect: a
flag that is left out reads as false and missing children as none, so both are required here.

`python -m octoperf_mcp.entities.schemas public_assets/schema` writes the committed files.
"""

import copy
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from octoperf_mcp.entities.actions import VirtualUser
from octoperf_mcp.entities.added_types import schema_text
from octoperf_mcp.entities.correlation import CorrelationRule, InjectionRule
from octoperf_mcp.entities.report import BenchReport
from octoperf_mcp.entities.scenario import Scenario
from octoperf_mcp.entities.variables import VariableWrapper

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_REF: Final = "#/$defs/"
_TYPE: Final = "@type"
_WRITTEN: Final = ("enabled", "children")
"""Required of who writes a document, where a type has them."""

_ALIASES: Final = frozenset(
    {
        "CssExtractor",
        "CssJQueryVariableExtractor",
        "DelayAction",
        "FragmentAction",
        "JMeterAction",
        "JmesPathVariableExtractor",
        "JsonExtractor",
        "JsonVariableExtractor",
        "RegexExtractor",
        "RegexpExtractor",
        "SeleniumAction",
        "ThroughputContainerAction",
        "XPathVariableExtractor",
    }
)
"""Spellings that are read, and not to be written."""

_UNIONS: Final = {
    "ConstantVariable": "Variable",
    "CssVariableExtractor": "Extractor",
    "FormPostData": "PostData",
    "HeaderNameInjectionRule": "InjectionRule",
    "HttpRequestAction": "Action",
    "ApdexReportConfig": "Config",
    "JmeterUserProfileEngine": "Engine",
    "SingleTermFilter": "Filter",
    "SummaryReportItem": "BenchReportItem",
    "ThinktimeConstant": "Thinktime",
    "TrendReportNameSelector": "TrendSelector",
    "UserProfileLoadRampUp": "Load",
}
"""Name of a union by one of its members; an action wins, since extractors are actions too."""

_ROOTS: Final[Mapping[str, tuple[Any, str, str]]] = {
    "vu": (
        VirtualUser,
        "Virtual user",
        (
            "Read before patch_virtual_user. Each action has an id of its own within the tree: "
            "give a new one a fresh UUID."
        ),
    ),
    "scenario": (
        Scenario,
        "Scenario",
        (
            "Read before changing a scenario. Stored times are milliseconds; points start at 0 "
            "and never go back; a real browser has one user. UserProfileLoadArrivals is known to "
            "the embedded platform only."
        ),
    ),
    "bench-report": (
        BenchReport,
        "Bench report",
        (
            "Items and their metrics, filters and configurations; the @type of an item says which "
            "tool reads its values."
        ),
    ),
    "variables": (
        VariableWrapper,
        "Variable",
        "Constant, Counter, Random, CSV, Secret and List variables of a project.",
    ),
    "correlation-rules": (
        CorrelationRule,
        "Correlation rule",
        "An extractor, and the injection rules for what it captures.",
    ),
    "injection-rules": (
        InjectionRule,
        "Injection rule",
        "Where a correlation rule puts a captured value back: eight places.",
    ),
}


def schema(name: str) -> dict[str, Any]:
    """JSON Schema 2020-12 of `vu`, `scenario`, `bench-report`, `variables`, … as a new object."""
    model, title, description = _ROOTS[name]
    made = TypeAdapter(model).json_schema(schema_generator=_Making)
    return {
        "$schema": DIALECT,
        "$id": f"octoperf://schema/{name}",
        "title": title,
        "description": description,
        **_Rewriting(made).result(),
    }


def schema_files() -> dict[str, bytes]:
    """Content of each public file by its name, `vu.json`."""
    return {f"{name}.json": schema_text(schema(name)).encode() for name in _ROOTS}


class _Making(GenerateJsonSchema):
    """The maker of pydantic, which cannot map `@type` in a tree and need not."""

    ignored_warning_kinds = GenerateJsonSchema.ignored_warning_kinds | {"skipped-discriminator"}


class _Rewriting:
    """Turns what pydantic makes into one branch for each `@type`, named by it."""

    def __init__(self, made: Mapping[str, Any]) -> None:
        self._root = {key: value for key, value in made.items() if key != "$defs"}
        self._given: Mapping[str, Any] = made.get("$defs", {})
        self._defs: dict[str, Any] = {}

    def result(self) -> dict[str, Any]:
        root = self._clean(self._root)
        if set(root) == {"$ref"}:
            root = self._defs.pop(root["$ref"].removeprefix(_REF))
        root.pop("description", None)
        return {**root, "$defs": dict(sorted(self._defs.items()))}

    def _clean(self, node: Any) -> Any:
        """The node without noise; references lead to definitions that are made on the way."""
        if isinstance(node, list):
            return [self._clean(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return self._reference(node["$ref"].removeprefix(_REF))
        if "oneOf" in node:
            return self._union(node)
        if "properties" in node:
            return self._object(node)
        kept = {key: self._clean(node[key]) for key in node if key not in ("title", "default")}
        return _or_null(kept)

    def _object(self, node: Mapping[str, Any]) -> dict[str, Any]:
        properties = {name: self._clean(item) for name, item in node["properties"].items()}
        first = [name for name in (_TYPE, "id", "name") if name in properties]
        written = [name for name in _WRITTEN if name in properties]
        wanted = {*node.get("required", ()), *written}
        names = [*first, *(name for name in properties if name not in first)]
        for name in written:
            properties[name] = _never_null(properties[name])
        rest = ("title", "properties", "required", "additionalProperties", "type")
        return {
            **{key: self._clean(value) for key, value in node.items() if key not in rest},
            "type": "object",
            "required": [name for name in names if name in wanted],
            "properties": {name: properties[name] for name in names},
        }

    def _union(self, node: Mapping[str, Any]) -> dict[str, str]:
        members = [item["$ref"].removeprefix(_REF) for item in node["oneOf"]]
        tags = [tag for member in members for tag in self._tags(member)]
        named = [_UNIONS[tag] for tag in tags if tag in _UNIONS]
        name = "Action" if "Action" in named else named[0]
        if name not in self._defs:
            branches: list[Any] = []
            self._defs[name] = {"oneOf": branches}
            for member in members:
                branches += self._branches(member)
        return {"$ref": _REF + name}

    def _reference(self, member: str) -> dict[str, Any]:
        branches = self._branches(member)
        return branches[0] if len(branches) == 1 else {"oneOf": branches}

    def _branches(self, member: str) -> list[dict[str, str]]:
        tags = list(self._tags(member)) or [member]
        for tag in tags:
            if tag not in self._defs:
                self._defs[tag] = {}
                self._defs[tag] = self._branch(member, tag)
        return [{"$ref": _REF + tag} for tag in tags]

    def _branch(self, member: str, tag: str) -> dict[str, Any]:
        node = self._clean(copy.deepcopy(self._given[member]))
        if _TYPE in node["properties"]:
            node["properties"][_TYPE] = {"const": tag}
        return dict(node)

    def _tags(self, member: str) -> Iterator[str]:
        """The values of `@type` to write, without older spellings."""
        given = self._given[member].get("properties", {}).get(_TYPE, {})
        values = given.get("enum") or ([given["const"]] if "const" in given else [])
        return (value for value in values if value not in _ALIASES)


def _or_null(node: dict[str, Any]) -> dict[str, Any]:
    """`anyOf` of a plain type and null in one line."""
    members = node.get("anyOf")
    if not members:
        return node
    if all(set(item) == {"type"} for item in members):
        return {"type": [item["type"] for item in members]}
    plain, *others = members
    if others != [{"type": "null"}] or "type" not in plain:
        return node
    if "enum" in plain:
        return {"enum": [*plain["enum"], None]}
    return {**plain, "type": [plain["type"], "null"]}


def _never_null(node: dict[str, Any]) -> dict[str, Any]:
    """The node without its null, for what a writer has to give."""
    kind = node["type"]
    return {**node, "type": kind[0] if isinstance(kind, list) else kind}


if __name__ == "__main__":
    for file, content in schema_files().items():
        Path(sys.argv[1], file).write_bytes(content)
