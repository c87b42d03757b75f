"""Checks of links to other virtual users: whether they exist, and do not go in a circle."""

from collections.abc import Mapping
from typing import Any

from octoperf_mcp.embedded.sanity.messages import ERROR, enabled_nodes, kind, named, row, text

Json = dict[str, Any]

_LINKS = frozenset({"LinkAction", "FragmentAction"})


def check_links(virtual_user: Json, others: Mapping[str, Json]) -> list[Json]:
    """Rows about the links of a virtual user.

    Args:
        virtual_user: The whole document.
        others: Virtual users of the project by id, with their trees.
    """
    own = text(virtual_user.get("id"))
    rows = []
    for node in enabled_nodes(virtual_user):
        if kind(node) not in _LINKS:
            continue
        target = text(node.get("virtualUserId"))
        about = {"actionId": text(node.get("id"))}
        if not target or (target != own and target not in others):
            rows.append(row(ERROR, f"No Virtual User Found for link {named(node)}", **about))
        elif _circular(target, own, others):
            rows.append(
                row(ERROR, f"Cyclic Dependency Detected! {named(node)} leads back", **about)
            )
    return rows


def played_by(virtual_user: Json, others: Mapping[str, Json]) -> list[Json]:
    """A virtual user and all those that it plays, each once."""
    found = [virtual_user]
    seen = {text(virtual_user.get("id"))}
    for document in found:
        for target in _targets(document):
            if target not in seen and target in others:
                seen.add(target)
                found.append(others[target])
    return found


def _targets(document: Json) -> list[str]:
    """Virtual users that a document links to."""
    return [
        text(node.get("virtualUserId")) for node in enabled_nodes(document) if kind(node) in _LINKS
    ]


def _circular(start: str, own: str, others: Mapping[str, Json]) -> bool:
    """Whether playing `start` plays `own` again, or any virtual user within itself."""
    if start == own and own:
        return True
    graph: dict[str, list[str]] = {own: [start]}
    reached = [start]
    while reached:
        current = reached.pop()
        if current in graph:
            continue
        graph[current] = _targets(others[current]) if current in others else []
        reached.extend(graph[current])
    return _has_cycle(graph)


def _has_cycle(graph: dict[str, list[str]]) -> bool:
    """Whether removing, again and again, what leads nowhere leaves something."""
    left = dict(graph)
    while True:
        ends = [node for node, targets in left.items() if not any(t in left for t in targets)]
        if not ends:
            return bool(left)
        for node in ends:
            del left[node]
