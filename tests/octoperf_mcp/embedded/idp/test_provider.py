"""What the rest of the platform asks: principals, users, tokens, keys."""

import asyncio
import socket
from typing import Any

import pytest
import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import RSAKey

from octoperf_mcp.embedded.failures import Conflict, Invalid, NotFound
from octoperf_mcp.embedded.idp.accounts import TooManyAttemptsError
from octoperf_mcp.embedded.idp.keys import SigningKeys
from octoperf_mcp.embedded.idp.provider import IdentityProvider, check_origin
from octoperf_mcp.embedded.idp.tables import (
    administrator,
    identity_user,
    oauth_grant,
    signing_key,
)
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import now_ms
from octoperf_mcp.errors import ConfigError
from tests.octoperf_mcp.embedded.conftest import on_both
from tests.octoperf_mcp.embedded.idp.conftest import PASSWORD, World, bound_socket, running


@pytest.mark.parametrize(
    "origin",
    [
        "http://octoperf.example.com",
        "http://10.0.0.1:8091",
        "https://octoperf.example.com/",
        "https://octoperf.example.com/t",
        "ftp://localhost",
        "octoperf.example.com",
        "",
    ],
)
def test_an_origin_that_would_send_passwords_in_the_clear_stops_the_start(
    origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # Authlib's switch changes nothing here
    with pytest.raises(ConfigError):
        check_origin(origin)


@pytest.mark.parametrize(
    "origin", ["https://octoperf.example.com", "http://127.0.0.1:8091", "http://[::1]:1"]
)
def test_https_and_loopback_origins_are_fine(origin: str) -> None:
    check_origin(origin)


@on_both
async def test_a_token_for_local_use_is_a_principal_until_it_is_revoked(world: World) -> None:
    token = await world.provider.mint_token(world.user_id, ["octoperf:read"], 60)
    principal = await world.provider.principal(token)
    assert principal is not None
    assert (principal.user_id, principal.username) == (world.user_id, "demo")
    assert principal.scopes == {"octoperf:read"}
    assert await world.provider.revoke_grant(principal.grant_id)
    assert await world.provider.principal(token) is None
    assert not await world.provider.revoke_grant(principal.grant_id)


async def test_a_session_token_may_do_everything(world: World) -> None:
    principal = await world.provider.principal(await world.provider.session_token(world.user_id))
    assert principal is not None
    assert principal.scopes == {"octoperf:read", "octoperf:write"}


async def test_tokens_are_minted_for_known_users_and_scopes_only(world: World) -> None:
    with pytest.raises(NotFound):
        await world.provider.mint_token("nobody", ["octoperf:read"], 60)
    with pytest.raises(ConfigError):
        await world.provider.mint_token(world.user_id, ["octoperf:everything"], 60)


@on_both
async def test_one_user_cannot_revoke_the_grant_of_another(world: World) -> None:
    other = await world.provider.create_user("ada", "another password")
    token = await world.provider.mint_token(world.user_id, ["octoperf:read"], 60)
    principal = await world.provider.principal(token)
    assert principal is not None
    assert not await world.provider.revoke_grant(principal.grant_id, user_id=other)
    assert await world.provider.principal(token) is not None


@on_both
async def test_grants_are_listed_with_their_last_use(world: World) -> None:
    client_id, tokens = await world.signed_in()
    await world.provider.mint_token(world.user_id, ["octoperf:read"], 60)
    async with world.database.writing() as connection:
        await connection.execute(oauth_grant.update().values(last_used=1))
    before = now_ms()
    await world.provider.principal(tokens["access_token"])
    await world.provider._live.flush()
    (grant,) = await world.provider.grants.of_user(world.user_id)
    assert grant.client_id == client_id
    assert grant.client_name == "Test agent"
    assert grant.last_used >= before


async def forged(world: World, **changes: Any) -> str:
    """A token signed with the real key that says something else."""
    async with world.database.reading() as connection:
        row = (await connection.execute(sa.select(signing_key))).mappings().one()
    key = RSAKey.import_key(row["private_jwk"])
    token = await world.provider.mint_token(world.user_id, ["octoperf:read"], 60)
    claims = {**jwt.decode(token, key, algorithms=["RS256"]).claims, **changes}
    header = {"alg": "RS256", "kid": row["kid"], "typ": claims.pop("typ", "at+jwt")}
    return jwt.encode(header, claims, key, algorithms=["RS256"])


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "http://127.0.0.1:1"},
        {"iss": "http://127.0.0.1:1"},
        {"exp": 1_000_000_000},
        {"nbf": 4_000_000_000},
        {"sid": "unknown"},
        {"sid": ""},
        {"sub": "somebody else"},
        {"typ": "JWT"},
    ],
)
async def test_a_token_that_says_something_else_is_nobody(
    world: World, changes: dict[str, Any]
) -> None:
    assert await world.provider.principal(await forged(world)) is not None
    assert await world.provider.principal(await forged(world, **changes)) is None


