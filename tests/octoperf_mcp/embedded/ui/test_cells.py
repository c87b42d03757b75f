"""Heat maps: steps of colour, what they are called, and colours that any eye can order."""

import re
from importlib.resources import files
from itertools import pairwise

import pytest

from octoperf_mcp import Band, Grid
from octoperf_mcp.embedded.ui.cells import STEPS, Cells
from octoperf_mcp.embedded.ui.svg_heat import heat_map

CSS = files("octoperf_mcp.embedded.ui").joinpath("static/ui.css").read_text("utf-8")
LEAST_STEP = 6.0
"""Between neighbours, in L* of CIE 1976: two to three times what an eye just tells apart."""


def cells(*rows: list[float], unit: str = "hits") -> Cells:
    bands = [Band(f"band {number}", number, number + 1) for number in range(len(rows[0]))]
    starts = [1000 * number for number in range(len(rows))]
    return Cells(Grid(starts, 1000, bands, rows, "Times", unit, "ms"))


@pytest.mark.parametrize(
    ("values", "legend"),
    [
        ([0], []),
        ([0, 7], ["7 hits"]),
        ([1, 2, 4], ["1", "2", "3", "4 hits"]),
        (
            [1, 1000],
            ["1 to 2", "3 to 5", "6 to 13", "14 to 31", "32 to 74", "75 to 177", "178 to 421",
             "422 to 1k hits"],
        ),
        ([5, 12], ["5", "6", "7", "8", "9", "10", "11", "12 hits"]),
        ([0.5, 8.0], ["0.5 to 0.707", "0.707 to 1", "1 to 1.41", "1.41 to 2", "2 to 2.83",
                      "2.83 to 4", "4 to 5.66", "5.66 to 8 hits"]),
        ([2.5, 2.5], ["2.5 hits"]),
    ],
)  # fmt: skip
def test_steps_grow_by_like_multiples(values: list[float], legend: list[str]) -> None:
    made = cells(values)
    assert made.legend() == legend
    edges = made.edges()
    assert len(edges) <= STEPS
    for value in values:
        step = made.step_of(value, edges)
        assert (step is None) == (value == 0)
        assert step is None or edges[step] <= value * (1 + 1e-9)


def test_the_most_has_the_last_step_and_the_least_the_first() -> None:
    made = cells([1, 3, 9, 800, 801])
    edges = made.edges()
    assert made.step_of(1, edges) == 0
    assert made.step_of(801, edges) == len(edges) - 1 == STEPS - 1


def test_a_table_has_what_the_picture_has() -> None:
    heads, rows = cells([0, 0, 2], [0, 0, 0], [0, 5, 0]).table()
    assert heads == ["Since the start (hits)", "band 1", "band 2"]
    assert rows == [["0s", "0", "2"], ["2s", "5", "0"]]


def test_cells_of_a_colour_are_one_path_within_the_frame() -> None:
    picture = heat_map(cells([1, 0, 2], [2, 2, 0]), title="<Title>")
    assert picture.count('class="h0"') == 1
    assert picture.count('class="h1"') == 1
    assert "&lt;Title&gt;" in picture
    corners = re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)", picture)
    assert len(corners) == 4
    for x, y, wide, high in (map(float, corner) for corner in corners):
        assert 55.9 <= x < x + wide <= 844.2
        assert 25.9 <= y < y + high <= 242.1


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    "eye",
    [
        ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
        ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
        ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
        ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
    ],
    ids=["all cones", "protanopia", "deuteranopia", "tritanopia"],
)
def test_colours_are_ordered_for_every_eye(
    theme: int, eye: tuple[tuple[float, float, float], ...]
) -> None:
    """Machado, Oliveira, Fernandes 2009: colours as who lacks a kind of cones sees them."""
    paper = _colour("paper", theme)
    light = [
        _lightness(each, eye) for each in (paper, *(_colour(f"h{n}", theme) for n in range(8)))
    ]
    steps = [abs(later - earlier) for earlier, later in pairwise(light)]
    assert light == sorted(light, reverse=theme == 0)
    assert min(steps) > LEAST_STEP


def _colour(name: str, theme: int) -> tuple[float, ...]:
    found = re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", CSS)
    assert found
    channels = (int(found[theme + 1][place : place + 2], 16) / 255 for place in (1, 3, 5))
    return tuple(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)


def _lightness(colour: tuple[float, ...], eye: tuple[tuple[float, float, float], ...]) -> float:
    seen = [sum(part * channel for part, channel in zip(row, colour, strict=True)) for row in eye]
    luminance = 0.2126 * seen[0] + 0.7152 * seen[1] + 0.0722 * seen[2]
    return float(116 * max(luminance, 0) ** (1 / 3) - 16)
