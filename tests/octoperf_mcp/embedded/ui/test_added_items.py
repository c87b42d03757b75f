"""Report items of plugins on the page of a report: each form, and what goes wrong in its place."""

from typing import Any

import pytest

from octoperf_mcp import Band, Bar, Bars, Column, Curve, Grid, Lines, Table
from octoperf_mcp.entities.added_types import AddedTypes
from octoperf_mcp.entities.extensions import AddedItem, Extensions
from octoperf_mcp.protocol.isolation import Breaker, Isolation
from tests.octoperf_mcp.embedded.rest.conftest import platform
from tests.octoperf_mcp.embedded.ui.test_parts import Site, site
from tests.octoperf_mcp.embedded.ui.test_report_items import START_S, show

__all__ = ["platform", "show", "site"]

MS = START_S * 1000
BANDS = [Band("100 to 200 ms", 100, 200), Band("200 to 400 ms", 200, 400), Band("400+", 400, 800)]
GRID = Grid([MS, MS + 1000], 1000, BANDS, [[3, 0, 0], [1, 5, 0]], "Times", "hits", "ms")
TEXT = {"@type": "TextReportItem", "id": "i2", "name": "There", "description": "still here"}


@pytest.fixture
def drawn(site: Site, show: Any) -> Any:
    """The page, and its HTML, of a report with an item that a plugin fills with a drawing."""

    async def draw(drawing: Any) -> tuple[str, str]:
        def values(_: Any) -> Any:
            return drawing() if callable(drawing) else drawing

        guard = Breaker("acme", Isolation())
        item = AddedItem("acme", "AcmeReportItem", "Acme", values, True, 20.0, guard)
        page = await show(lambda run: [_item(run), TEXT], {"AcmeReportItem": item})
        return page, await (await site.client.get(site.path)).text()

    return draw


def _item(run: str) -> dict[str, Any]:
    return {"@type": "AcmeReportItem", "id": "i1", "name": "Here", "benchResultId": run}


async def test_a_table_has_its_units_in_its_heads(drawn: Any) -> None:
    table = Table([Column("Name"), Column("Time", "ms")], [["a", 1200], ["b", None]], "Of two.")
    page, _ = await drawn(table)
    assert "Here Name Time (ms) a 1.2k b – Of two." in page  # noqa: RUF001 - a dash, as in print


async def test_curves_are_drawn_live_and_as_a_table(drawn: Any) -> None:
    page, text = await drawn(Lines([Curve("Speed", "km/h", [(MS, 1), (MS + 5000, 3)])]))
    assert "Speed (up to 3 km/h)" in page
    assert "Since the start Speed (km/h) 0s 1 5s 3" in page
    assert '<script type="application/json" class="data">' in text


async def test_bars_are_drawn(drawn: Any) -> None:
    _, text = await drawn(Bars([Bar("First", 3, "hits"), Bar("Second", None)]))
    assert 'aria-label="Here: First 3 hits, Second –"' in text  # noqa: RUF001 - a dash, as in print


async def test_a_grid_is_a_heat_map_with_legend_words_and_table(drawn: Any) -> None:
    page, text = await drawn(GRID)
    assert "1 2 3 4 5 hits" in page
    assert (
        'aria-label="Here. Times from 100 to 200 ms to 200 to 400 ms; most, 5 hits, at 200 to 400 '
        'ms after 1s."'
    ) in text
    assert "Since the start (hits) 100 to 200 ms 200 to 400 ms 0s 3 0 1s 1 5" in page
    assert text.count('<path class="h0"') == 1
    assert text.count('<path class="h4"') == 1
    assert '<i class="h0"></i>1</li>' in text
    assert 'class="cells"' in text


async def test_markup_of_a_plugin_stays_text(drawn: Any) -> None:
    bad = "</script><img src=x onerror=alert(1)>"
    grid = Grid([MS], 1000, [Band(bad, 0, 1)], [[1]], bad, bad, bad, bad)
    for drawing in (
        grid,
        Table([Column(bad, bad)], [[bad]], bad),
        Lines([Curve(bad, bad, [(MS, 1)])], bad),
        Bars([Bar(bad, 1, bad)], bad),
    ):
        _, text = await drawn(drawing)
        assert "<img" not in text


async def test_a_plugin_that_breaks_leaves_the_rest_of_the_report(drawn: Any) -> None:
    page, _ = await drawn(lambda: 1 / 0)
    assert (
        "Here The plugin acme could not draw this AcmeReportItem: it broke with "
        "ZeroDivisionError. There still here"
    ) in page


@pytest.mark.parametrize(
    "empty", [Lines([]), Bars([]), Table([Column("x")], []), Grid([], 1, [], [], "n", "u")]
)
async def test_nothing_to_draw_says_why(drawn: Any, empty: Any) -> None:
    page, _ = await drawn(empty)
    assert "Here Nothing was measured for this item." in page


async def test_a_report_opens_while_a_plugin_is_off(site: Site, drawn: Any) -> None:
    await drawn(GRID)
    site.platform.extensions = Extensions(types=AddedTypes(off=lambda: {"AcmeReportItem": "acme"}))
    page = await site.page("")
    assert "Here AcmeReportItem is a type of the plugin acme, which is off. There" in page
    site.platform.extensions = Extensions()
    assert "no picture here: no plugin that is on adds it. There" in await site.page("")
