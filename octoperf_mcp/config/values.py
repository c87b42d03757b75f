"""Values of the configuration: how a field is described, read and shown."""

import difflib
import re
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, field
from typing import Any

from octoperf_mcp.errors import ConfigError

HIDDEN = "[hidden]"
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}
_USER_INFO = re.compile(r"(?<=://)[^/@\s]*:[^/@\s]*@")


class Secret:
    """A text that neither repr nor str shows; `reveal` does."""

    __slots__ = ("_value",)

    def __init__(self, value: str = "") -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(…)" if self._value else "Secret()"


def described(
    text: str,
    default: Any = MISSING,
    *,
    factory: Any = MISSING,
    choices: Sequence[Any] = (),
    least: float | None = None,
    most: float | None = None,
) -> Any:
    """A field with the sentence that `config` commands and errors show.

    Args:
        text: What it means.
        default: Its default value.
        factory: Makes its default value instead.
        choices: The only values that it may have.
        least: Smallest number that it may be.
        most: Largest number that it may be.
    """
    told = {"help": text, "choices": tuple(choices), "least": least, "most": most}
    if factory is not MISSING:
        return field(default_factory=factory, metadata=told)
    return field(default=default, metadata=told)


def converted(value: Any, kind: Any, where: str, item: Field[Any] | None = None) -> Any:
    """A value as the type of its field, within the field's limits.

    Args:
        value: As the environment or the file has it.
        kind: Type of the field.
        where: Key and origin, for the error.
        item: The field.

    Raises:
        ConfigError: it is no such value.
    """
    found = _typed(value, kind, where)
    if item is not None:
        _within(found, item.metadata, where)
    return found


def shown(value: Any) -> Any:
    """A value as it may be printed: secrets and passwords in addresses are not."""
    if isinstance(value, Secret):
        return HIDDEN if value else ""
    if isinstance(value, tuple):
        return [shown(part) for part in value]
    return _USER_INFO.sub(f"{HIDDEN}@", value) if isinstance(value, str) else value


def suggestion(name: str, known: Iterable[str]) -> str:
    """`; did you mean …?`, empty when nothing is near."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _within(value: Any, limits: Mapping[str, Any], where: str) -> None:
    choices = limits.get("choices") or ()
    if choices and value not in choices:
        listed = ", ".join(str(choice) for choice in choices)
        near = suggestion(str(value), map(str, choices))
        raise ConfigError(f"{where} must be one of {listed}, not {value!r}{near or '.'}")
    least, most = limits.get("least"), limits.get("most")
    if least is not None and not value >= least:
        raise ConfigError(f"{where} must be {least} or more, not {value!r}.")
    if most is not None and not value <= most:
        raise ConfigError(f"{where} must be {most} or less, not {value!r}.")


def _typed(value: Any, kind: Any, where: str) -> Any:
    if kind is Secret:
        return value if isinstance(value, Secret) else Secret(str(value))
    if kind is bool:
        return _boolean(value, where)
    if kind in (int, float):
        return _number(value, kind, where)
    if typing.get_origin(kind) is tuple:
        return _texts(value, where)
    if isinstance(kind, types.UnionType):
        raise ConfigError(f"{where}: settings have one type each.")
    if not isinstance(value, str):
        raise ConfigError(f"{where} must be text, not {value!r}.")
    return value


def _number(value: Any, kind: Any, where: str) -> Any:
    fraction = kind is int and isinstance(value, float) and not value.is_integer()
    if isinstance(value, bool) or fraction:
        raise ConfigError(f"{where} must be a whole number, not {value!r}.")
    try:
        return kind(value)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where} must be a number, not {value!r}.") from error


def _boolean(value: Any, where: str) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in _TRUE | _FALSE:
        return str(value).lower() in _TRUE
    raise ConfigError(f"{where} must be true or false, not {value!r}.")


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if isinstance(value, Sequence) and all(isinstance(part, str) for part in value):
        return tuple(value)
    raise ConfigError(f"{where} must be a list of texts, not {value!r}.")
