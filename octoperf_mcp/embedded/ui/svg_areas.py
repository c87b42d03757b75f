"""Charts of areas as SVG: stacks, a curve against its reference, bars."""

from collections.abc import Sequence

from markupsafe import Markup, escape

from octoperf_mcp.embedded.ui.svg import (
    COLOURS,
    LEFT,
    RIGHT,
    WIDTH,
    Point,
    Series,
    grid,
    nice_top,
    picture,
    span_of,
    xy,
)

_ROW, _BAR = 30, 18
_NAME_WIDTH, _VALUE_WIDTH = 260, 110
_LONGEST_NAME = 38


def stacked_chart(series: Sequence[Series], *, title: str) -> Markup:
    """Areas on top of each other, the first at the bottom; all have the same x in the same order.

    Args:
        series: The layers; nothing is drawn without a point.
        title: Read out instead of the picture.
    """
    if not series or not series[0].points:
        return Markup("")
    span = span_of(series)
    floor = [0.0] * len(series[0].points)
    edges = [floor]
    for item in series:
        floor = [low + value for low, (_, value) in zip(floor, item.points, strict=True)]
        edges.append(floor)
    top = nice_top(max(floor))
    xs = _widened([x for x, _ in series[0].points])
    span = (xs[0], xs[-1]) if len(series[0].points) == 1 else span
    parts = []
    for index, item in enumerate(series):
        upper = _corners(xs, edges[index + 1], span, top)
        lower = _corners(xs, edges[index], span, top)
        parts.append(
            f'<polygon points="{" ".join([*upper, *reversed(lower)])}" class="f{index % COLOURS}">'
            f"<title>{escape(item.name)}</title></polygon>"
        )
    return picture(title, "".join(parts) + grid(top, span, series[0].unit, times=True))


def range_chart(curve: Series, reference: Series, *, title: str) -> Markup:
    """A curve, its reference dashed, and between them what they differ by.

    Both have the same x; nothing is drawn without a point.
    """
    if not curve.points:
        return Markup("")
    span = span_of([curve, reference])
    top = nice_top(max(value for item in (curve, reference) for _, value in item.points))
    between = [*_points(curve, span, top), *reversed(_points(reference, span, top))]
    body = grid(top, span, curve.unit, times=True)
    body += f'<polygon points="{" ".join(between)}" class="f0 faint"/>'
    body += f'<polyline points="{" ".join(_points(reference, span, top))}" class="l1 dashed"/>'
    body += f'<polyline points="{" ".join(_points(curve, span, top))}" class="l0"/>'
    return picture(title, body)


def bar_chart(bars: Sequence[tuple[str, float | None, str, str]], *, title: str) -> Markup:
    """One bar a figure; bars of one unit share a scale.

    Args:
        bars: Name, value (None: there is none), unit, and the value as it is written.
        title: Read out instead of the picture.
    """
    known = [(unit, value) for _, value, unit, _ in bars if value is not None]
    if not known:
        return Markup("")
    tops = {unit: max(value for of, value in known if of == unit) or 1.0 for unit, _ in known}
    room = WIDTH - _NAME_WIDTH - _VALUE_WIDTH
    parts = []
    for number, (name, value, unit, written) in enumerate(bars):
        middle = number * _ROW + _ROW / 2
        length = room * max(value or 0.0, 0.0) / tops.get(unit, 1.0)
        shown = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
        parts.append(
            f'<text x="{_NAME_WIDTH - 10}" y="{middle + 5:.1f}" class="name end">{escape(shown)}'
            f"</text>"
            f'<rect x="{_NAME_WIDTH}" y="{middle - _BAR / 2:.1f}" width="{max(length, 1):.1f}" '
            f'height="{_BAR}" rx="2" class="f0"><title>{escape(name)}</title></rect>'
            f'<text x="{_NAME_WIDTH + length + 8:.1f}" y="{middle + 5:.1f}" class="name">'
            f"{escape(written)}</text>"
        )
    return picture(title, "".join(parts), height=_ROW * len(bars))


def _points(item: Series, span: tuple[float, float], top: float) -> list[str]:
    points: Sequence[Point] = item.points
    if len(points) == 1:
        return [f"{x},{xy(*points[0], span, top).split(',')[1]}" for x in (LEFT, WIDTH - RIGHT)]
    return [xy(x, y, span, top) for x, y in points]


def _widened(xs: list[float]) -> list[float]:
    """A single position as an interval, so that its area can be seen."""
    return xs if len(xs) > 1 else [xs[0], xs[0] + 1]


def _corners(
    xs: Sequence[float], ys: Sequence[float], span: tuple[float, float], top: float
) -> list[str]:
    values = list(ys) if len(ys) == len(xs) else [ys[0]] * len(xs)
    return [xy(x, y, span, top) for x, y in zip(xs, values, strict=True)]
