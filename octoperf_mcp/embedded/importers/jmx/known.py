"""What a plan says about itself before it runs: its variables, and texts that need them now."""

import re
from collections.abc import Mapping

_PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")
_PROPERTY = re.compile(r"__(?:P|property)\(([^(){}]*)\)")
_MOST_ROUNDS = 8


class Known:
    """The user defined variables of a plan, the last of each name."""

    def __init__(self) -> None:
        self.variables: dict[str, str] = {}

    def resolved(self, text: str) -> str:
        """The text with known variables and the defaults of properties put in.

        What is not known stays as it is.
        """
        for _ in range(_MOST_ROUNDS):
            changed = _PLACEHOLDER.sub(self._replacement, text)
            if changed == text or len(changed) > len(text) + 100_000:
                return changed
            text = changed
        return text

    def whole_number(self, text: str) -> int | None:
        """The text as an integer of at most nine digits, None when it is none."""
        found = self.resolved(text).strip()
        digits = re.fullmatch(r"([+-]?\d{1,9})(?:\.0+)?", found)
        return int(digits[1]) if digits else None

    def _replacement(self, found: re.Match[str]) -> str:
        inner = found[1].strip()
        if call := _PROPERTY.fullmatch(inner):
            arguments = [one.strip() for one in call[1].split(",")]
            place = 1 if inner.startswith("__P(") else 2
            return arguments[place] if len(arguments) > place else found[0]
        return self.variables.get(inner, found[0])


def argument_pairs(properties: Mapping[str, object]) -> list[tuple[str, str]]:
    """Names and values of an `Arguments` element; those without a name are left out."""
    listed = properties.get("Arguments.arguments")
    made = []
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict) and isinstance(one.get("Argument.name"), str):
            value = one.get("Argument.value")
            made.append((one["Argument.name"].strip(), value if isinstance(value, str) else ""))
    return [(key, value) for key, value in made if key]
