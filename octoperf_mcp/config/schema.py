"""The configuration file as a JSON Schema (draft 2020-12), for editors and checks in CI."""

import inspect
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

from octoperf_mcp.config.sections import SECTIONS
from octoperf_mcp.config.values import Secret

_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}


def json_schema(more: Mapping[str, type[Any]] | None = None) -> dict[str, Any]:
    """The schema of the TOML file.

    Args:
        more: Sections of plugins besides the built-in ones.
    """
    sections = {**SECTIONS, **(more or {})}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "octoperf-mcp.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _section(kind) for name, kind in sections.items()},
    }


def _section(kind: type[Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {
        "description": (inspect.getdoc(kind) or "").partition("\n")[0],
        "type": "object",
        "additionalProperties": False,
        "properties": {item.name: _key(item, hints[item.name]) for item in fields(kind)},
    }


def _key(item: Field[Any], hint: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"description": item.metadata.get("help", "")}
    if hint is Secret:
        return told | {"type": "string", "writeOnly": True}
    if typing.get_origin(hint) is tuple:
        told |= {"type": "array", "items": {"type": "string"}}
    else:
        told["type"] = _TYPES.get(hint, "string")
    if item.default is not MISSING:
        default = item.default
        told["default"] = list(default) if isinstance(default, tuple) else default
    for name, keyword in (("choices", "enum"), ("least", "minimum"), ("most", "maximum")):
        limit = item.metadata.get(name)
        if limit not in (None, ()):
            told[keyword] = list(limit) if isinstance(limit, tuple) else limit
    return told
