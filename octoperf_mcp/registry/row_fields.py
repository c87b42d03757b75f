"""The `fields` of listings: which members of its rows an answer has.

Every tool with `limit` and `cursor` that answers one list of payloads has it without a word of its
own: the parameter is listed, checked, and applied when the answer is written.
"""

import dataclasses
import difflib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import orjson
from pydantic.alias_generators import to_camel

from octoperf_mcp.errors import InvalidArgumentError

FIELDS: Final = "fields"
DESCRIPTION: Final = "Members of each row to answer, besides id and url; absent: all."
_PAGED: Final = {"limit", "cursor"}
_ALWAYS: Final = frozenset({"id", "url"})


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a listing: the member that holds them, and their members; wire names all."""

    member: str
    names: tuple[str, ...]

    def narrowing(self, fields: Sequence[str], tool: str) -> Callable[[bytes], bytes]:
        """What takes all other members out of the rows of an answer.

        Raises:
            InvalidArgumentError: the rows have no such member.
        """
        for field in fields:
            if field not in self.names:
                near = difflib.get_close_matches(field, self.names, n=1)
                raise InvalidArgumentError(
                    f"The rows of {tool} have no member {field[:200]!r}.",
                    field=FIELDS,
                    got=field[:200],
                    allowed=list(self.names),
                    did_you_mean=near[0] if near else "",
                    next_step="Send fields with members of the rows only, or leave it out.",
                )
        hidden = set(self.names) - _ALWAYS.union(fields)
        return partial(self._without, hidden)

    def _without(self, hidden: set[str], content: bytes) -> bytes:
        document = orjson.loads(content)
        for row in document.get(self.member, ()):
            for name in hidden & row.keys():
                del row[name]
        return orjson.dumps(document)


def rows_of(function: Callable[..., Any], returns: Any) -> Rows | None:
    """The rows that a tool answers in pages; None where it is no listing."""
    parameters = inspect.signature(function).parameters
    if not set(parameters) >= _PAGED or not dataclasses.is_dataclass(returns):
        return None
    found = [
        Rows(to_camel(name), tuple(to_camel(field.name) for field in dataclasses.fields(row)))
        for name, kind in get_type_hints(returns).items()
        if (row := _row_kind(kind)) is not None
    ]
    return found[0] if len(found) == 1 else None


def _row_kind(kind: Any) -> Any:
    """`Row` of `list[Row]` and `list[Row] | None`, where it is a payload."""
    if get_origin(kind) in (Union, UnionType):
        kind = next((option for option in get_args(kind) if get_origin(option) is list), None)
    if get_origin(kind) is not list:
        return None
    row = next(iter(get_args(kind)), None)
    return row if dataclasses.is_dataclass(row) else None
