"""Checks a whole document: at REST before it is kept, and around a patch before it is sent.

Only what must hold is checked: known `@type`s, required properties, types, bounds, and a few
rules between properties. Unknown properties are left alone. Who checks says which types plugins
add: two servers in one process may differ in them.
"""

import importlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from octoperf_mcp.entities.added_checks import NOTHING, broken_properties
from octoperf_mcp.entities.added_types import (
    CHILDREN,
    NO_ADDED_TYPES,
    UNIONS,
    AddedType,
    AddedTypes,
    Union,
)
from octoperf_mcp.entities.rules import broken_rules
from octoperf_mcp.errors import OctoPerfMcpError

_MODELS = {
    "workspace": ("places", "Workspace", ""),
    "project": ("places", "Project", ""),
    "docker_provider": ("places", "DockerProvider", ""),
    "virtual_user": ("actions", "VirtualUser", "vu"),
    "http_server": ("http_servers", "HttpServer", ""),
    "variable": ("variables", "VariableWrapper", "variables"),
    "correlation_rule": ("correlation", "CorrelationRule", "correlation-rules"),
    "scenario": ("scenario", "Scenario", "scenario"),
    "bench_report": ("report", "BenchReport", "bench-report"),
    "bench_report_template": ("report", "BenchReportTemplate", "bench-report"),
}
_EXPECTED = {
    "missing": "required property",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "dict_type": "an object",
    "list_type": "a list",
    "string_type": "a text",
    "bool_type": "true or false",
    "int_type": "an integer",
    "float_type": "a number",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "at least {min_length} character(s)",
    "string_pattern_mismatch": "a text like {pattern}",
    "too_short": "at least {min_length} item(s)",
    "too_long": "at most {max_length} item(s)",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number from {ge}",
    "less_than_equal": "a number up to {le}",
}
"""Words for the errors of pydantic, by their type."""

_LONGEST_SHOWN = 80


class Mismatch(OctoPerfMcpError):  # noqa: N818 - the finding of a check, not a fault
    """A document is not what its kind must be.

    Args:
        pointer: JSON pointer of the place, `""` for the whole document.
        expected: What must stand there, in words.
        got: What stands there, in words; `nothing` where a property is missing.
        schema: Name of the public schema to read, `vu` for `octoperf://schema/vu`; may be empty.
        allowed: The known values, where there is a closed list.
    """

    code = "invalid_document"

    def __init__(
        self, pointer: str, expected: str, got: str, schema: str, allowed: tuple[str, ...] = ()
    ) -> None:
        where = pointer or "the root"
        super().__init__(f"invalid at {where}: {_problem(expected, got)}{_advice(schema)}")
        self.pointer = pointer
        self.expected = expected
        self.got = got
        self.schema = schema
        self.allowed = allowed


def check(kind: str, document: Any, added: AddedTypes = NO_ADDED_TYPES) -> None:
    """Check a document of a kind.

    Args:
        kind: `virtual_user`, `scenario`, `bench_report`, `bench_report_template`, `variable`,
            `correlation_rule`, `http_server`, `project`, `workspace` or `docker_provider`.
        document: The decoded JSON.
        added: Types that plugins add.

    Raises:
        Mismatch: the first place that is wrong.
    """
    for wrong in mismatches(kind, document, added):
        raise wrong


def check_change(kind: str, before: Any, after: Any, added: AddedTypes = NO_ADDED_TYPES) -> None:
    """Check what a change touched: what was wrong before it, as far as it is still, may stay.

    A newer platform writes what these models do not know; it survives being read, changed
    elsewhere and written back.

    Args:
        kind: As for `check`.
        before: The document as it was.
        after: The document as it is to be.
        added: Types that plugins add.

    Raises:
        Mismatch: the first place that the change made wrong.
    """
    found = list(mismatches(kind, after, added))
    if not found:
        return
    known = Counter(_same_wherever(wrong, before) for wrong in mismatches(kind, before, added))
    for wrong in found:
        same = _same_wherever(wrong, after)
        if not known[same]:
            raise wrong
        known[same] -= 1


def mismatches(kind: str, document: Any, added: AddedTypes = NO_ADDED_TYPES) -> Iterator[Mismatch]:
    """All places of a document of a kind that are wrong."""
    schema = schema_of(kind)
    yield from _Types(schema, added).wrong(_validator(kind), document)
    if isinstance(document, dict):
        for broken in broken_rules(kind, document):
            yield Mismatch(broken.pointer, broken.expected, broken.got, schema, broken.allowed)