async def test_a_token_for_mcp_alone_is_refused_by_the_rest_api(world: World) -> None:
    token = await forged(world, aud=[f"{world.origin}/mcp"])
    assert await world.provider.principal(token) is None


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "x" * 100_000])
async def test_what_is_no_token_is_nobody(world: World, token: str) -> None:
    assert await world.provider.principal(token) is None


@on_both
async def test_a_locked_user_is_out_at_once_and_his_tokens_stay_dead(world: World) -> None:
    await world.provider.create_user("ada", "another password", administers=True)
    token = await world.provider.session_token(world.user_id)
    assert await world.provider.principal(token) is not None
    await world.provider.set_disabled(world.user_id, True)
    assert await world.provider.principal(token) is None
    assert await world.provider.check_password("demo", PASSWORD) is None
    await world.provider.set_disabled(world.user_id, False)
    assert await world.provider.principal(token) is None
    assert await world.provider.check_password("demo", PASSWORD) == world.user_id


@on_both
async def test_users_come_and_go(world: World) -> None:
    provider = world.provider
    ada = await provider.create_user(" Ada ", "ada's password")
    assert [user["username"] for user in await provider.users.all()] == ["Ada", "demo"]
    user = await provider.user(ada)
    facts = {"username": "Ada", "disabled": False, "administrator": False}
    assert user == {"id": ada, "created": user["created"], **facts}
    with pytest.raises(Conflict):
        await provider.create_user("ADA", "another password")
    for name, password in [("", "long enough"), ("x" * 101, "long enough"), ("eve", "short")]:
        with pytest.raises(Invalid):
            await provider.create_user(name, password)
    token = await provider.session_token(ada)
    await provider.delete_user(ada)
    assert await provider.principal(token) is None
    for change in (
        provider.user(ada),
        provider.delete_user(ada),
        provider.set_password(ada, "long enough"),
        provider.set_disabled(ada, True),
    ):
        with pytest.raises(NotFound):
            await change


@on_both
async def test_somebody_can_always_administer(world: World) -> None:
    provider = world.provider
    assert (await provider.user(world.user_id))["administrator"] is True
    ada = await provider.create_user("ada", "another password")
    for change in (
        provider.set_disabled(world.user_id, True),
        provider.users.set_administrator(world.user_id, False),
        provider.delete_user(world.user_id),
    ):
        with pytest.raises(Conflict, match="last administrator"):
            await change
    await provider.users.set_administrator(ada, True)
    await provider.users.set_administrator(world.user_id, False)
    names = {user["username"]: user["administrator"] for user in await provider.users.all()}
    assert names == {"ada": True, "demo": False}


@on_both
async def test_the_oldest_user_of_an_older_database_becomes_administrator(world: World) -> None:
    await world.provider.create_user("ada", "another password")
    async with world.provider.users._database.writing() as connection:
        await connection.execute(administrator.delete())
    await world.provider.users.appoint_somebody()
    names = {user["username"]: user["administrator"] for user in await world.provider.users.all()}
    assert names == {"ada": False, "demo": True}


async def test_guessing_over_rest_is_slowed_down_with_a_status_of_its_own(world: World) -> None:
    for _ in range(5):
        assert await world.provider.check_password("demo", "wrong", address="10.0.0.1") is None
    with pytest.raises(TooManyAttemptsError) as caught:
        await world.provider.check_password("demo", PASSWORD, address="10.0.0.1")
    assert caught.value.http_status == 429
    found = await world.provider.check_password("demo", PASSWORD, address="10.0.0.2")
    assert found == world.user_id


