"""A HAR in pieces: its head, then entry by entry, so that no more than one is read at a time."""

import re
from collections.abc import Iterator
from mmap import mmap
from typing import Any

from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.values import mapping, parse

Json = dict[str, Any]
Buffer = bytes | mmap

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"(?:[ \t\r\n]*+(:))?|[\[\]{}]', re.DOTALL)
"""A text, with the colon behind it where it is a key; or a bracket."""
_OPENING, _CLOSING = (b"{", b"["), (b"}", b"]")
_ENTRIES = [b"", b'"log"', b'"entries"']
"""The keys on the way to the list of entries, from the root on."""
_OF_ENTRY = 2
"""Depth within that list of an entry's own brackets."""
_MAX_LEVELS = 100
_SMALL_BYTES = 32 * 1024 * 1024
_BLANK = b" \t\r\n,"
RECORD_AGAIN = (
    "Record again and export a HAR with its contents, as one .har file"
    " (in Playwright: recordHar with content `embed`)."
)


class SplitHar:
    """The places of a HAR's entries.

    Args:
        data: The file, UTF-8, a byte-order mark allowed.

    Raises:
        ImportFailed: it is no JSON, or JSON but no HAR.
    """

    def __init__(self, data: Buffer) -> None:
        self._data = data
        self._spans: list[tuple[int, int]] = []
        self._start, self._end = 0, -1
        self._locate()
        if self._end < 0:
            raise self._refusal()
        text = b"".join((data[: self._start], b"[]", data[self._end :]))
        self.log: Json = mapping(mapping(parse(text, "The file")).get("log"))
        """The `log` object without its entries."""

    def __len__(self) -> int:
        """Number of entries that are objects or lists."""
        return len(self._spans)

    def entries(self) -> Iterator[Any]:
        """The decoded entries, one after the other.

        Raises:
            ImportFailed: one of them, or what stands between them, is no JSON.
        """
        position = self._start + 1
        for index, (start, end) in enumerate(self._spans):
            yield from self._between(position, start)
            yield parse(self._data[start:end], f"Entry {index} of the file")
            position = end
        yield from self._between(position, self._end - 1)

    def _between(self, start: int, end: int) -> list[Any]:
        """Entries that are neither objects nor lists; there should be none."""
        rest = self._data[start:end].strip(_BLANK)
        if not rest:
            return []
        found: list[Any] = parse(b"[" + rest + b"]", "What stands between the entries")
        return found

    def _locate(self) -> None:
        """Find `log.entries` and the spans of what is in it, by brackets alone."""
        self._start = self._array()
        depth, opened = 0, 0
        for found in _TOKEN.finditer(self._data, self._start) if self._start else ():
            if found[0] in _OPENING:
                depth += 1
                _require_flat(depth)
                opened = found.start() if depth == _OF_ENTRY else opened
            elif found[0] in _CLOSING:
                depth -= 1
                if depth == _OF_ENTRY - 1:
                    self._spans.append((opened, found.end()))
                elif depth == 0:
                    self._end = found.end()
                    return

    def _array(self) -> int:
        """Where the list `log.entries` begins, 0 when there is none."""
        depth, key = 0, b""
        path: list[bytes] = []
        for found in _TOKEN.finditer(self._data):
            if found[1] is not None:
                key = found[0][: found[0].rindex(b'"') + 1] if depth <= _OF_ENTRY else key
            elif found[0] in _OPENING:
                depth += 1
                _require_flat(depth)
                path = [*path[: depth - 1], key] if depth <= len(_ENTRIES) else path
                if found[0] == b"[" and depth == len(_ENTRIES) and path == _ENTRIES:
                    return found.start()
            elif found[0] in _CLOSING:
                depth -= 1
        return 0

    def _refusal(self) -> ImportFailed:
        if self._start:
            problem = "The file is no JSON: it ends within its entries."
            return ImportFailed(problem, "Save it again; a download may have been cut short.")
        if len(self._data) > _SMALL_BYTES:
            return ImportFailed("The file is no HAR: it has no log.entries.", RECORD_AGAIN)
        parse(self._data[:], "The file")
        return ImportFailed("The file is JSON but no HAR: it has no log.entries.", RECORD_AGAIN)


def _require_flat(depth: int) -> None:
    if depth > _MAX_LEVELS:
        raise ImportFailed(f"The file has more than {_MAX_LEVELS} levels.", RECORD_AGAIN)
