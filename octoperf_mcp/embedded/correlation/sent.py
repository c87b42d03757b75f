"""Values in recorded requests that a server may have made: no word, no name that a user types."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

MIN_LENGTH = 6
_LONGEST = 20_000
_RANDOM_LENGTH = 12
_RANDOM_BITS = 3.0
_STANDARD_HEADERS = re.compile(
    r"(?i)(?:accept.*|access-control-.*|cache-control|connection|content-.*|cookie|date|dnt|expect|"
    r"host|if-.*|origin|pragma|priority|range|referer|sec-.*|te|transfer-encoding|upgrade.*|"
    r"user-agent|via|x-forwarded-.*|x-requested-with|:.*)"
)
_TYPED = re.compile(
    r"(?i)pass|pwd|user|login|mail|phone|name|address|city|search|query|comment|text|date|^q$"
)
_WORD = re.compile(r"[A-Za-z]+(?:[-_ ][A-Za-z]+)*")
_FILE = re.compile(r"(?i).*\.(?:js|mjs|css|png|jpe?g|gif|svg|ico|webp|woff2?|ttf|html?|map|json)")
_PATH_PARAMETER = re.compile(r";(\w+)=([^;/?#]+)")
_JSON_MEMBER = re.compile(r'"([\w.$-]+)"\s*:\s*(?:"([^"\\]+)"|(\d+))')
_XML_ELEMENT = re.compile(r"<([\w:.-]+)[^<>]*>([^<>]+)<")
_FORM_FIELD = re.compile(r"(?:^|&)([^=&]+)=([^&]+)")


@dataclass(frozen=True, slots=True)
class Sent:
    """A value in the request at an index; `target` is a word of create_correlation_rule."""

    request: int
    target: str
    name: str
    value: str


def sent_values(requests: Iterable[Json]) -> list[Sent]:
    """Values of the requests, in their order, that look made by a server."""
    return [
        Sent(index, target, name, value)
        for index, request in enumerate(requests)
        for target, name, value in _places(request)
        if _is_candidate(name, value)
    ]


def looks_random(value: str) -> bool:
    """Whether so many signs, so evenly used, are nobody's choice."""
    if len(value) < _RANDOM_LENGTH:
        return False
    counts = Counter(value)
    bits = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    return bits >= _RANDOM_BITS and any(sign.isdigit() for sign in value)


def _is_candidate(name: str, value: str) -> bool:
    if not MIN_LENGTH <= len(value) <= _LONGEST or "${" in value:
        return False
    if _TYPED.search(name) or _FILE.fullmatch(value) or "://" in value:
        return False
    return looks_random(value) or not _WORD.fullmatch(value)


def _places(request: Json) -> Iterator[tuple[str, str, str]]:
    path = request.get("path")
    if isinstance(path, str):
        yield from _of_path(path)
    for name, value in _pairs(request.get("parameters")):
        yield "QUERY_PARAM", name, value
    for name, value in _pairs(request.get("headers")):
        if not _STANDARD_HEADERS.fullmatch(name):
            yield "HEADER", name, re.sub(r"^(?i:bearer|token)\s+", "", value)
    data = request.get("postData")
    if isinstance(data, dict):
        for name, value in (*_pairs(data.get("parameters")), *_pairs(data.get("parts"))):
            yield "POST_PARAM", name, value
        if isinstance(data.get("body"), str):
            yield from _of_body(data["body"])


def _of_path(path: str) -> Iterator[tuple[str, str, str]]:
    for name, value in _PATH_PARAMETER.findall(path):
        yield "PATH", name, value
    before = ""
    for segment in path.partition("?")[0].split("/"):
        plain = segment.partition(";")[0]
        yield "PATH", before, plain
        before = plain


def _of_body(body: str) -> Iterator[tuple[str, str, str]]:
    start = body.lstrip()[:1]
    if start in ("{", "["):
        for name, text, number in _JSON_MEMBER.findall(body):
            yield "BODY", name, text or number
    elif start == "<":
        for name, value in _XML_ELEMENT.findall(body):
            yield "BODY", name.rpartition(":")[2], value.strip()
    else:
        for name, value in _FORM_FIELD.findall(body):
            yield "BODY", name, value


def _pairs(listed: Any) -> Iterator[tuple[str, str]]:
    for pair in listed if isinstance(listed, list) else []:
        if isinstance(pair, dict) and isinstance(pair.get("value"), str):
            yield str(pair.get("name") or ""), pair["value"]
