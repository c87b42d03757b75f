"""Adding up numbers and histograms, whatever columns were read."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from octoperf_mcp.embedded.metrics.histogram import merge

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

    def add(self, numbers: Mapping[str, float], histograms: Mapping[str, dict[int, int]]) -> None:
        """Combine with further figures, by column."""
        mine = self.numbers
        for column, value in numbers.items():
            mine[column] = how(column)(mine[column], value) if column in mine else value
        for column, histogram in histograms.items():
            if column in self.histograms:
                merge(self.histograms[column], histogram)
            else:
                self.histograms[column] = histogram
