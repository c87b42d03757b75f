"""The action tree of a virtual user: each action with its place, and names by id."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

RESOURCES = ".resources"
"""End of the id of a request's second row: the resources that its page embeds."""

_CAPTURES = frozenset({"recordedRequest", "recordedResponse"})


@dataclass(frozen=True, slots=True)
class ActionLabel:
    """An action in words; `kind` is its `@type`."""

    id: str
    name: str
    kind: str
    virtual_user_id: str
    virtual_user_name: str


def action_labels(virtual_user: Mapping[str, Any]) -> dict[str, ActionLabel]:
    """Label of each node of the tree by id, top to bottom; the root has the virtual user's id."""
    owner = (str(virtual_user.get("id") or ""), str(virtual_user.get("name") or ""))
    found = {owner[0]: ActionLabel(*owner, "VirtualUser", *owner)}
    for node in _nodes(virtual_user):
        label = ActionLabel(node["id"], name_of(node), str(node.get("@type") or ""), *owner)
        found.setdefault(label.id, label)
    return found


def walk(children: Any, pointer: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each action of a tree with its JSON pointer, top to bottom.

    Args:
        children: The document's `children`.
        pointer: Where the list stands, `/children`.
    """
    stack = _nodes_below(children, pointer)
    while stack:
        where, node = stack.pop()
        yield where, node
        stack += _nodes_below(node.get("children"), f"{where}/children")


def _nodes_below(children: Any, pointer: str) -> list[tuple[str, dict[str, Any]]]:
    listed = children if isinstance(children, list) else []
    found = [(f"{pointer}/{i}", node) for i, node in enumerate(listed) if isinstance(node, dict)]
    return found[::-1]


def label_of(labels: Mapping[str, ActionLabel], action_id: str) -> ActionLabel | None:
    """Label of a row's action, also for the row of embedded resources."""
    known = labels.get(action_id)
    if known is None and action_id.endswith(RESOURCES):
        request = labels.get(action_id.removesuffix(RESOURCES))
        if request is not None:
            name = f"{request.name} (embedded resources)"
            owner = (request.virtual_user_id, request.virtual_user_name)
            return ActionLabel(action_id, name, request.kind, *owner)
    return known


def _nodes(root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(reversed(node))
            continue
        if not isinstance(node, Mapping):
            continue
        if node is not root and isinstance(node.get("id"), str) and "@type" in node:
            yield node
        members = [value for name, value in node.items() if name not in _CAPTURES]
        stack.extend(value for value in reversed(members) if isinstance(value, list | dict))


def name_of(node: Mapping[str, Any]) -> str:
    """What a reader calls a node: its name, else its request line, else its kind."""
    if node.get("name"):
        return str(node["name"])
    if node.get("path"):
        return f"{node.get('method') or 'GET'} {node['path']}"
    return str(node.get("@type") or node.get("id") or "unnamed")
