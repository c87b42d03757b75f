"""Command lines for bash, as far as browsers write them: quotes, escapes, several commands."""

import re
from collections.abc import Iterator

from octoperf_mcp.errors import InvalidArgumentError

_PIECE = re.compile(
    r"""
    (?P<joined>\\\r?\n)
    | (?P<end>[;&|\n]+)
    | (?P<space>\s+)
    | \$'(?P<ansi>(?:[^'\\]|\\.)*)'
    | '(?P<single>[^']*)'
    | "(?P<double>(?:[^"\\]|\\.)*)"
    | \\(?P<escaped>.)
    | (?P<plain>[^\s'"\\;&|])
    """,
    re.VERBOSE | re.DOTALL,
)
_ANSI = re.compile(r"\\(?:u([0-9A-Fa-f]{1,4})|x([0-9A-Fa-f]{1,2})|(.))", re.DOTALL)
_SIGNS = {"n": "\n", "r": "\r", "t": "\t"}


def commands(text: str) -> Iterator[list[str]]:
    """The words of each command.

    Raises:
        InvalidArgumentError: a quote never ends.
    """
    words: list[str] = []
    word: str | None = None
    at = 0
    while at < len(text):
        found = _PIECE.match(text, at)
        if found is None:
            line = text.count("\n", 0, at) + 1
            raise InvalidArgumentError(
                f"The quote in line {line} never ends.", next_step="Send whole commands."
            )
        at = found.end()
        kind = str(found.lastgroup)
        if kind == "joined":
            continue
        if kind not in {"space", "end"}:
            word = (word or "") + _text(kind, found[kind])
            continue
        if word is not None:
            words.append(word)
            word = None
        if kind == "end" and words:
            yield words
            words = []
    if word is not None:
        words.append(word)
    if words:
        yield words


def _text(kind: str, text: str) -> str:
    if kind == "double":
        return re.sub(r"\\(?:\r?\n|([$`\"\\]))", lambda found: found[1] or "", text)
    return _ANSI.sub(_sign, text) if kind == "ansi" else text


def _sign(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else _SIGNS.get(found[3], found[3])
