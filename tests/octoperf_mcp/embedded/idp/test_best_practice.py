"""The security best practices, heading by heading: what is refused is logged, and nothing leaks.

RFC 9700 (OAuth 2.0 Security Best Current Practice) and the MCP specification's *Security Best
Practices*. `HEADINGS` says which test holds each; the attacks here are those that must also leave a
log event with a reason.
"""

import base64
import hmac
import importlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from aiohttp import hdrs
from joserfc.jwk import RSAKey

from octoperf_mcp.embedded.idp.client_documents import ClientDocuments
from octoperf_mcp.embedded.idp.guarded_fetch import GuardedFetch
from octoperf_mcp.embedded.idp.passwords import Passwords
from octoperf_mcp.embedded.idp.tables import oauth_refresh_token, signing_key
from octoperf_mcp.embedded.store.schema import now_ms
from tests.octoperf_mcp.embedded.idp.conftest import PASSWORD, Challenge, Forms, World
from tests.octoperf_mcp.embedded.idp.test_provider import forged

_IDP = "tests.octoperf_mcp.embedded.idp"
_AUTH = "tests.octoperf_mcp.auth"
_HERE = f"{_IDP}.test_best_practice:"
_ATTACK = _HERE + "test_an_attack_is_refused_and_logged_without_a_secret"
_PAGES = f"{_IDP}.test_authorize:test_pages_run_no_scripts_and_stand_in_no_frame"
_METADATA = (
    f"{_IDP}.test_flow:test_metadata_is_found_at_every_spelling_and_names_the_issuer_exactly"
)

HEADINGS = {
    "RFC 9700 2.1, 4.1 Insufficient redirect URI validation": _ATTACK,
    "RFC 9700 2.1.1 Authorization code grant: PKCE": _ATTACK,
    "RFC 9700 2.1.2 Implicit grant": (
        f"{_IDP}.test_authorize:test_later_errors_go_back_to_the_client_with_state_and_issuer"
    ),
    "RFC 9700 2.2 Token replay: sender-constrained or rotated refresh tokens": _ATTACK,
    "RFC 9700 2.3 Access token privilege restriction": (
        f"{_IDP}.test_token:test_a_read_only_grant_cannot_be_widened"
    ),
    "RFC 9700 2.4 Resource owner password credentials grant": (
        f"{_IDP}.test_token:test_a_request_that_does_not_fit_the_code_is_refused_and_the_code_stays"
    ),
    "RFC 9700 2.5 Client authentication": (
        f"{_IDP}.test_token:test_a_client_with_a_secret_must_show_it"
    ),
    "RFC 9700 2.6 Metadata": _METADATA,
    "RFC 9700 4.2 Credential leakage via referer headers": _PAGES,
    "RFC 9700 4.3 Credential leakage via browser history": (
        f"{_AUTH}.test_bearer:test_a_token_in_the_query_string_is_not_looked_at"
    ),
    "RFC 9700 4.4 Mix-up attacks": (
        f"{_IDP}.test_authorize:test_later_errors_go_back_to_the_client_with_state_and_issuer"
    ),
    "RFC 9700 4.5 Authorization code injection": _ATTACK,
    "RFC 9700 4.6 Access token injection": (
        f"{_IDP}.test_provider:test_a_token_that_says_something_else_is_nobody"
    ),
    "RFC 9700 4.7 Cross-site request forgery": _ATTACK,
    "RFC 9700 4.8 PKCE downgrade": _ATTACK,
    "RFC 9700 4.9 Access token leakage at the resource server": (
        f"{_IDP}.test_token:test_no_log_of_ours_holds_what_a_bearer_presents"
    ),
    "RFC 9700 4.10 Misuse of stolen access tokens": _ATTACK,
    "RFC 9700 4.11 Open redirection": _ATTACK,
    "RFC 9700 4.12 307 redirect": _HERE + "test_a_password_is_never_sent_on_by_a_redirect",
    "RFC 9700 4.14 Refresh token protection": _ATTACK,
    "RFC 9700 4.15 Client impersonating resource owner": (
        f"{_IDP}.test_token:test_a_request_that_does_not_fit_the_code_is_refused_and_the_code_stays"
    ),
    "RFC 9700 4.16 Clickjacking": _PAGES,
    "MCP Confused deputy: consent for each client": (
        f"{_IDP}.test_authorize:test_a_claimed_name_is_shown_as_text_and_the_destination_beside_it"
    ),
    "MCP Token passthrough: audience": _ATTACK,
    "MCP Server-side request forgery": _HERE
    + "test_a_document_on_our_own_network_is_not_fetched_in_any_spelling",
    "MCP Session hijacking": (
        f"{_IDP}.test_sign_in:test_a_new_sign_in_ends_the_session_it_replaces"
    ),
    "MCP Scope minimization": f"{_IDP}.test_flow:test_a_person_may_allow_reading_only",
    "Registration floods": _ATTACK,
    "Timing of unknown users": _HERE + "test_an_unknown_user_costs_what_a_known_one_does",
}

