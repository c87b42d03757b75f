"""Finding a recorded value in a text, as it was or as a browser spells it, and replacing it.

A browser percent-encodes a value that it puts into an address and decodes one that it takes from
there. Each spelling is replaced by a function of the variable that spells the live value alike.
"""

import html
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote, unquote_plus

_REFERENCE = re.compile(r"(\$\{(?:[^${}]|\$\{[^{}]*\}|\$(?!\{))*\})")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_KEPT_BY_SCRIPTS = "!'()*"


def _spellings(value: str) -> Iterator[tuple[str, str]]:
    """Spellings with the function that makes them, the value itself first."""
    yield value, ""
    for encoded in (
        quote_plus(value),
        quote(value, safe=""),
        quote(value, safe=_KEPT_BY_SCRIPTS),
        quote(value, safe="/"),
    ):
        yield encoded, "__urlencode"
    for decoded in (unquote_plus(value), unquote(value)):
        yield decoded, "__urldecode"
    yield html.unescape(value), "__unescapeHtml"


class Replacer:
    """What was extracted so far, and the texts that stand for it.

    `variable` is the whole reference, `${name}`.
    """

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._lengths: dict[str, int] = {}
        self._patterns: dict[tuple[int, bool], re.Pattern[str] | None] = {}

    def learn(self, value: str, reference: str, replacement: str) -> None:
        """From now on `value` is replaced; the latest of two equal values counts.

        Args:
            value: A recorded value, not empty.
            reference: What holds the live value, such as `${csrf}`.
            replacement: What the rule puts in place of it, usually the reference alone.
        """
        known: set[str] = set()
        for spelling, function in _spellings(value):
            if spelling and spelling not in known:
                known.add(spelling)
                wrapped = f"${{{function}({reference})}}" if function else reference
                key = _canonical(spelling)
                self._texts[key] = replacement.replace(reference, wrapped)
                self._lengths[key] = len(value)
        self._patterns.clear()

    def __bool__(self) -> bool:
        return bool(self._texts)

    def replace(self, text: str, *, partial: bool, min_length: int, path: bool = False) -> str:
        """The text with every known value replaced; references in it stay.

        Args:
            text: Where to look.
            partial: Also within a longer text; otherwise only the whole text.
            min_length: Shorter recorded values are left alone.
            path: The text is a path: a value must not be part of a longer word.
        """
        if not partial:
            known = self._texts.get(_canonical(text))
            return text if known is None or self._too_short(text, min_length) else known
        pattern = self._pattern(min_length, path=path)
        if pattern is None:
            return text
        pieces = _REFERENCE.split(text)
        for index in range(0, len(pieces), 2):
            pieces[index] = pattern.sub(
                lambda match: self._texts[_canonical(match.group())], pieces[index]
            )
        return "".join(pieces)

    def _too_short(self, text: str, min_length: int) -> bool:
        return self._lengths[_canonical(text)] < min_length

    def _pattern(self, min_length: int, *, path: bool) -> re.Pattern[str] | None:
        key = (min_length, path)
        if key not in self._patterns:
            usable = [text for text, length in self._lengths.items() if length >= min_length]
            usable.sort(key=len, reverse=True)
            whole = "|".join(_literal(text, path=path) for text in usable)
            self._patterns[key] = re.compile(whole) if usable else None
        return self._patterns[key]


def _canonical(text: str) -> str:
    """Percent escapes in upper case, so that both cases are one spelling."""
    return _ESCAPE.sub(lambda match: match.group().upper(), text)


def _literal(text: str, *, path: bool) -> str:
    """A pattern for the text alone: a number is not found within a longer number."""
    word = r"\w" if path else r"\d"
    bounded = path or text.isdecimal()
    escaped = _ESCAPE.sub(lambda match: f"(?i:{match.group()})", re.escape(text))
    before = f"(?<!{word})" if bounded and re.match(word, text) else ""
    after = f"(?!{word})" if bounded and re.search(f"{word}$", text) else ""
    return f"{before}{escaped}{after}"
