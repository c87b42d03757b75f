"""`call`, before it reaches a server."""

import argparse
import asyncio
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import MagicMock

import orjson
import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS

from octoperf_mcp.cli import call
from octoperf_mcp.cli.call import TOKEN, CallError, run

NOBODY = "http://127.0.0.1:1/mcp"


def token(audience: object) -> str:
    payload = urlsafe_b64encode(orjson.dumps({"aud": audience})).rstrip(b"=").decode()
    return f"opct_header.{payload}.signature"


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (
            token(["http://127.0.0.1:8091", "http://127.0.0.1:8091/mcp"]),
            "is for http://127.0.0.1:8091;",
        ),
        (token("http://127.0.0.1:8091"), "`token --url`"),
        (token(["http://127.0.0.1:1"]), "still good"),
        ("opaque", "still good"),
        ("a.b.c", "still good"),
    ],
)
def test_a_token_of_another_server_is_told_from_an_old_one(
    monkeypatch: pytest.MonkeyPatch, value: str, hint: str
) -> None:
    """`serve --port` and `token create` without `--url` are of two origins."""
    monkeypatch.setenv(TOKEN, value)
    asked = argparse.Namespace(tool="list_workspaces", arguments="{}", url=NOBODY)
    with pytest.raises(CallError) as caught:
        run(asked)
    assert hint in caught.value.message


async def test_a_tool_that_there_is_not_is_no_fault_of_the_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @asynccontextmanager
    async def signed_in(*_: str) -> AsyncIterator[Any]:
        agent = MagicMock()
        agent.call.side_effect = MCPError(code=INVALID_PARAMS, message="Unknown tool: x.")
        yield agent

    monkeypatch.setenv(TOKEN, "opaque")
    monkeypatch.setattr(call, "_signed_in", signed_in)
    asked = argparse.Namespace(tool="x", arguments="{}", url=NOBODY, client_id="")
    with pytest.raises(CallError) as caught:
        await asyncio.to_thread(run, asked)
    assert caught.value.message == f"{NOBODY}: Unknown tool: x."
