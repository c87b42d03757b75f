"""Report items of plugins on a page: each form of figures as the platform draws its own."""

from octoperf_mcp.embedded.ui.cells import Cells
from octoperf_mcp.embedded.ui.chart_data import Curves
from octoperf_mcp.embedded.ui.drawn import Chart, Drawn, Source, tabulate, why_empty
from octoperf_mcp.embedded.ui.item_charts import curve_chart
from octoperf_mcp.embedded.ui.rendering import figure
from octoperf_mcp.embedded.ui.svg import Series, short
from octoperf_mcp.embedded.ui.svg_areas import bar_chart
from octoperf_mcp.embedded.ui.svg_heat import heat_map
from octoperf_mcp.entities.drawings import Bars, Cell, Drawing, Grid, Lines, Table

_NONE = "–"  # noqa: RUF001 - a dash, as in print


def put(drawn: Drawn, drawing: Drawing, source: Source) -> None:
    """Put what a plugin answered into an item."""
    if isinstance(drawing, Table):
        _tabulate(drawn, drawing, source)
    else:
        chart = _chart(drawn.title, drawing)
        if chart.picture:
            drawn.charts.append(chart)
        else:
            drawn.text = why_empty(source)
    if drawing.note:
        drawn.text = f"{drawn.text} {drawing.note}".strip()


def _chart(title: str, drawing: Lines | Bars | Grid) -> Chart:
    if isinstance(drawing, Lines):
        series = [Series(each.name, each.unit, each.points) for each in drawing.curves]
        return curve_chart(title, Curves("line", series))
    if isinstance(drawing, Grid):
        cells = Cells(drawing)
        picture = heat_map(cells, title=f"{title}. {cells.described()}")
        return Chart(picture, cells.legend(), cells=cells)
    lines = [
        (each.name, each.value, each.unit, _written(each.value, each.unit)) for each in drawing.bars
    ]
    said = ", ".join(f"{name} {written}" for name, _, _, written in lines)
    return Chart(bar_chart(lines, title=f"{title}: {said}"))


def _written(value: float | None, unit: str) -> str:
    return _NONE if value is None else figure(value, unit)


def _tabulate(drawn: Drawn, table: Table, source: Source) -> None:
    columns = [f"{each.name} ({each.unit})" if each.unit else each.name for each in table.columns]
    rows = [[_cell(cell) for cell in row] for row in table.rows]
    words = any(isinstance(cell, str) for row in table.rows for cell in row[1:])
    empty = why_empty(source)
    tabulate(drawn, columns, rows, most=source.most, empty=empty, words=words)


def _cell(value: Cell) -> str:
    if value is None:
        return _NONE
    return value if isinstance(value, str) else short(value)
