"""Charts as SVG, drawn on the server: no script, the same in a browser and on paper.

Colours are classes (`l0` a line, `f0` a filling, …), so that the style sheet suits them to a light
or a dark page.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from markupsafe import Markup, escape

WIDTH, HEIGHT = 900, 270
LEFT, RIGHT, TOP, BOTTOM = 56, 56, 26, 28
COLOURS: Final = 10
"""The style sheet has so many, `--c0` and on."""
TICKS = 4
_SMALLEST = 1e-12
"""Below it a value is drawn as nothing; powers of ten vanish further down."""
_THOUSAND = 1000
_HOUR_S = 3600

Point = tuple[float, float]
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Series:
    """One curve: epoch milliseconds (or any number) against values of one unit."""

    name: str
    unit: str
    points: Sequence[Point]


def line_chart(series: Sequence[Series], *, title: str, times: bool = True) -> Markup:
    """Curves over a common x axis; curves of one unit share a scale.

    The first unit has its axis on the left, the second on the right; those of further units reach
    from nothing to their own greatest value.

    Args:
        series: The curves; nothing is drawn without a point.
        title: Read out instead of the picture.
        times: Whether x is a time in epoch milliseconds; labels then count from the first one.
    """
    drawn = [item for item in series if item.points]
    if not drawn:
        return Markup("")
    span = span_of(drawn)
    units = units_of(drawn)
    tops = {
        unit: nice_top(max(y for item in drawn if item.unit == unit for _, y in item.points))
        for unit in units
    }
    parts = [grid(tops[units[0]], span, units[0], times=times)]
    if len(units) > 1:
        parts.append(right_axis(tops[units[1]], units[1]))
    for index, item in enumerate(series):
        if item.points:
            parts.append(_curve(item, index, span, tops[item.unit]))
    return picture(title, "".join(parts))


def load_shape(points: Sequence[Point], *, title: str, unit: str = "users") -> Markup:
    """Users, or arrivals, over time (seconds), filled down to zero."""
    if not points:
        return Markup("")
    span = (0.0, points[-1][0] or 1)
    top = nice_top(max(point[1] for point in points))
    corners = " ".join(xy(x, y, span, top) for x, y in points)
    floor = HEIGHT - BOTTOM
    area = f"{LEFT},{floor} {corners} {WIDTH - RIGHT},{floor}"
    body = grid(top, (0, span[1] * _THOUSAND), unit, times=True)
    body += f'<polygon points="{area}" class="f0 faint"/>'
    body += f'<polyline points="{corners}" class="l0"/>'
    return picture(title, body)


def pie(shares: Sequence[tuple[str, float]], *, title: str) -> Markup:
    """A ring of shares; the legend is the caller's."""
    total = sum(value for _, value in shares)
    if not total:
        return Markup("")
    radius, circle = 70.0, 2 * math.pi * 70.0
    parts, before = [], 0.0
    for index, (name, value) in enumerate(shares):
        length = circle * value / total
        parts.append(
            f'<circle cx="100" cy="100" r="{radius}" class="r{index % COLOURS}" '
            f'stroke-dasharray="{length:.2f} {circle - length:.2f}" '
            f'stroke-dashoffset="{-before:.2f}" transform="rotate(-90 100 100)">'
            f"<title>{escape(name)}: {value:g}</title></circle>"
        )
        before += length
    return Markup(  # noqa: S704 - every text in it is escaped above
        f'<svg class="pie" viewBox="0 0 200 200" role="img" aria-label="{escape(title)}">'
        + "".join(parts)
        + "</svg>"
    )


def units_of(series: Sequence[Series]) -> list[str]:
    """Each unit once, in the order of the curves."""
    return list(dict.fromkeys(item.unit for item in series))


def span_of(series: Sequence[Series]) -> Span:
    """Least and greatest x."""
    found = [point[0] for item in series for point in item.points]
    return min(found), max(found)


