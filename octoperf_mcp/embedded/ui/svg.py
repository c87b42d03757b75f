"""Charts as SVG, drawn on the server: no script, the same in a browser and on paper."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup, escape

WIDTH, HEIGHT = 900, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 12, 28
_COLOURS = ("#1668b8", "#c4501b", "#2b8a3e", "#8a3ab9", "#b08900", "#0b7285", "#c2255c", "#5c636a")
_TICKS = 4
_SMALLEST = 1e-12
"""Below it a value is drawn as nothing; powers of ten vanish further down."""
_THOUSAND = 1000
_HOUR_S = 3600

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Series:
    """One curve: epoch milliseconds (or any number) against values of one unit."""

    name: str
    unit: str
    points: Sequence[Point]


def colour(index: int) -> str:
    """Colour of the n-th series."""
    return _COLOURS[index % len(_COLOURS)]


def line_chart(series: Sequence[Series], *, title: str, times: bool = True) -> Markup:
    """Curves over a common x axis; each keeps its own scale when the units differ.

    Args:
        series: The curves; without a point the chart says that there is no data.
        title: Read out instead of the picture.
        times: Whether x is a time in epoch milliseconds; labels then count from the first one.
    """
    drawn = [item for item in series if item.points]
    if not drawn:
        return Markup('<p class="empty">No data yet.</p>')
    first = min(point[0] for item in drawn for point in item.points)
    last = max(point[0] for item in drawn for point in item.points)
    shared = len({item.unit for item in drawn}) == 1
    tops = [nice_top(max(point[1] for point in item.points)) for item in drawn]
    if shared:
        tops = [max(tops)] * len(tops)
    parts = [_grid(tops[0], first, last, times=times)]
    for index, item in enumerate(drawn):
        parts.append(_curve(item, index, (first, last), tops[index]))
    return _picture(title, "".join(parts))


def load_shape(points: Sequence[Point], *, title: str) -> Markup:
    """Users over time (seconds), filled down to zero."""
    if not points:
        return Markup("")
    last = points[-1][0] or 1
    top = nice_top(max(point[1] for point in points))
    corners = " ".join(_xy(x, y, (0, last), top) for x, y in points)
    floor = HEIGHT - _BOTTOM
    area = f"{_LEFT},{floor} {corners} {WIDTH - _RIGHT},{floor}"
    body = _grid(top, 0, last * _THOUSAND, times=True)
    body += f'<polygon points="{area}" fill="{colour(0)}" opacity=".18"/>'
    body += f'<polyline points="{corners}" fill="none" stroke="{colour(0)}" stroke-width="2"/>'
    return _picture(title, body)


def pie(shares: Sequence[tuple[str, float]], *, title: str) -> Markup:
    """A ring of shares; the legend is the caller's."""
    total = sum(value for _, value in shares)
    if not total:
        return Markup('<p class="empty">No data yet.</p>')
    radius, circle = 70.0, 2 * math.pi * 70.0
    parts, before = [], 0.0
    for index, (name, value) in enumerate(shares):
        length = circle * value / total
        parts.append(
            f'<circle cx="100" cy="100" r="{radius}" fill="none" stroke="{colour(index)}" '
            f'stroke-width="36" stroke-dasharray="{length:.2f} {circle - length:.2f}" '
            f'stroke-dashoffset="{-before:.2f}" transform="rotate(-90 100 100)">'
            f"<title>{escape(name)}: {value:g}</title></circle>"
        )
        before += length
    return Markup(  # noqa: S704 - every text in it is escaped above
        f'<svg class="pie" viewBox="0 0 200 200" role="img" aria-label="{escape(title)}">'
        + "".join(parts)
        + "</svg>"
    )


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


def _picture(title: str, body: str) -> Markup:
    return Markup(  # noqa: S704 - every text in it is escaped where it is put in
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}">{body}</svg>'
    )


def _xy(x: float, y: float, span: tuple[float, float], top: float) -> str:
    width, height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    share = (x - span[0]) / ((span[1] - span[0]) or 1)
    return f"{_LEFT + share * width:.1f},{_TOP + (1 - min(y / top, 1)) * height:.1f}"


def _curve(item: Series, index: int, span: tuple[float, float], top: float) -> str:
    stroke = colour(index)
    if len(item.points) == 1:
        x, y = _xy(*item.points[0], span, top).split(",")
        return f'<circle cx="{x}" cy="{y}" r="3" fill="{stroke}"/>'
    points = " ".join(_xy(x, y, span, top) for x, y in item.points)
    return (
        f'<polyline points="{points}" fill="none" stroke="{stroke}" stroke-width="1.8">'
        f"<title>{escape(item.name)}</title></polyline>"
    )


def _grid(top: float, first: float, last: float, *, times: bool) -> str:
    parts = []
    for tick in range(_TICKS + 1):
        y = _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - tick / _TICKS)
        parts.append(
            f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" class="tick end">'
            f"{short(top * tick / _TICKS)}</text>"
        )
        x = _LEFT + (WIDTH - _LEFT - _RIGHT) * tick / _TICKS
        value = first + (last - first) * tick / _TICKS
        label = _elapsed((value - first) / _THOUSAND) if times else short(value)
        anchor = "end" if tick == _TICKS else "middle" if tick else "start"
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 8}" class="tick {anchor}">{label}</text>')
    return "".join(parts)


def _elapsed(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if seconds >= _HOUR_S:
        return f"{minutes // 60}h{minutes % 60:02d}"
    return f"{minutes}m{rest:02d}" if minutes else f"{rest}s"
