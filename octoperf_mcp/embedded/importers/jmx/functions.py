"""Functions that a plan calls and the load engine does not know."""

import re
from collections.abc import Iterator
from typing import Any

from octoperf_mcp.embedded.engine.texts.functions import FUNCTIONS

_CALL = re.compile(r"\$\{(__(?!jm__)[A-Za-z0-9_]+)[({}]")
"""`__jm__<name>__idx` is a variable: the index of a loop."""


def unknown_functions(tree: Any) -> list[str]:
    """Names of functions called anywhere in an action tree that the engine leaves as text."""
    return sorted(
        {name for text in _texts(tree) for name in _CALL.findall(text) if name not in FUNCTIONS}
    )


def _texts(value: Any) -> Iterator[str]:
    stack = [value]
    while stack:
        here = stack.pop()
        if isinstance(here, str):
            yield here
        elif isinstance(here, dict):
            stack += here.values()
        elif isinstance(here, list):
            stack += here
