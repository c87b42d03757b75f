"""The composition of the bridge."""

import pytest

from octoperf_mcp.app import _keys
from octoperf_mcp.config import Secret, ServerSettings
from octoperf_mcp.errors import ConfigError


def test_secrets_are_separated_by_blanks_newest_first() -> None:
    secrets = Secret(f"{'a' * 32} {'b' * 40}\n")
    assert _keys(ServerSettings(secrets=secrets)) == [b"a" * 32, b"b" * 40]
    assert _keys(ServerSettings()) == []


def test_a_short_secret_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigError, match="32 characters") as caught:
        _keys(ServerSettings(secrets=Secret("guessable")))
    assert "guessable" not in str(caught.value)
