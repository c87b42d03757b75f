"""The recording of the demo shop: a real Chromium session, made by `tests/recording`.

It was made at http://shop.example:8888 and is replayed elsewhere by changing the HTTP server.
"""

from datetime import datetime
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import orjson

RECORDED_URL = "http://shop.example:8888"

STEPS = (
    ("Home", "GET", "/"),
    ("Sign-in form", "GET", "/login"),
    ("Sign in", "POST", "/login"),
    ("Search", "GET", "/search"),
    ("Product", "GET", "/product/lamp-oslo"),
    ("Check stock", "GET", "/api/stock"),
    ("Add to cart", "POST", "/cart/add"),
    ("Order", "POST", "/order"),
    ("Sign out", "POST", "/logout"),
)
"""Name of each step of the journey, with method and path of the request that begins it."""


def recording() -> bytes:
    """The HAR file, with the bodies of the responses."""
    return (files("octoperf_mcp.demo") / "shop.har").read_bytes()


def container_timeline() -> dict[str, Any]:
    """The steps as the `containerTimeline` of a HAR import: one named container for each."""
    steps = iter(STEPS)
    wanted = next(steps, None)
    timeline = []
    for entry in orjson.loads(recording())["log"]["entries"]:
        request = entry["request"]
        if wanted is None:
            break
        if (request["method"], urlsplit(request["url"]).path) == wanted[1:]:
            started = datetime.fromisoformat(entry["startedDateTime"])
            timeline.append(
                {
                    "type": "ENABLED",
                    "name": wanted[0],
                    "startTimestamp": int(started.timestamp() * 1000),
                }
            )
            wanted = next(steps, None)
    return {"entries": timeline}
