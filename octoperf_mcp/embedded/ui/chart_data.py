"""A chart as figures: for the script that draws it live, and as a table for everybody else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from octoperf_mcp.embedded.ui.svg import Series, elapsed, short

Form = Literal["line", "stacked", "range"]

_MOST_TABLE_ROWS: Final = 24
_THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Curves:
    """What a chart of curves shows.

    Args:
        form: How: side by side, on top of each other, or a curve against a reference.
        series: The curves in the order of the legend.
        times: Whether x is a time in epoch milliseconds.
    """

    form: Form
    series: Sequence[Series]
    times: bool = True

    def columns(self) -> dict[str, Any]:
        """JSON-ready, as uPlot takes it: one common `x`, one list of values a curve."""
        places = _places(self.series)
        return {
            "form": self.form,
            "times": self.times,
            "x": [x / _THOUSAND for x in places] if self.times else places,
            "series": [
                {"name": each.name, "unit": each.unit, "y": _column(each, places)}
                for each in self.series
            ],
        }

    def described(self) -> str:
        """What the curves do, in words, for whoever does not see them."""
        return " ".join(_in_words(each, times=self.times) for each in self.series if each.points)

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Columns and some rows, evenly spread, the first and the last position among them."""
        places = _places(self.series)
        kept = _spread(places)
        known = [dict(each.points) for each in self.series]
        rows = [
            [
                elapsed((x - places[0]) / _THOUSAND) if self.times else short(x),
                *("–" if x not in column else short(column[x]) for column in known),  # noqa: RUF001 - a dash, as in print
            ]
            for x in kept
        ]
        heads = [f"{each.name} ({each.unit})" if each.unit else each.name for each in self.series]
        return ["Since the start" if self.times else "Percentile", *heads], rows


def _places(series: Iterable[Series]) -> list[float]:
    return sorted({x for each in series for x, _ in each.points})


def _column(each: Series, places: Sequence[float]) -> list[float | None]:
    known = dict(each.points)
    return [known.get(x) for x in places]


def _spread(places: Sequence[float]) -> list[float]:
    if len(places) <= _MOST_TABLE_ROWS:
        return list(places)
    last = len(places) - 1
    steps = _MOST_TABLE_ROWS - 1
    return [places[round(number * last / steps)] for number in range(_MOST_TABLE_ROWS)]


def _in_words(each: Series, *, times: bool) -> str:
    start = each.points[0][0]
    low = min(each.points, key=lambda point: point[1])
    high = max(each.points, key=lambda point: point[1])

    def at(x: float) -> str:
        return f"after {elapsed((x - start) / _THOUSAND)}" if times else f"at {short(x)} %"

    unit = f" {each.unit}" if each.unit else ""
    return (
        f"{each.name}: from {short(low[1])}{unit} {at(low[0])} to {short(high[1])}{unit} "
        f"{at(high[0])}, {short(each.points[-1][1])}{unit} at the end."
    )
