"""Path templates with `{wireNames}`, compiled once, filled by snake_case name."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

_PARAMETER = re.compile(r"\{(\w+)\}")
_REMEMBERED = 4096


def to_snake(wire_name: str) -> str:
    """`workspaceId` → `workspace_id`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", wire_name).lower()


class PathTemplate:
    """`/design/projects/{id}`: `parameters` are the wire names in order, `names` ours."""

    __slots__ = ("_form", "names", "parameters")

    def __init__(self, path: str) -> None:
        parts = _PARAMETER.split(path)
        self._form = "%s".join(part.replace("%", "%%") for part in parts[::2])
        self.parameters = tuple(parts[1::2])
        self.names = tuple(map(to_snake, self.parameters))

    def fill(self, values: Mapping[str, Any]) -> str:
        """The path with the values put in, percent-encoded."""
        return self._form % tuple(map(_quoted, map(values.__getitem__, self.names)))


@lru_cache(maxsize=_REMEMBERED, typed=True)
def _quoted(value: Any) -> str:
    """A value in a path; remembered, since ids come again and again, in each row of a listing."""
    return quote(str(value), safe="")
