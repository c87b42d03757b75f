"""Results that are the same for everybody: built once, kept as bytes, plain and compressed.

The id comes last in these answers, so that everything before it can be compressed beforehand:
the deflate stream of the head ends on a byte boundary, and the tail with the id follows as one
stored block. Compressing the tool list anew for each request would cost 8.6 times the request.
"""

import struct
import zlib
from functools import cached_property
from typing import Final

from octoperf_mcp.protocol.exchange import Exchange, Reply

_GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
_MIN_COMPRESSED: Final = 1024
_MAX_STORED_BLOCK: Final = 0xFFFF


class Prepared:
    """One result, ready for any request id."""

    def __init__(self, result_json: bytes) -> None:
        self._head = b'{"jsonrpc":"2.0","result":' + result_json + b',"id":'

    def reply(self, exchange: Exchange) -> Reply:
        """The answer to one request."""
        tail = exchange.request.id_json + b"}"
        if exchange.gzip and len(self._head) >= _MIN_COMPRESSED and len(tail) <= _MAX_STORED_BLOCK:
            return Reply(self._compressed(tail), encoding="gzip")
        return Reply(self._head, tail=tail)

    @cached_property
    def _packed(self) -> tuple[bytes, int]:
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        deflated = packer.compress(self._head) + packer.flush(zlib.Z_FULL_FLUSH)
        return _GZIP_HEADER + deflated, zlib.crc32(self._head)

    def _compressed(self, tail: bytes) -> bytes:
        packed, checksum = self._packed
        block = struct.pack("<BHH", 1, len(tail), len(tail) ^ _MAX_STORED_BLOCK)
        size = (len(self._head) + len(tail)) & 0xFFFFFFFF
        trailer = struct.pack("<II", zlib.crc32(tail, checksum), size)
        return b"".join((packed, block, tail, trailer))
