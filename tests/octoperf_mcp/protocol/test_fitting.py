"""Results within a budget."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoperf_mcp.protocol.fitting import ResultTooLargeError, fitted

BUDGET = 4000


def fit(document: dict[str, Any], *narrow_with: str) -> Any:
    content = fitted(orjson.dumps(document), BUDGET, narrow_with)
    assert len(content) <= BUDGET
    return orjson.loads(content)


def rows(count: int) -> list[dict[str, Any]]:
    return [{"id": f"{number:05}", "name": "x" * 40} for number in range(count)]


def test_what_fits_is_the_very_same_bytes() -> None:
    content = orjson.dumps({"rows": rows(10)})
    assert fitted(content, BUDGET, ()) is content


def test_a_list_keeps_its_beginning_and_says_what_is_missing() -> None:
    found = fit({"rows": rows(500), "total": 900, "nextCursor": "behind row 500"}, "limit", "name")
    kept = found["truncated"]["returned"]
    assert found["rows"] == rows(kept)
    assert kept > 30
    assert found["truncated"] == {
        "path": "/rows",
        "returned": kept,
        "total": 900,
        "narrowWith": ["limit", "name"],
    }
    assert "nextCursor" not in found


def test_a_list_inside_the_row_that_weighs_most_is_cut() -> None:
    found = fit({"rows": [{"id": "a"}, {"id": "b", "a/b": rows(500)}, {"id": "c"}]})
    assert [row["id"] for row in found["rows"]] == ["a", "b", "c"]
    assert found["truncated"]["path"] == "/rows/1/a~1b"
    assert found["truncated"]["total"] == 500


def test_several_lists_and_texts_are_cut_where_one_is_not_enough() -> None:
    found = fit({"a": rows(200), "b": rows(190), "text": "é" * 20_000})
    told = found["truncated"]
    assert {told["path"], *(cut["path"] for cut in told.get("also", ()))} == {"/a", "/b"}
    assert told["texts"] == ["/text"]
    assert found["text"].endswith("…")


def test_what_has_nothing_to_cut_is_refused_and_says_how_to_ask_for_less() -> None:
    with pytest.raises(ResultTooLargeError) as caught:
        fit({str(number): number for number in range(2000)}, "limit")
    assert caught.value.details["allowed"] == ["limit"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=400),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=60,
)


@given(st.dictionaries(st.text(max_size=9), _JSON))
def test_whatever_is_answered_stays_whole_json_within_the_budget(document: dict[str, Any]) -> None:
    try:
        fit(document)
    except ResultTooLargeError:
        assert len(orjson.dumps(document)) > BUDGET
