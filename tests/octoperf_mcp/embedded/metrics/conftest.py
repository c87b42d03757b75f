from collections.abc import Callable
from typing import Any

import pytest

from octoperf_mcp.embedded.metrics.sample import Sample

SampleFactory = Callable[..., Sample]


@pytest.fixture
def sample() -> SampleFactory:
    """Makes samples that end in epoch second 1,700,000,000 unless told otherwise."""

    def make(**changed: Any) -> Sample:
        given: dict[str, Any] = {
            "action_id": "a1",
            "virtual_user_id": "vu1",
            "profile": 0,
            "kind": "Hit",
            "started_ms": 1_700_000_000_000,
            "elapsed_us": 250_000,
            "latency_us": 200_000,
            "connect_us": 0,
            "sent_bytes": 120,
            "received_bytes": 2048,
            "code": "200",
            "method": "GET",
            "media_type": "text/html",
            "url": "http://shop.test/",
            "ok": True,
        }
        return Sample(**(given | changed))

    return make