Attack = Callable[[World], Awaitable[list[str]]]
"""Asserts that it is refused; answers the secrets that took part."""


@pytest.mark.parametrize("heading", HEADINGS)
def test_each_heading_is_held_by_a_test(heading: str) -> None:
    module, _, name = HEADINGS[heading].partition(":")
    assert callable(getattr(importlib.import_module(module), name))


async def redirect_elsewhere(world: World) -> list[str]:
    client_id = (await world.register())["client_id"]
    challenge = Challenge()
    path = world.authorize_path(client_id, challenge, redirect_uri="https://evil.example/cb")
    browser = await world.browser().get(path)
    assert (browser.status, browser.left_for) == (400, "")
    return ["evil.example", challenge.text]


async def plain_challenge(world: World) -> list[str]:
    client_id = (await world.register())["client_id"]
    challenge = Challenge()
    path = world.authorize_path(client_id, challenge, code_challenge_method="plain")
    browser = await world.browser().get(path)
    assert browser.answer["error"] == "invalid_request"
    return [challenge.text]


async def code_replayed(world: World) -> list[str]:
    client_id = (await world.register())["client_id"]
    challenge = Challenge()
    code = await world.code(client_id, challenge)
    _, tokens = await world.exchange(client_id, code, challenge)
    status, _ = await world.exchange(client_id, code, challenge)
    assert status == 400
    assert await world.provider.principal(tokens["access_token"]) is None
    return [code, challenge.verifier, tokens["access_token"], tokens["refresh_token"]]


async def code_injected(world: World) -> list[str]:
    client_id = (await world.register())["client_id"]
    code, other = await world.code(client_id, Challenge()), Challenge()
    status, _ = await world.exchange(client_id, code, other)
    assert status == 400
    return [code, other.verifier]


async def refresh_token_stolen(world: World) -> list[str]:
    client_id, tokens = await world.signed_in()
    status, fresh = await world.refresh(client_id, tokens["refresh_token"])
    assert status == 200
    async with world.database.writing() as connection:
        long_ago = oauth_refresh_token.update().where(oauth_refresh_token.c.used.is_not(None))
        await connection.execute(long_ago.values(used=now_ms() - 61_000))
    status, _ = await world.refresh(client_id, tokens["refresh_token"])
    assert status == 400
    assert await world.provider.principal(fresh["access_token"]) is None
    return [tokens["refresh_token"], fresh["refresh_token"], fresh["access_token"]]


async def consent_forged(world: World) -> list[str]:
    client_id = (await world.register())["client_id"]
    browser = await world.browser().get(world.authorize_path(client_id, Challenge()))
    await browser.sign_in()
    await browser.submit(form="made up", decision="allow")
    assert (browser.status, browser.left_for) == (403, "")
    return [PASSWORD]


async def sign_in_forged(world: World) -> list[str]:
    browser = await world.browser().get("/ui/access/login")
    await browser.submit(form="made up", username="demo", password=PASSWORD)
    assert browser.status == 403
    return [PASSWORD]


async def open_redirect(world: World) -> list[str]:
    browser = await world.browser().get("/ui/access/login?next=https://evil.example/")
    assert "evil.example" not in browser.page
    return ["evil.example"]


async def dangerous_redirect(world: World) -> list[str]:
    document = {"client_name": "x", "redirect_uris": ["javascript:alert(1)"]}
    url = f"{world.origin}/auth/connect/register"
    async with world.http.post(url, json=document) as answer:
        assert answer.status == 400
    return ["alert(1)"]


