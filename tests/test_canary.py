"""The watch over all tests finds what it is for."""

import secrets

import pytest

from octoperf_mcp.embedded.idp.passwords import Passwords
from octoperf_mcp.embedded.store.secrets import Secrets
from tests.canary import leaks


def test_a_ticket_a_password_and_a_secret_value_are_found() -> None:
    ticket = secrets.token_urlsafe(32)
    assert leaks(f"made {ticket}") == [ticket]
    Secrets(b"k" * 32).sealed({"type": "PLAIN", "value": "canary-of-a-variable"}, "w")
    assert leaks("value=canary-of-a-variable") == ["canary-of-a-variable"]
    assert leaks("nothing to see") == []


async def test_a_password_is_found_however_it_was_used() -> None:
    await Passwords().check("canary-of-a-person", None)
    assert leaks("canary-of-a-person") == ["canary-of-a-person"]


def test_an_id_is_no_secret() -> None:
    assert leaks(secrets.token_urlsafe(15)) == []


@pytest.mark.parametrize(
    "text",
    [
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1MSJ9aa.c2lnbmF0dXJlaa",
        "Authorization: Bearer abcdefghijklmnop",
        "GET /public/presigned/AbCdEfGhIjKlMnOpQrStUv",
        "http://127.0.0.1/cb?code=AbCdEfGhIjKlMnOpQrStUv",
        "__Host-octoperf-session=AbCdEfGhIjKlMnOpQrStUv",
    ],
)
def test_what_looks_like_a_credential_is_found_though_nobody_knows_it(text: str) -> None:
    assert leaks(text)
