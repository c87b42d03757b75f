"""Logs: one line of JSON an event, and no credential in any of them."""

import asyncio
import io
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import structlog

from octoperf_mcp.config import LogSettings
from octoperf_mcp.observability.logs import (
    HIDDEN,
    REPEATING,
    Lines,
    configure_logs,
    hide_secrets,
    scrub,
    to_json,
)


@pytest.mark.parametrize(
    "secret",
    [
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1MSJ9.c2lnbmF0dXJl",
        "Bearer abc.def-123",
        "http://h/public/presigned/AbC_-9",
        "http://127.0.0.1:1/callback?code=s3cr3t&state=x",
    ],
)
def test_what_looks_like_a_credential_is_blanked_anywhere(secret: str) -> None:
    shown = scrub(f"failed for {secret} again")
    assert HIDDEN in shown
    assert not any(part in shown for part in ("eyJ", "abc.def", "AbC_-9", "s3cr3t"))


@pytest.mark.parametrize("key", ["access_token", "Authorization", "demo_password", "set_cookie"])
def test_values_of_secret_keys_are_blanked(key: str) -> None:
    assert hide_secrets(None, "info", {key: "x"})[key] == HIDDEN


def test_a_line_is_json_with_level_and_time(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    configure_logs(LogSettings(format="json"))
    try:
        structlog.get_logger().info("tool_called", tool="list_workspaces", token="t")
    finally:
        structlog.reset_defaults()
    line = orjson.loads(capfdbinary.readouterr().err)
    assert line["event"] == "tool_called"
    assert line["level"] == "info"
    assert line["token"] == HIDDEN


async def test_lines_of_one_turn_travel_together_and_in_order() -> None:
    file = _Counted()
    lines = Lines(file)
    for number in range(3):
        lines.msg(b"%d" % number)
    assert file.getvalue() == b""
    await asyncio.sleep(0)
    assert (file.getvalue(), file.writes) == (b"0\n1\n2\n", 1)


def test_a_line_outside_an_event_loop_is_written_at_once() -> None:
    file = _Counted()
    Lines(file).msg(b"alone")
    assert file.getvalue() == b"alone\n"


def test_no_line_is_lost_when_a_loop_ends_or_threads_write() -> None:
    file = _Counted()
    lines = Lines(file)

    async def say() -> None:
        lines.msg(b"loop")
        await asyncio.gather(*(asyncio.to_thread(lines.msg, b"thread") for _ in range(50)))
        lines.msg(b"last")

    asyncio.run(say())
    assert sorted(file.getvalue().split()) == [b"last", b"loop", *[b"thread"] * 50]


@pytest.mark.parametrize("event", [{"note": "Bearer abc.def-123"}, {"client_secret": "s3cr3t"}])
def test_json_lines_hide_credentials(event: dict[str, str]) -> None:
    line = to_json(None, "info", {"event": "told", **event})
    assert HIDDEN.encode() in line
    assert not any(part in line for part in (b"abc.def", b"s3cr3t"))


class _Short:
    """Writes lines the short way and reads them."""

    def __init__(self, capture: pytest.CaptureFixture[bytes]) -> None:
        self._capture = capture

    def read(self) -> dict[str, Any]:
        line: dict[str, Any] = orjson.loads(self._capture.readouterr().err)
        return line

    def write(self, **shared: Any) -> dict[str, Any] | None:
        """The line; None where this way is not open."""
        written = REPEATING.write("info", "request", {"request_id": "1a"}, shared)
        return self.read() if written else None


@pytest.fixture
def short(capfdbinary: pytest.CaptureFixture[bytes]) -> Iterator[_Short]:
    yield _Short(capfdbinary)
    structlog.reset_defaults()


def test_lines_that_repeat_are_as_those_of_structlog(short: _Short) -> None:
    configure_logs(LogSettings(format="json"))
    shared = {"path": "/mcp", "http_status": 200, "tool": 'a"b', "note": "Bearer abc.def-123"}
    line = short.write(**shared)
    structlog.get_logger().info("request", request_id="1a", **shared)
    usual = short.read()
    assert line is not None
    assert line["note"] == HIDDEN
    assert line.pop("timestamp")[:11] <= usual.pop("timestamp")[:11]
    assert line == usual


def test_lines_that_differ_in_a_type_only_are_told_apart(short: _Short) -> None:
    configure_logs(LogSettings(format="json"))
    lines = [short.write(value=value) for value in (1, True, 1.0)]
    assert [line and repr(line["value"]) for line in lines] == ["1", "True", "1.0"]


def test_whoever_captures_or_formats_logs_gets_lines_that_repeat(short: _Short) -> None:
    configure_logs(LogSettings(format="json"))
    with structlog.testing.capture_logs():
        assert short.write(path="/mcp") is None
    assert short.write(path="/mcp")
    structlog.reset_defaults()
    assert short.write(path="/mcp") is None
    configure_logs(LogSettings(format="console"))
    assert short.write(path="/mcp") is None


class _Counted(io.BytesIO):
    """Counts writes."""

    writes = 0

    def write(self, data: Any, /) -> int:
        self.writes += bool(data)
        return super().write(data)
