"""Path templates with `{wireNames}`, compiled once, filled by snake_case name."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

_PARAMETER = re.compile(r"\{(\w+)\}")
_REMEMBERED: Final = 4096


def to_snake(wire_name: str) -> str:
    """`workspaceId` → `workspace_id`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", wire_name).lower()


class PathTemplate:
    """`/design/projects/{id}`: `parameters` are the wire names in order, `names` ours."""

    __slots__ = ("_head", "_rest", "names", "parameters")

    def __init__(self, path: str) -> None:
        parts = _PARAMETER.split(path)
        self.parameters = tuple(parts[1::2])
        self.names = tuple(map(to_snake, self.parameters))
        self._head = parts[0]
        self._rest = tuple(zip(self.names, parts[2::2], strict=True))

    def fill(self, values: Mapping[str, Any]) -> str:
        """The path with the values put in, percent-encoded."""
        path = self._head
        for name, text in self._rest:
            value = values[name]
            path += (_known.get(value) or _quoted(value)) + text
        return path


_known: Final[dict[str, str]] = {}
"""Texts as they stand in a path; ids come again and again, in each row of a listing."""


def _quoted(value: Any) -> str:
    quoted = quote(str(value), safe="")
    if type(value) is str:
        if len(_known) >= _REMEMBERED:
            _known.clear()
        _known[value] = quoted
    return quoted
