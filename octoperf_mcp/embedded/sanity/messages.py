"""Rows of a sanity check, and reading documents whose types nobody promised."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

ERROR, WARNING, INFO = "ERROR", "WARNING", "INFO"
_HUGE = 2**53
_LEVELS = (ERROR, WARNING, INFO)


def row(level: str, message: str, **about: str) -> Json:
    """One row; `about` is `actionId` or `variableId`."""
    return {"level": level, "message": message, **about}


def by_level(rows: list[Json]) -> list[Json]:
    """Errors first, then warnings; within a level in the order in which they were found."""
    return sorted(rows, key=lambda one: _LEVELS.index(one["level"]))


def objects(value: Any) -> Iterator[Json]:
    """The objects of a list; anything else has none."""
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))


def text(value: Any) -> str:
    """A string without surrounding blanks; anything else is an empty one."""
    return value.strip() if isinstance(value, str) else ""


def number(value: Any) -> float | None:
    """A finite number, or None; True is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < _HUGE else None


def named(node: Json) -> str:
    """How to call an action: its name, else its class."""
    return text(node.get("name"))[:80] or kind(node)


def kind(node: Json) -> str:
    """The class of a node."""
    return text(node.get("@type"))[:80] or "Action"


def enabled_nodes(root: Json) -> Iterator[Json]:
    """All enabled actions in the order of the tree; a disabled one hides what is below it.

    Without recursion, so that no depth of a tree can exhaust the stack.
    """
    waiting = list(objects(root.get("children")))[::-1]
    while waiting:
        node = waiting.pop()
        if node.get("enabled") is True:
            yield node
            waiting.extend(list(objects(node.get("children")))[::-1])
