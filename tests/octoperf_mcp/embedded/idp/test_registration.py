"""Dynamic client registration: open to everybody, so what it takes and keeps is bounded."""

from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from octoperf_mcp.embedded.idp.client_metadata import Registration
from octoperf_mcp.embedded.idp.clients import Clients, TooManyClientsError
from octoperf_mcp.embedded.idp.tables import oauth_client
from octoperf_mcp.embedded.store.schema import now_ms
from tests.octoperf_mcp.embedded.conftest import on_both
from tests.octoperf_mcp.embedded.idp.conftest import CALLBACK, World

DAY_MS = 24 * 3600 * 1000


async def refused(world: World, document: Any) -> str:
    url = f"{world.origin}/auth/connect/register"
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    async with world.http.post(url, data=body) as answer:
        assert answer.status == 400
        assert answer.headers["Cache-Control"] == "no-store"
        return str((await answer.json())["error"])


async def test_a_registration_is_answered_with_what_is_in_effect(world: World) -> None:
    body = await world.register(
        scope="octoperf:read openid",
        client_uri="https://agent.example",
        software_id="x",
        unheard_of={"a": 1},
    )
    assert body == {
        "client_id": body["client_id"],
        "client_id_issued_at": body["client_id_issued_at"],
        "client_name": "Test agent",
        "redirect_uris": [CALLBACK],
        "application_type": "native",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "scope": "octoperf:read",
    }


@pytest.mark.parametrize("method", [None, "", "none"])
async def test_a_secret_is_given_only_when_asked_for(world: World, method: str | None) -> None:
    body = await world.register(token_endpoint_auth_method=method)
    assert body["token_endpoint_auth_method"] == "none"
    assert "client_secret" not in body
    body = await world.register(token_endpoint_auth_method="client_secret_basic")
    assert body["client_secret"]
    assert body["client_secret_expires_at"] == 0


@pytest.mark.parametrize(
    "uris",
    [
        ["http://localhost:1455/callback"],
        ["https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"],
        [
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "https://www.cursor.com/agents/mcp/oauth/callback",
            "http://localhost:8787/callback",
        ],
        [
            "http://127.0.0.1/",
            "http://127.0.0.1:33418/",
            "https://vscode.dev/redirect",
            "https://insiders.vscode.dev/redirect",
        ],
    ],
)
async def test_the_addresses_of_known_clients_are_accepted(world: World, uris: list[str]) -> None:
    assert (await world.register(redirect_uris=uris))["redirect_uris"] == uris