@dataclass(frozen=True, slots=True)
class _Types:
    """Checks types and properties; of the members that plugins add, too."""

    schema: str
    added: AddedTypes

    def wrong(
        self, validator: TypeAdapter[Any], document: Any, pointer: str = ""
    ) -> Iterator[Mismatch]:
        try:
            validator.validate_python(document)
        except ValidationError as error:
            for each in error.errors(include_url=False):
                wrong = _mismatch(each, document, self.schema, pointer)
                unlisted = each["type"] == "union_tag_invalid"
                union = UNIONS.get(wrong.pointer.rsplit("/", 3)[1]) if unlisted else None
                if union is None:
                    yield wrong
                else:
                    yield from self._unlisted(wrong, each["input"], union)

    def _unlisted(self, wrong: Mismatch, member: Any, union: Union) -> Iterator[Mismatch]:
        """A member of a type that is not ours: a plugin's, or one of a newer platform."""
        found = self.added.find(union, member["@type"])
        where = wrong.pointer.removesuffix("/@type")
        if found is not None:
            yield from self._added(found, member, where)
            return
        plugin = self.added.off().get(member["@type"])
        off = f" (the plugin {plugin}, which has this one, is off here)" if plugin else ""
        allowed = (*wrong.allowed, *self.added.names(union))
        yield Mismatch(wrong.pointer, wrong.expected + off, wrong.got, self.schema, allowed)
        children = member.get(CHILDREN)
        for index, child in enumerate(children if isinstance(children, list) else ()):
            yield from self.wrong(_model("actions", "Action"), child, f"{where}/{CHILDREN}/{index}")

    def _added(self, found: AddedType, member: dict[str, Any], where: str) -> Iterator[Mismatch]:
        yield from self.wrong(_model(*_base_of(found)), member, where)
        if member.get(CHILDREN) and not found.children and found.union == "Action":
            got = _shown(member[CHILDREN])
            yield Mismatch(f"{where}/{CHILDREN}", "no actions below it", got, self.schema)
        for steps, expected, got, allowed in broken_properties(found, member):
            told = "nothing" if got is NOTHING else _shown(got)
            yield Mismatch(where + pointer_of(steps), expected, told, self.schema, allowed)


def _base_of(found: AddedType) -> tuple[str, str]:
    """Module and model of what every member of the union has."""
    if found.union == "BenchReportItem":
        return "report", "ItemBase"
    return ("actions", "Container") if found.children else ("processors", "ActionBase")


def _same_wherever(wrong: Mismatch, document: Any) -> tuple[str, ...]:
    """What tells a mismatch from others wherever its owner stands: the owner, and what is wrong."""
    here, owner, inside = document, ("", ""), ""
    for step in wrong.pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        inside += "/*" if isinstance(here, list) else f"/{step}"
        here = _below(here, name)
        if isinstance(here, dict) and "id" in here:
            owner, inside = (str(here["id"]), str(here.get("@type"))), ""
    return (*owner, inside, wrong.expected.partition(" (")[0], wrong.got)


def _below(here: Any, name: str) -> Any:
    if isinstance(here, list):
        return here[int(name)] if name.isdigit() and int(name) < len(here) else None
    return here.get(name) if isinstance(here, dict) else None


def schema_of(kind: str) -> str:
    """Name of the public schema of a kind: `vu`, `scenario`, … or empty."""
    return _MODELS[kind][2]


def _validator(kind: str) -> TypeAdapter[Any]:
    module, name, _ = _MODELS[kind]
    return _model(module, name)


def own_types() -> frozenset[str]:
    """Every `@type` of an action or a report item that the platform has itself."""
    unknown = {"@type": ""}
    asked = ("virtual_user", {"children": [unknown]}), ("bench_report", {"items": [unknown]})
    found = [wrong for kind, document in asked for wrong in mismatches(kind, document)]
    return frozenset(name for wrong in found for name in wrong.allowed if "/@type" in wrong.pointer)


@cache
def _model(module: str, name: str) -> TypeAdapter[Any]:
    return TypeAdapter(getattr(importlib.import_module(f"{__package__}.{module}"), name))


def _problem(expected: str, got: str) -> str:
    if got == "nothing":
        return f"missing {expected}"
    return f"expected {expected}, got {got}"


def _advice(schema: str) -> str:
    return f" (see octoperf://schema/{schema})" if schema else ""


def _mismatch(error: ErrorDetails, document: Any, schema: str, pointer: str) -> Mismatch:
    place = pointer + pointer_of(list(_steps(error["loc"], document)))
    kind, context = error["type"], error.get("ctx", {})
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        tags = context.get("expected_tags", "")
        allowed = tuple(tag.strip("'") for tag in tags.split(", ") if tag)
        got = _shown(context["tag"]) if kind == "union_tag_invalid" else "nothing"
        return Mismatch(f"{place}/@type", "a known @type", got, schema, allowed)
    got = "nothing" if kind == "missing" else _shown(error["input"])
    if kind == "literal_error":
        allowed = tuple(context["expected"].replace(" or ", ", ").replace("'", "").split(", "))
        expected = f"one of {context['expected']}" if len(allowed) > 1 else context["expected"]
        return Mismatch(place, expected, got, schema, allowed)
    words = _EXPECTED.get(kind)
    expected = words.format(**context) if words else error["msg"]
    return Mismatch(place, expected, got, schema)


def _steps(location: tuple[int | str, ...], document: Any) -> Iterator[int | str]:
    """Location of an error without the names of union members that pydantic puts into it."""
    here = document
    for position, part in enumerate(location):
        inside = isinstance(here, list) and isinstance(part, int) and part < len(here)
        if inside or (isinstance(here, dict) and part in here):
            here = here[part]
        elif position < len(location) - 1 or part == "[key]":
            continue
        yield part


def pointer_of(steps: list[int | str]) -> str:
    """JSON pointer (RFC 6901) of property names and indexes."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