def nice_top(value: float) -> float:
    """The next round number at or above `value`: 1, 2, 2.5 or 5 times a power of ten."""
    if value < _SMALLEST or not math.isfinite(value):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    tops = (step * power for step in (1, 2, 2.5, 5, 10, 20))
    return next(top for top in tops if top >= value)


def short(value: float) -> str:
    """A figure as people read it: 1.2k, 34, 0.05."""
    for limit, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{suffix}"
    return f"{value:.3g}"


def clock(epoch_ms: float) -> str:
    """`2026-11-23 10:15:00 UTC`."""
    return datetime.fromtimestamp(epoch_ms / _THOUSAND, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def elapsed(seconds: float) -> str:
    """`45s`, `2m05`, `1h30`."""
    minutes, rest = divmod(round(seconds), 60)
    if seconds >= _HOUR_S:
        return f"{minutes // 60}h{minutes % 60:02d}"
    return f"{minutes}m{rest:02d}" if minutes else f"{rest}s"


def ticks_of(seconds: float) -> list[str]:
    """Figures of an axis of time from 0, all different: `0s`, `15s`, or `0s`, `0.5s`."""
    moments = [seconds * tick / TICKS for tick in range(TICKS + 1)]
    labels = [elapsed(moment) for moment in moments]
    if len(set(labels)) == len(labels):
        return labels
    return [f"{moment:.3g}s" for moment in moments] if seconds else ["0s", *[""] * TICKS]


def picture(title: str, body: str, height: int = HEIGHT) -> Markup:
    """The whole drawing; its texts have to be escaped."""
    return Markup(  # noqa: S704 - every text in it is escaped where it is put in
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}">{body}</svg>'
    )


def xy(x: float, y: float, span: Span, top: float) -> str:
    """Where a point is drawn."""
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    share = (x - span[0]) / ((span[1] - span[0]) or 1)
    return f"{LEFT + share * width:.1f},{TOP + (1 - min(max(y, 0) / top, 1)) * height:.1f}"


def grid(top: float, span: Span, unit: str, *, times: bool) -> str:
    """Lines with the figures of the left axis and of the one below."""
    parts = [f'<text x="{LEFT - 6}" y="14" class="tick end">{escape(unit)}</text>' if unit else ""]
    wide = span[1] - span[0]
    values = [span[0] + wide * tick / TICKS for tick in range(TICKS + 1)]
    labels = ticks_of(wide / _THOUSAND) if times else [short(value) for value in values]
    for tick, label in enumerate(labels):
        y = _height_of(tick)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" class="tick end">'
            f"{short(top * tick / TICKS)}</text>"
        )
        x = LEFT + (WIDTH - LEFT - RIGHT) * tick / TICKS
        anchor = "end" if tick == TICKS else "middle" if tick else "start"
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 8}" class="tick {anchor}">{label}</text>')
    return "".join(parts)


def right_axis(top: float, unit: str) -> str:
    """Figures of a second scale."""
    x = WIDTH - RIGHT + 6
    labels = "".join(
        f'<text x="{x}" y="{_height_of(tick) + 4:.1f}" class="tick">'
        f"{short(top * tick / TICKS)}</text>"
        for tick in range(TICKS + 1)
    )
    return f'<text x="{x}" y="14" class="tick">{escape(unit)}</text>{labels}'


def _height_of(tick: int) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - tick / TICKS)


def _curve(item: Series, index: int, span: Span, top: float) -> str:
    number = index % COLOURS
    if len(item.points) == 1:
        x, y = xy(*item.points[0], span, top).split(",")
        return f'<circle cx="{x}" cy="{y}" r="3" class="f{number}"/>'
    points = " ".join(xy(x, y, span, top) for x, y in item.points)
    return (
        f'<polyline points="{points}" class="l{number}"><title>{escape(item.name)}</title>'
        "</polyline>"
    )
