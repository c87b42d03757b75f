"""Charts: well-formed SVG whatever the figures and names are."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoperf_mcp.embedded.ui.svg import (
    Series,
    line_chart,
    load_shape,
    nice_top,
    pie,
    short,
    ticks_of,
)
from octoperf_mcp.embedded.ui.svg_areas import bar_chart, range_chart, stacked_chart

figures = st.floats(min_value=0, max_value=1e12, allow_nan=False)
points = st.lists(st.tuples(figures, figures), max_size=20)
names = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


def well_formed(drawn: str) -> None:
    """Where there is nothing to draw there is no drawing."""
    if drawn:
        ET.fromstring(str(drawn))


@given(st.lists(st.builds(Series, names, st.sampled_from(["ms", "users"]), points), max_size=4))
def test_a_line_chart_is_well_formed(series: list[Series]) -> None:
    well_formed(line_chart(series, title="<title> & more"))


@given(st.lists(st.tuples(names, figures), max_size=6))
def test_a_pie_is_well_formed(shares: list[tuple[str, float]]) -> None:
    well_formed(pie(shares, title='"codes"'))


@given(points)
def test_a_load_shape_is_well_formed(shape: list[tuple[float, float]]) -> None:
    well_formed(load_shape(shape, title="Users"))


@given(st.lists(st.tuples(names, st.lists(figures, min_size=3, max_size=3)), max_size=4))
def test_areas_are_well_formed(layers: list[tuple[str, list[float]]]) -> None:
    series = [Series(name, "", list(enumerate(values))) for name, values in layers]
    well_formed(stacked_chart(series, title="a < b"))
    if series:
        well_formed(range_chart(series[0], series[-1], title="a < b"))


@given(st.lists(st.tuples(names, st.none() | figures, st.just("ms"), names), max_size=6))
def test_bars_are_well_formed(bars: list[tuple[str, float | None, str, str]]) -> None:
    well_formed(bar_chart(bars, title="a < b"))


def test_a_layer_stands_on_the_one_below() -> None:
    """Of two equal layers the upper ends where the lower is twice as high."""
    series = [Series(name, "", [(0, 5), (10, 5)]) for name in ("low", "high")]
    low, high = ET.fromstring(str(stacked_chart(series, title="t"))).findall("polygon")
    edges = [
        {float(corner.split(",")[1]) for corner in each.attrib["points"].split()}
        for each in (low, high)
    ]
    assert max(edges[1]) == min(edges[0])
    assert min(edges[1]) < min(edges[0])


def test_curves_of_two_units_have_two_axes() -> None:
    series = [Series("a", "users", [(0, 7), (1, 8)]), Series("b", "ms", [(0, 700), (1, 800)])]
    texts = [each.text for each in ET.fromstring(str(line_chart(series, title="t"))).iter("text")]
    assert {"users", "ms", "10", "1k"} <= set(texts)


def test_text_of_a_target_is_never_markup() -> None:
    drawn = str(pie([("<script>alert(1)</script>", 3)], title="codes"))
    assert "<script" not in drawn


@given(st.floats(min_value=1e-9, max_value=1e15))
def test_the_top_of_an_axis_is_at_or_above_the_highest_value(value: float) -> None:
    assert value <= nice_top(value) * (1 + 1e-9)
    assert nice_top(value) <= value * 10


@pytest.mark.parametrize("value", [0.0, 5e-324, 1e-13, float("inf")])
def test_an_axis_of_next_to_nothing_ends_at_one(value: float) -> None:
    assert nice_top(value) == 1


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.051, "0.051"), (34, "34"), (1234, "1.23k"), (2.5e6, "2.5M")]
)
def test_figures_are_short(value: float, text: str) -> None:
    assert short(value) == text


@pytest.mark.parametrize(
    ("seconds", "labels"),
    [
        (0, ["0s", "", "", "", ""]),
        (2, ["0s", "0.5s", "1s", "1.5s", "2s"]),
        (60, ["0s", "15s", "30s", "45s", "1m00"]),
        (0.004, ["0s", "0.001s", "0.002s", "0.003s", "0.004s"]),
    ],
)
def test_no_two_figures_of_an_axis_of_time_are_the_same(seconds: float, labels: list[str]) -> None:
    assert ticks_of(seconds) == labels
