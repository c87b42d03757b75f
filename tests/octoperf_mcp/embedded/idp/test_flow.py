"""The whole flow from outside: register, authorize, sign in, consent, token, refresh, revoke."""

import json
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from octoperf_mcp.embedded.platform import Principal
from tests.octoperf_mcp.embedded.idp.conftest import CALLBACK, Challenge, World


async def test_a_person_signs_in_allows_and_the_application_gets_tokens(world: World) -> None:
    client_id = (await world.register())["client_id"]
    challenge = Challenge()
    browser = await world.browser().get(world.authorize_path(client_id, challenge))
    assert browser.path.startswith("/ui/access/login?next=")
    await browser.sign_in()
    assert browser.status == 200
    assert "Test agent" in browser.page
    assert "127.0.0.1:53412" in browser.page
    assert "demo" in browser.page
    await browser.submit(decision="allow")
    assert browser.status == 303
    assert browser.left_for.startswith(f"{CALLBACK}?")
    assert browser.answer["state"] == "the state"
    assert browser.answer["iss"] == world.origin
    status, tokens = await world.exchange(client_id, browser.answer["code"], challenge)
    assert status == 200
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 900
    assert tokens["scope"] == "octoperf:read octoperf:write offline_access"
    assert set(tokens) == {"access_token", "token_type", "expires_in", "scope", "refresh_token"}
    assert await world.provider.principal(tokens["access_token"]) == Principal(
        world.user_id,
        "demo",
        frozenset({"octoperf:read", "octoperf:write"}),
        claims_of(tokens)["sid"],
        "Test agent",
    )


def claims_of(tokens: dict[str, Any]) -> dict[str, Any]:
    parts = jws.extract_compact(tokens["access_token"].encode())
    claims: dict[str, Any] = json.loads(parts.payload)
    return claims


async def test_the_access_token_is_a_signed_jwt_for_both_audiences(world: World) -> None:
    client_id, tokens = await world.signed_in()
    async with world.http.get(f"{world.origin}/auth/oauth2/jwks") as answer:
        keys = await answer.json()
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert all("d" not in key for key in keys["keys"])
    token = jwt.decode(tokens["access_token"], KeySet.import_key_set(keys), algorithms=["RS256"])
    assert token.header["typ"] == "at+jwt"
    assert token.header["kid"] == keys["keys"][0]["kid"]
    claims = token.claims
    assert claims["iss"] == world.origin
    assert claims["aud"] == [world.origin, f"{world.origin}/mcp"]
    assert claims["sub"] == world.user_id
    assert claims["client_id"] == client_id
    assert claims["scope"] == "octoperf:read octoperf:write"
    assert tokens["expires_in"] == 900
    assert claims["exp"] - claims["iat"] == 930  # clients count from when the answer arrives
    assert claims["sid"]
    assert claims["jti"]


async def test_authorize_may_be_fetched_many_times_and_still_gives_one_code(world: World) -> None:
    """FastMCP fetches the address itself before it opens the browser."""
    client_id = (await world.register())["client_id"]
    challenge = Challenge()
    path = world.authorize_path(client_id, challenge)
    browser = world.browser()
    await browser.get(path)
    await browser.get(path)
    await browser.sign_in()
    await browser.get(path)
    await browser.submit(decision="allow")
    status, _ = await world.exchange(client_id, browser.answer["code"], challenge)
    assert status == 200


async def test_a_person_may_allow_reading_only(world: World) -> None:
    _, tokens = await world.signed_in(access="read")
    assert tokens["scope"] == "octoperf:read offline_access"
    principal = await world.provider.principal(tokens["access_token"])
    assert principal is not None
    assert principal.scopes == {"octoperf:read"}


async def test_who_asks_for_reading_is_not_offered_writing(world: World) -> None:
    client_id = (await world.register())["client_id"]
    challenge = Challenge()
    browser = await world.browser().get(
        world.authorize_path(client_id, challenge, scope="octoperf:read")
    )
    await browser.sign_in()
    assert 'value="write"' not in browser.page
    await browser.submit(decision="allow", access="write")
    status, tokens = await world.exchange(client_id, browser.answer["code"], challenge)
    assert status == 200
    assert tokens["scope"] == "octoperf:read"


@pytest.mark.parametrize("scope", [None, "", "mcp profile"])
async def test_without_a_known_scope_all_operations_are_asked_for(
    world: World, scope: str | None
) -> None:
    _, tokens = await world.signed_in(scope=scope)
    assert tokens["scope"] == "octoperf:read octoperf:write"


