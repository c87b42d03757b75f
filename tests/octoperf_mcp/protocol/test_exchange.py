"""Progress and log messages, as far as they leave the server."""

import math
from typing import Any

import orjson
import pytest

from octoperf_mcp.protocol import jsonrpc
from octoperf_mcp.protocol.exchange import Exchange
from octoperf_mcp.registry.context import Caller


def exchange(meta: Any, sent: list[Any], *, level: str = "") -> Exchange:
    return Exchange(
        request=jsonrpc.Request(1, b"1", "tools/call", {"_meta": meta}),
        caller=Caller("u", "c", frozenset(), "", 0),
        request_id="r",
        version="2026-07-28",
        modern=True,
        capabilities={},
        log_level=level,
        notify=lambda message: sent.append(orjson.loads(message)["params"]),
    )


async def test_only_finite_growing_progress_is_sent() -> None:
    sent: list[Any] = []
    made = exchange({"progressToken": 0}, sent)
    for done in (-1, 0, 0, math.nan, 1, 0.5, math.inf, 2):
        await made.report_progress(done, math.inf)
    assert sent == [{"progressToken": 0, "progress": done} for done in (-1, 0, 1, 2)]


@pytest.mark.parametrize("meta", [None, [], {}, {"progressToken": False}, {"progressToken": [1]}])
async def test_without_a_token_there_is_no_progress(meta: Any) -> None:
    sent: list[Any] = []
    await exchange(meta, sent).report_progress(1)
    assert sent == []


async def test_messages_below_the_wanted_level_are_dropped() -> None:
    sent: list[Any] = []
    made = exchange({}, sent, level="warning")
    for level in ("debug", "notice", "warning", "emergency"):
        await made.log(level, {"level": level})
    assert [message["level"] for message in sent] == ["warning", "emergency"]
    silent = exchange({}, sent)
    await silent.log("emergency", "nobody asked")
    assert len(sent) == 2


async def test_who_takes_no_stream_gets_nothing() -> None:
    made = exchange({"progressToken": 1}, [], level="debug")
    made.notify = None
    await made.report_progress(1)
    await made.log("error", "x")
