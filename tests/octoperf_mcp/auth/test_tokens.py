import base64
import hmac
import json
import warnings
from dataclasses import replace
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry, serialize_compact

from octoperf_mcp.auth.jwks import KeyRing, read_key_set
from octoperf_mcp.auth.tokens import SuccessCache, TokenChecker, TokenRules, VerifiedToken
from octoperf_mcp.errors import ConfigError, InvalidTokenError
from tests.octoperf_mcp.auth.conftest import ISSUER, RESOURCE, Sign, claims_of, key_set

RULES = TokenRules(issuer=ISSUER, audiences=frozenset({RESOURCE, "https://octoperf.example.com"}))


@pytest.fixture
def ring(rsa_key: RSAKey, ec_key: ECKey, ed_key: OKPKey) -> KeyRing:
    return read_key_set(key_set(rsa_key, ec_key, ed_key))


def verify(token: str, ring: KeyRing, rules: TokenRules = RULES) -> VerifiedToken:
    checker = TokenChecker(rules)
    header = checker.header(token)
    return checker.check(token, ring.candidates(header.kid, header.algorithm))


def b64(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_good_token_gives_its_claims(sign: Sign, ring: KeyRing) -> None:
    verified = verify(sign(sid="grant-1"), ring)
    assert verified.subject == "user-1"
    assert verified.client_id == "client-1"
    assert verified.scopes == {"octoperf:read", "octoperf:write"}
    assert verified.session_id == "grant-1"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"iss": "https://id.example.com/"}, "another issuer"),
        ({"iss": None}, "another issuer"),
        ({"aud": "https://elsewhere.example.com/mcp"}, "another service"),
        ({"aud": None}, "another service"),
        ({"aud": []}, "another service"),
        ({"exp": None}, "lacks a claim"),
        ({"exp": 1_000_000_000}, "expired"),
        ({"exp": "soon"}, "lacks a claim"),
        ({"nbf": 4_000_000_000}, "not valid yet"),
        ({"iat": 4_000_000_000}, "in the future"),
        ({"sub": None}, "lacks a claim"),
        ({"sub": ""}, "lacks a claim"),
    ],
)
def test_a_wrong_claim_is_refused(
    sign: Sign, ring: KeyRing, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidTokenError, match=words):
        verify(sign(**changes), ring)


def test_the_leeway_forgives_a_clock_that_is_off(sign: Sign, ring: KeyRing) -> None:
    expiry = 2_000_000_000
    token = sign(exp=expiry, iat=expiry - 900)
    header = TokenChecker(RULES).header(token)
    keys = ring.candidates(header.kid, header.algorithm)
    assert TokenChecker(RULES, clock=lambda: expiry + 29).check(token, keys).subject == "user-1"
    with pytest.raises(InvalidTokenError, match="expired"):
        TokenChecker(RULES, clock=lambda: expiry + 30).check(token, keys)


def test_one_of_several_audiences_is_enough(sign: Sign, ring: KeyRing) -> None:
    assert verify(sign(aud=["https://elsewhere.example.com", RESOURCE]), ring)


def test_an_unsigned_token_is_refused(ring: KeyRing) -> None:
    token = f"{b64({'alg': 'none', 'typ': 'at+jwt'})}.{b64(claims_of())}."
    with pytest.raises(InvalidTokenError, match="algorithm"):
        verify(token, ring)


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(
    rsa_key: RSAKey, ring: KeyRing
) -> None:
    """The classic confusion of RS256 and HS256."""
    signed = f"{b64({'alg': 'HS256', 'kid': 'rsa-1', 'typ': 'at+jwt'})}.{b64(claims_of())}"
    mac = hmac.digest(rsa_key.as_pem(private=False), signed.encode(), "sha256")
    token = f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    with pytest.raises(InvalidTokenError, match="algorithm"):
        verify(token, ring)


def test_a_token_of_another_key_with_the_same_name_is_refused(
    sign: Sign, other_rsa_key: RSAKey, ring: KeyRing
) -> None:
    with pytest.raises(InvalidTokenError, match="signature"):
        verify(sign(key=other_rsa_key, header={"kid": "rsa-1"}), ring)


def test_a_token_of_an_unknown_key_is_refused(sign: Sign, ring: KeyRing) -> None:
    with pytest.raises(InvalidTokenError, match="unknown key"):
        verify(sign(header={"kid": "nobody"}), ring)


def test_a_token_without_a_key_name_is_tried_with_every_fitting_key(
    sign: Sign, rsa_key: RSAKey, other_rsa_key: RSAKey
) -> None:
    both = read_key_set(key_set(other_rsa_key, rsa_key))
    assert verify(sign(header={"kid": None}), both).subject == "user-1"


def test_elliptic_and_edwards_signatures_verify_without_a_warning(
    sign: Sign, ec_key: ECKey, ed_key: OKPKey, ring: KeyRing
) -> None:
    """RFC 9864 renamed EdDSA; both names are accepted (warnings are errors in tests)."""
    assert verify(sign(key=ec_key, header={"alg": "ES256"}), ring)
    assert verify(sign(key=ed_key, header={"alg": "Ed25519"}), ring)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old_name = sign(key=ed_key, header={"alg": "EdDSA"})
    assert verify(old_name, ring)


