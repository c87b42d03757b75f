"""Tokens that only this server can make."""

from hypothesis import given
from hypothesis import strategies as st

from octoperf_mcp.protocol.seals import Seal

KEY, OTHER = b"k" * 32, b"o" * 32


def test_another_process_with_the_secret_opens_it() -> None:
    assert Seal("p", [KEY]).open(Seal("p", [KEY]).seal(b"plain")) == b"plain"


def test_secrets_rotate() -> None:
    token = Seal("p", [KEY]).seal(b"plain")
    assert Seal("p", [OTHER, KEY]).open(token) == b"plain"
    assert Seal("p", [OTHER]).open(token) is None


def test_a_token_of_one_purpose_is_none_of_another() -> None:
    assert Seal("q", [KEY]).open(Seal("p", [KEY]).seal(b"plain")) is None


def test_a_token_opens_only_with_what_it_is_bound_to() -> None:
    seal = Seal("p")
    token = seal.seal(b"plain", b"ann")
    assert seal.open(token, b"ann") == b"plain"
    assert seal.open(token, b"bob") is None
    assert seal.open(token) is None


@given(st.text(max_size=80))
def test_what_is_no_token_opens_nothing(text: str) -> None:
    assert Seal("p", [KEY]).open(text) is None


def test_a_token_with_anything_behind_it_is_refused() -> None:
    seal = Seal("p", [KEY])
    token = seal.seal(b"plain")
    for added in ("A", "AAAA", "-TAMPERED", "=", "\n"):
        assert seal.open(token + added) is None
