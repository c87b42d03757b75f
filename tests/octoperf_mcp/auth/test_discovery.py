from typing import Any

import pytest

from octoperf_mcp.auth.discovery import find_keys_url, metadata_addresses
from octoperf_mcp.errors import KeysUnavailableError


def site(pages: dict[str, Any]) -> Any:
    async def fetch(url: str) -> Any:
        if url not in pages:
            raise KeysUnavailableError(f"{url} answered 404")
        return pages[url]

    return fetch


def test_an_issuer_with_a_path_has_its_well_known_part_in_between() -> None:
    assert metadata_addresses("https://id.example.com/t") == [
        "https://id.example.com/.well-known/oauth-authorization-server/t",
        "https://id.example.com/.well-known/openid-configuration/t",
        "https://id.example.com/t/.well-known/openid-configuration",
    ]


async def test_openid_discovery_is_the_fallback() -> None:
    pages = {
        "https://id.example.com/realms/a/.well-known/openid-configuration": {
            "issuer": "https://id.example.com/realms/a",
            "jwks_uri": "https://keys.example.com/a",
        }
    }
    found = await find_keys_url("https://id.example.com/realms/a", site(pages))
    assert found == "https://keys.example.com/a"


async def test_the_issuer_is_asked_where_it_can_be_reached() -> None:
    """The embedded platform: public issuer, loopback address."""
    pages = {
        "http://127.0.0.1:8091/.well-known/oauth-authorization-server": {
            "issuer": "https://octoperf.example.com",
            "jwks_uri": "https://octoperf.example.com/auth/oauth2/jwks",
        }
    }
    found = await find_keys_url(
        "https://octoperf.example.com", site(pages), base_url="http://127.0.0.1:8091"
    )
    assert found == "http://127.0.0.1:8091/auth/oauth2/jwks"


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://id.example.com/", "jwks_uri": "https://id.example.com/jwks"},
        {"issuer": "https://evil.example", "jwks_uri": "https://evil.example/jwks"},
        {"issuer": "https://id.example.com"},
        {"issuer": "https://id.example.com", "jwks_uri": "file:///etc/passwd"},
        [],
    ],
)
async def test_metadata_of_another_issuer_is_not_believed(document: Any) -> None:
    pages = {"https://id.example.com/.well-known/oauth-authorization-server": document}
    with pytest.raises(KeysUnavailableError):
        await find_keys_url("https://id.example.com", site(pages))
