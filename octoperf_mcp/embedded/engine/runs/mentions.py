"""Which variables documents mention: the files of others need not be there."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_RECORDED = frozenset({"recordedRequest", "recordedResponse"})
_COMPUTED = ("__V(", "JSR223", "process.env[", "process.env)", "process.env;")
"""Where these stand, a name may be put together at run time."""


@dataclass(frozen=True, slots=True)
class Mentions:
    """The texts of action trees and servers, each between quotes."""

    text: str
    everything: bool
    """Any variable may be meant."""
    shown: bool
    """A DebugAction shows all variables that there are."""

    @classmethod
    def of(cls, documents: Iterable[Any]) -> "Mentions":
        """From documents, whatever they hold and however deep; recordings are left out."""
        texts = []
        waiting = list(documents)
        while waiting:
            value = waiting.pop()
            if isinstance(value, str):
                texts.append(value)
            elif isinstance(value, list):
                waiting += value
            elif isinstance(value, dict):
                waiting += [inner for key, inner in value.items() if key not in _RECORDED]
        text = '"' + '"'.join(texts) + '"'
        return cls(text, any(call in text for call in _COMPUTED), '"DebugAction"' in text)

    def __call__(self, name: str) -> bool:
        """Whether the variable is of use: mentioned, or shown."""
        return self.shown or self.need(name)

    def need(self, name: str) -> bool:
        """Whether the name occurs as a placeholder or as a text of its own."""
        spellings = ("${" + name + "}", f'"{name}"', f"process.env.{name}")
        return self.everything or any(spelling in self.text for spelling in spellings)

    def need_any(self) -> bool:
        """Whether any variable at all is mentioned."""
        return self.everything or "${" in self.text.replace("${__", "")
