"""Schemas that a plugin ships with its tools, compiled when a tool was last changed.

pydantic takes some three milliseconds to make the schemas of one tool, which was half of a start. A
package may therefore hold `schemas.json`: by tool, the two schemas and a fingerprint of all that
they are made from. A tool that was changed since has another one, and its schemas are made anew.
"""

import dataclasses
import hashlib
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import orjson
from pydantic import BaseModel

FILE: Final = "schemas.json"
_ADDRESS: Final = re.compile(r" at 0x[0-9a-f]+")


def shipped(function: Callable[..., Any], returns: Any) -> Mapping[str, Any] | None:
    """`inputSchema` and `outputSchema` of a tool's function, if they ship and still fit it."""
    found: Mapping[str, Any] | None = _of_package(_package(function)).get(function.__name__)
    if found is None or found["fingerprint"] != fingerprint(function, returns):
        return None
    return found


def fingerprint(function: Callable[..., Any], returns: Any) -> str:
    """A digest of a tool's signature, of its docstring and of what it answers."""
    parts = [inspect.getdoc(function) or ""]
    hints = function.__annotations__
    if any(isinstance(hint, str) for hint in hints.values()):
        hints = get_type_hints(function, include_extras=True)
    for name, parameter in inspect.signature(function).parameters.items():
        default = "" if parameter.default is parameter.empty else repr(parameter.default)
        parts.append(f"{name}: {_described(hints.get(name))} = {default}")
    parts.append(_described(returns))
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=12).hexdigest()


def _package(function: Callable[..., Any]) -> str:
    return function.__module__.partition(".")[0]


@cache
def _of_package(name: str) -> Mapping[str, Any]:
    file = getattr(sys.modules.get(name), "__file__", None)
    path = Path(file).parent / FILE if file else None
    if path is None or not path.is_file():
        return {}
    found: Mapping[str, Any] = orjson.loads(path.read_bytes())
    return found


def _described(kind: Any) -> str:
    """A type in words that depend on nothing but its definition."""
    origin = get_origin(kind)
    if origin is Annotated:
        base, *extras = get_args(kind)
        told = ", ".join(_ADDRESS.sub("", repr(extra)) for extra in extras)
        return f"{_described(base)} ({told})"
    if origin is Literal:
        return repr(get_args(kind))
    if origin in {Union, UnionType}:
        return " | ".join(_described(option) for option in get_args(kind))
    if origin is not None:
        return f"{_described(origin)}[{', '.join(map(_described, get_args(kind)))}]"
    if isinstance(kind, type) and (dataclasses.is_dataclass(kind) or issubclass(kind, BaseModel)):
        return _members(kind)
    if kind is None or kind is NoneType:
        return "None"
    return kind.__qualname__ if isinstance(kind, type) else _ADDRESS.sub("", repr(kind))


@cache
def _members(kind: type) -> str:
    """A class by its fields; none of them leads back to it, which pydantic's schemas could not."""
    if dataclasses.is_dataclass(kind):
        fields = {field.name: _default(field) for field in dataclasses.fields(kind)}
    else:
        fields = {name: _ADDRESS.sub("", repr(value)) for name, value in vars(kind).items()}
        fields = {name: fields.get(name, "") for name in kind.__annotations__}
    hints = {name: vars(kind)["__annotations__"].get(name) for name in fields}
    if any(hint is None or isinstance(hint, str) for hint in hints.values()):
        hints = get_type_hints(kind, include_extras=True)
    told = [f"{name}: {_described(hints[name])} = {default}" for name, default in fields.items()]
    return f"{kind.__qualname__}({'; '.join(told)})"


def _default(field: "dataclasses.Field[Any]") -> str:
    if field.default_factory is not dataclasses.MISSING:
        return _ADDRESS.sub("", repr(field.default_factory))
    return "" if field.default is dataclasses.MISSING else repr(field.default)