async def registrations(world: World) -> list[str]:
    url, document = f"{world.origin}/auth/connect/register", {"redirect_uris": ["x"]}
    for _ in range(31):
        async with world.http.post(url, json=document) as answer:
            status = answer.status
    assert status == 429
    return []


async def guesses(world: World) -> list[str]:
    browser = await world.browser().get("/ui/access/login")
    for _ in range(6):
        await browser.sign_in(password="a wrong guess")
    assert browser.status == 429
    return ["a wrong guess"]


async def wrong_password(world: World) -> list[str]:
    browser = await world.browser().get("/ui/access/login")
    await browser.sign_in(username="typed here", password="a wrong guess")
    assert browser.status == 403
    return ["a wrong guess", "typed here"]


def token_that_says(**changes: Any) -> Attack:
    async def attack(world: World) -> list[str]:
        token = await forged(world, **changes)
        assert await world.provider.principal(token) is None
        return [token, token.rpartition(".")[2]]

    return attack


def token_signed(algorithm: str) -> Attack:
    """Unsigned, or with the public key as if it were a shared secret."""

    async def attack(world: World) -> list[str]:
        async with world.database.reading() as connection:
            row = (await connection.execute(sa.select(signing_key))).mappings().one()
        public = RSAKey.import_key(row["private_jwk"]).as_pem(private=False)
        payload = (await forged(world)).split(".")[1]
        header = {"alg": algorithm, "kid": row["kid"], "typ": "at+jwt"}
        head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
        signed = f"{head}.{payload}"
        mac = b"" if algorithm == "none" else hmac.digest(public, signed.encode(), "sha256")
        token = f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
        assert await world.provider.principal(token) is None
        return [token, payload]

    return attack


async def token_revoked(world: World) -> list[str]:
    _, tokens = await world.signed_in()
    (grant,) = await world.provider.grants.of_user(world.user_id)
    await world.provider.revoke_grant(grant.id)
    headers = {hdrs.AUTHORIZATION: f"Bearer {tokens['access_token']}"}
    async with world.http.get(f"{world.origin}/auth/userinfo", headers=headers) as answer:
        assert answer.status == 401
    return [tokens["access_token"]]


