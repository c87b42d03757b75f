"""`call`, before it reaches a server."""

import argparse
from base64 import urlsafe_b64encode

import orjson
import pytest

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