async def test_denying_tells_the_application(world: World) -> None:
    client_id = (await world.register())["client_id"]
    browser = await world.browser().get(world.authorize_path(client_id, Challenge()))
    await browser.sign_in()
    await browser.submit(decision="deny")
    assert browser.answer == {
        "error": "access_denied",
        "state": "the state",
        "iss": world.origin,
    }


async def test_a_refresh_token_gives_new_tokens_and_a_successor(world: World) -> None:
    client_id, tokens = await world.signed_in()
    status, renewed = await world.refresh(client_id, tokens["refresh_token"])
    assert status == 200
    assert renewed["refresh_token"] != tokens["refresh_token"]
    assert renewed["access_token"] != tokens["access_token"]
    assert renewed["scope"] == tokens["scope"]
    status, _ = await world.refresh(client_id, renewed["refresh_token"])
    assert status == 200


@pytest.mark.parametrize("which", ["refresh_token", "access_token"])
async def test_revoking_either_token_ends_the_grant_at_once(world: World, which: str) -> None:
    client_id, tokens = await world.signed_in()
    assert await world.provider.principal(tokens["access_token"]) is not None
    status, _ = await world.post(
        "/auth/oauth2/revoke",
        {"token": tokens[which], "client_id": client_id, "token_type_hint": "whatever"},
    )
    assert status == 200
    assert await world.provider.principal(tokens["access_token"]) is None
    status, body = await world.refresh(client_id, tokens["refresh_token"])
    assert (status, body["error"]) == (400, "invalid_grant")


async def test_two_grants_of_one_application_end_separately(world: World) -> None:
    client_id, first = await world.signed_in()
    same_client, second = await world.signed_in()
    assert same_client == client_id  # an equal registration is not added again
    await world.post(
        "/auth/oauth2/revoke", {"token": first["refresh_token"], "client_id": client_id}
    )
    assert await world.provider.principal(first["access_token"]) is None
    assert await world.provider.principal(second["access_token"]) is not None


async def test_userinfo_names_the_user(world: World) -> None:
    _, tokens = await world.signed_in()
    url = f"{world.origin}/auth/userinfo"
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    async with world.http.get(url, headers=headers) as answer:
        assert await answer.json() == {
            "sub": world.user_id,
            "preferred_username": "demo",
            "name": "demo",
        }
    async with world.http.get(url) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("suffix", ["", "/auth", "/mcp"])
async def test_metadata_is_found_at_every_spelling_and_names_the_issuer_exactly(
    world: World, suffix: str
) -> None:
    url = f"{world.origin}/.well-known/oauth-authorization-server{suffix}"
    async with world.http.get(url) as answer:
        document = await answer.json()
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert document["issuer"] == world.origin
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert "none" in document["token_endpoint_auth_methods_supported"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["client_id_metadata_document_supported"] is False
    assert document["scopes_supported"] == ["octoperf:read", "octoperf:write", "offline_access"]


async def test_every_endpoint_that_the_metadata_names_answers(world: World) -> None:
    async with world.http.get(f"{world.origin}/.well-known/oauth-authorization-server") as answer:
        document = await answer.json()
    for name, value in document.items():
        if name.endswith("_endpoint") or name == "jwks_uri":
            async with world.http.options(value) as answer:
                known = answer.status != 404
            assert known, name


@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/openid-configuration",
        "/.well-known/openid-configuration/auth",
        "/.well-known/openid-configuration/mcp",
        "/auth/.well-known/openid-configuration",
    ],
)
async def test_openid_discovery_gives_the_same_document_and_promises_no_id_tokens(
    world: World, path: str
) -> None:
    """RFC 8414 section 5: the address is not specific to OpenID Connect."""
    async with world.http.get(f"{world.origin}/.well-known/oauth-authorization-server") as answer:
        expected = await answer.json()
    async with world.http.get(world.origin + path) as answer:
        document = await answer.json()
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert document == expected
    assert "openid" not in document["scopes_supported"]
    assert not [name for name in document if "id_token" in name or "subject_types" in name]


@pytest.mark.parametrize(
    "path",
    ["/auth/connect/register", "/auth/oauth2/token", "/auth/oauth2/revoke", "/auth/oauth2/jwks"],
)
async def test_browser_clients_pass_their_preflight(world: World, path: str) -> None:
    async with world.http.options(
        world.origin + path,
        headers={"Origin": "https://inspector.example", "Access-Control-Request-Method": "POST"},
    ) as answer:
        assert answer.status == 204
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
