"""Answers are written as pydantic would write them, with less work."""

import copy
import dataclasses
import math
from datetime import UTC, datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, field_serializer

from octoperf_mcp import payload
from octoperf_mcp.registry.content import Content
from octoperf_mcp.registry.listings import page_of
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.registry.tools import returned_by
from octoperf_mcp.registry.writing import WrittenRows, measured, shape_of, writer

ANSWERS = {
    tool.name: kind
    for tool in load_registry().tools.values()
    if (kind := returned_by(tool.function)[0]) is not Content
}
FREE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    Any: FREE,
    str: st.text(),
    int: st.integers(-(2**53), 2**53),
    bool: st.booleans(),
    float: st.floats() | st.integers(-1000, 1000),
    NoneType: st.none(),
}


@payload
class Row:
    """A row."""

    id: str
    last_used: int | None = None
    value: float | None = None


@payload
class Answer:
    """Rows, tables of rows, and free-form members."""

    rows: list[Row]
    members: dict[str, Row]
    kind: Literal["a", "b"] = "a"
    either: str | int | None = None
    document: dict[str, Any] | None = None


@payload
class Single:
    """One member."""

    rows: list[Row] | None = None


def by_pydantic(kind: Any, value: Any) -> bytes:
    return TypeAdapter(kind).dump_json(value, by_alias=True, exclude_none=True)


def written(kind: Any, value: Any) -> bytes:
    json: bytes = writer(kind, illustrated=False)(value, None)
    return json


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a type that payloads have."""
    if dataclasses.is_dataclass(hint):
        kind: Any = hint
        members = get_type_hints(kind)
        return st.builds(kind, **{name: values_of(of) for name, of in members.items()})
    origin, inner = get_origin(hint), get_args(hint)
    if origin is list:
        return st.lists(values_of(*inner), max_size=3)
    if origin is dict:
        return st.dictionaries(st.text(), values_of(inner[1]), max_size=3)
    if origin is Literal:
        return st.sampled_from(inner)
    if origin in {Union, UnionType}:
        return st.one_of(*map(values_of, inner))
    return SIMPLE[hint]


@pytest.mark.parametrize("name", ANSWERS)
@given(data=st.data())
@settings(max_examples=10)
def test_each_tool_writes_what_pydantic_would(name: str, data: st.DataObject) -> None:
    kind = ANSWERS[name]
    value = data.draw(values_of(kind))
    assert written(kind, value) == by_pydantic(kind, value)


def test_nearly_all_tools_need_no_pydantic() -> None:
    plain = [name for name, kind in ANSWERS.items() if shape_of(kind)]
    assert len(plain) > 0.8 * len(ANSWERS)


ROWS = [Row(id="a", last_used=1, value=2), Row(id="b", value=math.inf)]


def test_what_is_none_is_left_out_but_not_of_free_form_members() -> None:
    answer = Answer(rows=ROWS, members={"m": ROWS[0]}, document={"kept": None})
    assert orjson.loads(written(Answer, answer)) == {
        "rows": [{"id": "a", "lastUsed": 1, "value": 2.0}, {"id": "b", "value": None}],
        "members": {"m": {"id": "a", "lastUsed": 1, "value": 2.0}},
        "kind": "a",
        "document": {"kept": None},
    }


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@pytest.mark.parametrize(
    "odd",
    [
        Answer(rows=[], members={}, document={1: "a"}),  # type: ignore[dict-item]
        Answer(rows=[], members={}, document={"at": datetime(2026, 1, 1, tzinfo=UTC)}),
        Answer(rows=[], members={}, document={"row": ROWS[0]}),
        Answer(rows=[], members={}, document={"large": 2**70}),
        Answer(rows=[{"id": "c"}], members={}),  # type: ignore[list-item]
        Answer(rows=[Row(id=None)], members={}),  # type: ignore[arg-type]
        Answer(rows=[], members=[ROWS[0]]),  # type: ignore[arg-type]
        {"rows": [], "members": {}},
    ],
    ids=repr,
)
def test_what_is_not_of_its_type_is_written_as_ever(odd: Any) -> None:
    assert written(Answer, odd) == by_pydantic(Answer, odd)


def test_a_payload_may_have_one_member() -> None:
    assert shape_of(Single)
    assert written(Single, Single(rows=ROWS)) == by_pydantic(Single, Single(rows=ROWS))
    assert written(Single, Single()) == b"{}"


@payload
class Named:
    """A member with a name that Python reserves."""

    class_: Annotated[str, Field(serialization_alias="class")]


@payload
class Shortened:
    """A member that is written in its own way."""

    text: str

    @field_serializer("text")
    def shortened(self, text: str) -> str:
        return text[:1]


@payload
class Holed:
    """Rows, or none, in a list."""

    rows: list[Row | None]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Named(class_="x"), {"class": "x"}),
        (Shortened(text="abc"), {"text": "a"}),
        (Holed(rows=[None, Row(id="a")]), {"rows": [None, {"id": "a"}]}),
    ],
)
def test_what_tells_pydantic_how_to_write_it_is_written_so(value: Any, expected: Any) -> None:
    kind: Any = type(value)
    assert shape_of(kind) is None
    assert orjson.loads(written(kind, value)) == expected


def paged() -> WrittenRows[Row]:
    """Rows of a page."""
    page = page_of(ROWS, key=lambda row: (row.id,), limit=10, cursor="")
    assert isinstance(page.rows, WrittenRows)
    return page.rows


def test_rows_of_a_page_are_written_once() -> None:
    rows, shape = paged(), shape_of(Row)
    assert shape
    assert rows.json_by(shape)
    answer = Answer(rows=rows, members={})
    assert written(Answer, answer) == by_pydantic(Answer, answer)


def test_rows_put_in_after_the_page_was_made_are_answered() -> None:
    rows = paged()
    rows[0] = Row(id="other")
    answer = orjson.loads(written(Answer, Answer(rows=rows, members={})))
    assert [row["id"] for row in answer["rows"]] == ["other", "b"]
    rows.append(Row(id="c"))
    answer = orjson.loads(written(Answer, Answer(rows=rows, members={})))
    assert [row["id"] for row in answer["rows"]] == ["other", "b", "c"]


def test_copies_of_the_rows_of_a_page_are_as_any_other_rows() -> None:
    answer = Answer(rows=paged(), members={})
    copied = copy.deepcopy(answer)
    assert type(copied.rows) is list
    copied.rows[0].id = "other"  # type: ignore[misc]
    assert b"other" in written(Answer, copied)
    assert b"other" not in written(Answer, answer)
    assert dataclasses.asdict(answer)["rows"] == [dataclasses.asdict(row) for row in ROWS]


@payload
class MoreOfRow(Row):
    """A row with a member that the listing does not show."""

    hidden: str


def test_rows_of_a_more_special_class_show_what_the_listing_says() -> None:
    special: list[Any] = [MoreOfRow(id="a", hidden="x")]
    answer = Answer(rows=measured(special)[0], members={})
    assert isinstance(answer.rows, WrittenRows)
    assert orjson.loads(written(Answer, answer))["rows"] == [{"id": "a"}]


def test_rows_are_measured_whatever_they_are() -> None:
    empty: list[Any] = []
    assert measured(empty) == ([], 2)
    assert measured([(1, "a")])[1] == len('[[1,"a"]]')
    mixed: list[Any] = [Row(id="a"), {"id": "b"}]
    assert measured(mixed)[1] > len('[{"id":"a"},{"id":"b"}]')