@on_both
async def test_a_hash_of_old_cost_is_renewed_when_the_password_is_known(world: World) -> None:
    """The seeded hash was made cheaply; a provider of usual cost replaces it."""

    async def kept() -> str:
        async with world.database.reading() as connection:
            found = await connection.execute(sa.select(identity_user.c.password_hash))
            return str(found.scalar_one())

    usual = await IdentityProvider.open(world.database, origin=world.origin)
    before = await kept()
    assert await usual.check_password("demo", "wrong") is None
    assert await kept() == before
    assert await usual.check_password("demo", PASSWORD) == world.user_id
    assert await kept() != before
    assert await usual.check_password("demo", PASSWORD) == world.user_id
    await usual.close()


@on_both
async def test_a_grant_that_ends_during_a_refresh_gives_no_successor(world: World) -> None:
    _, tokens = await world.signed_in()
    grants = world.provider.grants
    token = await grants.refresh_token(tokens["refresh_token"])
    assert token is not None
    await world.provider.revoke_grant(token.grant.id)
    assert not await grants.rotate(token, "successor")
    assert await grants.refresh_token("successor") is None


async def test_parallel_guesses_cannot_all_slip_through(world: World) -> None:
    async def guess() -> bool:
        try:
            await world.provider.check_password("demo", "wrong", address="10.0.0.1")
        except TooManyAttemptsError:
            return False
        return True

    looked_at = await asyncio.gather(*(guess() for _ in range(20)))
    assert sum(looked_at) == 5


@on_both
async def test_what_another_replica_revokes_is_dead_within_a_second(
    world: World, seeded_url: str
) -> None:
    token = await world.provider.session_token(world.user_id)
    principal = await world.provider.principal(token)
    assert principal is not None
    other_database = await Database.open(seeded_url)
    other = await IdentityProvider.open(other_database, origin=world.origin)
    await other.revoke_grant(principal.grant_id)
    clock = world.provider._live._clock
    world.provider._live._clock = lambda: clock() + 1.0
    assert await world.provider.principal(token) is None
    await other.close()
    await other_database.close()


@on_both
async def test_tokens_and_sessions_survive_a_restart(seeded_url: str) -> None:
    listener = bound_socket()
    port = listener.getsockname()[1]
    async with running(seeded_url, listener) as world:
        client_id, tokens = await world.signed_in()
        cookies = list(world.browsers[0].session.cookie_jar)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    async with running(seeded_url, listener) as world:
        assert await world.provider.principal(tokens["access_token"]) is not None
        status, _ = await world.refresh(client_id, tokens["refresh_token"])
        assert status == 200
        browser = world.browser()
        browser.session.cookie_jar.update_cookies({cookie.key: cookie.value for cookie in cookies})
        await browser.get("/ui/access/logout")
        assert "demo" in browser.page


@on_both
async def test_two_processes_that_start_on_an_empty_database_agree_on_the_key(
    database_url: str,
) -> None:
    databases = [await Database.open(database_url) for _ in range(2)]
    one, other = await asyncio.gather(*map(SigningKeys.open, databases))
    document = await one.document()
    assert len(document["keys"]) == 1
    assert document == await other.document()
    assert one.secret == other.secret
    for database in databases:
        await database.close()


@on_both
async def test_a_new_key_signs_and_the_retired_one_still_verifies(seeded_url: str) -> None:
    """The wall for rotation: keys are rows, and the newest that is not retired signs."""
    database = await Database.open(seeded_url)
    provider = await IdentityProvider.open(database, origin="http://127.0.0.1:1")
    user = await provider.users.find("demo")
    assert user is not None
    before = await provider.session_token(user["id"])
    fresh = RSAKey.generate_key(2048, {"kid": "fresh", "use": "sig", "alg": "RS256"})
    async with database.writing() as connection:
        await connection.execute(signing_key.update().values(retired=now_ms()))
        row = {"kid": "fresh", "private_jwk": fresh.as_dict(private=True), "created": now_ms()}
        await connection.execute(signing_key.insert().values(**row))
    await provider.close()
    provider = await IdentityProvider.open(database, origin="http://127.0.0.1:1")
    after = await provider.session_token(user["id"])
    assert jwt.decode(after, fresh, algorithms=["RS256"]).header["kid"] == "fresh"
    assert await provider.principal(before) is not None
    assert await provider.principal(after) is not None
    await provider.close()
    await database.close()
