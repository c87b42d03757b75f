"""Draws a run's chart as PNG: a process of its own, which has Pillow and nothing else.

Reads JSON `{title, subtitle, x: [seconds], series: [{name, unit, values: [number or null]}]}` from
standard input and writes the picture to standard output. Curves of one unit share a scale; the
first unit has its axis on the left, the second on the right, others reach to their own greatest
value, which the legend tells.
"""

import json
import math
import sys
from typing import Any

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 960, 480
_FINER = 2
"""Drawn so many times larger, then shrunk: that makes lines smooth."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 64, 104, 36
_TICKS = 4
_INK, _SOFT, _LINE, _PAPER = "#1c2733", "#566371", "#dde3e9", "#ffffff"
_COLOURS = ("#1668b8", "#c4501b", "#2b8a3e", "#8a3ab9", "#946f00", "#0b7285")

Point = tuple[float, float]


def draw(chart: dict[str, Any]) -> Image.Image:
    """The picture."""
    image = Image.new("RGB", (WIDTH * _FINER, HEIGHT * _FINER), _PAPER)
    pen = ImageDraw.Draw(image)
    _text(pen, (16, 12), chart["title"], 18, _INK)
    _text(pen, (16, 38), chart["subtitle"], 13, _SOFT)
    units = list(dict.fromkeys(each["unit"] for each in chart["series"]))
    tops = {unit: _top(chart["series"], unit) for unit in units}
    _axes(pen, chart["x"], [(unit, tops[unit]) for unit in units[:2]])
    _legend(pen, chart["series"])
    for number, each in enumerate(chart["series"]):
        _curve(pen, chart["x"], each["values"], tops[each["unit"]], _COLOURS[number % 6])
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def _top(series: list[dict[str, Any]], unit: str) -> float:
    values = [y for each in series if each["unit"] == unit for y in each["values"] if y is not None]
    greatest = max(values, default=0.0)
    if greatest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(greatest))
    return next(top for step in (1, 2, 2.5, 5, 10, 20) if (top := step * power) >= greatest)


def _place(x: float, share: float, span: Point) -> Point:
    width, height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    across = (x - span[0]) / ((span[1] - span[0]) or 1)
    return _LEFT + across * width, _TOP + (1 - min(max(share, 0), 1)) * height


def _curve(
    pen: ImageDraw.ImageDraw, xs: list[float], ys: list[float | None], top: float, colour: str
) -> None:
    span = (xs[0], xs[-1]) if xs else (0.0, 1.0)
    places = [_place(x, y / top, span) for x, y in zip(xs, ys, strict=True) if y is not None]
    fine = [(x * _FINER, y * _FINER) for x, y in places]
    if len(fine) == 1:
        pen.circle(fine[0], 3 * _FINER, fill=colour)
    elif fine:
        pen.line(fine, fill=colour, width=2 * _FINER, joint="curve")


def _axes(pen: ImageDraw.ImageDraw, xs: list[float], axes: list[tuple[str, float]]) -> None:
    first, last = (xs[0], xs[-1]) if xs else (0.0, 1.0)
    for tick in range(_TICKS + 1):
        share = tick / _TICKS
        x, y = _place(first + (last - first) * share, share, (first, last))
        ends = [(_LEFT * _FINER, y * _FINER), ((WIDTH - _RIGHT) * _FINER, y * _FINER)]
        pen.line(ends, fill=_LINE, width=_FINER)
        _text(pen, (x, HEIGHT - 26), _elapsed((last - first) * share), 12, _SOFT, "ma")
        for (_, top), edge, anchor in zip(axes, (_LEFT - 8, WIDTH - _RIGHT + 8), ("rm", "lm")):  # noqa: B905 - one axis or two
            _text(pen, (edge, y), _short(top * share), 12, _SOFT, anchor)
    for (unit, _), edge, anchor in zip(axes, (_LEFT - 8, WIDTH - _RIGHT + 8), ("rs", "ls")):  # noqa: B905
        _text(pen, (edge, _TOP - 12), unit, 12, _SOFT, anchor)


def _legend(pen: ImageDraw.ImageDraw, series: list[dict[str, Any]]) -> None:
    x = 16.0
    for number, each in enumerate(series):
        known = [value for value in each["values"] if value is not None]
        most = f" (up to {_short(max(known))} {each['unit']})" if known else " (nothing)"
        square = [x * _FINER, 64 * _FINER, (x + 11) * _FINER, 75 * _FINER]
        pen.rectangle(square, fill=_COLOURS[number % 6])
        x += 16
        _text(pen, (x, 62), each["name"] + most, 12, _INK)
        x += pen.textlength(each["name"] + most, font=_font(12)) / _FINER + 16


def _text(  # noqa: PLR0917 - a text has all of them
    pen: ImageDraw.ImageDraw, at: Point, text: str, size: int, colour: str, anchor: str = "la"
) -> None:
    pen.text((at[0] * _FINER, at[1] * _FINER), text, colour, _font(size), anchor)


def _font(size: int) -> Any:
    """Pillow's own, which every machine has."""
    return ImageFont.load_default(size * _FINER)


def _short(value: float) -> str:
    for limit, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{suffix}"
    return f"{value:.3g}"


def _elapsed(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:  # noqa: PLR2004 - an hour
        return f"{minutes // 60}h{minutes % 60:02d}"
    return f"{minutes}m{rest:02d}" if minutes else f"{rest}s"


def main() -> None:
    """From standard input to standard output."""
    draw(json.load(sys.stdin.buffer)).save(sys.stdout.buffer, "PNG", optimize=True)


if __name__ == "__main__":
    main()
