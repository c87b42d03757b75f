"""Percent-encoded names and values: decoded where encoding them again gives the same bytes."""

import re
from dataclasses import dataclass
from urllib.parse import unquote_plus

_BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Field:
    """One `name=value`; `encode` is false when both are kept as they were written.

    `equals` is false when there was no equals sign.
    """

    name: str
    value: str
    equals: bool
    encode: bool


def fields(encoded: str) -> list[Field]:
    """The pairs of a query string or of a form; empty ones are left out."""
    return [_field(piece) for piece in encoded.split("&") if piece and piece != "="]


def _field(piece: str) -> Field:
    name, equals, value = piece.partition("=")
    if _BROKEN.search(piece) is None:
        try:
            return Field(
                unquote_plus(name, errors="strict"),
                unquote_plus(value, errors="strict"),
                bool(equals),
                encode=True,
            )
        except UnicodeDecodeError:
            pass
    return Field(name, value, bool(equals), encode=False)
