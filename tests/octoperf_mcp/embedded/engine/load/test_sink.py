"""What a worker keeps of failed samples."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from octoperf_mcp.embedded.engine.load.sink import LoadSink
from octoperf_mcp.embedded.engine.play.session import Outcome, UserSession
from octoperf_mcp.embedded.engine.processes.masks import Mask
from octoperf_mcp.embedded.engine.runs.log import RunLog
from octoperf_mcp.embedded.engine.wire.exchange import Exchange
from octoperf_mcp.embedded.metrics.recorder import FIRST_ERRORS, Recorder
from octoperf_mcp.embedded.metrics.sample import CONTAINER, HIT, Sample

USER = cast("UserSession", SimpleNamespace(thread_number=1))


def failed(kind: str, action_id: str) -> Outcome:
    sample = Sample(
        action_id=action_id,
        virtual_user_id="vu",
        profile=0,
        kind=kind,
        started_ms=0,
        elapsed_us=1,
        latency_us=1,
        connect_us=0,
        sent_bytes=0,
        received_bytes=0,
        code="" if kind == CONTAINER else "500",
        method="GET",
        media_type="",
        url="http://shop/",
        ok=False,
    )
    exchange = None if kind == CONTAINER else Exchange("GET", "http://shop/", [], b"", 0, 500)
    return Outcome(sample, exchange, message="1 of 1 requests in it failed")


def test_failed_containers_take_no_place_among_the_first_errors(tmp_path: Path) -> None:
    kept: list[Sample] = []
    recorder: Any = SimpleNamespace(add=kept.append)
    sink = LoadSink(cast("Recorder", recorder), RunLog(tmp_path / "run.log"), Mask([]))
    for number in range(FIRST_ERRORS):
        sink.outcome(USER, failed(CONTAINER, f"container-{number}"))
    for _ in range(FIRST_ERRORS):
        sink.outcome(USER, failed(HIT, "request"))
    hits = [sample for sample in kept if sample.kind == HIT]
    assert all(sample.error is not None and sample.error.request for sample in hits)
    assert kept[0].error is not None
    assert kept[0].error.message == "1 of 1 requests in it failed"
