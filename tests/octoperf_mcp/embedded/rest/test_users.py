"""Signing in over REST."""

from dataclasses import replace
from typing import Any

import pytest

from octoperf_mcp.embedded.idp.accounts import TooManyAttemptsError
from octoperf_mcp.embedded.platform import Platform


async def test_a_login_by_form_or_query_answers_a_session_token(anybody: Any) -> None:
    """Platform 16 answers this shape, with 200 and never 201."""
    pair = {"username": "ada", "password": "ada"}
    for how in ({"data": pair}, {"params": pair}):
        answer = await anybody.call("POST", "/public/users/login", **how)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/json"
        assert await answer.json() == {
            "@type": "LoginSuccessful",
            "token": {"token": "ada-token"},
        }


async def test_a_failed_login_is_an_answer_and_tells_nothing(anybody: Any) -> None:
    for pair in ({"username": "ada", "password": "x"}, {"username": "nobody", "password": "x"}):
        answer = await anybody.call("POST", "/public/users/login", data=pair)
        assert answer.status == 200
        assert await answer.json() == {
            "@type": "LoginFailed",
            "message": "Wrong user name or password.",
        }


async def test_the_login_of_older_releases_answers_the_bare_token(
    anybody: Any, platform: Platform
) -> None:
    platform.settings = replace(platform.settings, login_release=15)
    pair = {"username": "ada", "password": "ada"}
    answer = await anybody.call("POST", "/public/users/login", data=pair)
    assert await answer.json() == {"token": "ada-token"}
    wrong = {"username": "ada", "password": "x"}
    assert (await anybody.call("POST", "/public/users/login", data=wrong)).status == 401


async def test_a_new_api_key_is_answered_as_a_wrapped_value(ada: Any) -> None:
    assert await ada.post("/users/api-key", {}, status=200) == {"value": "key of ada"}


async def test_a_login_without_fields_is_refused(anybody: Any) -> None:
    assert (await anybody.call("POST", "/public/users/login", data={})).status == 400
    large = {"username": "a" * 70_000, "password": "x"}
    assert (await anybody.call("POST", "/public/users/login", data=large)).status == 413


async def test_the_current_user_is_whose_token_it_is(eve: Any) -> None:
    assert await eve.get("/users/current") == {
        "id": "eve",
        "username": "eve@example.com",
        "platformAdmin": False,
        "created": 1,
    }


async def test_guessing_is_told_when_to_try_again(
    anybody: Any, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def throttled(username: str, password: str, *, address: str = "") -> str | None:
        raise TooManyAttemptsError(41.2)

    monkeypatch.setattr(platform.identity, "check_password", throttled)
    pair = {"username": "ada", "password": "ada"}
    answer = await anybody.call("POST", "/public/users/login", data=pair)
    assert answer.status == 429
    assert answer.headers["Retry-After"] == "42"
    assert (await answer.json())["retryAfterSec"] == 42
