"""Checks a whole document: at REST before it is kept, and around a patch before it is sent.

Only what must hold is checked: known `@type`s, required properties, types, bounds, and a few
rules between properties. Unknown properties are left alone.
"""

import importlib
import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

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
_BROWSER_ENGINES = {"PlaywrightUserProfileEngine", "SeleniumUserProfileEngine"}


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


def check(kind: str, document: Any) -> None:
    """Check a document of a kind.

    Args:
        kind: `virtual_user`, `scenario`, `bench_report`, `variable`, `correlation_rule`,
            `http_server`, `project`, `workspace` or `docker_provider`.
        document: The decoded JSON.

    Raises:
        Mismatch: the first place that is wrong.
    """
    schema = schema_of(kind)
    try:
        _model(kind).model_validate(document)
    except ValidationError as error:
        raise _mismatch(error.errors(include_url=False)[0], document, schema) from None
    for rule in _RULES.get(kind, ()):
        rule(document, schema)


def schema_of(kind: str) -> str:
    """Name of the public schema of a kind: `vu`, `scenario`, … or empty."""
    return _MODELS[kind][2]


@cache
def _model(kind: str) -> type[BaseModel]:
    module, name, _ = _MODELS[kind]
    found: type[BaseModel] = getattr(importlib.import_module(f"{__package__}.{module}"), name)
    return found


def _problem(expected: str, got: str) -> str:
    if got == "nothing":
        return f"missing {expected}"
    return f"expected {expected}, got {got}"


def _advice(schema: str) -> str:
    return f" (see octoperf://schema/{schema})" if schema else ""


def _mismatch(error: ErrorDetails, document: Any, schema: str) -> Mismatch:
    steps = list(_steps(error["loc"], document))
    kind, context = error["type"], error.get("ctx", {})
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        tags = context.get("expected_tags", "")
        allowed = tuple(tag.strip("'") for tag in tags.split(", ") if tag)
        got = _shown(context["tag"]) if kind == "union_tag_invalid" else "nothing"
        return Mismatch(pointer_of([*steps, "@type"]), "a known @type", got, schema, allowed)
    got = "nothing" if kind == "missing" else _shown(error["input"])
    if kind == "literal_error":
        allowed = tuple(context["expected"].replace(" or ", ", ").replace("'", "").split(", "))
        expected = f"one of {context['expected']}" if len(allowed) > 1 else context["expected"]
        return Mismatch(pointer_of(steps), expected, got, schema, allowed)
    words = _EXPECTED.get(kind)
    expected = words.format(**context) if words else error["msg"]
    return Mismatch(pointer_of(steps), expected, got, schema)


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


def walk(children: Any, pointer: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each action of a tree with its JSON pointer, top to bottom.

    Args:
        children: The document's `children`.
        pointer: Where the list stands, `/children`.
    """
    stack = [(f"{pointer}/{index}", node) for index, node in enumerate(children or ())]
    stack.reverse()
    while stack:
        where, node = stack.pop()
        yield where, node
        below = [(f"{where}/children/{i}", n) for i, n in enumerate(node.get("children") or ())]
        stack += reversed(below)


def _unique_action_ids(document: dict[str, Any], schema: str) -> None:
    """Samples, errors and report rows refer to an action by its id."""
    seen: dict[str, str] = {}
    for pointer, action in walk(document["children"], "/children"):
        identity = action["id"]
        if not identity:
            raise Mismatch(f"{pointer}/id", "an id, such as a fresh UUID", '""', schema)
        if identity in seen:
            expected = f"an id of its own ({seen[identity]} has it already)"
            raise Mismatch(f"{pointer}/id", expected, _shown(identity), schema)
        seen[identity] = pointer


def _counted_loops(document: dict[str, Any], schema: str) -> None:
    for pointer, action in walk(document["children"], "/children"):
        if action["@type"] != "LoopContainerAction":
            continue
        if action.get("count") is None and not action.get("countExpression"):
            raise Mismatch(f"{pointer}/count", "required property", "nothing", schema)


def _possible_loads(document: dict[str, Any], schema: str) -> None:
    for index, profile in enumerate(document["userProfiles"]):
        where, load = f"/userProfiles/{index}/load", profile["load"]
        if load["@type"] == "UserProfileLoadCustom":
            _rising_points(load["points"], f"{where}/points", schema)
        users = [load.get("plateauVus", 0)]
        users += [point["threadsCount"] for point in load.get("points") or ()]
        if profile["engine"]["@type"] in _BROWSER_ENGINES and max(users) > 1:
            expected = "1 user, the most that a profile with a real browser may have"
            place = "plateauVus" if "plateauVus" in load else "points"
            raise Mismatch(f"{where}/{place}", expected, str(max(users)), schema)


def _rising_points(points: list[dict[str, Any]], where: str, schema: str) -> None:
    times = [point["timeInMs"] for point in points]
    if times[0] != 0:
        raise Mismatch(f"{where}/0/timeInMs", "0 for the first point", str(times[0]), schema)
    for index in range(1, len(times)):
        if times[index] < times[index - 1]:
            expected = f"a time not before {times[index - 1]}"
            raise Mismatch(f"{where}/{index}/timeInMs", expected, str(times[index]), schema)


def _ordered_bounds(document: dict[str, Any], schema: str) -> None:
    variable = document["variable"]
    if variable["@type"] == "RandomVariable" and variable["max"] < variable["min"]:
        expected = f"a number not below min, {variable['min']}"
        raise Mismatch("/variable/max", expected, str(variable["max"]), schema)


_RULES: dict[str, tuple[Callable[[dict[str, Any], str], None], ...]] = {
    "virtual_user": (_unique_action_ids, _counted_loops),
    "scenario": (_possible_loads,),
    "variable": (_ordered_bounds,),
}
