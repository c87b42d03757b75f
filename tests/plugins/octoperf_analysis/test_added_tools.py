"""Items of plugins: each form as one table, short enough to read, and what reads which type."""

from typing import Any

import pytest

from octoperf_analysis import added_tools, report_tools, table_tools

HEAT = {"@type": "HeatMapReportItem", "id": "heat", "name": "Heat", "benchResultId": "res1"}
VALUES = "POST /analysis/report-items/values?maxRows=12&maxSlots=24"
RUN = "GET /runtime/bench-results/res1"
WHICH = {"reportId": "rep1", "itemId": "heat"}
TIME = {"name": "Time", "unit": "epoch ms"}


def band(name: str) -> dict[str, Any]:
    return {"name": name, "unit": "hits", "low": 1, "high": 2}


GRID = {
    "form": "GRID",
    "name": "Response times",
    "columns": [TIME, band("1 to 2 ms"), band("2 to 5 ms"), band("5 to 10 ms")],
    "rows": [[5000, 3, 0, 0], [6000, 0, 0, 0], [7500, 1, 0, 2.0]],
    "slotMs": 1000,
    "note": "",
}


@pytest.fixture
def fake(context: Any, report: Any) -> Any:
    report["items"].append(HEAT)
    answers = {
        "GET /analysis/bench-reports/rep1": report,
        RUN: {"id": "res1", "state": "RUNNING", "designProjectId": "p1"},
    }

    def make(values: Any) -> Any:
        return context("octoperf_analysis", {**answers, VALUES: values})

    return make


async def test_a_heat_map_is_a_table_without_the_bands_that_are_empty(fake: Any) -> None:
    ctx = fake(GRID)
    found = await ctx.run(added_tools.get_report_item_values, WHICH)
    assert ctx.body_of(VALUES) == HEAT
    assert (found["form"], found["unit"], found["startMs"]) == ("GRID", "hits", 5000)
    assert found["columns"] == ["from s", "1 to 2 ms", "5 to 10 ms"]
    assert found["rows"] == [[0, 3, 0], [1, 0, 0], [2.5, 1, 2]]
    assert found["item"]["partial"]
    assert found["url"].endswith("/analysis/report/rep1")


async def test_as_text_it_is_shorter(fake: Any) -> None:
    found = await fake(GRID).run(added_tools.get_report_item_values, {**WHICH, "format": "csv"})
    assert found["text"] == "from s,1 to 2 ms,5 to 10 ms\n0,3,0\n1,0,0\n2.5,1,2\n"
    assert "rows" not in found


async def test_other_forms_have_their_units_in_their_heads(fake: Any) -> None:
    columns = [TIME, {"name": "Speed", "unit": "km/h"}]
    lines = {"form": "LINES", "columns": columns, "rows": [[9000, None]], "note": "As told."}
    found = await fake(lines).run(added_tools.get_report_item_values, WHICH)
    assert (found["columns"], found["rows"]) == (["from s", "Speed (km/h)"], [[0, None]])
    assert found["note"] == "As told."
    table = {"form": "TABLE", "columns": [{"name": "Name", "unit": ""}], "rows": [["a"]]}
    found = await fake(table).run(added_tools.get_report_item_values, WHICH)
    assert (found["columns"], found["rows"]) == (["Name"], [["a"]])
    assert "startMs" not in found


async def test_figures_are_as_long_as_those_of_other_tools(fake: Any) -> None:
    rows = [[49.993500584947355, 12.0, 0.00042001, None, "a"]]
    table = {"form": "TABLE", "columns": [{"name": name} for name in "abcde"], "rows": rows}
    found = await fake(table).run(added_tools.get_report_item_values, WHICH)
    assert found["rows"] == [[49.994, 12, 0.00042, None, "a"]]


async def test_nothing_measured_is_a_table_without_rows(fake: Any) -> None:
    empty = {"form": "GRID", "columns": [TIME], "rows": [], "note": ""}
    found = await fake(empty).run(added_tools.get_report_item_values, WHICH)
    assert (found["columns"], found["rows"]) == (["from s"], [])


async def test_the_report_names_the_tool_and_others_lead_to_it(fake: Any) -> None:
    read = await fake(GRID).run(report_tools.get_bench_report, {"reportId": "rep1"})
    assert read["readWith"][-1]["tool"] == "get_report_item_values"
    tools = {row["type"]: row.get("tool") for row in read["readWith"]}
    assert tools["SynopsisReportItem"] is None
    error = await fake(GRID).refuse(table_tools.get_report_table_values, WHICH)
    assert "get_report_item_values" in str(error)
    error = await fake(GRID).refuse(
        added_tools.get_report_item_values, {"reportId": "rep1", "itemId": "i2"}
    )
    assert "get_report_table_values" in str(error)
