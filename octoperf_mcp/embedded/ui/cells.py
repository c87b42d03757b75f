"""A heat map as figures: steps of colour, words, a table, and what its script reads out."""

import math
from dataclasses import dataclass
from typing import Any, Final

from octoperf_mcp.embedded.ui.svg import elapsed, short
from octoperf_mcp.entities.drawings import Grid

STEPS: Final = 8
"""The style sheet has so many colours, `h0` and on: the more, the further from the ground."""
_THOUSAND: Final = 1000


@dataclass(frozen=True, slots=True)
class Cells:
    """What a heat map shows."""

    grid: Grid

    def edges(self) -> list[float]:
        """The least value of each step of colour, ascending; each is a like multiple of the last.

        Counts are split between whole numbers, and up to `STEPS` of them have a step each.
        """
        found = [value for row in self.grid.values for value in row if value > 0]
        if not found:
            return []
        least, greatest = min(found), max(found)
        whole = all(float(value).is_integer() for value in found)
        if whole and greatest - least < STEPS:
            return [float(each) for each in range(int(least), int(greatest) + 1)]
        if least == greatest:
            return [least]
        ratio = greatest / least
        edges = [least * ratio ** (step / STEPS) for step in range(STEPS)]
        return sorted({float(math.ceil(edge - 1e-9)) for edge in edges}) if whole else edges

    def step_of(self, value: float, edges: list[float]) -> int | None:
        """Which step of colour a value has; None for nothing."""
        if value <= 0:
            return None
        return max(sum(edge <= value * (1 + 1e-9) for edge in edges) - 1, 0)

    def legend(self) -> list[str]:
        """What each step stands for; the last one has the unit."""
        edges = self.edges()
        if not edges:
            return []
        greatest = max(value for row in self.grid.values for value in row)
        whole = all(edge.is_integer() for edge in edges)
        said = []
        for edge, following in zip(edges, [*edges[1:], None], strict=True):
            last = greatest if following is None else following - 1 if whole else following
            one = (following is None and edge >= greatest) or (whole and last == edge)
            said.append(short(edge) if one else f"{short(edge)} to {short(last)}")
        said[-1] = f"{said[-1]} {self.grid.unit}".strip()
        return said

    def described(self) -> str:
        """What there is to see, in words."""
        grid = self.grid
        found = [
            (value, slot, band)
            for slot, row in enumerate(grid.values)
            for band, value in enumerate(row)
            if value > 0
        ]
        if not found:
            return "Nothing."
        bands = sorted({band for _, _, band in found})
        value, slot, band = max(found, key=lambda each: each[0])
        return (
            f"{grid.name} from {grid.bands[bands[0]].name} to {grid.bands[bands[-1]].name}; most, "
            f"{short(value)} {grid.unit}, at {grid.bands[band].name} after {self.moment(slot)}."
        )

    def moment(self, slot: int) -> str:
        """When a slot begins, counted from the first."""
        starts = self.grid.starts
        return elapsed((starts[slot] - starts[0]) / _THOUSAND)

    def table(self) -> tuple[list[str], list[list[str]]]:
        """A row for each slot that has anything, a column for each band that has."""
        grid = self.grid
        bands = [n for n in range(len(grid.bands)) if any(row[n] > 0 for row in grid.values)]
        rows = [
            [self.moment(slot), *(short(row[band]) for band in bands)]
            for slot, row in enumerate(grid.values)
            if any(row)
        ]
        heads = [grid.bands[band].name for band in bands]
        unit = f" ({grid.unit})" if grid.unit else ""
        return [f"Since the start{unit}", *heads], rows

    def columns(self) -> dict[str, Any]:
        """JSON-ready, for the script."""
        grid = self.grid
        return {
            "starts": list(grid.starts),
            "slotMs": grid.slot_ms,
            "bands": [each.name for each in grid.bands],
            "values": [list(row) for row in grid.values],
            "unit": grid.unit,
        }
