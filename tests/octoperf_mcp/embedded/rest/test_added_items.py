"""Values of report items of types that plugins add, over HTTP: good ones, hostile ones, absent ones."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from octoperf_mcp import Bar, Bars, Column, Curve, Drawing, Grid, ItemRequest, Lines, Table
from octoperf_mcp.entities.added_types import AddedTypes
from octoperf_mcp.entities.extensions import AddedItem, Extensions
from octoperf_mcp.errors import InvalidArgumentError
from octoperf_mcp.protocol.isolation import Breaker, Isolation
from tests.octoperf_mcp.embedded.rest.test_metrics import START_S, Api, api, ran

__all__ = ["api", "ran"]

ROUTE = "/analysis/report-items/values"
TYPE = "AcmeReportItem"
WRONG: Any = 5
BREAKER = Isolation(failures=3, pause_s=60)


def added(api: Api, values: Callable[[ItemRequest], Any], **changed: Any) -> None:
    """The only plugin is acme, and this is its function."""
    members: dict[str, Any] = {"live": True, "timeout_s": 20.0, **changed}
    item = AddedItem("acme", TYPE, "Acme", values, guard=Breaker("acme", BREAKER), **members)
    api.platform.extensions = Extensions(items={TYPE: item})


def item(api: Api, **own: Any) -> dict[str, Any]:
    return {"@type": TYPE, "id": "i1", "name": "Here", "benchResultId": api.run, **own}


async def test_a_function_reads_histograms_series_and_figures_of_its_run(ran: Api) -> None:
    seen: dict[str, Any] = {}

    def values(request: ItemRequest) -> Drawing:
        run = request.run
        seen.update(
            thread=threading.current_thread() is threading.main_thread(),
            start=run.start_ms,
            end=run.end_ms,
            over=run.is_over,
            whole=run.histograms(),
            slots=run.histograms(most_slots=5, by_action=True),
            users=run.series("USERLOAD"),
            average=run.figure("RESPONSE_TIME_AVG"),
            failed=run.figure("HITS_TOTAL", filters=request.filters),
            most=run.figure("USERLOAD"),
            none=run.figure("RESPONSE_TIME_AVG", filters=_where("responseCode", "404")),
            room=(request.most_slots, request.most_rows),
        )
        return Table([Column("Name"), Column("Value", "ms")], [["average", seen["average"]]])

    added(ran, values)
    given = item(ran, filters=_where("responseCode", "500"))
    found = await ran.post(ROUTE, given, query={"maxSlots": 7, "maxRows": 3})
    assert found == {
        "form": "TABLE",
        "columns": [{"name": "Name", "unit": ""}, {"name": "Value", "unit": "ms"}],
        "rows": [["average", 550.0]],
        "note": "",
    }
    assert not seen["thread"]
    assert not seen["over"]
    assert (seen["start"], seen["end"]) == (START_S * 1000, (START_S + 10) * 1000)
    (whole,) = seen["whole"]
    assert (whole.start_ms, whole.action_id, whole.count) == (None, "", 10)
    assert all(one.low_us <= us < one.high_us for one, us in zip(whole.buckets, _us(), strict=True))
    assert [(one.start_ms, one.action_id, one.count) for one in seen["slots"]] == [
        ((START_S + second) * 1000, "a1", 2) for second in range(0, 10, 2)
    ]
    assert seen["users"].unit == "users"
    assert seen["users"].points[-1] == ((START_S + 9) * 1000, 10)
    assert (seen["failed"], seen["most"], seen["none"]) == (1, 10, None)
    assert seen["room"] == (7, 3)


async def test_the_window_is_that_of_the_call(ran: Api) -> None:
    added(ran, lambda request: Bars([Bar("n", request.run.histograms()[0].count, "hits")]))
    query = {"from": (START_S + 2) * 1000, "to": (START_S + 5) * 1000}
    found = await ran.post(ROUTE, item(ran), query=query)
    assert (found["form"], found["rows"]) == ("BARS", [["n", 3, "hits"]])


async def test_curves_share_their_times(ran: Api) -> None:
    curves = [Curve("a", "ms", [(1, 2), (2, 3)]), Curve("b", "hits", [(2, 5.5)])]
    added(ran, lambda _: Lines(curves, "As told."))
    found = await ran.post(ROUTE, item(ran))
    assert [each["name"] for each in found["columns"]] == ["Time", "a", "b"]
    assert found["rows"] == [[1, 2, None], [2, 3, 5.5]]
    assert found["note"] == "As told."


def _table(*row: Any) -> Callable[[ItemRequest], Any]:
    return lambda _: Table([Column("x")] * len(row), [row])


def _raise(error: BaseException) -> Callable[[ItemRequest], Any]:
    def values(_: ItemRequest) -> Any:
        raise error

    return values


_GRID: dict[str, Any] = {"slot_ms": 1, "bands": (), "name": "n", "unit": "u"}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (_raise(ZeroDivisionError("secret")), "it broke with ZeroDivisionError"),
        (_raise(SystemExit(3)), "it broke with SystemExit"),
        (_raise(KeyboardInterrupt()), "it broke with KeyboardInterrupt"),
        (_raise(ValueError("secret")), "it broke with ValueError"),
        (_raise(TimeoutError()), "it broke with TimeoutError"),
        (_table(float("nan")), "a number is not finite"),
        (_table(float("inf")), "a number is not finite"),
        (_table(10**5000), "a number is too great"),
        (_table(True), "a bool stands where a number belongs"),
        (_table(b"x"), "a bytes stands where a number belongs"),
        (_table({"x": 1}), "a dict stands where a number belongs"),
        (lambda _: Table([Column("x")], [["a", "b"]]), "a row has 2 cells, its table 1 columns"),
        (lambda _: Table([Column("x")], [["a"]] * 1001), "1001 rows, at most 1000"),
        (lambda _: Table([Column("x")] * 61, []), "61 columns, at most 60"),
        (lambda _: Table([Column("x")] * 50, [[1] * 50] * 500), "25000 cells"),
        (lambda _: Table([Column(WRONG)], []), "a int stands where a text belongs"),
        (lambda _: Table(WRONG, []), "its columns are no list"),
        (lambda _: Table([WRONG], []), "its TABLE is malformed"),
        (lambda _: Lines([Curve("a", "", [(2, 1), (1, 1)])]), "its times are not in order"),
        (lambda _: Grid([1, 2], values=[[]], **_GRID), "a value for each band of each slot"),
        (lambda _: Grid([1], values=[[]], **{**_GRID, "slot_ms": 0}), "have no length"),
        (lambda _: "<b>hello</b>", "it answered a str, not Table, Lines, Bars or Grid"),
        (lambda _: None, "it answered a NoneType"),
    ],
)
async def test_what_cannot_be_shown_is_told_and_no_more(
    ran: Api, values: Callable[[ItemRequest], Any], reason: str
) -> None:
    added(ran, values)
    answer = await ran.post(ROUTE, item(ran), status=422)
    assert answer["message"].startswith("The plugin acme could not draw this AcmeReportItem: ")
    assert reason in answer["message"]
    assert "secret" not in answer["message"]
    assert answer["plugin"] == "acme"


async def test_texts_are_cut_and_have_no_control_signs(ran: Api) -> None:
    added(ran, _table("a\x00b\u202e<b>" + "x" * 5000))
    found = await ran.post(ROUTE, item(ran))
    ((text,),) = found["rows"]
    assert text.startswith("a b <b>xxx")
    assert len(text) == 200


async def test_a_refusal_of_the_plugin_is_passed_on(ran: Api) -> None:
    added(ran, _raise(InvalidArgumentError("Only POST counts.", next_step="Filter by method.")))
    answer = await ran.post(ROUTE, item(ran), status=400)
    assert (answer["message"], answer["next"]) == ("Only POST counts.", "Filter by method.")


async def test_a_metric_or_filter_that_does_not_exist_is_told(ran: Api) -> None:
    added(ran, lambda request: Bars([Bar("x", request.run.figure("SPEED"))]))
    assert "'SPEED'" in (await ran.post(ROUTE, item(ran), status=400))["message"]
    added(ran, lambda request: request.run.histograms(filters=[{"field": "colour"}]))
    assert "'colour'" in (await ran.post(ROUTE, item(ran), status=400))["message"]
    wrong = item(ran, filters="all of them")
    assert "filters is a list" in (await ran.post(ROUTE, wrong, status=400))["message"]


async def test_a_function_that_never_ends_is_left_after_its_time(ran: Api) -> None:
    ended = threading.Event()

    def spin(_: ItemRequest) -> Any:
        try:
            while True:
                pass
        finally:
            ended.set()

    added(ran, spin, timeout_s=0.05)
    answer = await ran.post(ROUTE, item(ran), status=422)
    assert answer["message"].endswith("it took longer than 0.05 s.")
    assert ended.wait(20), "the thread was told to end"


async def test_one_that_cannot_even_be_told_to_end_is_not_called_again(ran: Api) -> None:
    let_go = threading.Event()

    def wait(_: ItemRequest) -> Any:
        while not let_go.is_set():
            try:
                time.sleep(0.01)
            except SystemExit:
                continue

    added(ran, wait, timeout_s=0.05)
    try:
        messages = [(await ran.post(ROUTE, item(ran), status=422))["message"] for _ in range(4)]
    finally:
        let_go.set()
    assert [message.endswith("longer than 0.05 s.") for message in messages] == [True, True] + [
        False
    ] * 2
    assert messages[2].endswith("earlier calls of it never ended.")
    assert "failed 3 times in a row and is left alone" in messages[3]


async def test_a_plugin_that_fails_again_and_again_is_left_alone(ran: Api) -> None:
    calls = []

    def values(request: ItemRequest) -> Any:
        calls.append(request)
        return 5

    added(ran, values)
    for _ in range(4):
        answer = await ran.post(ROUTE, item(ran), status=422)
    assert len(calls) == 3
    assert "left alone" in answer["message"]


async def test_a_read_after_its_time_is_refused(ran: Api) -> None:
    found: list[Any] = []
    let_go, read = threading.Event(), threading.Event()

    def late(request: ItemRequest) -> Any:
        while not let_go.is_set():
            try:
                time.sleep(0.01)
            except SystemExit:
                continue
        try:
            found.append(request.run.histograms())
        except RuntimeError as error:
            found.append(str(error))
        finally:
            read.set()

    added(ran, late, timeout_s=0.05)
    await ran.post(ROUTE, item(ran), status=422)
    let_go.set()
    assert read.wait(20)
    assert found == ["It reads when its time is over."]


async def test_what_it_does_to_the_item_changes_nothing(ran: Api) -> None:
    def values(request: ItemRequest) -> Any:
        request.item.clear()
        return Bars([])

    added(ran, values)
    given = item(ran)
    assert (await ran.post(ROUTE, given))["rows"] == []


async def test_one_that_is_not_live_waits_for_the_end_of_the_run(ran: Api) -> None:
    added(ran, lambda _: Bars([]), live=False)
    answer = await ran.post(ROUTE, item(ran), status=422)
    assert answer["message"] == "AcmeReportItem has values once its run is over."


async def test_runs_of_others_are_not_to_be_read(ran: Api) -> None:
    added(ran, lambda _: Bars([]))
    await ran.post(ROUTE, item(ran), user="eve", status=404)
    await ran.post(ROUTE, item(ran), user="reads")


async def test_each_wrong_address_names_the_right_one(ran: Api) -> None:
    added(ran, lambda _: Bars([]))
    answer = await ran.post("/analysis/metrics/pie", item(ran), status=400)
    assert f"AcmeReportItem has its values at POST {ROUTE}" in answer["message"]
    answer = await ran.post(ROUTE, {**item(ran), "@type": "TopReportItem"}, status=400)
    assert "TopReportItem has its values at POST /analysis/metrics/top" in answer["message"]
    answer = await ran.post(ROUTE, {**item(ran), "@type": "BcmeReportItem"}, status=400)
    assert answer["message"] == f"{ROUTE} reads AcmeReportItem, not BcmeReportItem."


async def test_an_item_of_a_plugin_that_is_off_names_it(ran: Api) -> None:
    ran.platform.extensions = Extensions(types=AddedTypes(off=lambda: {TYPE: "acme"}))
    answer = await ran.post(ROUTE, item(ran), status=422)
    assert answer["message"] == "AcmeReportItem is a type of the plugin acme, which is off."


@pytest.mark.parametrize("query", [{"maxSlots": 0}, {"maxSlots": 5000}, {"maxRows": "x"}])
async def test_the_room_has_bounds(ran: Api, query: dict[str, Any]) -> None:
    added(ran, lambda _: Bars([]))
    await ran.post(ROUTE, item(ran), query=query, status=400)


def _where(field: str, term: str) -> list[dict[str, str]]:
    return [{"@type": "SingleTermFilter", "field": field, "term": term}]


def _us() -> list[int]:
    return [100_000 * number for number in range(1, 11)]
