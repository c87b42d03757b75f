"""Curves: from the platform's points to what a tool shows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from octoperf_analysis.columns import title_of
from octoperf_analysis.formats import Cell, as_text
from octoperf_analysis.payloads import GraphPoint, MetricHead
from octoperf_analysis.series import Point, downsample
from octoperf_analysis.units import Unit, figure, unit_of

MaxPoints = Annotated[int, Field(ge=4, le=5000)]
CurveFormat = Literal["json", "columns", "csv", "markdown"]
_TEXTS = frozenset({"csv", "markdown"})


@dataclass(frozen=True, slots=True)
class Drawn:
    """A curve with all its points, and those that are shown."""

    title: str
    points: Sequence[Point]
    shown: Sequence[Point]

    @property
    def downsampled(self) -> bool:
        """Whether points were left out."""
        return len(self.shown) < len(self.points)


def drawn(
    curve: Iterable[Mapping[str, Any]],
    metric: MetricHead,
    most: int,
    title: str = "",
    unit: Unit | None = None,
) -> Drawn:
    """The curve of a metric in the unit of the tools; points without a value are left out."""
    unit = unit or unit_of(metric.metric)
    values = [(float(point["x"]), figure(point.get("y"), unit)) for point in curve]
    points = sorted((x, y) for x, y in values if y is not None)
    return Drawn(title or title_of(metric), points, downsample(points, most))


def curve_of(each: Drawn, kind: str) -> dict[str, Any]:
    """Members of a `Curve` payload."""
    least = min(each.points, key=lambda point: point[1], default=None)
    greatest = max(each.points, key=lambda point: point[1], default=None)
    return {
        "source_points": len(each.points),
        "least": _graph_point(least) if least else None,
        "greatest": _graph_point(greatest) if greatest else None,
        "points": [_graph_point(point) for point in each.shown] if kind == "json" else None,
        "times": [x for x, _ in each.shown] if kind == "columns" else None,
        "values": [y for _, y in each.shown] if kind == "columns" else None,
    }


def curves_text(kind: str, x_unit: str, curves: Sequence[Drawn]) -> str | None:
    """One table over all positions; a curve without a point there leaves its cell empty.

    None for the formats that are no text.
    """
    if kind not in _TEXTS:
        return None
    columns = [dict(each.shown) for each in curves]
    positions = sorted({x for column in columns for x in column})
    rows: list[list[Cell]] = [
        [position, *(column.get(position) for column in columns)] for position in positions
    ]
    return as_text(kind, [x_unit, *(each.title for each in curves)], rows)


def _graph_point(point: Point) -> GraphPoint:
    return GraphPoint(x=point[0], y=point[1])
