"""RFC 6570, simple expansion only: from an address back to the variables it was made of."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from octoperf_mcp.errors import PluginError

_VARIABLE = re.compile(r"\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f/\\]|\A\.{1,2}\Z")


@dataclass(frozen=True)
class UriTemplate:
    """An address with `{variables}`, each of which stands for one path segment or part of it.

    Raises:
        PluginError: an expression is more than a variable's name, or two are alike.
    """

    text: str

    def __post_init__(self) -> None:
        names = self.variables
        if len(set(names)) < len(names) or not all(_NAME.fullmatch(name) for name in names):
            raise PluginError(f"{self.text}: only distinct simple variables {{name}} are known")

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """Names in their order."""
        return tuple(_VARIABLE.findall(self.text))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = _VARIABLE.split(self.text)
        return re.compile(
            "".join(
                "([^/?#&]+)" if index % 2 else re.escape(part) for index, part in enumerate(parts)
            )
        )

    @property
    def literal_chars(self) -> int:
        """How much of the template is fixed; the most fixed of several that match wins."""
        return len(_VARIABLE.sub("", self.text))

    def match(self, uri: str) -> dict[str, str] | None:
        """Values of the variables, percent-decoded once; None when the address does not fit.

        A value that could climb out of its segment (`..`, a slash, a control character) does
        not fit either.
        """
        found = self._pattern.fullmatch(uri)
        if found is None:
            return None
        values = [_decoded(value) for value in found.groups()]
        if any(value is None or _FORBIDDEN.search(value) for value in values):
            return None
        return dict(zip(self.variables, (value or "" for value in values), strict=True))

    def expand(self, **values: Any) -> str:
        """The address for these values."""
        return _VARIABLE.sub(lambda found: quote(str(values[found[1]]), safe=""), self.text)


def _decoded(value: str) -> str | None:
    try:
        return unquote_to_bytes(value).decode("utf-8")
    except UnicodeDecodeError:
        return None
