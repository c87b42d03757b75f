"""What changed between two versions of a document, in terms of its actions or items.

`*Search*: think time 5 s to 2 s`, `added *Login* (HttpRequestAction) in *Home*`. A part is known
again by its id, wherever it went. The same words stand in answers, revisions and pages.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from octoperf_mcp.entities.change_words import differences
from octoperf_mcp.entities.trees import name_of

Json = Mapping[str, Any]

LISTS = ("children", "userProfiles", "items")
"""Properties that hold the parts of a document: actions, profiles, report items."""

_SUMMARISED = 3
_LONGEST_NAME = 60
_OWN = frozenset({*LISTS, "name", "id", "@type"})
_OF_ROOT = _OWN | {"userId", "projectId", "workspaceId", "created", "lastModified"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference; `pointer` leads into the later document, or into the earlier for what went.

    `insertion` marks a part that is new.
    """

    text: str
    pointer: str
    insertion: bool = False

    def __str__(self) -> str:
        return f"{self.text} ({self.pointer})" if self.pointer else self.text


@dataclass(slots=True)
class _Part:
    """A part and where it stands; the key of the root is empty."""

    node: Json
    pointer: str
    key: str
    parent: str
    below: list[str]


_Parts = dict[str, _Part]


def changes(before: Json, after: Json) -> list[Difference]:
    """All differences, top to bottom; what was removed comes last.

    Args:
        before: The earlier document.
        after: The later document.
    """
    old, new = _parts(before), _parts(after)
    return [*_found(old, new), *_removed(old, new)]


def summary(found: Sequence[Difference]) -> str:
    """The first differences in one line."""
    told = "; ".join(change.text for change in found[:_SUMMARISED])
    more = len(found) - _SUMMARISED
    if more > 0:
        told += f"; and {more} more"
    return told or "no change"


def _parts(document: Json) -> _Parts:
    found: _Parts = {"": _Part(document, "", "", "", [])}
    stack = [found[""]]
    while stack:
        here = stack.pop()
        added = []
        for name in LISTS:
            items = here.node.get(name)
            for index, item in enumerate(items if isinstance(items, list) else ()):
                if not isinstance(item, Mapping):
                    continue
                pointer = f"{here.pointer}/{name}/{index}"
                identity = item.get("id")
                known = isinstance(identity, str) and identity and identity not in found
                key = str(identity) if known else f"#{pointer}"
                part = _Part(item, pointer, key, here.key, [])
                found[part.key] = part
                here.below.append(part.key)
                added.append(part)
        stack += reversed(added)
    return found


def _found(old: _Parts, new: _Parts) -> Iterator[Difference]:
    moved = _moved(old, new)
    for key in _in_order(new):
        part = new[key]
        if key not in old:
            if part.parent in old:
                yield Difference(_added(part, old, new), part.pointer, insertion=True)
            continue
        if key in moved:
            yield Difference(f"moved {_label(part)} {_place(part, old, new)}", part.pointer)
        yield from _edited(old[key], part)


def _in_order(parts: _Parts) -> Iterator[str]:
    stack = [""]
    while stack:
        key = stack.pop()
        yield key
        stack += reversed(parts[key].below)


def _edited(before: _Part, after: _Part) -> Iterator[Difference]:
    if before.node == after.node:
        return
    about = f"{_label(after)}: " if after.key else ""
    if before.node.get("@type") != after.node.get("@type"):
        kinds = f"{before.node.get('@type')} to {after.node.get('@type')}"
        yield Difference(f"{about}turned from {kinds}", f"{after.pointer}/@type")
    names = before.node.get("name") or "", after.node.get("name") or ""
    if names[0] != names[1]:
        who = f"{_label(before)}: " if before.key else ""
        yield Difference(f"{who}renamed to *{_cut(str(names[1]))}*", f"{after.pointer}/name")
    skipped = _OWN if after.key else _OF_ROOT
    for said in differences(before.node, after.node, after.pointer, skip=skipped):
        yield Difference(about + said.words, said.pointer)


def _added(part: _Part, old: _Parts, new: _Parts) -> str:
    below = sum(1 for key in _all_below(part, new) if key not in old)
    more = f" with {below} below it" if below else ""
    kind = part.node.get("@type")
    return f"added {_label(part)}{f' ({kind})' if kind else ''}{more} {_place(part, old, new)}"


def _removed(old: _Parts, new: _Parts) -> Iterator[Difference]:
    for key in _in_order(old):
        part = old[key]
        if key in new or part.parent not in new:
            continue
        below = sum(1 for each in _all_below(part, old) if each not in new)
        more = f" with {below} below it" if below else ""
        where = f" from {_label(old[part.parent])}" if part.parent else ""
        yield Difference(f"removed {_label(part)}{more}{where}", part.pointer)


def _moved(old: _Parts, new: _Parts) -> set[str]:
    """The fewest parts whose moving explains where all of them stand."""
    moved = set()
    for parent, here in new.items():
        stayed = [key for key in here.below if key in old and old[key].parent == parent]
        moved |= {key for key in here.below if key in old and old[key].parent != parent}
        if len(stayed) > 1:
            places = {key: place for place, key in enumerate(old[parent].below)}
            kept = _longest_rising([places[key] for key in stayed])
            moved |= {key for index, key in enumerate(stayed) if index not in kept}
    return moved


def _longest_rising(numbers: Sequence[int]) -> set[int]:
    """Indexes of a longest rising subsequence."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for index, number in enumerate(numbers):
        place = bisect_left(tails, number)
        tails[place : place + 1] = [number]
        ends[place : place + 1] = [index]
        before.append(ends[place - 1] if place else -1)
    found = set()
    here = ends[-1]
    while here >= 0:
        found.add(here)
        here = before[here]
    return found


def _all_below(part: _Part, parts: _Parts) -> Iterator[str]:
    stack = list(part.below)
    while stack:
        key = stack.pop()
        yield key
        stack += parts[key].below


def _place(part: _Part, old: _Parts, new: _Parts) -> str:
    """Where a part now is: the group, where that is new for it, and what it stands behind."""
    parent = new[part.parent]
    index = parent.below.index(part.key)
    behind = f"behind {_label(new[parent.below[index - 1]])}" if index else "first"
    known = part.key in old and old[part.key].parent == part.parent
    if known or not part.parent:
        return behind
    return f"in {_label(parent)}, {behind}"


def _label(part: _Part) -> str:
    if not part.key:
        return "the top level"
    return f"*{_cut(name_of(part.node))}*"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}…"
