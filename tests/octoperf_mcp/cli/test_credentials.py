"""Tokens of `call` survive the process, for their owner only."""

import stat
from pathlib import Path

from mcp.shared.auth import OAuthClientInformationFull, OAuthToken

from octoperf_mcp.cli.agent import registered
from octoperf_mcp.cli.credentials import FileStorage, callback_port


async def test_tokens_are_kept_by_server_and_readable_by_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "credentials.json"
    first, second = FileStorage(path, "http://a/mcp"), FileStorage(path, "http://b/mcp")
    await first.set_tokens(OAuthToken(access_token="t1"))
    await second.set_tokens(OAuthToken(access_token="t2"))
    await first.set_client_info(OAuthClientInformationFull(client_id="c1"))
    again = FileStorage(path, "http://a/mcp")
    tokens, client = await again.get_tokens(), await again.get_client_info()
    assert tokens is not None
    assert client is not None
    assert (tokens.access_token, client.client_id) == ("t1", "c1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_broken_file_counts_as_empty(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    path.write_text('{"http://a/mcp": {"tokens": {"nonsense": 1}}}', "utf-8")
    assert await FileStorage(path, "http://a/mcp").get_tokens() is None
    path.write_text("{", "utf-8")
    assert await FileStorage(path, "http://a/mcp").get_tokens() is None


async def test_a_server_is_forgotten_without_the_others(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    first, second = FileStorage(path, "http://a/mcp"), FileStorage(path, "http://b/mcp")
    await first.set_client_info(registered("c1", "http://127.0.0.1:8765/callback"))
    await second.set_client_info(registered("c2", "http://127.0.0.1:8765/callback"))
    await first.forget()
    await first.forget()
    assert await first.get_client_info() is None
    assert callback_port(await second.get_client_info()) == 8765


def test_who_registered_no_address_waits_at_any_port() -> None:
    assert callback_port(None) == callback_port(OAuthClientInformationFull(client_id="c")) == 0
