"""Adding up rows of numbers and histograms, whatever columns were read."""

import operator
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import orjson

from octoperf_mcp.embedded.metrics.aggregate import HISTOGRAMS, NUMBERS
from octoperf_mcp.embedded.metrics.histogram import flat, merge_flat

Combine = Callable[[Any, Any], Any]


def how(column: str) -> Combine:
    """How two values of a column become one."""
    if column.endswith("_min"):
        return min
    return max if column.endswith("_max") else operator.add


class Stats:
    """Combined figures of any number of samples: the columns that were asked for, by name."""

    __slots__ = ("histograms", "numbers")

    def __init__(self) -> None:
        self.numbers: dict[str, float] = {}
        self.histograms: dict[str, dict[int, int]] = {}

    def __getitem__(self, column: str) -> float:
        return self.numbers.get(column, 0)

    def add(self, columns: Sequence[str], histograms: Sequence[str], values: Sequence[Any]) -> None:
        """Combine one more row: numbers, then histograms as flat lists joined by commas.

        Integers stay integers, whatever the database makes of their sums.
        """
        numbers = self.numbers
        for column, value in zip(columns, values, strict=False):
            plain = float(value) if column.endswith("_sq") else int(value)
            numbers[column] = how(column)(numbers[column], plain) if column in numbers else plain
        for column, text in zip(histograms, values[len(columns) :], strict=True):
            into = self.histograms.setdefault(column, {})
            merge_flat(into, chain.from_iterable(orjson.loads(f"[{text}]")))


_HOWS = tuple(how(column) for column in NUMBERS)


class Slice:
    """A row of all columns that further rows are merged into."""

    __slots__ = ("_histograms", "_numbers")

    def __init__(self, numbers: Sequence[float], histograms: Sequence[str]) -> None:
        self._numbers = list(numbers)
        self._histograms: tuple[dict[int, int], ...] = tuple({} for _ in HISTOGRAMS)
        self._merge(histograms)

    def add(self, numbers: Sequence[float], histograms: Sequence[str]) -> None:
        """Merge one more row."""
        self._numbers = [
            combine(mine, other)
            for combine, mine, other in zip(_HOWS, self._numbers, numbers, strict=True)
        ]
        self._merge(histograms)

    def _merge(self, texts: Sequence[str]) -> None:
        for into, text in zip(self._histograms, texts, strict=True):
            merge_flat(into, orjson.loads(text))

    def values(self) -> dict[str, Any]:
        """Column values for the database."""
        return {
            **dict(zip(NUMBERS, self._numbers, strict=True)),
            **{
                name: orjson.dumps(flat(histogram)).decode()
                for name, histogram in zip(HISTOGRAMS, self._histograms, strict=True)
            },
        }
