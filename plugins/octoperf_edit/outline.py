"""The action tree of a virtual user in one row per action, and one action by its id."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from octoperf_edit.payloads import OutlineRow
from octoperf_mcp import plain_text

_LABEL_MAX_CHARS = 120


def walk(node: Mapping[str, Any], pointer: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """JSON Pointer and content of each action below `node`, top to bottom."""
    stack = _below(node, pointer)
    while stack:
        place, child = stack.pop()
        yield place, child
        stack += _below(child, place)


def _below(node: Mapping[str, Any], pointer: str) -> list[tuple[str, dict[str, Any]]]:
    """The actions right below a node, the last one first."""
    children = node.get("children")
    if not isinstance(children, list):
        return []
    found = [
        (f"{pointer}/children/{index}", child)
        for index, child in enumerate(children)
        if isinstance(child, dict)
    ]
    return found[::-1]


def find(document: Mapping[str, Any], action_id: str) -> tuple[str, dict[str, Any]] | None:
    """Pointer and content of the action with this id."""
    return next((found for found in walk(document) if found[1].get("id") == action_id), None)


def without_children(node: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of a node itself."""
    return {name: value for name, value in node.items() if name != "children"}


def size_bytes(value: Any) -> int:
    """Length as compact JSON."""
    return len(orjson.dumps(value))


def outline(node: Mapping[str, Any], pointer: str, depth: int | None) -> list[OutlineRow]:
    """Rows of the actions below `node`, down to `depth` levels; None is all of them."""
    level = pointer.count("/children/")
    return [
        _row(place, child)
        for place, child in walk(node, pointer)
        if depth is None or place.count("/children/") - level <= depth
    ]


def _row(pointer: str, action: Mapping[str, Any]) -> OutlineRow:
    children = action.get("children")
    request = None
    if "path" in action and "method" in action:
        request = plain_text(f"{action['method']} {action['path']}", _LABEL_MAX_CHARS)
    return OutlineRow(
        pointer=pointer,
        id=str(action.get("id") or ""),
        type=str(action.get("@type") or ""),
        name=plain_text(str(action.get("name") or ""), _LABEL_MAX_CHARS),
        request=request,
        enabled=action.get("enabled") is True,
        children=len(children) if isinstance(children, list) else 0,
        size_bytes=size_bytes(action),
    )
