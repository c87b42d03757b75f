"""Figures of a real run, computed once more by pandas from the raw samples that it left.

Counts, sums, least and greatest values are equal; percentiles are within 1 %. Everything is read
through the tools, as an agent reads it.
"""

from __future__ import annotations

import asyncio
import csv
import io
import math
import re
from typing import TYPE_CHECKING, Any

import pytest

from octoperf_mcp.cli.agent import MemoryStorage, connected
from octoperf_mcp.cli.sign_in import FormSignIn
from tests.end_to_end.conftest import PASSWORD, Server
from tests.end_to_end.figure_runs import HIT, Played, add_location, play_twice
from tests.end_to_end.raw_samples import (
    CATEGORIES,
    METRICS,
    assert_figures,
    close_to,
    figure,
    ranked,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from tests.end_to_end.conftest import SignedIn

Json = dict[str, Any]
CURVES = tuple(name for name in METRICS if name != "RESPONSE_TIME_MEDIAN")
"""A line chart takes every percentile but the median."""
MOST_FIGURES, MOST_CURVES = 20, 10
"""Metrics that a table and a chart take."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose machine stands at two locations."""
    running = Server(tmp_path_factory.mktemp("server"))
    running.start()
    running.stop()
    add_location(running)
    running.start()
    yield running
    if running.process is not None:
        running.stop()


@pytest.fixture(scope="module")
def played(server: Server, storage: MemoryStorage) -> Played:
    async def play() -> Played:
        signed_in = connected(server.url, FormSignIn("demo", PASSWORD), storage=storage)
        async with signed_in as agent:
            return await play_twice(agent)

    return asyncio.run(play())


class Caller:
    """Calls tools, each in a connection of its own."""

    def __init__(self, signed_in: SignedIn) -> None:
        self._signed_in = signed_in

    async def call(self, name: str, arguments: Json) -> Json:
        async with self._signed_in() as agent:
            return await agent.call(name, arguments)


@pytest.fixture
def agent(signed_in: SignedIn) -> Caller:
    return Caller(signed_in)


@pytest.fixture
def samples(played: Played) -> pd.DataFrame:
    """Hits of the later run."""
    return played.run.hits


async def read(agent: Caller, played: Played, tool: str, item: Json, **more: Any) -> Json:
    """Put the item into the report of the run, and read its values."""
    report = {"reportId": played.run.report_id}
    known = (await agent.call("get_bench_report", report))["readWith"]
    if item["id"] not in {row["itemId"] for row in known}:
        patch = [{"op": "add", "path": "/items/-", "value": {"name": item["id"], **item}}]
        await agent.call("patch_bench_report", {**report, "patch": patch})
    answer: Json = await agent.call(tool, {**report, "itemId": item["id"], **more})
    if "item" in answer:
        assert answer["item"]["partial"] is False
    return answer


def chunks(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """An item takes so many metrics only."""
    for start in range(0, len(names), size):
        yield names[start : start + size]


async def summary(agent: Caller, played: Played, item_id: str, /, **more: Any) -> dict[str, Any]:
    """Figures by metric; `filters` and `names` go to the items, the rest to the tool."""
    given = {"filters": more.pop("filters")} if "filters" in more else {}
    figures: dict[str, Any] = {}
    for number, names in enumerate(chunks(more.pop("names", METRICS), MOST_FIGURES)):
        item = {
            "@type": "SummaryReportItem",
            "id": f"{item_id} {number}",
            "metrics": played.metrics(*names, **given),
        }
        found = await read(agent, played, "get_report_summary_values", item, **more)
        figures |= {row["metric"]: row.get("value") for row in found["values"]}
    return figures


def term(field: str, *terms: str) -> Json:
    return {"@type": "MultiTermFilter", "field": field, "terms": list(terms)}


async def test_the_run_has_everything_that_can_happen(played: Played) -> None:
    samples = played.run.samples
    assert len(samples) > 500
    assert set(samples["region"]) == {"local", "away"}
    assert {"Hit", "Container", "Resource"} <= set(samples["kind"])
    assert {"-1", "200", "403", "404"} <= set(samples["responseCode"])
    failed = samples[samples["failed"] & (samples["responseCode"] == "200")]
    assert failed["assertionsFailed"].sum() == len(failed) > 0


async def test_a_summary_has_every_metric(
    agent: Caller, played: Played, samples: pd.DataFrame
) -> None:
    found = await summary(agent, played, "summary")
    assert set(found) == set(METRICS)
    assert_figures(found, samples, played.run.seconds)


async def test_a_summary_of_a_window(agent: Caller, played: Played, samples: pd.DataFrame) -> None:
    start, end = played.run.first + 1, played.run.first + 4
    window = {"from": start * 1000, "to": end * 1000}
    found = await summary(agent, played, "window", **window)
    assert_figures(found, samples[samples["second"].between(start, end - 1)], 3)


async def test_a_summary_as_text_has_the_same_figures(agent: Caller, played: Played) -> None:
    figures = await summary(agent, played, "text")
    for kind in ("csv", "markdown"):
        found: dict[str, float] = {}
        for number in range(-(-len(METRICS) // MOST_FIGURES)):
            item = {"id": f"text {number}"}
            answer = await read(agent, played, "get_report_summary_values", item, format=kind)
            rows = cells(answer["text"], kind)[1:]
            found |= {title.split(" ")[0]: float(value) for title, value in rows}
        assert found == figures


def cells(text: str, kind: str) -> list[list[str]]:
    """A table of text, its header first."""
    if kind == "csv":
        return list(csv.reader(io.StringIO(text)))
    lines = [line.strip("| ").split(" | ") for line in text.splitlines()]
    return [lines[0], *lines[2:]]


async def test_filters_choose_samples(agent: Caller, played: Played, samples: pd.DataFrame) -> None:
    busiest = samples["label"].value_counts().index[0]
    generator = samples["generator"].iloc[0]
    chosen = {
        "region": ("away", samples["region"] == "away"),
        "injectorId": (generator, samples["generator"] == generator),
        "virtualUserName": ("Failing", samples["region"] == "away"),
        "actionId": (busiest, samples["label"] == busiest),
        "responseCode": ("404", samples["responseCode"] == "404"),
        "method": ("POST", samples["method"] == "POST"),
        "mediaType": ("text/html", samples["mediaType"] == "text/html"),
    }
    for field, (wanted, mask) in chosen.items():
        found = await summary(agent, played, f"by {field}", filters=[HIT, term(field, wanted)])
        assert_figures(found, samples[mask], played.run.seconds)
    both = [HIT, term("responseCode", "403", "404"), term("region", "local")]
    mask = samples["responseCode"].isin(["403", "404"]) & (samples["region"] == "local")
    assert_figures(
        await summary(agent, played, "by both", filters=both), samples[mask], played.run.seconds
    )


async def test_containers_are_counted_apart(agent: Caller, played: Played) -> None:
    containers = played.run.samples[played.run.samples["kind"] == "Container"]
    found = await summary(agent, played, "containers", filters=[term("subSampleType", "Container")])
    assert_figures(found, containers, played.run.seconds)


@pytest.mark.parametrize("names", list(chunks(METRICS, MOST_FIGURES)), ids=lambda names: names[0])
async def test_each_row_of_a_table(
    agent: Caller, played: Played, samples: pd.DataFrame, names: Sequence[str]
) -> None:
    item = {
        "@type": "StatisticTableReportItem",
        "id": f"table {names[0]}",
        "computeType": "NORMAL",
        "size": 0,
        "metrics": played.metrics(*names),
    }
    found = await read(agent, played, "get_report_table_values", item)
    by_action = dict(iter(samples.groupby("label")))
    assert {row["actionId"] for row in found["entries"]} == set(by_action)
    for row in found["entries"]:
        assert_figures(of_row(found, row), by_action[row["actionId"]], played.run.seconds)
    text = await read(agent, played, "get_report_table_values", item, format="csv")
    rows = {row[2]: row[3:] for row in cells(text["text"], "csv")[1:]}
    for row in found["entries"]:
        assert [float(each) for each in rows[row["actionId"]]] == [
            cell["value"] for cell in row["values"]
        ]


def of_row(found: Json, row: Json) -> dict[str, float | None]:
    """Figures of a row by metric."""
    pairs = zip(found["columns"], row["values"], strict=True)
    return {column["metric"]: cell.get("value") for column, cell in pairs}


@pytest.mark.parametrize("names", list(chunks(METRICS, MOST_FIGURES)), ids=lambda names: names[0])
async def test_each_row_of_a_tree(agent: Caller, played: Played, names: Sequence[str]) -> None:
    item = {
        "@type": "StatisticTreeReportItem",
        "id": f"tree {names[0]}",
        "computeType": "NORMAL",
        "size": 0,
        "metrics": played.metrics(*names, filters=[]),
    }
    found = await read(agent, played, "get_report_tree_values", item)
    by_row = dict(iter(played.run.samples.groupby(["virtualUserId", "label"])))
    rows = {(row["virtualUserId"], row["actionId"]): row for row in found["entries"]}
    assert set(rows) == set(by_row)
    for key, row in rows.items():
        assert_figures(of_row(found, row), by_row[key], played.run.seconds)


@pytest.mark.parametrize("order", ["DESC", "ASC"])
@pytest.mark.parametrize("metric", ["RESPONSE_TIME_AVG", "ERRORS_PERCENT", "THROUGHPUT_TOTAL"])
async def test_a_top_list_ranks_actions_and_draws_them(
    agent: Caller, played: Played, samples: pd.DataFrame, metric: str, order: str
) -> None:
    item = {
        "@type": "TopReportItem",
        "id": f"top {metric} {order}",
        "size": 3,
        "order": order,
        "metrics": played.metrics(metric),
    }
    found = await read(agent, played, "get_report_top_values", item, maxPoints=5000)
    seconds = played.run.seconds
    by_action = {action: figure(rows, metric, seconds) for action, rows in samples.groupby("label")}
    ranked_values = sorted(by_action.values(), reverse=order == "DESC")
    listed = [row["actionId"] for row in found["actions"]]
    assert len(listed) == 3
    assert [by_action[action] for action in listed] == pytest.approx(ranked_values[:3])
    for row in found["actions"]:
        assert_curve(row["points"], metric, samples[samples["label"] == row["actionId"]])


def assert_curve(points: list[Json], metric: str, samples: pd.DataFrame) -> None:
    """Each point is the figure of its second; where nothing happened there may be a 0."""
    by_second: dict[Any, pd.DataFrame] = dict(iter(samples.groupby("second")))
    drawn = {round(point["x"] / 1000): point["y"] for point in points}
    assert by_second.keys() <= drawn.keys()
    for second, value in drawn.items():
        if second in by_second:
            assert_figures({metric: value}, by_second[second], 1)
        else:
            assert value == 0


async def test_pies(agent: Caller, played: Played, samples: pd.DataFrame) -> None:
    item = {"@type": "PieChartReportItem", "id": "pie", "metrics": played.metrics(*CATEGORIES)}
    found = await read(agent, played, "get_report_pie_values", item)
    for pie in found["pies"]:
        groups = by_category(samples, pie["metric"])
        expected = {str(label): weight(rows, pie["metric"]) for label, rows in groups}
        slices = {each["label"]: each["value"] for each in pie["slices"]}
        assert slices == expected
        whole = sum(expected.values())
        assert pie["whole"] == whole
        shares = {each["label"]: each["percent"] for each in pie["slices"]}
        assert shares == pytest.approx(
            {label: 100 * value / whole for label, value in expected.items()}, abs=0.01
        )


def by_category(samples: pd.DataFrame, metric: str) -> Any:
    return samples.groupby(samples[CATEGORIES[metric]].replace("", "none"))


def weight(rows: pd.DataFrame, metric: str) -> int:
    return int(rows["bytes"].sum()) if metric.endswith("THROUGHPUT") else len(rows)


@pytest.mark.parametrize("mode", ["ABSOLUTE", "PERCENT"])
@pytest.mark.parametrize("metric", CATEGORIES)
async def test_stacked_charts(
    agent: Caller, played: Played, samples: pd.DataFrame, metric: str, mode: str
) -> None:
    item = {
        "@type": "StackedChartReportItem",
        "id": f"stack {metric} {mode}",
        "mode": mode,
        "metrics": played.metrics(metric),
    }
    found = await read(agent, played, "get_report_stacked_chart_values", item, maxPoints=5000)
    wholes = {second: weight(rows, metric) for second, rows in samples.groupby("second")}
    expected = {
        (str(label), int(second)): weight(part, metric)
        for label, rows in by_category(samples, metric)
        for second, part in rows.groupby("second")
    }
    assert {each["label"] for each in found["series"]} == {label for label, _ in expected}
    for series in found["series"]:
        for point in series["points"]:
            second = round(point["x"] / 1000)
            value = expected.get((series["label"], second), 0)
            whole = wholes.get(second, 0)
            if mode == "PERCENT":
                assert point["y"] == pytest.approx(100 * value / whole if whole else 0, abs=0.01)
            else:
                assert point["y"] == value


async def test_every_metric_as_a_curve(
    agent: Caller, played: Played, samples: pd.DataFrame
) -> None:
    for names in chunks(CURVES, MOST_CURVES):
        item = {
            "@type": "LineChartReportItem",
            "id": f"line {names[0]}",
            "metrics": played.metrics(*names),
        }
        found = await read(agent, played, "get_report_line_chart_values", item, maxPoints=5000)
        assert not found["downsampled"]
        for series in found["series"]:
            assert_curve(series["points"], series["metric"], samples)


async def test_curves_of_filters_and_windows(
    agent: Caller, played: Played, samples: pd.DataFrame
) -> None:
    away = [HIT, term("region", "away")]
    item = {
        "@type": "LineChartReportItem",
        "id": "away",
        "metrics": played.metrics("HITS_TOTAL", "RESPONSE_TIME_MAX", filters=away),
    }
    start, end = played.run.first + 2, played.run.first + 5
    window = {"from": start * 1000, "to": end * 1000}
    found = await read(agent, played, "get_report_line_chart_values", item, **window)
    chosen = samples[samples["second"].between(start, end - 1) & (samples["region"] == "away")]
    for series in found["series"]:
        xs = [round(point["x"] / 1000) for point in series["points"]]
        assert start <= min(xs) <= max(xs) < end
        assert_curve(series["points"], series["metric"], chosen)
    as_columns = await read(
        agent, played, "get_report_line_chart_values", item, format="columns", **window
    )
    text = await read(agent, played, "get_report_line_chart_values", item, format="csv", **window)
    table = cells(text["text"], "csv")[1:]
    for number, (series, columns) in enumerate(
        zip(found["series"], as_columns["series"], strict=True), 1
    ):
        points = [(point["x"], point["y"]) for point in series["points"]]
        assert list(zip(columns["times"], columns["values"], strict=True)) == points
        assert [(float(row[0]), float(row[number])) for row in table if row[number]] == points


async def test_fewer_points_keep_the_extremes(
    agent: Caller, played: Played, samples: pd.DataFrame
) -> None:
    item = {"@type": "LineChartReportItem", "id": "few", "metrics": played.metrics("HITS_TOTAL")}
    found = await read(agent, played, "get_report_line_chart_values", item, maxPoints=4)
    (series,) = found["series"]
    counts = samples.groupby("second").size()
    shown = [point["y"] for point in series["points"]]
    assert len(shown) == 4
    assert series["greatest"]["y"] == counts.max() == max(shown)
    assert series["least"]["y"] == min(shown)


@pytest.mark.parametrize(
    ("metric", "column"),
    [("RESPONSE_TIME_AVG", "elapsed"), ("LATENCY_AVG", "latency"), ("CONNECT_TIME_AVG", "connect")],
)
async def test_percentile_curves(
    agent: Caller, played: Played, samples: pd.DataFrame, metric: str, column: str
) -> None:
    item = {
        "@type": "PercentilesChartReportItem",
        "id": f"percentiles {metric}",
        "metrics": played.metrics(metric),
    }
    found = await read(agent, played, "get_report_line_chart_values", item, maxPoints=5000)
    (series,) = found["series"]
    assert [point["x"] for point in series["points"]] == list(range(101))
    for point in series["points"]:
        expected = ranked(samples[column], point["x"])
        assert point["y"] == pytest.approx(expected, rel=0.01, abs=0.002)
    first, last = series["points"][0], series["points"][-1]
    assert (first["y"], last["y"]) == (samples[column].min(), samples[column].max())


async def test_users_are_those_of_the_plan(agent: Caller, played: Played) -> None:
    found = await summary(agent, played, "users", names=["USERLOAD"], filters=[])
    assert found == {"USERLOAD": 16}
    which = {"benchResultId": played.run.run_id}
    generators = (await agent.call("list_bench_load_generators", which))["loadGenerators"]
    assert sum(row["users"] for row in generators) == 16
    assert {row["id"] for row in generators} == set(played.run.samples["generator"])


@pytest.mark.parametrize("room", [{"maxSlots": 200, "maxRows": 59}, {"maxSlots": 6, "maxRows": 8}])
@pytest.mark.parametrize("measure", ["RESPONSE_TIME", "LATENCY"])
async def test_each_cell_of_a_heat_map(
    agent: Caller, played: Played, samples: pd.DataFrame, measure: str, room: dict[str, int]
) -> None:
    action = samples["label"].iloc[0]
    one = [{"@type": "SingleTermFilter", "field": "actionId", "term": action}]
    for filters, counted in (([], samples), (one, samples[samples["label"] == action])):
        item = {
            "@type": "HeatMapReportItem",
            "id": f"heat {measure} {len(filters)}",
            "benchResultId": played.run.run_id,
            "measure": measure,
            "filters": filters,
        }
        found = await read(agent, played, "get_report_item_values", item, **room)
        assert (found["form"], found["unit"]) == ("GRID", "hits")
        assert len(found["rows"]) <= room["maxSlots"]
        assert len(found["columns"]) - 1 <= room["maxRows"]
        expected = heat(counted, measure.split("_", maxsplit=1)[0].lower(), found)
        assert [row[1:] for row in found["rows"]] == expected
        assert sum(map(sum, expected)) == len(counted)


def heat(samples: pd.DataFrame, measure: str, found: Json) -> list[list[int]]:
    """Counts by the slots and bands that a tool answered, from whole microseconds.

    An edge lies where its band says, or at the next edge of the histogram above, at most 1.5 %.
    """
    starts = [found["startMs"] // 1000 + int(row[0]) for row in found["rows"]]
    ends = [*starts[1:], int(samples["second"].max()) + 1]
    edges = [[_edge(float(each)) for each in re.findall(r"[\d.]+", name)]
             for name in found["columns"][1:]]  # fmt: skip
    us = samples[f"{'elapsed' if measure == 'response' else measure}Us"]
    return [
        [
            int(((samples["second"] >= start) & (samples["second"] < end)
                 & (us >= low) & (us < high)).sum())
            for low, high in edges
        ]
        for start, end in zip(starts, ends, strict=True)
    ]  # fmt: skip


def _edge(ms: float) -> int:
    """The first whole microsecond of the histogram's first bucket that begins there or above."""
    us, edge, power = round(ms * 1000), 0, 0
    while edge < us:
        edge, power = math.ceil(1.015**power), power + 1
    return edge


async def test_an_area_range_and_how_far_it_is_off(
    agent: Caller, played: Played, samples: pd.DataFrame
) -> None:
    average = samples["elapsed"].mean()
    curve = samples.groupby("second")["elapsed"].mean()
    for range_type, values, reference in (
        ("RAW", curve, average),
        ("PERCENTAGE", 100 * curve / average, 100.0),
    ):
        item = {
            "@type": "AreaRangeChartReportItem",
            "id": f"range {range_type}",
            "referenceType": "SUMMARY",
            "rangeType": range_type,
            "metrics": played.metrics("RESPONSE_TIME_AVG", "RESPONSE_TIME_AVG"),
        }
        found = await read(agent, played, "get_report_area_range_values", item, maxPoints=5000)
        drawn = [point["y"] for point in found["curve"]["points"]]
        assert drawn == pytest.approx(list(values), abs=0.001)
        for point in found["reference"]["points"]:
            assert point["y"] == pytest.approx(reference, abs=0.001)
        off = float(((values - reference) ** 2).mean() ** 0.5)
        assert found["rmse"] == pytest.approx(off, abs=0.001)


async def test_insights(agent: Caller, played: Played, samples: pd.DataFrame) -> None:
    config = {"@type": "InsightsReportConfig", "minUsers": 1, "minMinutes": 0}
    item = {
        "@type": "InsightsReportItem",
        "id": "insights",
        "benchResultId": played.run.run_id,
        "configs": [config],
    }
    found = await read(agent, played, "get_report_insights", item)
    values = {row["id"]: row["value"] for row in found["insights"]}
    average = samples["elapsed"].mean()
    means = samples.groupby("label")["elapsed"].mean()
    curve = 100 * samples.groupby("second")["elapsed"].mean() / average
    failed = samples[samples["failed"]]
    family = failed["responseCode"].str[0].map({"4": "4XX", "5": "5XX"}).fillna("NONE")
    whole = samples["bytes"].sum()
    media = samples.groupby("mediaType")["bytes"].sum()
    expected = {
        "RESPONSE_TIME_GLOBAL_AVG": ((curve - 100) ** 2).mean() ** 0.5,
        "RESPONSE_TIME_STD_DEVIATION": 100 * samples["elapsed"].std(ddof=0) / average,
        "STEP_BY_STEP_RESPONSE_TIME": 100 * (means.max() - means.mean()) / means.mean(),
        "CONNECT_TIME_VS_RESPONSE_TIME": 100 * samples["connect"].mean() / average,
        "LATENCY_VS_RESPONSE_TIME": 100 * samples["latency"].mean() / average,
        "STEP_BY_STEP_ERRORS": 100 * samples.groupby("label")["failed"].mean().max(),
        **{
            f"OVERALL_ERROR_{name}": 100 * (family == name).sum() / len(samples)
            for name in ("4XX", "5XX", "NONE")
        },
        "THROUGHPUT_CSS": 100 * media.get("text/css", 0) / whole,
        "THROUGHPUT_JAVASCRIPT": 100 * media.get("text/javascript", 0) / whole,
        "THROUGHPUT_IMAGE_OPTIMIZE": 100 * media.get("image/svg+xml", 0) / whole,
        "THROUGHPUT_IMAGE_NEW_FORMAT": 0,
    }
    assert {name: values[name] for name in expected} == pytest.approx(expected, abs=0.001)
    for row in found["insights"]:
        if (row.get("inspect") or {}).get("type") == "AreaRangeChartReportItem":
            linked = {"reportId": played.run.report_id, "itemId": row["inspect"]["itemId"]}
            ranged = await agent.call("get_report_area_range_values", linked)
            assert ranged["rmse"] == pytest.approx(row["value"], abs=0.001)


async def test_errors_are_failed_samples_and_as_many_as_the_caps_leave(
    agent: Caller, played: Played, samples: pd.DataFrame
) -> None:
    """A generator keeps the first 100, and at least two of each action and code."""
    rows = await errors_of(agent, played)
    failed = samples[samples["failed"]]
    key = ["generator", "label", "timeStamp", "responseCode"]
    known = failed.groupby(key).size().to_dict()
    kept: dict[Any, int] = {}
    for row in rows:
        place = (row["loadGenerator"], row["actionId"], row["timestamp"], row["responseCode"])
        kept[place] = kept.get(place, 0) + 1
    assert all(count <= known[place] for place, count in kept.items())
    for generator, mine in failed.groupby("generator"):
        listed = [row for row in rows if row["loadGenerator"] == generator]
        kinds = mine.groupby(["label", "responseCode"]).size()
        assert min(100, len(mine)) <= len(listed) <= 100 + 2 * len(kinds)
        for kind, count in kinds.items():
            of_kind = [row for row in listed if (row["actionId"], row["responseCode"]) == kind]
            assert len(of_kind) >= min(2, count)
    asserted = [row for row in rows if row["responseCode"] == "200"]
    assert all(row["assertions"] for row in asserted)
    assert asserted
    middle = sorted(row["timestamp"] for row in rows)[len(rows) // 2]
    later = await errors_of(agent, played, **{"from": middle})
    assert later == [row for row in rows if row["timestamp"] >= middle]


async def errors_of(agent: Caller, played: Played, **window: int) -> list[Json]:
    """All pages of the errors of the run."""
    item_id = await item_of(agent, played, "ErrorsReportItem")
    which: Json = {"reportId": played.run.report_id, "itemId": item_id, **window}
    rows: list[Json] = []
    while True:
        page = await agent.call("get_report_errors", which)
        rows += page["errors"]
        if not page.get("nextCursor"):
            assert len(rows) == page["total"]
            return rows
        which["cursor"] = page["nextCursor"]


async def test_a_failed_exchange_is_that_of_the_sample(agent: Caller, played: Played) -> None:
    rows = await errors_of(agent, played)
    for code in ("403", "404", "200", "-1"):
        row = next(row for row in rows if row["responseCode"] == code)
        where = {name: row[name] for name in ("benchResultId", "actionId", "timestamp")}
        exchange = await agent.call("fetch_bench_error_http", where)
        assert exchange["request"]["url"] == row["requestUrl"]
        assert str(exchange["response"]["status"]) == code


async def test_a_trend_holds_runs_against_their_reference(agent: Caller, played: Played) -> None:
    made = await agent.call(
        "create_trend_report_by_name",
        {"benchResultId": played.before.run_id, "search": "Figures", "matchType": "EQUALS"},
    )
    assert made["comparedWith"] == [played.run.run_id]
    report = {"reportId": made["id"]}
    document = await agent.call("get_bench_report", report)
    sides = {run.run_id: run for run in (played.before, played.run)}
    bars = next(row for row in document["readWith"] if row["type"] == "BarChartReportItem")
    found = await agent.call("get_report_summary_values", {**report, "itemId": bars["itemId"]})
    for row in found["values"]:
        side = sides[row["benchResultId"]]
        assert_figures({row["metric"]: row["value"]}, side.hits, side.seconds)
    assert {row["benchResultId"] for row in found["values"]} == set(sides)
    delta = next(each for each in document["items"] if each.get("computeType") == "DELTA")
    which = {**report, "itemId": delta["id"]}
    table = await agent.call("get_report_table_values", which)
    by_action = [dict(iter(run.hits.groupby("label"))) for run in (played.before, played.run)]
    assert {row["actionId"] for row in table["entries"]} == set(by_action[1])
    for row in table["entries"]:
        for column, cell in zip(table["columns"], row["values"], strict=True):
            before, after = (
                figure(side[row["actionId"]], column["metric"], run.seconds)
                for side, run in zip(by_action, (played.before, played.run), strict=True)
            )
            spread = 0.01 * (before + after) if "PERCENTILE" in column["metric"] else 0
            assert cell["value"] == pytest.approx(after - before, abs=spread + 0.002)


@pytest.mark.parametrize(("left", "right"), [("run", "run"), ("before", "run")])
async def test_both_sides_of_a_comparison(
    agent: Caller, played: Played, left: str, right: str
) -> None:
    """A busy machine may give the second pair another load: then it is refused, not compared."""
    runs = {"baseline": getattr(played, left), "candidate": getattr(played, right)}
    which = {f"{side}Id": run.run_id for side, run in runs.items()}
    found = await agent.call("compare_runs", which)
    seconds = min(run.seconds for run in runs.values())
    assert found["comparedSec"] == seconds
    assert bool(found["actions"]) == (found["load"]["differencePct"] <= 10)
    assert found["actions"] or left != right
    for row in found["actions"]:
        for side, run in runs.items():
            hits = run.hits[run.hits["second"] < run.first + seconds]
            mine = hits[hits["label"] == row["actionId"]]
            assert row[side]["hits"] == len(mine)
            assert row[side]["errorPct"] == pytest.approx(100 * mine["failed"].mean(), abs=0.001)
            good = mine[~mine["failed"]]["elapsed"]
            if "medianMs" in row[side]:
                assert row[side]["medianMs"] == pytest.approx(ranked(good, 50), rel=0.01)
                assert row[side]["p95Ms"] == pytest.approx(ranked(good, 95), rel=0.01)


async def test_thresholds_are_held_against_the_same_figures(
    agent: Caller, played: Played, samples: pd.DataFrame
) -> None:
    found = await agent.call("evaluate_slo", {"benchResultId": played.run.run_id})
    assert found["verdict"] == "fail"
    assert [check["verdict"] for check in found["checks"]] == ["pass", "fail", "pass", "pass"]
    labels = (await agent.call("get_report_table_values", {
        "reportId": played.run.report_id,
        "itemId": await item_of(agent, played, "StatisticTableReportItem"),
    }))["entries"]  # fmt: skip
    checked = next(row["actionId"] for row in labels if row["actionName"] == "Home, checked")
    for check in found["checks"]:
        of = samples[samples["label"] == checked] if check["action"] else samples
        value = figure(of, check["metric"], played.run.seconds)
        assert check["value"] == close_to(check["metric"], value)


async def item_of(agent: Caller, played: Played, kind: str) -> str:
    """The first item of a type in the report of the run."""
    report = await agent.call("get_bench_report", {"reportId": played.run.report_id})
    return str(next(row["itemId"] for row in report["readWith"] if row["type"] == kind))


async def test_a_run_too_short_for_a_verdict_says_how_long_it_was(
    agent: Caller, played: Played
) -> None:
    which = {"benchResultId": played.run.run_id}
    capacity = await agent.call("estimate_capacity", which)
    assert f"{played.run.seconds} s" in capacity["reason"]
    slowdown = await agent.call("explain_slowdown", which)
    assert f"{played.run.seconds} points" in slowdown["reason"]
