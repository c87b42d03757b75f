"""Lists in pages."""

import base64
from typing import Any

import orjson
import pytest

from octoperf_mcp.errors import InvalidParamsError
from octoperf_mcp.protocol import jsonrpc
from octoperf_mcp.protocol.exchange import Exchange
from octoperf_mcp.protocol.pagination import Listing
from octoperf_mcp.registry.context import Caller


def page(listing: Listing, cursor: Any = None, *, modern: bool = False) -> dict[str, Any]:
    params = {} if cursor is None else {"cursor": cursor}
    exchange = Exchange(
        request=jsonrpc.Request(1, b"1", "tools/list", params),
        caller=Caller("u", "c", frozenset(), "", 0),
        request_id="r",
        version="v",
        modern=modern,
        capabilities={},
    )
    answer: dict[str, Any] = orjson.loads(listing.reply(exchange).body)["result"]
    return answer


def listing_of(count: int, page_size: int = 2) -> Listing:
    items = [orjson.dumps({"name": str(number)}) for number in range(count)]
    return Listing("tools", items, modern_tail=b',"ttlMs":1', page_size=page_size)


@pytest.mark.parametrize("modern", [False, True])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
def test_following_the_cursors_gives_every_item_once(count: int, modern: bool) -> None:
    listing = listing_of(count)
    names: list[str] = []
    cursor = None
    for _ in range(10):
        answer = page(listing, cursor, modern=modern)
        names += [item["name"] for item in answer["tools"]]
        assert ("ttlMs" in answer) == modern
        cursor = answer.get("nextCursor")
        if cursor is None:
            break
    assert names == [str(number) for number in range(count)]


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "0", 5, [], *(base64.b64encode(n).decode() for n in (b"0", b"-2", b"1", b"4"))],
)
def test_a_cursor_that_was_never_given_is_refused(cursor: Any) -> None:
    with pytest.raises(InvalidParamsError):
        page(listing_of(4), cursor)
