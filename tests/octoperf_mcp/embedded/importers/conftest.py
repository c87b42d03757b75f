"""A tiny HAR writer: `entry` makes one exchange, `har` a file of some."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

Json = dict[str, Any]
START = datetime(2026, 1, 1, tzinfo=UTC)


def _entry(
    url: str = "https://shop.example/",
    method: str = "GET",
    *,
    at_ms: float = 0,
    took_ms: float = 0,
    status: int = 200,
    mime: str = "text/html; charset=utf-8",
    text: str | None = None,
    encoding: str | None = None,
    headers: dict[str, str] | None = None,
    answered: dict[str, str] | None = None,
    post: Json | None = None,
    **more: Any,
) -> Json:
    content: Json = {"mimeType": mime, "size": 0}
    if text is not None:
        content["text"] = text
    if encoding is not None:
        content["encoding"] = encoding
    request: Json = {
        "method": method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        "headers": [{"name": k, "value": v} for k, v in (headers or {}).items()],
        "queryString": [],
    }
    if post is not None:
        request["postData"] = post
    return {
        "startedDateTime": (START + timedelta(milliseconds=at_ms)).isoformat(),
        "time": took_ms,
        "request": request,
        "response": {
            "status": status,
            "statusText": "",
            "headers": [{"name": k, "value": v} for k, v in (answered or {}).items()],
            "content": content,
        },
        **more,
    }


def _har(*entries: Any, creator: str = "WebInspector", pages: list[Json] | None = None) -> bytes:
    log: Json = {"version": "1.2", "creator": {"name": creator}, "entries": list(entries)}
    if pages is not None:
        log["pages"] = pages
    return orjson.dumps({"log": log})


@pytest.fixture
def entry() -> Callable[..., Json]:
    return _entry


@pytest.fixture
def har() -> Callable[..., bytes]:
    return _har
