"""Listings: one order, whole rows, pages that survive edits between two calls."""

import pytest

from octoperf_mcp import Listing, by_name, epoch_ms, listing, page_of
from octoperf_mcp.errors import InvalidArgumentError
from octoperf_mcp.registry.listings import PAGE_MAX_BYTES


def rows(*names: str, description: str = "") -> list[Listing]:
    return [
        listing(
            Listing, {"id": f"id-{name}", "name": name, "description": description}, url="http://x"
        )
        for name in names
    ]


def test_rows_come_by_name_whatever_the_case_and_then_by_id() -> None:
    page = page_of(rows("beta", "Alpha", "alpha"), key=by_name, limit=10, cursor="")
    assert [row.id for row in page.rows] == ["id-Alpha", "id-alpha", "id-beta"]
    assert (page.total, page.next_cursor) == (3, None)


def test_pages_follow_each_other_without_gap_even_when_rows_come_and_go() -> None:
    first = page_of(rows("a", "b", "c", "d"), key=by_name, limit=2, cursor="")
    assert [row.name for row in first.rows] == ["a", "b"]
    assert first.next_cursor
    second = page_of(rows("aa", "c", "d"), key=by_name, limit=2, cursor=first.next_cursor)
    assert [row.name for row in second.rows] == ["c", "d"]
    assert (second.total, second.next_cursor) == (3, None)


def test_a_page_ends_early_rather_than_cut_a_row_or_flood_the_reader() -> None:
    large = rows("a", "b", "c", description="x" * (PAGE_MAX_BYTES // 2))
    page = page_of(large, key=by_name, limit=3, cursor="")
    assert [row.name for row in page.rows] == ["a"]
    assert page.next_cursor


def test_a_row_larger_than_a_page_is_still_shown() -> None:
    page = page_of(
        rows("a", "b", description="x" * PAGE_MAX_BYTES), key=by_name, limit=3, cursor=""
    )
    assert [row.name for row in page.rows] == ["a"]


@pytest.mark.parametrize("cursor", ["nonsense!", "e30", "WzEsMl0", "bnVsbA"])
def test_a_foreign_cursor_is_refused_with_the_way_out(cursor: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        page_of(rows("a"), key=by_name, limit=3, cursor=cursor)
    assert caught.value.details == {"field": "cursor"}
    assert "nextCursor" in caught.value.next_step


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1767225600000, 1767225600000),
        (1767225600000.4, 1767225600000),
        ("2026-01-01T00:00:00Z", 1767225600000),
        ("2026-01-01T00:00:00.000Z", 1767225600000),
        ("", None),
        ("soon", None),
        (None, None),
    ],
)
def test_dates_are_epoch_milliseconds_however_they_were_written(
    value: object, expected: object
) -> None:
    assert epoch_ms(value) == expected


def test_a_row_is_made_of_what_a_document_has() -> None:
    row = listing(Listing, {"id": "1", "name": None, "tags": ["b", "a"]}, url="http://x")
    assert row == Listing(id="1", name="", description="", tags=["a", "b"], url="http://x")
