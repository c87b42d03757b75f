"""Results within a budget of bytes: lists lose their ends, then texts; the JSON stays whole.

What is kept of a list is its beginning, so that JSON Pointers into it still hold.
"""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from octoperf_mcp.errors import ToolError

DEFAULT_BYTES: Final = 60_000
"""Near 20,000 tokens, since ids and links split badly; a listing's page is below it."""

_RESERVED: Final = 1000
"""For `truncated` itself."""

_MIN_CHARS: Final = 100
_MAX_CUTS: Final = 32
_Path = tuple[str | int, ...]


class ResultTooLargeError(ToolError):
    """Nothing in the result can be left out."""

    code = "result_too_large"


def fitted(content: bytes, budget: int, narrow_with: Sequence[str]) -> bytes:
    """A result object within a budget, `truncated` saying what is missing.

    Args:
        content: The result as JSON.
        budget: Largest size in bytes.
        narrow_with: Arguments of the tool with which less is answered.

    Raises:
        ResultTooLargeError: it cannot be made to fit.
    """
    if len(content) <= budget:
        return content
    document = orjson.loads(content)
    totals: dict[_Path, tuple[int, int]] = {}
    texts: list[_Path] = []
    for _ in range(_MAX_CUTS):
        excess = len(orjson.dumps(document)) + _RESERVED - budget
        if excess <= 0:
            document["truncated"] = _told(document, totals, texts, narrow_with)
            return orjson.dumps(document)
        if not _cut(document, excess, totals, texts):
            break
    raise ResultTooLargeError(
        f"The result has {len(content)} bytes, of which at most {budget} may be sent.",
        details={"allowed": list(narrow_with)} if narrow_with else {},
        next_step="Ask for less." if narrow_with else "Open the page of it in the browser.",
    )


def _cut(
    document: Any, excess: int, totals: dict[_Path, tuple[int, int]], texts: list[_Path]
) -> bool:
    """Shorten the list or text that weighs most; False when there is none."""
    path: _Path = ()
    holder: Any = None
    key: str | int = ""
    node = document
    while True:
        if isinstance(node, list) and len(node) > 1:
            sizes = [len(orjson.dumps(item)) for item in node]
            if max(sizes) * 2 < sum(sizes) or not _shrinkable(node[sizes.index(max(sizes))]):
                kept = _fitting(sizes, excess)
                returned_of = totals.get(path, (0, len(node)))[1]
                totals[path] = kept, returned_of
                del node[kept:]
                return True
            inner: str | int = sizes.index(max(sizes))
        elif isinstance(node, dict | list) and node:
            members = node.items() if isinstance(node, dict) else enumerate(node)
            inner = max(members, key=lambda member: len(orjson.dumps(member[1])))[0]
        else:
            break
        holder, key, node, path = node, inner, node[inner], (*path, inner)
    if not isinstance(node, str) or len(node) <= _MIN_CHARS or holder is None:
        return False
    holder[key] = node[: max(_MIN_CHARS, len(node) - excess - 1)] + "…"
    if path not in texts:
        texts.append(path)
    return len(holder[key]) < len(node)


def _shrinkable(node: Any) -> bool:
    return isinstance(node, str | list | dict) and bool(node)


def _fitting(sizes: Sequence[int], excess: int) -> int:
    """How many of the first items may stay so that `excess` bytes go; at least one."""
    kept = len(sizes)
    while kept > 1 and excess > 0:
        kept -= 1
        excess -= sizes[kept] + 1
    return kept


def _told(
    document: dict[str, Any],
    totals: dict[_Path, tuple[int, int]],
    texts: Sequence[_Path],
    narrow_with: Sequence[str],
) -> dict[str, Any]:
    """`{path, returned, total, also?, texts?, narrowWith}` of what was left out."""
    told: dict[str, Any] = {}
    cuts = [
        {"path": _pointer(path), "returned": kept, "total": _total(document, path, total)}
        for path, (kept, total) in totals.items()
    ]
    if cuts:
        told |= cuts[0]
    if cuts[1:]:
        told["also"] = cuts[1:]
    if texts:
        told["texts"] = [_pointer(path) for path in texts]
    if any(len(path) == 1 for path in totals) and "nextCursor" in document:
        # it stands behind rows that are no longer there
        del document["nextCursor"]
    told["narrowWith"] = list(narrow_with)
    return told


def _total(document: dict[str, Any], path: _Path, total: int) -> int:
    """Rows in all, where a listing says so, since it may be one page of several."""
    stated = document.get("total") if len(path) == 1 else None
    return max(total, stated) if isinstance(stated, int) else total


def _pointer(path: _Path) -> str:
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return "".join(f"/{part}" for part in parts)
