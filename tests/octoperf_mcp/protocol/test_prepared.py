"""Answers kept as bytes."""

import gzip
import zlib

import orjson
import pytest

from octoperf_mcp.protocol import jsonrpc
from octoperf_mcp.protocol.exchange import Exchange
from octoperf_mcp.protocol.prepared import Prepared
from octoperf_mcp.registry.context import Caller

RESULT = {"tools": [{"name": f"tool_{number}"} for number in range(200)]}


def exchange(rpc_id: str | int, *, packed: bool) -> Exchange:
    request = jsonrpc.Request(rpc_id, orjson.dumps(rpc_id), "tools/list", None)
    caller = Caller("u", "c", frozenset(), "", 0)
    return Exchange(
        request=request,
        caller=caller,
        request_id="r",
        version="2025-11-25",
        modern=False,
        capabilities={},
        gzip=packed,
    )


@pytest.mark.parametrize("rpc_id", [0, "a", 'quote"', "é" * 1000, 2**62])
def test_plain_and_packed_answers_are_the_same(rpc_id: str | int) -> None:
    prepared = Prepared(orjson.dumps(RESULT))
    plain = prepared.reply(exchange(rpc_id, packed=False))
    packed = prepared.reply(exchange(rpc_id, packed=True))
    assert orjson.loads(plain.body) == {"jsonrpc": "2.0", "id": rpc_id, "result": RESULT}
    assert (plain.encoding, packed.encoding) == ("", "gzip")
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 2


def test_a_packed_answer_is_one_gzip_member() -> None:
    """Some clients read no further than the first."""
    packed = Prepared(orjson.dumps(RESULT)).reply(exchange(1, packed=True)).body
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert orjson.loads(reader.decompress(packed))["id"] == 1
    assert reader.eof
    assert reader.unused_data == b""


def test_an_id_beyond_one_deflate_block_goes_plain() -> None:
    reply = Prepared(orjson.dumps(RESULT)).reply(exchange("x" * 70_000, packed=True))
    assert reply.encoding == ""


def test_a_small_answer_is_not_packed() -> None:
    assert Prepared(b"{}").reply(exchange(1, packed=True)).encoding == ""
