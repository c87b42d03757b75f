"""Heat maps as SVG: a cell for each slot of time and band of values, the colour is its figure."""

from markupsafe import Markup, escape

from octoperf_mcp.embedded.ui.cells import Cells
from octoperf_mcp.embedded.ui.svg import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TICKS,
    TOP,
    WIDTH,
    picture,
    ticks_of,
)

_ROOM = 16
"""Least height between two figures of the left axis."""
_THOUSAND = 1000


def heat_map(cells: Cells, *, title: str) -> Markup:
    """Time from left to right, the bands from bottom to top; nothing is drawn without a value.

    Cells of one colour are one path, so that a picture stays small.

    Args:
        cells: The figures.
        title: Read out instead of the picture.
    """
    edges = cells.edges()
    grid = cells.grid
    if not edges:
        return Markup("")
    begin, end = grid.starts[0], grid.starts[-1] + grid.slot_ms
    wide = (WIDTH - LEFT - RIGHT) / (end - begin)
    high = (HEIGHT - TOP - BOTTOM) / len(grid.bands)
    paths: dict[int, list[str]] = {}
    for start, row in zip(grid.starts, grid.values, strict=True):
        for band, value in enumerate(row):
            step = cells.step_of(value, edges)
            if step is None:
                continue
            x, y = LEFT + (start - begin) * wide, HEIGHT - BOTTOM - (band + 1) * high
            width = max(grid.slot_ms * wide, 1)
            corner = f"M{x:.1f} {y:.1f}h{width:.1f}v{high:.1f}h-{width:.1f}z"
            paths.setdefault(step, []).append(corner)
    drawn = "".join(f'<path class="h{step}" d="{"".join(d)}"/>' for step, d in paths.items())
    return picture(title, drawn + _left(cells, high) + _below((end - begin) / _THOUSAND))


def _left(cells: Cells, high: float) -> str:
    """The lower edges of the bands, as many as there is room for, and the frame."""
    bands = cells.grid.bands
    every = max(1, -(-_ROOM // max(int(high), 1)))
    parts = [f'<text x="{LEFT - 6}" y="14" class="tick end">{escape(cells.grid.band_unit)}</text>']
    edges = [*(band.low for band in bands), bands[-1].high]
    for number in range(0, len(edges), every):
        y = HEIGHT - BOTTOM - number * high
        parts.append(
            f'<line x1="{LEFT - 4}" x2="{LEFT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" class="tick end">{_figure(edges[number])}</text>'
        )
    floor = HEIGHT - BOTTOM
    parts.append(
        f'<path d="M{LEFT} {TOP}V{floor}H{WIDTH - RIGHT}" class="grid" fill="none"/>'  # the axes
    )
    return "".join(parts)


def _figure(value: float) -> str:
    """Three digits, as people write an edge: 0.5, 125, 2500."""
    return f"{value:.3g}" if value < _THOUSAND else f"{value:g}"


def _below(seconds: float) -> str:
    parts = []
    for tick, label in enumerate(ticks_of(seconds)):
        x = LEFT + (WIDTH - LEFT - RIGHT) * tick / TICKS
        anchor = "end" if tick == TICKS else "middle" if tick else "start"
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 8}" class="tick {anchor}">{label}</text>')
    return "".join(parts)
