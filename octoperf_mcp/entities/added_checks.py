"""Checks what a plugin's type has of its own against the JSON Schema that the plugin gave."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from octoperf_mcp.entities.added_types import AddedType
from octoperf_mcp.errors import PluginError

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

NOTHING: Final = object()
"""What is found where a property is missing."""

_TYPES: Final = {
    "object": "an object",
    "array": "a list",
    "string": "a text",
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
    "null": "null",
}
_WORDS: Final = {
    "minLength": "at least {} character(s)",
    "maxLength": "at most {} characters",
    "pattern": "a text like {}",
    "minItems": "at least {} item(s)",
    "maxItems": "at most {} item(s)",
    "minimum": "a number from {}",
    "maximum": "a number up to {}",
    "exclusiveMinimum": "a number above {}",
    "exclusiveMaximum": "a number below {}",
}
_LONGEST: Final = 200


class Finding(NamedTuple):
    """A place below a member, what is expected there, what is there, and the known values."""

    steps: list[int | str]
    expected: str
    got: Any
    allowed: tuple[str, ...] = ()


def broken_properties(added: AddedType, member: Mapping[str, Any]) -> Iterator[Finding]:
    """Own properties of a member that are not what its type says.

    A property that is not required reads as absent when it is null.
    """
    needed = set(added.required)
    given = {
        name: member[name]
        for name in added.properties
        if name in member and (name in needed or member[name] is not None)
    }
    told: set[str] = set()
    for error in _validator(_Key(added)).iter_errors(given):
        for finding in _findings(error):
            if (place := str(finding.steps)) not in told:
                told.add(place)
                yield finding


def check_schema(added: AddedType) -> None:
    """Refuse a schema that is none; it takes the time of importing a library.

    Raises:
        PluginError: says what is wrong with it.
    """
    from jsonschema import Draft202012Validator, SchemaError  # noqa: PLC0415 - dear, rarely needed

    try:
        Draft202012Validator.check_schema(added.own_schema())
    except SchemaError as error:
        problem = error.message[:_LONGEST]
        raise PluginError(f"the schema of {added.name} is no JSON Schema: {problem}") from error


class _Key:
    """A type by its identity, since its schema cannot be hashed."""

    def __init__(self, added: AddedType) -> None:
        self.added = added

    def __hash__(self) -> int:
        return id(self.added)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.added is self.added


@lru_cache(maxsize=256)
def _validator(key: _Key) -> "Draft202012Validator":
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - dear, rarely needed

    return Draft202012Validator(key.added.own_schema())


def _findings(error: "ValidationError") -> Iterator[Finding]:
    steps = list(error.absolute_path)
    keyword = str(error.validator)
    value: Any = error.validator_value
    instance: Any = error.instance
    if keyword == "required":
        for name in value:
            if name not in instance:
                yield Finding([*steps, name], "required property", NOTHING)
    elif keyword == "enum":
        allowed = tuple(str(one) for one in value)
        yield Finding(steps, f"one of {_either(allowed)}", instance, allowed)
    elif keyword == "type":
        names = [value] if isinstance(value, str) else value
        yield Finding(steps, " or ".join(_TYPES[name] for name in names), instance)
    elif keyword in _WORDS:
        yield Finding(steps, _WORDS[keyword].format(value), instance)
    else:
        yield Finding(steps, f"what its schema says ({keyword})", instance)


def _either(allowed: tuple[str, ...]) -> str:
    quoted = [f"'{one}'" for one in allowed]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
