"""Values in HTTP fields that mirror the body: `Mcp-Name`, `Mcp-Param-*`.

2026-07-28, basic/transports: what is not plain visible ASCII travels as `=?base64?…?=`, the
standard Base64 of UTF-8, markers in lower case. Values are compared after decoding.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from octoperf_mcp.errors import HeaderMismatchError, PluginError

PARAM_PREFIX = "Mcp-Param-"
ANNOTATION = "x-mcp-header"

_SENTINEL = re.compile(r"=\?base64\?(.*)\?=")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_DECIMAL = re.compile(r"-?[0-9]+(\.0+)?")
_TYPES = ("string", "integer", "boolean")
_ONE = frozenset(
    (
        "items",
        "contains",
        "unevaluatedItems",
        "additionalProperties",
        "propertyNames",
        "unevaluatedProperties",
        "not",
        "if",
        "then",
        "else",
        "contentSchema",
    )
)
_MANY = frozenset(("allOf", "anyOf", "oneOf", "prefixItems"))
_NAMED = frozenset(("patternProperties", "dependentSchemas", "$defs", "definitions"))


class Headers(Protocol):
    """Fields of a request, names regardless of case; repeated ones are kept apart."""

    def getall(self, key: str, default: tuple[()], /) -> Sequence[str]:
        """All values of one field."""
        ...


def decode(value: str) -> str | None:
    """The text behind a field's value; None when its Base64 or UTF-8 is broken."""
    value = value.strip(" \t")
    found = _SENTINEL.fullmatch(value)
    if found is None:
        return value
    try:
        raw = base64.b64decode(found[1], validate=True)
        canonical = base64.b64encode(raw).decode("ascii") == found[1]
        return raw.decode("utf-8") if canonical else None
    except (binascii.Error, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class HeaderParam:
    """An argument that clients repeat in a field, so that a gateway can route on it."""

    path: tuple[str, ...]
    field: str
    type: str

    @property
    def argument(self) -> str:
        """Dotted name for messages."""
        return ".".join(self.path)


def header_params(tool: str, schema: Mapping[str, Any]) -> tuple[HeaderParam, ...]:
    """Arguments of an input schema annotated with `x-mcp-header`.

    Raises:
        PluginError: an annotation breaks a rule; clients would drop the whole tool.
    """
    found: dict[str, HeaderParam] = {}
    for path, node in _positions(schema):
        if ANNOTATION not in node:
            continue
        where = ".".join(path or ()) or "a nested schema"
        name, kind = node[ANNOTATION], node.get("type")
        if not path or not isinstance(name, str) or not _TOKEN.fullmatch(name):
            raise PluginError(f"{tool}: {where} cannot carry {ANNOTATION} {name!r}")
        if kind not in _TYPES:
            raise PluginError(f"{tool}: {ANNOTATION} on {where} needs one of {', '.join(_TYPES)}")
        if name.lower() in found:
            raise PluginError(f"{tool}: {ANNOTATION} {name!r} is used twice")
        found[name.lower()] = HeaderParam(path, PARAM_PREFIX + name, kind)
    return tuple(found.values())


def _positions(
    root: Mapping[str, Any],
) -> Iterator[tuple[tuple[str, ...] | None, Mapping[str, Any]]]:
    """Every schema inside `root`, with its path as long as only `properties` lead there."""
    stack: list[tuple[tuple[str, ...] | None, Any]] = [((), root)]
    while stack:
        path, node = stack.pop()
        if not isinstance(node, Mapping):
            continue
        yield path, node
        for key, value in node.items():
            if key == "properties" and isinstance(value, Mapping):
                stack.extend(
                    (None if path is None else (*path, name), sub) for name, sub in value.items()
                )
            elif key in _ONE:
                stack.append((None, value))
            elif key in _MANY and isinstance(value, list):
                stack.extend((None, sub) for sub in value)
            elif key in _NAMED and isinstance(value, Mapping):
                stack.extend((None, sub) for sub in value.values())


def check_params(
    params: Sequence[HeaderParam], arguments: Mapping[str, Any], headers: Headers
) -> HeaderMismatchError | None:
    """Compare the `Mcp-Param-*` fields of a call with its arguments, first difference wins."""
    for param in params:
        values = headers.getall(param.field, ())
        if len(values) > 1:
            return HeaderMismatchError(f"The field {param.field} appears more than once.")
        value = _at(arguments, param.path)
        absent = _written(value) is None
        if absent and not values:
            continue
        if absent:
            return HeaderMismatchError(
                f"The field {param.field} is there, the argument {param.argument} is not."
            )
        if not values:
            return HeaderMismatchError(
                f"The field {param.field} is missing; the argument {param.argument} is there."
            )
        if not _same(param, value, decode(values[0])):
            return HeaderMismatchError(
                f"The field {param.field} differs from the argument {param.argument}."
            )
    return None


def _at(arguments: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    node: Any = arguments
    for key in path:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


def _written(value: Any) -> str | None:
    """How a client writes the value; None for what has no form in a field."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def _same(param: HeaderParam, value: Any, decoded: str | None) -> bool:
    """Whether field and argument agree; integers by their number, `42` is `42.0`."""
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0
    if decoded is not None and param.type == "integer" and whole and _DECIMAL.fullmatch(decoded):
        try:
            return int(decoded.partition(".")[0]) == int(value)
        except ValueError:  # more digits than Python reads
            return False
    return decoded == _written(value)
