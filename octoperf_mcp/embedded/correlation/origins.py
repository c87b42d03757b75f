"""Where a value first appears in recorded answers, and an expression that takes it from there."""

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from octoperf_mcp.embedded.correlation.recorded import Played
from octoperf_mcp.embedded.correlation.sent import looks_random
from octoperf_mcp.embedded.engine.wire.exchange import Exchange

_CORE = re.compile(r"[A-Za-z0-9_-]{4,}")
_CUT = re.compile(r"[\s<{,&?;(\[]")
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_-]+")
_SPECIAL = re.compile(r"([\\^$.|?*+()\[\]{}])")
_HEADER = re.compile(r"^([\w-]+): ?")
_CONTEXT_CHARS = 80
_SHORTEST_CONTEXT = 4
_OCCURRENCES = 5
_MATCHES = 3
_ENDS = "\"'<>&;\\"
_SOURCES = ("BODY", "HEADERS")


@dataclass(frozen=True, slots=True)
class Origin:
    """An answer that holds a value, and the expression that finds it there.

    `number` is the place among the matches from 1; `named` whether the text around the value
    holds the name under which it is sent.
    """

    request: int
    source: str
    spelling: str
    regexp: str
    number: int
    named: bool


def first_answers(
    requests: Sequence[Played], values: Iterable[str]
) -> dict[str, list[tuple[int, str, str]]]:
    """For each value the answers that hold it, first ones first: index, source, spelling.

    Each answer is read once: words of it that are no part of a value cost nothing more.
    """
    by_core: dict[str, list[tuple[str, str]]] = {}
    for value in set(values):
        for spelling in _spellings(value):
            cores = _CORE.findall(spelling)
            if cores:
                by_core.setdefault(max(cores, key=len), []).append((value, spelling))
    found: dict[str, list[tuple[int, str, str]]] = {}
    for index, request in enumerate(requests):
        if request.answer is None:
            continue
        for source, text in _texts(request.answer):
            for value, spelling in _held(text, by_core):
                found.setdefault(value, []).append((index, source, spelling))
    return found


def origin_of(
    requests: Sequence[Played], held: Iterable[tuple[int, str, str]], name: str
) -> Origin | None:
    """The first place from which an expression can take a value.

    Args:
        requests: All of them.
        held: As `first_answers` tells, of answers before the value is sent.
        name: Under which the value is sent.
    """
    for index, source, spelling in held:
        answer = requests[index].answer
        if answer is None:
            continue
        text = dict(_texts(answer))[source]
        expression = _expression(text, spelling, name, headers=source == "HEADERS")
        if expression is not None:
            regexp, number, named = expression
            return Origin(index, source, spelling, regexp, number, named)
    return None


def _texts(answer: Exchange) -> Iterator[tuple[str, str]]:
    yield "BODY", answer.text
    yield "HEADERS", answer.header_text


def _spellings(value: str) -> list[str]:
    plain = (value, unquote(value), unquote_plus(value))
    encoded = (quote(value, safe=""), quote_plus(value), html.escape(value))
    return [spelling for spelling in dict.fromkeys((*plain, *encoded)) if spelling]


def _held(text: str, by_core: Mapping[str, list[tuple[str, str]]]) -> Iterator[tuple[str, str]]:
    told: set[str] = set()
    seen: set[str] = set()
    for match in _CORE.finditer(text):
        core = match.group()
        if core in seen or core not in by_core:
            continue
        seen.add(core)
        for value, spelling in by_core[core]:
            if value not in told and spelling in text:
                told.add(value)
                yield value, spelling


def _expression(text: str, value: str, name: str, *, headers: bool) -> tuple[str, int, bool] | None:
    """The shortest expression around a value that finds it among the first matches."""
    best: tuple[str, int, bool] | None = None
    for position in _positions(text, value):
        end = text[position + len(value) : position + len(value) + 1]
        if end and (end in value or _PLAIN_WORD.fullmatch(end)):
            continue
        left = text[max(0, position - _CONTEXT_CHARS) : position].rpartition("\n")[2]
        for context in _contexts(left):
            regexp = _anchor(context, headers=headers and context == left) + _group(value, end)
            number = _number_of(regexp, text, value)
            if number is None:
                continue
            named = bool(name) and name.casefold() in context.casefold()
            if number == 1 and (named or not name):
                return regexp, number, named
            if best is None or (number, not named) < (best[1], not best[2]):
                best = regexp, number, named
    return best


def _positions(text: str, value: str) -> Iterator[int]:
    position = -1
    for _ in range(_OCCURRENCES):
        position = text.find(value, position + 1)
        if position < 0:
            return
        yield position


def _contexts(left: str) -> Iterator[str]:
    """What stands before a value, from its last word to the whole line; nothing that changes."""
    cuts = [match.end() for match in _CUT.finditer(left)]
    for cut in (*reversed(cuts), 0):
        context = left[cut:]
        if len(context) >= _SHORTEST_CONTEXT:
            if any(looks_random(word) for word in _PLAIN_WORD.findall(context)):
                return
            yield context


def _anchor(context: str, *, headers: bool) -> str:
    """The context as an expression; a header's name in any case."""
    header = _HEADER.match(context) if headers else None
    if header is None:
        return _SPECIAL.sub(r"\\\1", context)
    rest = _SPECIAL.sub(r"\\\1", context[header.end() :])
    return f"(?i:{header[1]}): ?{rest}"


def _group(value: str, end: str) -> str:
    """A group that ends where the value does."""
    signs = [
        sign for sign in dict.fromkeys(_ENDS + end) if sign not in value and not sign.isspace()
    ]
    spaces = "" if re.search(r"\s", value) else r"\s"
    inside = "".join(re.sub(r"([\\\]^-])", r"\\\1", sign) for sign in signs)
    return f"([^{inside}{spaces}]+)"


def _number_of(regexp: str, text: str, value: str) -> int | None:
    for number, match in enumerate(re.finditer(regexp, text), 1):
        if match[1] == value:
            return number
        if number == _MATCHES:
            return None
    return None