@pytest.mark.parametrize(
    ("document", "error"),
    [
        (b"", "invalid_client_metadata"),
        (b"{", "invalid_client_metadata"),
        ([], "invalid_client_metadata"),
        ({}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": CALLBACK}, "invalid_redirect_uri"),
        ({"redirect_uris": [7]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://host.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": [CALLBACK, "https://a.example/#x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": [f"https://a.example/{n}" for n in range(21)]}, "invalid_redirect_uri"),
        ({"redirect_uris": [CALLBACK], "application_type": "web"}, "invalid_redirect_uri"),
        ({"redirect_uris": [CALLBACK], "application_type": "odd"}, "invalid_client_metadata"),
        (
            {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "private_key_jwt"},
            "invalid_client_metadata",
        ),
        (
            {"redirect_uris": [CALLBACK], "grant_types": ["client_credentials"]},
            "invalid_client_metadata",
        ),
        ({"redirect_uris": [CALLBACK], "response_types": ["token"]}, "invalid_client_metadata"),
    ],
)
async def test_what_cannot_be_registered_is_refused_with_the_code_of_the_rfc(
    world: World, document: Any, error: str
) -> None:
    assert await refused(world, document) == error


@pytest.mark.parametrize(
    ("claimed", "shown"),
    [
        (None, "Unnamed application"),
        (7, "Unnamed application"),
        (" \t\n ", "Unnamed application"),
        ("Claude\u202e \u200bCode\x00", "Claude Code"),
        ("x" * 500, "x" * 60),
        ("Éléphant 🐘", "Éléphant 🐘"),
    ],
)
async def test_a_name_is_kept_without_what_could_disguise_it(
    world: World, claimed: Any, shown: str
) -> None:
    assert (await world.register(client_name=claimed))["client_name"] == shown


@on_both
async def test_the_same_application_is_not_added_again(world: World) -> None:
    """Programs register at every start, each time with another loopback port."""
    first = await world.register(redirect_uris=["http://localhost:1000/callback"])
    again = await world.register(redirect_uris=["http://localhost:2000/callback"])
    assert again["client_id"] == first["client_id"]
    assert again["redirect_uris"] == ["http://localhost:2000/callback"]
    different = [
        await world.register(redirect_uris=["http://localhost:1000/other"]),
        await world.register(redirect_uris=["http://127.0.0.1:1000/callback"]),
        await world.register(redirect_uris=["http://localhost:1/callback"], client_name="Other"),
    ]
    assert len({body["client_id"] for body in [first, *different]}) == 4


async def test_clients_with_a_secret_are_never_shared(world: World) -> None:
    bodies = [
        await world.register(token_endpoint_auth_method="client_secret_post") for _ in range(2)
    ]
    assert bodies[0]["client_id"] != bodies[1]["client_id"]
    assert bodies[0]["client_secret"] != bodies[1]["client_secret"]


async def test_one_address_cannot_register_without_end(world: World) -> None:
    for number in range(30):
        await world.register(client_name=f"Agent {number}")
    url = f"{world.origin}/auth/connect/register"
    async with world.http.post(url, json={"redirect_uris": [CALLBACK]}) as answer:
        assert answer.status == 429
        assert int(answer.headers["Retry-After"]) > 0


async def test_a_large_body_is_not_read(world: World) -> None:
    url = f"{world.origin}/auth/connect/register"
    async with world.http.post(url, data=b"[" * 100_000) as answer:
        assert answer.status == 413


def wanted(name: str) -> Registration:
    return Registration(name, (CALLBACK,), "native", "none", "octoperf:read")


@on_both
async def test_a_full_table_makes_room_only_by_removing_the_abandoned(world: World) -> None:
    clients = Clients(world.database, most=2)
    await clients.register(wanted("one"))
    await clients.register(wanted("two"))
    with pytest.raises(TooManyClientsError):
        await clients.register(wanted("three"))
    async with world.database.writing() as connection:
        await connection.execute(
            oauth_client.update()
            .where(oauth_client.c.name == "one")
            .values(created=now_ms() - DAY_MS - 1)
        )
    await clients.register(wanted("three"))
    assert {client.name for client in await clients.all()} == {"two", "three"}


@on_both
async def test_clients_are_tidied_away_unless_a_grant_lives(world: World) -> None:
    client_id, tokens = await world.signed_in()
    await world.register(client_name="Never used")
    async with world.database.writing() as connection:
        await connection.execute(
            oauth_client.update().values(created=now_ms() - 100 * DAY_MS, last_used=None)
        )
    await world.provider.tidy()
    assert [client.id for client in await world.provider.clients.all()] == [client_id]
    await world.provider.revoke_grant((await world.provider.grants.of_user(world.user_id))[0].id)
    await world.provider.tidy()
    assert await world.provider.clients.all() == []
    status, body = await world.refresh(client_id, tokens["refresh_token"])
    assert (status, body["error"]) == (401, "invalid_client")


@on_both
async def test_a_client_that_registers_again_is_not_tidied_under_its_feet(world: World) -> None:
    client_id = (await world.register())["client_id"]
    async with world.database.writing() as connection:
        await connection.execute(oauth_client.update().values(created=0))
    assert (await world.register())["client_id"] == client_id
    await world.provider.tidy()
    async with world.database.reading() as connection:
        found = await connection.execute(sa.select(oauth_client.c.id))
        assert found.scalars().all() == [client_id]
