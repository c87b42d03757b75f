"""Types that plugins add to documents: actions of a virtual user, items of a report.

What is known of one is plain data, so that every process that checks a document can be handed it.
A type of a plugin that is off is like one of a newer platform: what is stored stays, and none is
added.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import orjson

from octoperf_mcp.errors import PluginError

Json = Mapping[str, Any]
Union = Literal["Action", "BenchReportItem"]

UNIONS: Final[Mapping[str, Union]] = {"children": "Action", "items": "BenchReportItem"}
"""Union of what stands in a list, by the list's property; its name in the public schema."""

CHILDREN: Final = "children"

_BASES: Final[Mapping[Union, tuple[str, ...]]] = {
    "Action": ("@type", "id", "name", "enabled", "description", CHILDREN),
    "BenchReportItem": ("@type", "id", "name", "description", "width", "configs"),
}
"""What every member of a union has."""

_TEXT: Final = {"type": ["string", "null"]}
_SHOWN: Final[Mapping[Union, Json]] = {
    "Action": {"id": {"type": "string"}, "name": _TEXT, "enabled": {"type": "boolean"}},
    "BenchReportItem": {
        "id": {"type": "string"},
        "name": _TEXT,
        "description": _TEXT,
        "width": {"enum": ["FULL", "HALF", None]},
        "configs": {"type": ["array", "null"], "items": {"$ref": "#/$defs/Config"}},
    },
}
"""The same as the public schema shows it."""

_NAME: Final = re.compile(r"[A-Z][A-Za-z0-9]{2,79}", re.ASCII)
_PROPERTY: Final = re.compile(r"[a-z][A-Za-z0-9]{0,79}", re.ASCII)
_REFERENCES: Final = ("$ref", "$dynamicRef", "$id")


@dataclass(frozen=True, slots=True)
class AddedType:
    """A member of a union that a plugin added.

    Args:
        union: `Action` or `BenchReportItem`.
        name: Its `@type`: letters and digits, with a capital first.
        description: What it is, a sentence; agents read it in the public schema.
        properties: JSON Schemas (2020-12) of its own properties by name, without references.
            A property that is not required may also be null.
        required: Names among them.
        children: Whether actions may stand below it.
        plugin: Who added it.

    Raises:
        PluginError: a name or a schema is impossible.
    """

    union: Union
    name: str
    description: str
    properties: Json = field(default_factory=dict)
    required: tuple[str, ...] = ()
    children: bool = False
    plugin: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise PluginError(f"{self.name!r} is no @type: letters and digits, a capital first")
        for name in self.properties:
            if name in _BASES[self.union] or not _PROPERTY.fullmatch(name):
                raise PluginError(f"{self.name} cannot have a property {name!r} of its own")
        for name in self.required:
            if name not in self.properties:
                raise PluginError(f"{self.name} requires {name!r}, which it does not have")
        if any(name in _REFERENCES for name in _keys(self.properties)):
            raise PluginError(f"the schema of {self.name} must not refer to others")

    def own_schema(self) -> dict[str, Any]:
        """JSON Schema of its own properties; others are left alone."""
        return {
            "type": "object",
            "properties": dict(self.properties),
            "required": list(self.required),
        }

    def branch(self) -> dict[str, Any]:
        """Its definition in the public schema."""
        shown = {"@type": {"const": self.name}, **_SHOWN[self.union]}
        written = ["@type", "id"]
        if self.union == "Action":
            written.append("enabled")
        if self.children:
            shown[CHILDREN] = {"type": "array", "items": {"$ref": "#/$defs/Action"}}
            written.append(CHILDREN)
        return {
            "description": self.description,
            "type": "object",
            "required": [*written, *self.required],
            "properties": {**shown, **self.properties},
        }


@dataclass(frozen=True, slots=True)
class AddedTypes:
    """All that the enabled plugins add, and which plugin that is off would have had a type."""

    types: tuple[AddedType, ...] = ()
    off: Callable[[], Mapping[str, str]] = dict

    def find(self, union: Union, name: Any) -> AddedType | None:
        """The type of this name."""
        return next((one for one in self.types if (one.union, one.name) == (union, name)), None)

    def names(self, union: Union) -> tuple[str, ...]:
        """Of the types of a union."""
        return tuple(one.name for one in self.types if one.union == union)

    def packed(self) -> dict[str, Any]:
        """As JSON can hold it, for another process."""
        return {"types": [_plain(one) for one in self.types], "off": dict(self.off())}

    @classmethod
    def unpacked(cls, packed: Json) -> "AddedTypes":
        """What `packed` made."""
        off = dict(packed["off"])
        types = (
            AddedType(**{**one, "required": tuple(one["required"])}) for one in packed["types"]
        )
        return cls(tuple(types), lambda: off)


NO_ADDED_TYPES: Final = AddedTypes()


def with_added_types(schema: bytes, types: Iterable[AddedType]) -> bytes:
    """A public schema with a branch for each type whose union it has."""
    added = [one for one in types if f'"{one.union}": {{'.encode() in schema]
    if not added:
        return schema
    made = orjson.loads(schema)
    for one in added:
        made["$defs"][one.union]["oneOf"].append({"$ref": f"#/$defs/{one.name}"})
        made["$defs"][one.name] = one.branch()
    made["$defs"] = dict(sorted(made["$defs"].items()))
    return schema_text(made).encode()


def schema_text(schema: Json) -> str:
    """A line for each definition: short for a model to read, and a change shows where it is."""
    definitions = schema["$defs"]
    lines = ",\n  ".join(_lines(definitions))
    head = ",\n ".join(_lines({key: schema[key] for key in schema if key != "$defs"}))
    return f'{{{head},\n "$defs": {{\n  {lines}\n }}\n}}\n'


def _lines(values: Json) -> list[str]:
    return [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in values.items()]


def _plain(one: AddedType) -> dict[str, Any]:
    return {
        "union": one.union,
        "name": one.name,
        "description": one.description,
        "properties": dict(one.properties),
        "required": list(one.required),
        "children": one.children,
        "plugin": one.plugin,
    }


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield str(key)
            yield from _keys(below)
    elif isinstance(value, list | tuple):
        for below in value:
            yield from _keys(below)
