"""Reading HTTP/1.1 answers (RFC 9112) from bytes, strictly: what could be read two ways is refused.

aiohttp's client costs seven times as much for the short JSON answers that nearly all calls get. Of
HTTP this reads what a REST API sends: interim answers, bodies by Content-Length, in chunks or up to
the end of the connection, gzip.
"""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

MAX_HEAD_BYTES: Final = 64 * 1024
MAX_CHUNK_LINE_BYTES: Final = 4 * 1024
_MAX_INTERIM: Final = 16
_USUAL_LINE_BYTES: Final = 100
_BROKEN_HEAD: Final = "its head is malformed"

_TOKEN: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_TEXT: Final = rb"[\t\x20-\x7e\x80-\xff]*"
_STATUS: Final = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: %b)?" % _TEXT)
_FIELD: Final = re.compile(rb"(%b):[ \t]*(%b)" % (_TOKEN, _TEXT))
_FIELDS: Final = re.compile(rb"(?:%b:%b\r\n)*" % (_TOKEN, _TEXT))
_MAX_LENGTH_DIGITS: Final = 15
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;%b)?\r\n" % _TEXT)
_ONCE: Final = frozenset((b"content-length", b"transfer-encoding", b"content-encoding"))
_END: Final = b"\r\n\r\n"
_GZIP: Final = zlib.MAX_WBITS | 16
_NO_BODY: Final = frozenset((204, 304))
_SWITCHED: Final = 101
_FIRST_FINAL: Final = 200


class MalformedAnswerError(Exception):
    """The bytes are no HTTP/1.1 answer, or one that could be read two ways."""


class LargeAnswerError(Exception):
    """The answer is larger than the caller takes."""


@dataclass(slots=True)
class Answer:
    """A complete answer.

    `fields` have their names in lower case, repeated ones joined by commas; `reusable` is whether
    the connection may carry a further request.
    """

    status: int
    fields: Mapping[bytes, bytes]
    body: bytes
    reusable: bool

    def field(self, name: bytes) -> str:
        """Value of a field, empty when absent."""
        return self.fields.get(name, b"").decode("latin-1")


class AnswerReader:
    """Takes one answer out of what a connection brings.

    Args:
        max_bytes: Largest body, before and after decompression.
    """

    __slots__ = (
        "_body",
        "_chunked",
        "_fields",
        "_interim",
        "_left",
        "_max_bytes",
        "_rest",
        "_size",
        "_status",
        "_version",
        "begun",
    )

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.begun = False
        self._status = 0
        self._version = b""
        self._fields: dict[bytes, bytes] = {}
        self._interim = 0
        self._chunked: _Chunks | None = None
        self._left = -1
        self._size = 0
        self._rest = b""
        self._body: list[bytes] = []

    def feed(self, data: bytes) -> Answer | None:
        """Read on; the answer once it is complete.

        Raises:
            MalformedAnswerError: this is no answer.
            LargeAnswerError: it is too large, by what it says or by what came.
        """
        self.begun = True
        if not self._status:
            data = self._rest + data if self._rest else data
            start = self._head(data)
            if start < 0:
                return None
            data = data[start:]
        return self._take(data)

    def end(self) -> Answer | None:
        """The connection ended: the answer, if its end is that of the connection."""
        if self._status and self._chunked is None and self._left < 0:
            return self._answer(b"".join(self._body), reusable=False)
        return None

    def _head(self, data: bytes) -> int:
        """Read the head; answers where the body begins, -1 when there must be more."""
        start = 0
        while True:
            end = data.find(_END, start)
            if end < 0 or end - start > MAX_HEAD_BYTES:
                if len(data) - start > MAX_HEAD_BYTES:
                    raise MalformedAnswerError("its head is too long")
                self._rest = data[start:]
                return -1
            first, *lines = data[start:end].split(b"\r\n")
            version, status = (
                _known_status(first) if len(first) <= _USUAL_LINE_BYTES else _status(first)
            )
            fields = _fields(lines)
            start = end + 4
            if status >= _FIRST_FINAL:
                break
            self._interim += 1
            if status == _SWITCHED or self._interim > _MAX_INTERIM:
                raise MalformedAnswerError("it has no final status")
        self._rest = b""
        self._status, self._version, self._fields = status, version, fields
        self._frame()
        return start

    def _frame(self) -> None:
        """Settle where the body ends (RFC 9112, 6.3)."""
        length = self._fields.get(b"content-length")
        coding = self._fields.get(b"transfer-encoding")
        if coding is not None:
            if length is not None or coding.lower() != b"chunked" or self._version != b"1":
                raise MalformedAnswerError("its length can be read two ways")
            self._chunked = _Chunks(self._max_bytes)
        elif length is not None:
            if not length.isdigit() or len(length) > _MAX_LENGTH_DIGITS:
                raise MalformedAnswerError("its length is no number")
            self._left = int(length)
        if self._status in _NO_BODY:
            self._chunked, self._left = None, 0
        if self._left > self._max_bytes:
            raise LargeAnswerError

    def _take(self, data: bytes) -> Answer | None:
        if self._chunked is not None:
            rest = self._chunked.feed(data)
            if rest is None:
                return None
            return self._answer(bytes(self._chunked.body), reusable=self._stays(rest))
        if self._left < 0:
            self._size += len(data)
            if self._size > self._max_bytes:
                raise LargeAnswerError
            self._body.append(data)
            return None
        self._left -= len(data)
        if self._left > 0:
            self._body.append(data)
            return None
        rest = b""
        if self._left < 0:
            data, rest = data[: self._left], data[self._left :]
        if self._body:
            self._body.append(data)
            data = b"".join(self._body)
        return self._answer(data, reusable=self._stays(rest))

    def _stays(self, rest: bytes) -> bool:
        """Whether the connection can be used again; what was not asked for ends it."""
        if rest or self._version != b"1":
            return False
        kept = self._fields.get(b"connection")
        return kept is None or kept.lower() == b"keep-alive"

    def _answer(self, body: bytes, *, reusable: bool) -> Answer:
        return Answer(self._status, self._fields, body, reusable)


