"""The composition of the bridge."""

from octoperf_mcp.app import _keys
from octoperf_mcp.config import Secret, ServerSettings


def test_secrets_are_separated_by_blanks_newest_first() -> None:
    secrets = Secret(f"{'a' * 32} {'b' * 40}\n")
    assert _keys(ServerSettings(secrets=secrets)) == [b"a" * 32, b"b" * 40]
    assert _keys(ServerSettings()) == []
