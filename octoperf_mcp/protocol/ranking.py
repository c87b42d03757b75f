"""Which tools a request in plain words means: BM25 over names, titles and descriptions.

A tool whose whole name the words cover counts twice.
The few words that people use for what OctoPerf calls otherwise are translated; nothing is learnt.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from octoperf_mcp.registry.tools import Tool

_K1: Final = 1.2
_B: Final = 0.6
_WEIGHTS: Final = {"name": 4, "title": 3, "purpose": 2, "parameters": 1}
_PLAIN_WEIGHT: Final = 0.4
_MEANT_WEIGHT: Final = 0.7
"""Of a plain word that is translated, and of what it means; other words weigh 1."""
_WORD: Final = re.compile(r"[a-z0-9]+")
_MAX_WORDS: Final = 64
_MAX_NAME: Final = 100
_STOP: Final = frozenset(
    re.split(
        " ",
        "a an and are as at be by can could do does for from give had has have how i in into is it"
        " its me my of on or our please s show so tell test that the their them there this to us"
        " want was we were what when where which who why will with would you your",
    )
)
_MEANINGS: Final = {
    "abort": "stop",
    "add": "create",
    "agent": "load generator",
    "alert": "alarm",
    "begin": "run",
    "cancel": "stop",
    "chart": "graph values",
    "dashboard": "report",
    "delay": "think time",
    "duplicate": "backup",
    "cop": "backup",
    "environment": "server",
    "fail": "error failed failure",
    "failure": "error",
    "far": "progress status",
    "find": "list",
    "flow": "virtual user",
    "graph": "chart",
    "halt": "stop",
    "host": "server",
    "journey": "virtual user",
    "kill": "stop",
    "launch": "run",
    "latency": "response summary table",
    "load": "scenario",
    "location": "provider",
    "machine": "generator",
    "make": "create",
    "new": "create",
    "percentile": "table statistic",
    "progress": "status",
    "record": "har recording",
    "recording": "har import",
    "region": "provider location",
    "rename": "update name",
    "requests": "request",
    "response": "exchange",
    "result": "report",
    "script": "virtual user",
    "session": "correlation",
    "slow": "table statistics",
    "slowest": "top table",
    "spike": "ramp",
    "start": "run",
    "state": "status",
    "terminate": "stop",
    "throughput": "summary chart",
    "token": "correlation",
    "try": "validate",
    "verify": "validate",
    "vu": "virtual user",
    "zone": "location provider",
}
"""Plain word (as `_stem` leaves it) to the words of the tools."""


class Ranking:
    """Ranks a fixed set of tools."""

    def __init__(self, tools: Iterable[Tool]) -> None:
        self._tools = tuple(tools)
        self._counts = [_counts(tool) for tool in self._tools]
        self._lengths = [sum(counts.values()) for counts in self._counts]
        self._mean = sum(self._lengths) / len(self._lengths) if self._lengths else 1.0
        self._names = [frozenset(_words(tool.name)) for tool in self._tools]
        self._spread = Counter(word for counts in self._counts for word in counts)

    def best(self, query: str, limit: int) -> Sequence[Tool]:
        """The tools that fit, the best first; a tool's own name comes before all."""
        words = _wanted(query)
        exact = "_".join(_WORD.findall(query[:_MAX_NAME].casefold()))
        scored = [
            (tool.name != exact, -self._score(index, words), tool.name, tool)
            for index, tool in enumerate(self._tools)
        ]
        found = sorted(item[:3] for item in scored if item[1] < 0 or not item[0])
        tools = {tool.name: tool for tool in self._tools}
        return [tools[name] for _, _, name in found[:limit]]

    def _score(self, index: int, words: dict[str, float]) -> float:
        counts, total = self._counts[index], 0.0
        norm = _K1 * (1 - _B + _B * self._lengths[index] / self._mean)
        for word, weight in words.items():
            count = counts.get(word, 0)
            if count:
                spread = self._spread[word]
                rarity = math.log(1 + (len(self._tools) - spread + 0.5) / (spread + 0.5))
                total += weight * rarity * count * (_K1 + 1) / (count + norm)
        named = self._names[index]
        return total * (1 + len(named & words.keys()) / max(len(named), 1))


def _counts(tool: Tool) -> Counter[str]:
    properties = tool.definition["inputSchema"].get("properties", {})
    fields = {
        "name": tool.name,
        "title": tool.title,
        "purpose": _without_pointers(tool.description),
        "parameters": " ".join(re.sub(r"(?<!^)(?=[A-Z])", " ", name) for name in properties),
    }
    counts: Counter[str] = Counter()
    for field, text in fields.items():
        for word in _words(text):
            counts[word] += _WEIGHTS[field]
    return counts


def _without_pointers(description: str) -> str:
    """The description without the sentences that name other tools."""
    sentences = re.split(r"(?<=[.!?])\s+", description)
    return " ".join(sentence for sentence in sentences if "_" not in sentence)


def _wanted(query: str) -> dict[str, float]:
    """Words to look for, with their weights."""
    given = _words(query)[:_MAX_WORDS]
    wanted = {word: _PLAIN_WEIGHT if word in _MEANINGS else 1.0 for word in given}
    for word in given:
        for other in _words(_MEANINGS.get(word, "")):
            wanted.setdefault(other, _MEANT_WEIGHT)
    return wanted


def _words(text: str) -> list[str]:
    found = _WORD.findall(text.casefold())
    return [_stem(word) for word in found if word not in _STOP]


def _stem(word: str) -> str:
    """Without the endings of plurals and verbs; short words as they are."""
    for ending, instead in (("ies", "y"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", "")):
        left = word.removesuffix(ending)
        if left != word and len(left) >= 4 and not left.endswith("s"):  # noqa: PLR2004 - of letters
            return left + instead
    return word
