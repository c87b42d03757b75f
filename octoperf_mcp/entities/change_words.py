"""How a changed property reads: `think time 5 s to 2 s`, `header Accept added`, `disabled`.

Values of secrets and of credential headers are never told, only that they changed.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

Json = Mapping[str, Any]

_LONGEST = 60
_CONTEXT = 12
_SECOND_MS = 1000
_SECRET_TYPES = frozenset({"PLAIN", "ENCRYPTED"})
_CREDENTIALS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-api-key",
        "api-key",
        "x-auth-token",
    }
)
_WORDS = {
    "thinktime": "think time",
    "postData": "body",
    "serverId": "server",
    "recordedRequest": "recorded request",
    "recordedResponse": "recorded response",
}
_ONE_OF = {"headers": "header", "parameters": "parameter", "parts": "part", "points": "point"}
"""What one item of a list is called."""

_UNTOLD = frozenset({"recordedRequest", "recordedResponse"})
_ABSENT: Any = object()


class Said(NamedTuple):
    """One difference in words, without the name of what it is about, and its pointer."""

    words: str
    pointer: str


def differences(
    before: Json, after: Json, pointer: str, *, skip: frozenset[str] = frozenset()
) -> Iterator[Said]:
    """What differs between the properties of two objects, in the order of the later one.

    Args:
        before: The earlier object.
        after: The later one.
        pointer: JSON Pointer of the later one.
        skip: Properties to leave out.
    """
    names = [*after, *(name for name in before if name not in after)]
    for name in names:
        old, new = before.get(name, _ABSENT), after.get(name, _ABSENT)
        if name in skip or (old == new and type(old) is type(new)):
            continue
        yield from _property(name, old, new, f"{pointer}/{_escaped(name)}")


def secret(value: Any) -> bool:
    """Whether a value is one that nobody is shown."""
    return isinstance(value, Mapping) and value.get("type") in _SECRET_TYPES and "value" in value


def shown(value: Any) -> str:
    """A value in at most some sixty characters."""
    if value is None or value is _ABSENT:
        return "none"
    if isinstance(value, Mapping):
        return str(value.get("@type") or f"{len(value)} properties")
    if isinstance(value, list):
        return f"{len(value)} items"
    return _cut(json.dumps(value, ensure_ascii=False))


def words(name: str) -> str:
    """`followRedirects` → `follow redirects`, `timeoutMs` → `timeout`."""
    plain = name.removesuffix("Ms") or name
    return _WORDS.get(name) or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", plain).lower()


def _property(name: str, old: Any, new: Any, pointer: str) -> Iterator[Said]:
    if name == "enabled" and bool(_value(old)) != bool(_value(new)):
        yield Said("enabled" if new else "disabled", pointer)
    elif name in _UNTOLD or secret(old) or secret(new) or name == "password":
        yield Said(f"{words(name)} changed", pointer)
    elif name == "thinktime":
        yield Said(f"think time {thinktime(old)} to {thinktime(new)}", pointer)
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _objects(name, old, new, pointer)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(name, old, new, pointer)
    else:
        first, second = _pair(name, old, new)
        yield Said(f"{words(name)} {first} to {second}", pointer)


def _objects(name: str, old: Json, new: Json, pointer: str) -> Iterator[Said]:
    if old.get("@type") != new.get("@type"):
        yield Said(f"{words(name)} {shown(old)} to {shown(new)}", pointer)
        return
    for said in differences(old, new, pointer):
        inner = said.words
        yield Said(
            inner if inner.startswith(words(name)) else f"{words(name)} {inner}", said.pointer
        )


def _lists(name: str, old: list[Any], new: list[Any], pointer: str) -> Iterator[Said]:
    if all(isinstance(item, Mapping) for item in (*old, *new)):
        earlier, later = _keyed(old), _keyed(new)
        one = _ONE_OF.get(name, words(name).removesuffix("s"))
        yield from _items(one, earlier, later, pointer)
        return
    gone, come = _left_over(old, new), _left_over(new, old)
    said = [f"added {', '.join(map(shown, come))}"] if come else []
    said += [f"removed {', '.join(map(shown, gone))}"] if gone else []
    yield Said(f"{words(name)} {_cut(' and '.join(said) or 'in another order')}", pointer)


def _items(
    one: str, earlier: dict[str, tuple[int, Json]], later: dict[str, tuple[int, Json]], pointer: str
) -> Iterator[Said]:
    for key, (index, item) in later.items():
        place = f"{pointer}/{index}"
        if key not in earlier:
            yield Said(f"{one} {key} added{_with_value(key, item)}", place)
            continue
        before = earlier[key][1]
        if before == item:
            continue
        if key.casefold() in _CREDENTIALS:
            yield Said(f"{one} {key} changed", place)
            continue
        for said in differences(before, item, place):
            yield Said(f"{one} {key} {said.words.removeprefix('value ')}", said.pointer)
    for key, (index, _) in earlier.items():
        if key not in later:
            yield Said(f"{one} {key} removed", f"{pointer}/{index}")
    common = [key for key in earlier if key in later]
    if common != [key for key in later if key in earlier]:
        yield Said(f"{one}s in another order", pointer)


def _keyed(items: Sequence[Json]) -> dict[str, tuple[int, Json]]:
    """Items by their names or ids where those tell them apart, else by number from 1."""
    for member in ("name", "id"):
        keys = [item.get(member) for item in items]
        if all(isinstance(key, str) and key for key in keys) and len(set(keys)) == len(keys):
            return {_cut(str(key)): (index, items[index]) for index, key in enumerate(keys)}
    return {f"#{index + 1}": (index, item) for index, item in enumerate(items)}


def _with_value(key: str, item: Json) -> str:
    value = item.get("value")
    if value is None or key.casefold() in _CREDENTIALS or secret(value):
        return ""
    return f" {shown(value)}"


def _left_over(some: list[Any], others: list[Any]) -> list[Any]:
    """Items of the one list that the other lacks, as often as it lacks them."""
    known = Counter(json.dumps(item, sort_keys=True) for item in others)
    left = []
    for item in some:
        key = json.dumps(item, sort_keys=True)
        if known[key]:
            known[key] -= 1
        else:
            left.append(item)
    return left


def thinktime(value: Any) -> str:
    """A think time in words, `none` where there is none."""
    if not isinstance(value, Mapping):
        return shown(value)
    match value:
        case {"@type": "ThinktimeConstant", "value": int() | float() as wait}:
            return seconds(wait)
        case {
            "@type": "ThinktimeRange",
            "min": int() | float() as low,
            "max": int() | float() as high,
        }:
            return f"{seconds(low)}..{seconds(high)}"
        case {"@type": "ThinktimeGaussian", "offset": int() | float() as offset}:
            return f"around {seconds(offset)}"
        case {"@type": "ThroughputThinktime", "hitsPerSecond": rate}:
            return f"{rate} hits/s"
        case {"@type": "ThinktimeText", "value": text}:
            return shown(text)
    return shown(value)


def seconds(milliseconds: float) -> str:
    """`1200` → `1.2 s`."""
    return f"{milliseconds / _SECOND_MS:g} s"


def _pair(name: str, old: Any, new: Any) -> tuple[str, str]:
    """Both values; of long texts the part where they begin to differ."""
    if name.endswith("Ms") and _number(old) and _number(new):
        return seconds(old), seconds(new)
    if isinstance(old, str) and isinstance(new, str) and max(len(old), len(new)) > _LONGEST:
        start = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), None)
        start = min(len(old), len(new)) if start is None else start
        start = max(0, start - _CONTEXT)
        dots = "…" if start else ""
        return shown(dots + old[start:]), shown(dots + new[start:])
    return shown(old), shown(new)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _value(value: Any) -> Any:
    return None if value is _ABSENT else value


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
