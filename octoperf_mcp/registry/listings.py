"""Listings: what a row shows, how rows are put in order and cut into pages."""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import orjson
from pydantic import Field

from octoperf_mcp.errors import InvalidArgumentError
from octoperf_mcp.registry.payloads import payload
from octoperf_mcp.registry.writing import measured

PAGE_MAX_BYTES = 56_000
"""Size of the rows of one page as JSON: near 20,000 tokens, since ids and links split badly."""

Limit = Annotated[int, Field(ge=1, le=500)]
"""Type of the `limit` parameter of a listing tool; 100 is a good default."""

_T = TypeVar("_T")
_Key = tuple[str | int, ...]


@payload
class Listing:
    """A document as a row; dates are epoch milliseconds."""

    id: str
    name: str
    description: str
    tags: list[str]
    created: int | None = None
    last_modified: int | None = None
    url: str


_L = TypeVar("_L", bound=Listing)


def listing(kind: type[_L], document: Mapping[str, Any], *, url: str, **more: Any) -> _L:
    """The row of a document; `more` are the members that `kind` adds to `Listing`."""
    return kind(
        id=document["id"],
        name=document.get("name") or "",
        description=document.get("description") or "",
        tags=sorted(document.get("tags") or []),
        created=epoch_ms(document.get("created")),
        last_modified=epoch_ms(document.get("lastModified")),
        url=url,
        **more,
    )


def epoch_ms(value: Any) -> int | None:
    """A date of the platform as epoch milliseconds: it answers numbers, clients write ISO-8601."""
    if isinstance(value, str) and value:
        try:
            return round(datetime.fromisoformat(value).timestamp() * 1000)
        except ValueError:
            return None
    return round(value) if isinstance(value, int | float) else None


@dataclass(frozen=True, slots=True)
class Page(Generic[_T]):
    """One page of rows, their number over all pages, and the cursor of the next page if any."""

    rows: list[_T]
    total: int
    next_cursor: str | None


def by_name(row: Listing) -> _Key:
    """The usual order: name without regard to case, then id."""
    return (row.name.casefold(), row.id)


def page_of(rows: Iterable[_T], *, key: Callable[[_T], _Key], limit: int, cursor: str) -> Page[_T]:
    """Sort and take the page after `cursor`; a page ends early where its rows get too large.

    The cursor names the last row that was shown, so rows that come or go between two calls
    neither repeat nor hide others.

    Args:
        rows: All rows.
        key: What to sort by; it ends in an id, so that no two rows have the same.
        limit: Largest number of rows of a page.
        cursor: As in `next_cursor` of the page before; empty for the first.

    Raises:
        InvalidArgumentError: the cursor is none of ours.
    """
    ordered = sorted(rows, key=key)
    rest = ordered
    try:
        if cursor:
            after = _decoded(cursor)
            rest = [row for row in ordered if key(row) > after]
    except (ValueError, TypeError, binascii.Error) as error:
        raise InvalidArgumentError(
            "This cursor belongs to no listing of this tool.",
            field="cursor",
            next_step="Leave cursor out to start again, or send the nextCursor of the page before.",
        ) from error
    page = _fitting(rest[:limit])
    more = len(page) < len(rest)
    return Page(page, len(ordered), _encoded(key(page[-1])) if more else None)


def page_in_order(rows: Iterable[_T], *, limit: int, cursor: str) -> Page[_T]:
    """The same for rows whose order means something: a cursor counts them."""
    page = page_of(enumerate(rows), key=lambda pair: (pair[0],), limit=limit, cursor=cursor)
    return Page([row for _, row in page.rows], page.total, page.next_cursor)


def _fitting(rows: list[_T]) -> list[_T]:
    """The first rows that fit into a page, one at least."""
    page, size = measured(rows)
    if size <= PAGE_MAX_BYTES:
        return page
    size = 0
    for count, row in enumerate(rows):
        size += measured([row])[1]
        if size > PAGE_MAX_BYTES:
            return rows[: max(count, 1)]
    return rows


def _encoded(key: _Key) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def _decoded(cursor: str) -> _Key:
    text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    key = orjson.loads(text)
    if not isinstance(key, list):
        raise TypeError(cursor)
    return tuple(key)
