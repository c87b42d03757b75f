"""TypeScript and JavaScript as tokens: enough to find calls and imports outside of comments.

This is no parser. A regular expression is told from a division by the token before it, which can
go wrong; where the text then makes no sense, `Source.sure` is false and nothing is concluded from
brackets that do not match.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["word", "text", "pattern", "mark"]

_SPACE = re.compile(r"\s+")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_WORD = re.compile(r"[\w$#]+")
_TEXT = re.compile(r"""'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*\"""", re.DOTALL)
_TEMPLATE_PART = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*", re.DOTALL)
_PATTERN = re.compile(r"/(?![*/])(?:[^\\/\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
_CLOSES = {")": "(", "]": "[", "}": "{"}
_VALUE_ENDS = frozenset(")]")
_KEYWORDS = frozenset(
    "return typeof case in of delete void throw new await yield else do".split()  # noqa: SIM905 - a list of words
)
_TEMPLATE = "`"


@dataclass(frozen=True, slots=True)
class Token:
    """A word or number, the content of a text, a regular expression, or one mark.

    `line` counts from 1. The content of a template with `${}` in it is cut there.
    """

    kind: Kind
    text: str
    line: int


@dataclass(slots=True)
class Source:
    """What was read: `open` are the lines where what never ends began, innermost last."""

    tokens: list[Token] = field(default_factory=list)
    open: list[int] = field(default_factory=list)
    sure: bool = True


def read(text: str) -> Source:
    """The tokens of a source text."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._source = Source()
        self._open: list[tuple[str, int]] = []

    def read(self) -> Source:
        while self._at < len(self._text):
            self._next()
        self._source.open += [line for _, line in self._open]
        return self._source

    def _next(self) -> None:
        mark = self._text[self._at]
        if self._skipped(_SPACE):
            return
        if mark == "/" and (comment := self._skipped(_COMMENT)):
            if comment.startswith("/*") and not comment.endswith("*/"):
                self._source.open.append(self._line)
            return
        if mark == _TEMPLATE:
            self._open.append((_TEMPLATE, self._line))
            self._at += 1
            self._template()
        elif mark in "'\"":
            self._quoted()
        elif (
            mark == "/" and self._value_begins() and (found := _PATTERN.match(self._text, self._at))
        ):
            self._add("pattern", found[0], len(found[0]))
        elif found := _WORD.match(self._text, self._at):
            self._add("word", found[0], len(found[0]))
        else:
            self._mark(mark)

    def _skipped(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            return ""
        self._at = found.end()
        self._line += found[0].count("\n")
        return found[0]

    def _add(self, kind: Kind, text: str, length: int) -> None:
        self._source.tokens.append(Token(kind, text, self._line))
        self._line += self._text.count("\n", self._at, self._at + length)
        self._at += length

    def _quoted(self) -> None:
        found = _TEXT.match(self._text, self._at)
        if found is None and self._text.find("\n", self._at) < 0:
            self._source.open.append(self._line)
            self._at = len(self._text)
        elif found is None:
            self._source.sure = False
            self._add("mark", self._text[self._at], 1)
        else:
            self._add("text", found[0][1:-1], len(found[0]))

    def _template(self) -> None:
        """A part of a template, up to its end or to a `${`."""
        found = _TEMPLATE_PART.match(self._text, self._at)
        part = found[0] if found else ""
        self._add("text", part, len(part))
        if self._text.startswith("${", self._at):
            self._open.append(("${", self._line))
            self._at += 2
        elif self._text.startswith(_TEMPLATE, self._at):
            self._open.pop()
            self._at += 1
        else:
            self._at = len(self._text)

    def _mark(self, mark: str) -> None:
        self._add("mark", mark, 1)
        if mark in "([{":
            self._open.append((mark, self._line))
        elif mark in _CLOSES:
            innermost = self._open[-1][0] if self._open else ""
            if mark == "}" and innermost == "${":
                self._open.pop()
                self._template()
            elif innermost == _CLOSES[mark]:
                self._open.pop()
            else:
                self._source.sure = False

    def _value_begins(self) -> bool:
        """Whether a slash here begins a regular expression."""
        if not self._source.tokens:
            return True
        before = self._source.tokens[-1]
        if before.kind == "word":
            return before.text in _KEYWORDS
        return before.kind == "mark" and before.text not in _VALUE_ENDS
