"""Charts: well-formed SVG whatever the figures and names are."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoperf_mcp.embedded.ui.svg import Series, line_chart, load_shape, nice_top, pie, short

figures = st.floats(min_value=0, max_value=1e12, allow_nan=False)
points = st.lists(st.tuples(figures, figures), max_size=20)
names = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


@given(st.lists(st.builds(Series, names, st.sampled_from(["ms", "users"]), points), max_size=4))
def test_a_line_chart_is_well_formed(series: list[Series]) -> None:
    ET.fromstring(str(line_chart(series, title="<title> & more")))


@given(st.lists(st.tuples(names, figures), max_size=6))
def test_a_pie_is_well_formed(shares: list[tuple[str, float]]) -> None:
    ET.fromstring(str(pie(shares, title='"codes"')))


@given(points)
def test_a_load_shape_is_well_formed(shape: list[tuple[float, float]]) -> None:
    drawn = str(load_shape(shape, title="Users"))
    if drawn:
        ET.fromstring(drawn)


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
