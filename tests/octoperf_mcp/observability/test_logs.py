"""Logs: one line of JSON an event, and no credential in any of them."""

import orjson
import pytest
import structlog

from octoperf_mcp.config import LogSettings
from octoperf_mcp.observability.logs import HIDDEN, configure_logs, hide_secrets, scrub


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
