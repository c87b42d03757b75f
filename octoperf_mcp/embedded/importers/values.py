"""Reading JSON whose types nobody promised: wrong ones read as absent."""

import json
from collections.abc import Iterator
from typing import Any

import orjson

from octoperf_mcp.embedded.importers.failures import ImportFailed

MAX_DEPTH = 200
"""Levels of arrays and objects; an action tree uses two for each of its own."""
_MAX_NUMBER = 2**53


def parse(data: bytes, what: str) -> Any:
    """The JSON in `data`, a byte-order mark allowed.

    Lone surrogates, which browsers write for binary bodies, are tolerated; `text` mends them.

    Args:
        data: The bytes.
        what: How to call them in an error, such as `The file`.

    Raises:
        ImportFailed: it is no JSON, or nested too deeply.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        where = error
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise ImportFailed(
            f"{what} is no JSON: {where.msg} (line {where.lineno}, column {where.colno}).",
            "Save it again as UTF-8 text; a download may have been cut short.",
        ) from None


def text(value: Any) -> str:
    """A string that can be encoded; anything but a string is an empty one."""
    if not isinstance(value, str):
        return ""
    if value.isascii():
        return value
    return value.encode("utf-8", "replace").decode("utf-8")


def mapping(value: Any) -> dict[str, Any]:
    """An object; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """A list; anything else is an empty one."""
    return value if isinstance(value, list) else []


def number(value: Any) -> float | None:
    """A finite number of sensible size, or None; True is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -_MAX_NUMBER <= value <= _MAX_NUMBER else None


def pairs(value: Any) -> Iterator[tuple[str, str]]:
    """The `name` and `value` of a list of objects; an element without a name is left out."""
    for element in items(value):
        pair = mapping(element)
        if name := text(pair.get("name")):
            yield name, text(pair.get("value"))


def depth_of(value: Any) -> int:
    """Levels of arrays and objects, counted level by level: no recursion."""
    depth = 0
    level = [value] if isinstance(value, (dict, list)) else []
    while level:
        depth += 1
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, (dict, list))
        ]
    return depth
