"""Tokens that people keep in files: recognisable, and mistyped ones told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoperf_mcp.auth.wrapping import PREFIX, unwrapped, wrapped
from octoperf_mcp.errors import InvalidTokenError

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1In0.c2lnbmF0dXJl_-"


def test_a_wrapped_token_has_the_prefix_and_leads_back_to_the_jwt() -> None:
    token = wrapped(JWT)
    assert token.startswith("opct_")
    assert unwrapped(token) == JWT


def test_a_jwt_is_left_alone() -> None:
    assert unwrapped(JWT) == JWT


@given(st.integers(0, len(wrapped(JWT)) - len(PREFIX) - 1))
def test_any_other_letter_is_noticed(place: int) -> None:
    token = wrapped(JWT)
    place += len(PREFIX)
    other = "x" if token[place] != "x" else "y"
    with pytest.raises(InvalidTokenError, match="checksum"):
        unwrapped(token[:place] + other + token[place + 1 :])


@pytest.mark.parametrize("token", [wrapped(JWT)[:-1], PREFIX, PREFIX + "_", wrapped(JWT) + "0"])
def test_a_token_that_was_cut_off_is_noticed(token: str) -> None:
    with pytest.raises(InvalidTokenError):
        unwrapped(token)
