"""Texts with `${name}` and `${__function(arguments)}`, compiled once and rendered per use.

What cannot be resolved is left as it stands, so that it shows in the target's log.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from octoperf_mcp.embedded.engine.texts.functions import FUNCTIONS

if TYPE_CHECKING:
    from octoperf_mcp.embedded.engine.play.session import UserSession

Render = Callable[["UserSession"], str]
_LAST_OK = "JMeterThread.last_sample_ok"
"""Whether the last request was OK, as conditions of JMeter plans ask for it."""


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled text; `constant` is set when rendering needs no user."""

    render: Render
    constant: str | None
    names: frozenset[str] = frozenset()
    """Variables that it reads."""


def compile_text(text: str) -> Template:
    """Split a text into its constant parts and its references."""
    parts = _parse(text)
    if all(isinstance(part, str) for part in parts):
        whole = "".join(str(part) for part in parts)
        return Template(lambda _: whole, whole)
    names = frozenset(name for part in parts if isinstance(part, _Reference) for name in part.names)
    renders = [_constant(part) if isinstance(part, str) else part.render for part in parts]
    if len(renders) == 1:
        return Template(renders[0], None, names)
    return Template(lambda session: "".join([render(session) for render in renders]), None, names)


def constant(text: str) -> Template:
    """A template that is this text, whatever it holds."""
    return Template(lambda _: text, text)


def calls_in(text: str) -> Iterator[tuple[str, Sequence[str]]]:
    """The functions that a text calls, with their arguments as written; nested ones too."""
    position = 0
    while (start := text.find("${__", position)) >= 0:
        position = start + 4
        ends = [end for end in (text.find(mark, start) for mark in "(}") if end >= 0]
        name = text[start + 2 : min(ends)] if ends else ""
        if not name.replace("_", "").isalnum():
            continue
        split = _arguments(text, min(ends) + 1) if text[min(ends)] == "(" else ([], 0)
        if split is not None:
            yield name, split[0]


@dataclass(frozen=True, slots=True)
class _Reference:
    render: Render
    names: frozenset[str]


_Part = str | _Reference


def _constant(text: str) -> Render:
    return lambda _: text


def _parse(text: str) -> list[_Part]:
    parts: list[_Part] = []
    position = 0
    while True:
        start = text.find("${", position)
        if start < 0:
            break
        if start > 0 and text[start - 1] == "\\":
            parts.append(text[position : start - 1] + "${")
            position = start + 2
            continue
        found = _reference(text, start)
        if found is None:
            parts.append(text[position : start + 2])
            position = start + 2
            continue
        reference, end = found
        parts.extend([text[position:start], reference])
        position = end
    parts.append(text[position:])
    return [part for part in parts if part != ""] or [""]


def _reference(text: str, start: int) -> tuple[_Reference, int] | None:
    """What begins with `${` at `start`, and where it ends; None when it is no reference."""
    if text.startswith("${__", start):
        call = _call(text, start)
        if call is not None:
            return call
    end = text.find("}", start)
    name = text[start + 2 : end] if end >= 0 else ""
    if not name or "${" in name or "\n" in name:
        return None
    return _Reference(_variable(name, text[start : end + 1]), frozenset({name})), end + 1


def _variable(name: str, source: str) -> Render:
    function = FUNCTIONS.get(name)
    if function is not None:
        return lambda session: _called(session, function, (), source)
    if name == _LAST_OK:
        return lambda session: "true" if session.last_ok else "false"
    return lambda session: session.variables.get(name, source)


def _call(text: str, start: int) -> tuple[_Reference, int] | None:
    bracket = text.find("(", start)
    name = text[start + 2 : bracket] if bracket >= 0 else ""
    if not name.replace("_", "").isalnum():
        return None
    split = _arguments(text, bracket + 1)
    if split is None:
        return None
    sources, end = split
    if not text.startswith("}", end):
        return None
    source = text[start : end + 1]
    arguments = [compile_text(argument.strip()) for argument in sources]
    names = frozenset().union(*(argument.names for argument in arguments))
    if name == "__V" and sources:
        names |= {sources[0].strip()}
    function = FUNCTIONS.get(name)
    if function is None:
        return _Reference(lambda _: source, names), end + 1

    def render(session: "UserSession") -> str:
        rendered = [argument.render(session) for argument in arguments]
        return _called(session, function, rendered, source)

    return _Reference(render, names), end + 1


def _called(
    session: "UserSession",
    function: "Callable[[UserSession, Sequence[str]], str]",
    arguments: Sequence[str],
    source: str,
) -> str:
    try:
        return function(session, arguments)
    except (ValueError, IndexError, KeyError, ArithmeticError, re.error):
        return source


def _arguments(text: str, position: int) -> tuple[list[str], int] | None:
    """Arguments up to the closing bracket and the position after it; an escaped comma is text."""
    arguments: list[str] = []
    current: list[str] = []
    depth = 0
    while position < len(text):
        char = text[position]
        if char == "\\" and text[position + 1 : position + 2] in {",", "\\", "$"}:
            current.append(text[position + 1])
            position += 2
            continue
        if char == ")" and depth == 0:
            arguments.append("".join(current))
            return ([] if arguments == [""] else arguments), position + 1
        if char == "," and depth == 0:
            arguments.append("".join(current))
            current = []
        else:
            depth += (char in "({") - (char in ")}")
            current.append(char)
        position += 1
    return None
