"""Charts: curves that keep their extremes, layers, tops and pies."""

from typing import Any

from octoperf_analysis import chart_tools as tools

PLUGIN = "octoperf_analysis"
LINE = "POST /analysis/metrics/line"
TOP = "POST /analysis/metrics/top"
PIE = "POST /analysis/metrics/pie"
STACKED = "POST /analysis/metrics/stacked"
START = 1_763_856_000_000


def of(item_id: str, **more: Any) -> dict[str, Any]:
    return {"reportId": "rep1", "itemId": item_id, **more}


def curves(count: int) -> list[list[dict[str, float]]]:
    users: list[dict[str, float]] = [
        {"x": START + 1000 * second, "y": 5} for second in range(count)
    ]
    times = [
        {"x": START + 1000 * second, "y": 9.0 if second == 333 else 0.1} for second in range(count)
    ]
    return [users, times]


async def test_a_short_curve_comes_whole(context: Any, answers: Any) -> None:
    result = await context(PLUGIN, {**answers, LINE: curves(3)}).run(
        tools.get_report_line_chart_values, of("i3")
    )
    assert result["xUnit"] == "epoch ms"
    assert result["downsampled"] is False
    assert result["series"][1] == {
        "metric": "RESPONSE_TIME_AVG",
        "unit": "ms",
        "sourcePoints": 3,
        "least": {"x": START, "y": 100},
        "greatest": {"x": START, "y": 100},
        "points": [{"x": START + 1000 * second, "y": 100} for second in range(3)],
    }
    assert result["total"] == 2


async def test_a_long_curve_keeps_its_peak(context: Any, answers: Any) -> None:
    result = await context(PLUGIN, {**answers, LINE: curves(600)}).run(
        tools.get_report_line_chart_values, of("i3", maxPoints=20)
    )
    assert result["downsampled"] is True
    series = result["series"][1]
    assert len(series["points"]) <= 20
    assert series["sourcePoints"] == 600
    assert series["greatest"] == {"x": START + 333_000, "y": 9000}
    assert series["greatest"] in series["points"]


async def test_a_curve_comes_as_two_columns(context: Any, answers: Any) -> None:
    result = await context(PLUGIN, {**answers, LINE: curves(2)}).run(
        tools.get_report_line_chart_values, of("i3", format="columns")
    )
    assert result["series"][0]["times"] == [START, START + 1000]
    assert result["series"][0]["values"] == [5, 5]
    assert "points" not in result["series"][0]


async def test_curves_come_as_one_table(context: Any, answers: Any) -> None:
    users, times = curves(2)
    result = await context(PLUGIN, {**answers, LINE: [users, times[:1]]}).run(
        tools.get_report_line_chart_values, of("i3", format="markdown")
    )
    assert result["text"] == (
        "| epoch ms | USERLOAD (users) | RESPONSE_TIME_AVG (ms) |\n"
        "| --- | --- | --- |\n"
        f"| {START} | 5 | 100 |\n"
        f"| {START + 1000} | 5 |  |\n"
    )
    assert "points" not in result["series"][0]


async def test_a_percentile_curve_has_percentiles_as_x(context: Any, answers: Any) -> None:
    curve = [{"x": 50, "y": 0.2}, {"x": 99.9, "y": 1.5}, {"x": 100, "y": None}]
    result = await context(PLUGIN, {**answers, LINE: [curve]}).run(
        tools.get_report_line_chart_values, of("i4")
    )
    assert result["xUnit"] == "percentile"
    assert result["series"][0]["points"] == [{"x": 50, "y": 200}, {"x": 99.9, "y": 1500}]


async def test_a_curve_without_points_is_empty(context: Any, answers: Any) -> None:
    result = await context(PLUGIN, {**answers, LINE: [[], []]}).run(
        tools.get_report_line_chart_values, of("i3")
    )
    assert result["series"][0] == {
        "metric": "USERLOAD",
        "unit": "users",
        "sourcePoints": 0,
        "points": [],
    }


async def test_a_counter_of_a_load_generator_names_its_unit(
    context: Any, answers: Any, report: Any
) -> None:
    def counter(path: str) -> dict[str, Any]:
        filters = [{"@type": "SingleTermFilter", "field": "counterPath", "term": path}]
        return {"id": "MONITORING", "benchResultId": "res1", "filters": filters}

    paths = ["% CPU", "Host⫽% Mem", "Timer lag (ms)", "Heap"]
    report["items"][3]["metrics"] = [counter(path) for path in paths]
    point = [{"x": START, "y": 1.5}]
    result = await context(PLUGIN, {**answers, LINE: [point] * 4}).run(
        tools.get_report_line_chart_values, of("i3")
    )
    assert [series["unit"] for series in result["series"]] == [
        "%",
        "%",
        "ms",
        "as the platform gives it",
    ]
    assert result["series"][2]["greatest"]["y"] == 1.5


