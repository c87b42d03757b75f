"""`{{variables}}` of Postman as `${variables}`."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

_PLACEHOLDER = re.compile(r"\{\{([^{}]{1,200})\}\}")
_MOST_ROUNDS = 8
_LONGEST = 100_000
_ISO = "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'"
DYNAMIC = {
    "$guid": "${__UUID()}",
    "$randomUUID": "${__UUID()}",
    "$timestamp": "${__time(/1000)}",
    "$isoTimestamp": f"${{__time({_ISO})}}",
    "$randomInt": "${__Random(0,1000)}",
    "$randomAlphaNumeric": "${__RandomString(1)}",
    "$randomPassword": "${__RandomString(15)}",
}
"""Values that Postman draws for each request, and the functions that do."""


class Texts:
    """Converts texts and remembers which names they use."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.used: set[str] = set()
        self.unknown_dynamic: set[str] = set()

    def converted(self, text: str) -> str:
        """The text for the load engine; a `${` of its own is no reference there."""
        return _PLACEHOLDER.sub(self._reference, text.replace("${", "\\${"))

    def resolved(self, text: str) -> str:
        """The text with the values that the collection gives; others stay `{{…}}`."""
        for _ in range(_MOST_ROUNDS):
            changed = _PLACEHOLDER.sub(self._value, text)
            if changed == text or len(changed) > _LONGEST:
                return text
            text = changed
        return text

    def _value(self, found: re.Match[str]) -> str:
        return self._values.get(found[1].strip()) or found[0]

    def _reference(self, found: re.Match[str]) -> str:
        name = found[1].strip()
        if name.startswith("$"):
            if name not in DYNAMIC:
                self.unknown_dynamic.add(name)
            return DYNAMIC.get(name, found[0])
        self.used.add(name)
        return f"${{{name}}}"


def plain(value: Any) -> str:
    """A value as text: texts as they are, the rest as JSON; null is empty."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return "" if value is None else orjson.dumps(value).decode()