def test_an_algorithm_left_out_of_the_list_is_refused(
    sign: Sign, ec_key: ECKey, ring: KeyRing
) -> None:
    only_rsa = TokenRules(issuer=ISSUER, audiences=frozenset({RESOURCE}), algorithms=("RS256",))
    with pytest.raises(InvalidTokenError, match="algorithm"):
        verify(sign(key=ec_key, header={"alg": "ES256"}), ring, only_rsa)


def test_a_private_header_member_is_no_obstacle(sign: Sign, ring: KeyRing, rsa_key: RSAKey) -> None:
    """Some providers write members of their own; joserfc refuses them unless told."""
    token = serialize_compact(
        {"alg": "RS256", "kid": "rsa-1", "typ": "at+jwt", "cat": "cl_1"},
        json.dumps(claims_of()),
        rsa_key,
        registry=JWSRegistry(algorithms=["RS256"], strict_check_header=False),
    )
    assert verify(token, ring)


@pytest.mark.parametrize("crit", [["exp"], ["b64"], ["unheard"], "exp", []])
def test_a_critical_extension_is_refused(ring: KeyRing, crit: Any) -> None:
    token = f"{b64({'alg': 'RS256', 'kid': 'rsa-1', 'crit': crit})}.{b64(claims_of())}.c2ln"
    with pytest.raises(InvalidTokenError, match="extension"):
        verify(token, ring)


@pytest.mark.parametrize("kind", ["logout+jwt", "dpop+jwt", "oauth-id-jag+jwt", 3])
def test_a_token_of_another_kind_is_refused(ring: KeyRing, kind: Any) -> None:
    token = f"{b64({'alg': 'RS256', 'kid': 'rsa-1', 'typ': kind})}.{b64(claims_of())}.c2ln"
    with pytest.raises(InvalidTokenError, match="not an access token"):
        verify(token, ring)


@pytest.mark.parametrize(
    "token",
    ["", "a", "a.b", "a.b.c.d", "é.b.c", "\udcff.b.c", "W10.b.c", "e30.e30.", "x" * 20_000],
)
def test_what_is_no_token_is_refused_without_a_trace(ring: KeyRing, token: str) -> None:
    with pytest.raises(InvalidTokenError):
        verify(token, ring)


@pytest.mark.parametrize("payload", ["", "W10", "bm90IGpzb24"])
def test_a_signed_payload_that_is_no_object_is_refused(
    ring: KeyRing, rsa_key: RSAKey, payload: str
) -> None:
    text = base64.urlsafe_b64decode(payload + "==")
    token = serialize_compact({"alg": "RS256", "kid": "rsa-1"}, text, rsa_key)
    with pytest.raises(InvalidTokenError):
        verify(token, ring)


def test_no_message_repeats_the_token(sign: Sign, ring: KeyRing) -> None:
    token = sign(aud="https://secret-audience.example.com")
    with pytest.raises(InvalidTokenError) as caught:
        verify(token, ring)
    assert "secret-audience" not in caught.value.message
    assert token not in caught.value.message


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"scope": "octoperf:read other"}, {"octoperf:read", "other"}),
        ({"scope": None, "scp": "octoperf:read"}, {"octoperf:read"}),
        ({"scope": None, "scp": ["octoperf:write"]}, {"octoperf:read", "octoperf:write"}),
        ({"scope": None}, set()),
        ({"scope": 7}, set()),
    ],
)
def test_scopes_are_read_in_every_spelling(
    sign: Sign, ring: KeyRing, claims: dict[str, Any], expected: set[str]
) -> None:
    assert verify(sign(**claims), ring).scopes == expected


@pytest.mark.parametrize(
    "scope", ["octoperf:write other", "https://api.example/octoperf:write other"]
)
def test_scopes_count_with_and_without_the_prefix_of_the_issuer(
    sign: Sign, ring: KeyRing, scope: str
) -> None:
    rules = replace(RULES, scope_prefix="https://api.example/")
    got = verify(sign(scope=scope), ring, rules)
    assert got.scopes == {"octoperf:read", "octoperf:write", "other"}


@pytest.mark.parametrize(
    "changes",
    [{"algorithms": ("HS256",)}, {"algorithms": ("none",)}, {"algorithms": ()}, {"issuer": ""}],
)
def test_rules_that_would_accept_anything_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        TokenRules(**{"issuer": ISSUER, "audiences": frozenset({RESOURCE}), **changes})


def test_the_cache_forgets_at_the_end_of_an_entry_and_when_it_is_full() -> None:
    cache: SuccessCache[str] = SuccessCache(size=2, life_s=60)
    cache.put(b"short", "a", now=0, expires_at=10)
    cache.put(b"long", "b", now=0, expires_at=1000)
    assert cache.get(b"short", 9.9) == "a"
    assert cache.get(b"short", 10) is None
    assert cache.get(b"long", 59) == "b"
    assert cache.get(b"long", 60) is None
    for name in (b"1", b"2", b"3"):
        cache.put(name, "x", now=0, expires_at=1000)
    assert len(cache) == 2
    assert cache.get(b"1", 1) is None
    cache.clear()
    assert cache.get(b"3", 1) is None