FOUND = {
    "actionIds": ["vu1", "a1"],
    "curves": {"vu1": [{"x": START, "y": 2}], "a1": [{"x": START, "y": 0.5}]},
}


async def test_a_top_list_keeps_its_order_and_names_its_actions(context: Any, answers: Any) -> None:
    result = await context(PLUGIN, {**answers, TOP: FOUND}).run(
        tools.get_report_top_values, of("i7")
    )
    assert (result["metric"], result["unit"], result["total"]) == ("RESPONSE_TIME_AVG", "ms", 2)
    assert result["actions"][0] == {
        "actionId": "vu1",
        "actionName": "Shopper",
        "virtualUserName": "Shopper",
        "unit": "ms",
        "sourcePoints": 1,
        "least": {"x": START, "y": 2000},
        "greatest": {"x": START, "y": 2000},
        "points": [{"x": START, "y": 2000}],
    }
    assert result["actions"][1]["actionName"] == "Home"


async def test_names_that_the_platform_gives_a_top_list_are_taken(
    context: Any, answers: Any
) -> None:
    named = {**FOUND, "names": {"a1": {"actionName": "Home then", "virtualUserName": "Then"}}}
    fake = context(PLUGIN, {**answers, TOP: named})
    result = await fake.run(tools.get_report_top_values, of("i7"))
    assert [row.get("actionName") for row in result["actions"]] == [None, "Home then"]
    assert "GET /design/virtual-users/by-project/p1" not in fake.lines


async def test_a_top_list_comes_as_csv(context: Any, answers: Any) -> None:
    result = await context(PLUGIN, {**answers, TOP: FOUND}).run(
        tools.get_report_top_values, of("i7", format="csv")
    )
    assert result["text"] == f"epoch ms,Shopper,Home\n{START},2000,500\n"


async def test_an_empty_top_list_is_empty(context: Any, answers: Any) -> None:
    result = await context(PLUGIN, {**answers, TOP: None}).run(
        tools.get_report_top_values, of("i7")
    )
    assert (result["actions"], result["downsampled"]) == ([], False)


async def test_a_top_list_of_no_metric_is_not_read(context: Any, answers: Any, report: Any) -> None:
    report["items"][7]["metrics"] = []
    error = await context(PLUGIN, answers).refuse(tools.get_report_top_values, of("i7"))
    assert "0 metrics" in error.message


async def test_layers_of_a_stack_are_curves(context: Any, answers: Any, report: Any) -> None:
    points = [
        {"x": START, "values": {"200": 75.0, "500": 25.0}},
        {"x": START + 1000, "values": {"200": 100.0}},
    ]
    fake = context(PLUGIN, {**answers, STACKED: points})
    result = await fake.run(tools.get_report_stacked_chart_values, of("i8"))
    assert [(layer["label"], layer["unit"]) for layer in result["series"]] == [
        ("200", "hits"),
        ("500", "hits"),
    ]
    assert result["series"][0]["points"] == [{"x": START, "y": 75}, {"x": START + 1000, "y": 100}]
    report["items"][8]["mode"] = "PERCENT"
    result = await fake.run(tools.get_report_stacked_chart_values, of("i8", format="csv"))
    assert result["text"] == f"epoch ms,200 (%),500 (%)\n{START},75,25\n{START + 1000},100,\n"


async def test_slices_of_a_pie_come_greatest_first_with_their_share(
    context: Any, answers: Any
) -> None:
    result = await context(PLUGIN, {**answers, PIE: [{"500": 1, "200": 2}]}).run(
        tools.get_report_pie_values, of("i9")
    )
    assert result["pies"] == [
        {
            "metric": "HTTP_RESPONSE_CODES",
            "unit": "hits",
            "whole": 3,
            "slices": [
                {"label": "200", "value": 2, "unit": "hits", "percent": 66.67},
                {"label": "500", "value": 1, "unit": "hits", "percent": 33.33},
            ],
        }
    ]


async def test_slices_come_as_text(context: Any, answers: Any) -> None:
    result = await context(PLUGIN, {**answers, PIE: [{"200": 3, "500": 1}]}).run(
        tools.get_report_pie_values, of("i9", format="csv")
    )
    assert "pies" not in result
    head, first, second = result["text"].splitlines()
    assert head == "metric,label,value,percent"
    assert first.endswith(",200,3,75")
    assert second.endswith(",500,1,25")


async def test_a_pie_without_samples_is_empty(context: Any, answers: Any) -> None:
    result = await context(PLUGIN, {**answers, PIE: [{}]}).run(
        tools.get_report_pie_values, of("i9")
    )
    assert (result["pies"][0]["whole"], result["pies"][0]["slices"]) == (0, [])
