"""CI tokens: grants of a user, long-lived, with limits; listed and revoked with the rest."""

import asyncio
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from octoperf_mcp.auth.wrapping import unwrapped
from octoperf_mcp.embedded.failures import Forbidden, Invalid
from octoperf_mcp.embedded.idp.ci_tokens import WantedToken
from octoperf_mcp.embedded.limits import Limits
from tests.octoperf_mcp.embedded.idp.conftest import World

on_both = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)

DAY_S = 24 * 3600


@on_both
async def test_a_token_is_a_jwt_of_the_user_with_the_limits_beside_its_grant(world: World) -> None:
    limits = Limits(areas=("bench",), workspace_id="w", most_users=5, runs_per_day=2)
    wanted = WantedToken("nightly", days=30, read_only=True, limits=limits)
    token, grant = await world.provider.ci_tokens.create(world.user_id, wanted)
    async with world.http.get(f"{world.origin}/auth/oauth2/jwks") as answer:
        keys = KeySet.import_key_set(await answer.json())
    claims = jwt.decode(unwrapped(token), keys, algorithms=["RS256"]).claims
    assert claims["sub"] == world.user_id
    assert claims["aud"] == [world.origin, f"{world.origin}/mcp"]
    assert claims["exp"] - claims["iat"] == 30 * DAY_S
    assert claims["scope"] == "octoperf:read"
    principal = await world.provider.principal(token)
    assert principal is not None
    assert (principal.grant_id, principal.client) == (grant.id, "nightly")
    assert principal.limits == limits
    assert await world.provider.principal(token[:-1] + "!") is None


@on_both
async def test_it_is_listed_with_the_connections_and_dead_once_revoked(world: World) -> None:
    token, grant = await world.provider.ci_tokens.create(world.user_id, WantedToken("x", 1))
    assert [each.id for each in await world.provider.grants.of_user(world.user_id)] == [grant.id]
    assert [each.id for each in await world.provider.ci_tokens.of_user(world.user_id)] == [grant.id]
    assert await world.provider.principal(token) is not None
    await world.provider.revoke_grant(grant.id, user_id=world.user_id)
    assert await world.provider.principal(token) is None
    assert await world.provider.ci_tokens.of_user(world.user_id) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": " "}, "name"),
        ({"name": "n" * 61}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"days": 0}, "366"),
        ({"days": 367}, "366"),
        ({"limits": Limits(areas=("moon",))}, "moon"),
        ({"limits": Limits(most_users=-1)}, "positive"),
    ],
)
async def test_an_impossible_wish_is_refused(
    world: World, changes: dict[str, Any], said: str
) -> None:
    wanted = WantedToken(**{"name": "x", "days": 1, **changes})
    with pytest.raises(Invalid, match=said):
        await world.provider.ci_tokens.create(world.user_id, wanted)


@on_both
async def test_the_runs_of_a_day_are_counted_even_when_they_start_together(world: World) -> None:
    limits = Limits(runs_per_day=3)
    tokens = world.provider.ci_tokens
    _, grant = await tokens.create(world.user_id, WantedToken("x", 9, limits=limits))

    refusals = []

    async def spend() -> bool:
        try:
            await tokens.spend_run(grant.id, limits)
        except Forbidden as refused:
            refusals.append(refused.details)
            return False
        return True

    assert sum(await asyncio.gather(*(spend() for _ in range(8)))) == 3
    assert {(each["got"], each["allowed"]) for each in refusals} == {(4, 3)}
    assert await tokens.runs_today(grant.id) == 3
    assert await tokens.runs_today("another") == 0
    clock = tokens._clock
    tokens._clock = lambda: clock() + DAY_S * 1000
    await tokens.spend_run(grant.id, limits)
    assert await tokens.runs_today(grant.id) == 1
    await tokens.tidy()
    assert await tokens.limits(grant.id) == limits


async def test_a_token_keeps_its_signing_key_published(world: World) -> None:
    token, _ = await world.provider.ci_tokens.create(world.user_id, WantedToken("x", 300))
    await world.provider.rotate_keys()
    await world.provider.tidy()
    assert await world.provider.principal(token) is not None
    assert len(await world.provider.key_states()) == 2


@on_both
async def test_an_api_key_is_its_user_until_renewed_or_revoked(world: World) -> None:
    first = await world.provider.renew_api_key(world.user_id)
    principal = await world.provider.principal(first)
    assert principal is not None
    assert (principal.user_id, principal.client) == (world.user_id, "REST API key")
    second = await world.provider.renew_api_key(world.user_id)
    assert await world.provider.principal(first) is None
    principal = await world.provider.principal(second)
    assert principal is not None
    await world.provider.revoke_grant(principal.grant_id)
    assert await world.provider.principal(second) is None
    assert await world.provider.principal("00000000-0000-4000-8000-000000000000") is None
    await world.provider.tidy()
