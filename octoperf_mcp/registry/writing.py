"""From what a tool function returned to the JSON of its answer, as pydantic would write it.

Nearly all payloads hold texts, numbers, flags and free-form members, or lists, tables and payloads
of such: those become dicts that orjson writes, at a third of pydantic's price. Whatever else there
is - a serializer of its own, a choice of several types, a value that is not of its type - pydantic
writes.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import orjson
from pydantic.alias_generators import to_camel

from octoperf_mcp.registry import schema
from octoperf_mcp.registry.content import Content, Illustrated, text_block
from octoperf_mcp.registry.payloads import is_payload

_T = TypeVar("_T")

Narrow = Callable[[bytes], bytes]
"""Takes out of an answer what the agent did not ask for."""

Writer = Callable[[Any, Narrow | None], Any]
"""Turns what a tool function returned into what `Tool.call` answers."""

Shape = Callable[[Any], dict[str, Any]]
"""Turns payloads of one class into dicts as they are on the wire, without members that are None.

Raises AttributeError or TypeError where something is not of its type.
"""

_Convert = Callable[[Any], Any]

_SIMPLE: Final = frozenset((str, int, bool, NoneType, Any))
_ONLY_JSON: Final = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
"""What lies in free-form members and is no JSON is left to pydantic."""

_NOT_OF_ITS_TYPE: Final = (AttributeError, TypeError)


class _NotPlainError(Exception):
    """Pydantic has to write this type."""


def _compiled(kind: type[Any]) -> Shape:
    """One function a class, as one would write it by hand; a loop over its fields costs thrice.

    def shape(value):
        members = {}
        if (member := value.id) is not None: members["id"] = member
        if (member := value.last_used) is not None: members["lastUsed"] = member
        return members
    """
    hints = get_type_hints(kind, include_extras=True)
    names = [field.name for field in dataclasses.fields(kind)]
    converters = {name: _converter(hints[name]) for name in names}
    lines = ["def shape(value):", "    members = {}"]
    for name, convert in converters.items():
        written = "member" if convert is None else f"convert_{name}(member)"
        lines += [
            f"    if (member := value.{name}) is not None:",
            f"        members[{to_camel(name)!r}] = {written}",
        ]
    lines.append("    return members")
    room: dict[str, Any] = {f"convert_{name}": each for name, each in converters.items()}
    exec("\n".join(lines), room)  # noqa: S102 - of names that Python took for fields
    shape: Shape = room["shape"]
    return shape


class WrittenRows(list[_T]):
    """Rows that were written already, in order to measure them; a copy of them is a plain list."""

    _rows: Sequence[Any] = ()
    _shape: Shape | None = None
    _json = b""

    def keep(self, rows: list[_T], shape: Shape, json: bytes) -> None:
        """Remember what was written, by which shape, and what of."""
        self._rows = rows
        self._shape = shape
        self._json = json

    def json_by(self, shape: _Convert) -> orjson.Fragment | None:
        """Their JSON, if it is of this shape and nobody has put other rows in since."""
        same = shape is self._shape and self == self._rows
        return orjson.Fragment(self._json) if same else None

    def __reduce__(self) -> tuple[type[list[_T]], tuple[list[_T]]]:
        return list, (list(self),)


def measured(rows: list[_T]) -> tuple[list[_T], int]:
    """Rows, and their size as JSON in bytes."""
    kind: Any = type(rows[0]) if rows else None
    shape = shape_of(kind)
    if shape is None:
        return rows, len(orjson.dumps(rows))
    try:
        json = orjson.dumps([shape(row) for row in rows], option=_ONLY_JSON)
    except _NOT_OF_ITS_TYPE:
        return rows, len(orjson.dumps(rows))
    written = WrittenRows(rows)
    written.keep(rows, shape, json)
    return written, len(json)


@cache
def shape_of(kind: Any) -> Shape | None:
    """The shape of a payload's class; None where pydantic has to write it."""
    try:
        return _compiled(kind) if _is_plain(kind) else None
    except (_NotPlainError, NameError):  # a name that only its module's type checker knows
        return None


def writer(returns: Any, *, illustrated: bool) -> Writer:
    """The writer of tools that answer a payload, `illustrated` with blocks beside it."""
    shape = shape_of(returns)

    def write(returned: Any, narrow: Narrow | None) -> bytes:
        json = _json(returns, shape, returned)
        return json if narrow is None else narrow(json)

    def with_blocks(returned: Illustrated[Any], narrow: Narrow | None) -> Any:
        json = write(returned.payload, narrow)
        if not returned.blocks:
            return json
        blocks = (text_block(json.decode("utf-8")), *returned.blocks)
        return Content(blocks, structured=orjson.loads(json))

    return with_blocks if illustrated else write


def blocks_as_they_are(returned: Content, _narrow: Narrow | None) -> Content:
    """The writer of tools that answer content blocks."""
    return returned


def _json(kind: Any, shape: Shape | None, value: Any) -> bytes:
    if shape is not None:
        try:
            return orjson.dumps(shape(value), option=_ONLY_JSON)
        except _NOT_OF_ITS_TYPE:
            pass
    return schema.adapter(kind).dump_json(value, by_alias=True, exclude_none=True)


def _converter(hint: Any) -> _Convert | None:
    """What makes values of a type JSON-ready; None where they are.

    Raises:
        _NotPlainError: pydantic has to write them.
    """
    origin, inner = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        options = [option for option in inner if option is not NoneType]
        if len(options) == 1:
            return _converter(options[0])
        if _SIMPLE.issuperset(options):
            return None
    if origin is Literal or (origin is None and hint in _SIMPLE):
        return None
    if hint is float:
        return _with_point
    if origin is list:
        return _list_of(*inner)
    if origin is dict and inner[0] is str:
        return _table_of(inner[1])
    shape = shape_of(hint) if isinstance(hint, type) else None
    if shape is None:
        raise _NotPlainError
    return shape


def _with_point(number: Any) -> Any:
    """A number as pydantic writes those of type float, whole ones too."""
    return float(number) if isinstance(number, int) else number


def _list_of(item: Any) -> _Convert | None:
    convert = _converter(item)
    if convert is None:
        return None
    _require_each(item, convert)

    def convert_all(items: Iterable[Any]) -> Any:
        written = items.json_by(convert) if type(items) is WrittenRows else None
        if written is not None:
            return written
        return [convert(each) for each in items]

    return convert_all


def _table_of(member: Any) -> _Convert | None:
    convert = _converter(member)
    if convert is None:
        return None
    _require_each(member, convert)

    def convert_all(table: Mapping[str, Any]) -> dict[str, Any]:
        return {key: convert(each) for key, each in table.items()}

    return convert_all


def _require_each(hint: Any, convert: _Convert) -> None:
    """Many numbers are pydantic's, which is faster with them; so are lists with holes."""
    if NoneType in get_args(hint) or convert is _with_point:
        raise _NotPlainError


def _is_plain(kind: Any) -> bool:
    """Whether a class is a payload that tells pydantic nothing about its writing."""
    if not is_payload(kind) or hasattr(kind, "__get_pydantic_core_schema__"):
        return False
    fields = dataclasses.fields(kind)
    told = [member for base in kind.__mro__ for member in vars(base).values()]
    told += [field.default for field in fields]
    return (
        bool(fields) and all(field.init for field in fields) and not any(map(_is_pydantics, told))
    )


def _is_pydantics(member: Any) -> bool:
    return type(member).__module__.partition(".")[0] == "pydantic"