class _Chunks:
    """The chunked coding (RFC 9112, 7.1)."""

    __slots__ = ("_buffer", "_left", "_max_bytes", "_trailer", "body")

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._left = 0
        self._trailer = False
        self.body = bytearray()

    def feed(self, data: bytes) -> bytes | None:
        """Read on; what follows the body once it is complete."""
        self._buffer += data
        while not self._trailer:
            if not (self._chunk() if self._left else self._line()):
                return None
        return self._last()

    def _line(self) -> bool:
        """The line before a chunk; whether it was there."""
        end = self._buffer.find(b"\r\n", 0, MAX_CHUNK_LINE_BYTES)
        if end < 0:
            if len(self._buffer) >= MAX_CHUNK_LINE_BYTES:
                raise MalformedAnswerError("its chunks are malformed")
            return False
        found = _CHUNK.fullmatch(self._buffer, 0, end + 2)
        if found is None:
            raise MalformedAnswerError("its chunks are malformed")
        self._left = int(found[1], 16)
        self._trailer = not self._left
        del self._buffer[: end + 2]
        if len(self.body) + self._left > self._max_bytes:
            raise LargeAnswerError
        return True

    def _chunk(self) -> bool:
        """A chunk and the line end after it; whether all of it was there."""
        size = self._left
        if len(self._buffer) < size + 2:
            return False
        if self._buffer[size : size + 2] != b"\r\n":
            raise MalformedAnswerError("its chunks are malformed")
        self.body += self._buffer[:size]
        del self._buffer[: size + 2]
        self._left = 0
        return True

    def _last(self) -> bytes | None:
        """Trailer fields, which nobody wants, and the empty line."""
        end = 0
        if not self._buffer.startswith(b"\r\n"):
            end = self._buffer.find(_END, 0, MAX_HEAD_BYTES) + 2
            if end == 1:
                if len(self._buffer) >= MAX_HEAD_BYTES:
                    raise MalformedAnswerError("its trailer is too long")
                return None
        if not _FIELDS.fullmatch(self._buffer, 0, end):
            raise MalformedAnswerError("its trailer is malformed")
        return bytes(self._buffer[end + 2 :])


def unpacked(answer: Answer, max_bytes: int) -> bytes:
    """The body without its compression.

    Raises:
        MalformedAnswerError: it is compressed otherwise than by gzip, or broken.
        LargeAnswerError: it is larger than that once unpacked.
    """
    coding = answer.fields.get(b"content-encoding", b"identity").lower()
    if coding == b"identity" or not answer.body:
        return answer.body
    if coding not in {b"gzip", b"x-gzip"}:
        raise MalformedAnswerError("it is compressed in a way that was not offered")
    unpacker = zlib.decompressobj(_GZIP)
    try:
        body = unpacker.decompress(answer.body, max_bytes + 1)
    except zlib.error as error:
        raise MalformedAnswerError("its compression is broken") from error
    if len(body) > max_bytes:
        raise LargeAnswerError
    if not unpacker.eof or unpacker.unused_data:
        raise MalformedAnswerError("its compression is broken")
    return body


def _status(line: bytes) -> tuple[bytes, int]:
    """Minor version and status of the first line."""
    found = _STATUS.fullmatch(line)
    if found is None:
        raise MalformedAnswerError(_BROKEN_HEAD)
    return found[1], int(found[2])


def _fields(lines: list[bytes]) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    for line in lines:
        key, value = _known_field(line) if len(line) <= _USUAL_LINE_BYTES else _field(line)
        if key in fields:
            if key in _ONCE:
                raise MalformedAnswerError("its length can be read two ways")
            value = fields[key] + b", " + value
        fields[key] = value
    return fields


def _field(line: bytes) -> tuple[bytes, bytes]:
    """Name in lower case and value."""
    found = _FIELD.fullmatch(line)
    if found is None:
        raise MalformedAnswerError(_BROKEN_HEAD)
    return found[1].lower(), found[2].rstrip(b" \t")


_known_status: Final = lru_cache(maxsize=32)(_status)
_known_field: Final = lru_cache(maxsize=512)(_field)
"""Most lines of an answer are those of the last one."""
