"""What a tool returns: frozen dataclasses that know their wire names."""

from dataclasses import dataclass
from typing import Any, TypeVar, dataclass_transform

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

_T = TypeVar("_T")
_CONFIG = ConfigDict(alias_generator=to_camel)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def payload(cls: type[_T]) -> type[_T]:
    """Make `cls` a frozen keyword-only dataclass whose fields are camelCase on the wire.

    A field that is None is left out; free-form members (`dict[str, Any]`) pass as they are.
    The type checker holds that nobody assigns to a field; holding it at run time as well would
    make each row three times as dear to build.
    """
    made: Any = dataclass(slots=True, kw_only=True)(cls)
    made.__pydantic_config__ = _CONFIG
    return made  # type: ignore[no-any-return]


def is_payload(kind: Any) -> bool:
    """Whether `payload` made a class."""
    return isinstance(kind, type) and vars(kind).get("__pydantic_config__") is _CONFIG