ATTACKS: dict[str, tuple[Attack, dict[str, str]]] = {
    "redirect mismatch": (
        redirect_elsewhere,
        {"event": "oauth_refused", "reason": "redirect_mismatch"},
    ),
    "plain PKCE": (plain_challenge, {"event": "oauth_refused", "reason": "invalid_request"}),
    "code replay": (
        code_replayed,
        {"event": "grant_revoked", "reason": "authorization_code_replayed"},
    ),
    "verifier mismatch": (
        code_injected,
        {"event": "oauth_refused", "place": "token", "reason": "invalid_grant"},
    ),
    "stolen refresh token": (
        refresh_token_stolen,
        {"event": "grant_revoked", "reason": "refresh_token_reused"},
    ),
    "CSRF on consent": (consent_forged, {"place": "consent", "reason": "forged_form"}),
    "CSRF on sign-in": (sign_in_forged, {"place": "sign_in", "reason": "forged_form"}),
    "open redirect": (open_redirect, {"place": "sign_in", "reason": "foreign_destination"}),
    "dangerous redirect": (
        dangerous_redirect,
        {"place": "register", "reason": "invalid_redirect_uri"},
    ),
    "registration flood": (
        registrations,
        {"place": "register", "reason": "too_many_registrations"},
    ),
    "guessing": (guesses, {"event": "sign_in_refused", "reason": "too_many_attempts"}),
    "wrong password": (
        wrong_password,
        {"event": "sign_in_refused", "reason": "wrong_name_or_password"},
    ),
    "mixed-up issuer": (
        token_that_says(iss="https://other.example"),
        {"event": "token_refused", "detail": "The access token comes from another issuer."},
    ),
    "wrong audience": (
        token_that_says(aud="https://other.example"),
        {"event": "token_refused", "detail": "The access token is meant for another service."},
    ),
    "expired token": (
        token_that_says(exp=1_000_000_000),
        {"event": "token_refused", "detail": "The access token has expired."},
    ),
    "future token": (
        token_that_says(nbf=4_000_000_000),
        {"event": "token_refused", "detail": "The access token is not valid yet."},
    ),
    "unsigned token": (
        token_signed("none"),
        {
            "event": "token_refused",
            "detail": "The access token is signed with an algorithm not accepted.",
        },
    ),
    "key confusion": (
        token_signed("HS256"),
        {
            "event": "token_refused",
            "detail": "The access token is signed with an algorithm not accepted.",
        },
    ),
    "revoked token": (token_revoked, {"event": "token_refused", "reason": "grant_ended"}),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_an_attack_is_refused_and_logged_without_a_secret(world: World, name: str) -> None:
    attack, expected = ATTACKS[name]
    with structlog.testing.capture_logs() as lines:
        secrets = await attack(world)
    told = [line for line in lines if expected.items() <= line.items()]
    assert told, lines
    assert [secret for secret in secrets if secret in json.dumps(lines)] == []


async def test_a_password_is_never_sent_on_by_a_redirect(world: World) -> None:
    """303 after a form: a browser repeats a 307 with its body (RFC 9700 section 4.12)."""
    client_id = (await world.register())["client_id"]
    browser = await world.browser().get(world.authorize_path(client_id, Challenge()))
    action, fields = Forms(browser.page).forms[0]
    filled = {**fields, "username": "demo", "password": PASSWORD}
    url = world.origin + action
    async with browser.session.post(url, data=filled, allow_redirects=False) as answer:
        assert answer.status == 303
    await browser.get(world.authorize_path(client_id, Challenge()))
    await browser.submit(decision="allow")
    assert browser.status == 303


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "169.254.169.254",
        "10.0.0.1",
        "::1",
        "fd00::1",
        "fe80::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
    ],
)
async def test_a_document_on_our_own_network_is_not_fetched_in_any_spelling(address: str) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return [address]

    documents = ClientDocuments(GuardedFetch(resolve=resolve))
    with structlog.testing.capture_logs() as lines:
        assert await documents.client("https://agent.example/client.json") is None
    (line,) = lines
    assert line["event"] == "client_document_refused"
    assert line["reason"] == "agent.example is not on the public internet."
    assert address not in json.dumps(lines)


async def test_an_unknown_user_costs_what_a_known_one_does(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hash is what takes time: it is computed once for either, and so are the queries."""
    check = Passwords.check
    hashed: list[str | None] = []

    async def counted(self: Passwords, password: str, kept: str | None) -> bool:
        hashed.append(kept)
        return await check(self, password, kept)

    monkeypatch.setattr(Passwords, "check", counted)
    answers = []
    for username in ("demo", "nobody"):
        browser = await world.browser().get("/ui/access/login")
        await browser.sign_in(username, "wrong")
        answers.append((browser.status, browser.page.count("wrong")))
    assert answers[0] == answers[1]
    assert len(hashed) == 2
    assert hashed[1] is None


async def test_signing_in_consenting_and_revoking_are_on_the_trail(world: World) -> None:
    browser = await world.browser().get("/ui/access/login")
    await browser.sign_in(password="wrong")
    await browser.sign_in("nobody", "wrong")
    client_id, tokens = await world.signed_in()
    denying = await world.browser().get(world.authorize_path(client_id, Challenge()))
    await denying.sign_in()
    await denying.submit(decision="deny")
    form = {"token": tokens["refresh_token"], "client_id": client_id}
    async with world.http.post(f"{world.origin}/auth/oauth2/revoke", data=form) as answer:
        assert answer.status == 200
    assert await world.provider.grants.of_user(world.user_id) == []
    found = [(entry.username, entry.action, entry.outcome) for entry in await world.trail.find()]
    assert found[::-1] == [
        ("demo", "sign-in", "refused"),
        ("", "sign-in", "refused"),
        ("demo", "sign-in", "done"),
        ("demo", "consent.allow", "done"),
        ("demo", "connection.create", "done"),
        ("demo", "sign-in", "done"),
        ("demo", "consent.deny", "done"),
        ("demo", "connection.revoke", "done"),
    ]
    own = await world.trail.find(user_id=world.user_id)
    assert len(own) == len(found) - 1
    assert tokens["refresh_token"] not in str(own)
