"""Rotation of signing keys: with overlap, and followed by servers that run meanwhile."""

from typing import Any

import pytest
import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import KeySet

from octoperf_mcp.embedded.idp.provider import IdentityProvider
from octoperf_mcp.embedded.idp.rotation import LEAD_MS
from octoperf_mcp.embedded.idp.tables import oauth_grant, signing_key
from octoperf_mcp.embedded.store.database import Database
from tests.octoperf_mcp.embedded.idp.conftest import World

on_both = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)


async def pass_time(world: World, by_ms: int) -> None:
    """Let everything that is known of keys and grants be older, and the server look again."""
    async with world.database.writing() as connection:
        for column in (signing_key.c.created, signing_key.c.retired):
            change = signing_key.update().where(column.is_not(None))
            await connection.execute(change.values({column: column - by_ms}))
        await connection.execute(oauth_grant.update().values(created=oauth_grant.c.created - by_ms))
    world.provider._keys._loaded_at = float("-inf")
    await world.provider._keys.verification.refresh()


async def published(world: World) -> dict[str, Any]:
    async with world.http.get(f"{world.origin}/auth/oauth2/jwks") as answer:
        return dict(await answer.json())


async def signer_of(world: World) -> tuple[str, str]:
    """A token made now, and the name of the key that signed it."""
    token = await world.provider.session_token(world.user_id)
    keys = KeySet.import_key_set(await published(world))  # type: ignore[arg-type]
    return token, str(jwt.decode(token, keys, algorithms=["RS256"]).header["kid"])


@on_both
async def test_a_new_key_is_published_first_and_signs_when_the_old_one_retires(
    world: World, seeded_url: str
) -> None:
    before, old = await signer_of(world)
    beside = await Database.open(seeded_url)  # as the command has it
    other = await IdentityProvider.open(beside, origin=world.origin)
    new = await other.rotate_keys()
    await other.close()
    await beside.close()
    await pass_time(world, 60_000)
    assert [key["kid"] for key in (await published(world))["keys"]] == [old, new]
    assert (await signer_of(world))[1] == old
    assert [key.state for key in await world.provider.key_states()] == ["signs", "next"]
    await pass_time(world, LEAD_MS)
    assert (await signer_of(world))[1] == new
    assert [key.state for key in await world.provider.key_states()] == ["verifies", "signs"]
    assert await world.provider.principal(before) is not None


async def test_an_old_key_is_forgotten_after_its_last_token(world: World) -> None:
    await signer_of(world)
    new = await world.provider.rotate_keys()
    await pass_time(world, LEAD_MS + 25 * 3600 * 1000)
    await world.provider.tidy()
    assert len(await world.provider.key_states()) == 2  # the session token's grant is alive
    async with world.database.writing() as connection:
        await connection.execute(oauth_grant.update().values(expires=1))
    await world.provider.tidy()
    assert [key.kid for key in await world.provider.key_states()] == [new]


async def test_what_a_leaked_key_signed_is_worth_nothing_and_clients_renew(world: World) -> None:
    client_id, tokens = await world.signed_in()
    new = await world.provider.rotate_keys(at_once=True)
    await pass_time(world, 0)
    assert await world.provider.principal(tokens["access_token"]) is None
    status, renewed = await world.refresh(client_id, tokens["refresh_token"])
    assert status == 200
    assert await world.provider.principal(renewed["access_token"]) is not None
    assert [key["kid"] for key in (await published(world))["keys"]] == [new]


async def test_several_rotations_in_a_row_take_turns(world: World) -> None:
    _, old = await signer_of(world)
    second = await world.provider.rotate_keys()
    await pass_time(world, 60_000)
    third = await world.provider.rotate_keys()
    await pass_time(world, LEAD_MS - 60_000)
    assert (await signer_of(world))[1] == second
    await pass_time(world, LEAD_MS)
    assert (await signer_of(world))[1] == third
    async with world.database.reading() as connection:
        kept = (await connection.execute(sa.select(signing_key.c.kid))).scalars().all()
    assert set(kept) == {old, second, third}
