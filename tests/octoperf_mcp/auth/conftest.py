"""An issuer that signs whatever a test wants."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

ISSUER = "https://id.example.com"
RESOURCE = "https://octoperf.example.com/mcp"


@pytest.fixture(scope="session")
def rsa_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig", "alg": "RS256"})


@pytest.fixture(scope="session")
def other_rsa_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "rsa-2"})


@pytest.fixture(scope="session")
def ec_key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "ec-1"})


@pytest.fixture(scope="session")
def ed_key() -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": "ed-1"})


def key_set(*keys: Key) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in keys]}


def claims_of(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": RESOURCE,
        "sub": "user-1",
        "client_id": "client-1",
        "scope": "octoperf:write",
        "iat": now,
        "exp": now + 900,
        "jti": "token-1",
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


Sign = Callable[..., str]


@pytest.fixture
def sign(rsa_key: RSAKey) -> Sign:
    """Sign claims; `header` members of None are left out."""

    def make(*, key: Key = rsa_key, header: dict[str, Any] | None = None, **changes: Any) -> str:
        full = {"alg": "RS256", "kid": key.kid, "typ": "at+jwt", **(header or {})}
        full = {name: value for name, value in full.items() if value is not None}
        return jwt.encode(
            full, claims_of(**changes), key, algorithms=[full["alg"]], default_type=None
        )

    return make
