"""Lists in pages of ready bytes.

Clients differ in whether they follow `nextCursor`, so one page holds all there is in practice;
the cursor is kept for plugins that register thousands.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import orjson

from octoperf_mcp.errors import InvalidParamsError
from octoperf_mcp.protocol import results
from octoperf_mcp.protocol.exchange import Exchange, Reply
from octoperf_mcp.protocol.prepared import Prepared

PAGE_SIZE = 1000


class Listing:
    """The answers of one `…/list` method.

    Args:
        member: Name of the array in the result, `tools`.
        items: The entries as JSON, in their order.
        modern_tail: Members that close a modern result (`results.modern_tail`).
        page_size: Entries a page.
    """

    def __init__(
        self, member: str, items: Sequence[bytes], *, modern_tail: bytes, page_size: int = PAGE_SIZE
    ) -> None:
        self._member = member
        self._items = items
        self._modern_tail = modern_tail
        self._page_size = page_size
        self._pages: dict[tuple[bool, int], Prepared] = {}

    def reply(self, exchange: Exchange) -> Reply:
        """The page that the request's cursor names.

        Raises:
            InvalidParamsError: the cursor is none of ours.
        """
        start = self._start(results.params_of(exchange).get("cursor"))
        key = (exchange.modern, start)
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = Prepared(self._page(exchange.modern, start))
        return page.reply(exchange)

    def _start(self, cursor: Any) -> int:
        if cursor is None:
            return 0
        try:
            start = int(base64.urlsafe_b64decode(cursor).decode("ascii"))
        except (binascii.Error, ValueError, TypeError):
            start = -1
        if start <= 0 or start >= len(self._items) or start % self._page_size:
            raise InvalidParamsError(
                "This cursor is not one that the list gave; start again without a cursor."
            )
        return start

    def _page(self, modern: bool, start: int) -> bytes:
        end = start + self._page_size
        parts = [b'{"', self._member.encode(), b'":[', b",".join(self._items[start:end]), b"]"]
        if end < len(self._items):
            cursor = base64.urlsafe_b64encode(str(end).encode()).decode()
            parts += [b',"nextCursor":', orjson.dumps(cursor)]
        parts.append(self._modern_tail if modern else b"")
        parts.append(b"}")
        return b"".join(parts)
