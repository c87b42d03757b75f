"""What replicas share."""

from octoperf_mcp.config import Secret, ServerSettings
from octoperf_mcp.wiring.shared import secret_keys


def test_secrets_are_separated_by_blanks_newest_first() -> None:
    secrets = Secret(f"{'a' * 32} {'b' * 40}\n")
    assert secret_keys(ServerSettings(secrets=secrets)) == [b"a" * 32, b"b" * 40]
    assert secret_keys(ServerSettings()) == []
