"""The token endpoint: what is refused, and what survives lost answers and races."""

import asyncio
import base64
import logging
from typing import Any

import pytest
import sqlalchemy as sa

from octoperf_mcp.embedded.idp.tables import oauth_code, oauth_grant, oauth_refresh_token
from octoperf_mcp.embedded.store.schema import now_ms
from tests.octoperf_mcp.embedded.conftest import on_both
from tests.octoperf_mcp.embedded.idp.conftest import (
    CALLBACK,
    PASSWORD,
    Challenge,
    World,
)


async def set_everywhere(world: World, table: sa.Table, **values: Any) -> None:
    async with world.database.writing() as connection:
        await connection.execute(table.update().values(**values))


async def coded(world: World) -> tuple[str, str, Challenge]:
    client_id = (await world.register())["client_id"]
    challenge = Challenge()
    return client_id, await world.code(client_id, challenge), challenge


@on_both
async def test_a_code_used_twice_is_refused_and_takes_its_tokens_along(world: World) -> None:
    client_id, code, challenge = await coded(world)
    status, tokens = await world.exchange(client_id, code, challenge)
    assert status == 200
    status, body = await world.exchange(client_id, code, challenge)
    assert (status, body["error"]) == (400, "invalid_grant")
    assert await world.provider.principal(tokens["access_token"]) is None
    status, body = await world.refresh(client_id, tokens["refresh_token"])
    assert (status, body["error"]) == (400, "invalid_grant")


@on_both
async def test_of_parallel_requests_with_one_code_exactly_one_succeeds(world: World) -> None:
    client_id, code, challenge = await coded(world)
    answers = await asyncio.gather(*(world.exchange(client_id, code, challenge) for _ in range(8)))
    assert sorted(status for status, _ in answers) == [200] + [400] * 7
    async with world.database.reading() as connection:
        grants = await connection.execute(sa.select(oauth_grant.c.id))
        assert len(grants.all()) == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"code_verifier": "é" * 43}, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1:1/callback"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"code": "made up"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"resource": "https://elsewhere.example"}, "invalid_target"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": 'a"b'}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": None}, "invalid_request"),
    ],
)
async def test_a_request_that_does_not_fit_the_code_is_refused_and_the_code_stays(
    world: World, changes: dict[str, Any], error: str
) -> None:
    client_id, code, challenge = await coded(world)
    status, body = await world.exchange(client_id, changes.pop("code", code), challenge, **changes)
    assert (status, body["error"]) == (400, error)
    status, _ = await world.exchange(client_id, code, challenge)
    assert status == 200


async def test_a_resource_that_was_not_asked_for_is_not_given(world: World) -> None:
    client_id, code, challenge = await coded(world)
    status, body = await world.exchange(client_id, code, challenge, resource=world.origin)
    assert (status, body["error"]) == (400, "invalid_target")


async def test_a_code_lives_a_minute(world: World) -> None:
    client_id, code, challenge = await coded(world)
    async with world.database.reading() as connection:
        expires = (await connection.execute(sa.select(oauth_code.c.expires))).scalar_one()
    assert 0 < expires - now_ms() <= 60_000
    await set_everywhere(world, oauth_code, expires=now_ms())
    status, body = await world.exchange(client_id, code, challenge)
    assert (status, body["error"]) == (400, "invalid_grant")


async def test_nothing_that_a_bearer_presents_is_in_the_database(
    world: World, database_path: Any
) -> None:
    client_id, code, challenge = await coded(world)
    _, tokens = await world.exchange(client_id, code, challenge)
    cookies = [cookie.value for cookie in world.browsers[0].session.cookie_jar]
    kept = b"".join(
        path.read_bytes() for path in database_path.parent.glob(f"{database_path.name}*")
    )
    for secret in (code, tokens["access_token"], tokens["refresh_token"], *cookies):
        assert secret.encode() not in kept


async def test_no_log_of_ours_holds_what_a_bearer_presents(
    world: World, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Authlib writes tokens into its debug messages unless it is told not to."""
    caplog.set_level(logging.DEBUG)
    client_id, code, challenge = await coded(world)
    _, tokens = await world.exchange(client_id, code, challenge)
    _, renewed = await world.refresh(client_id, tokens["refresh_token"])
    told = "".join(capsys.readouterr()) + caplog.text
    secrets = [code, challenge.verifier, PASSWORD]
    for answer in (tokens, renewed):
        secrets += [answer["access_token"], answer["refresh_token"]]
    for secret in secrets:
        assert secret not in told


async def test_another_client_cannot_use_the_code(world: World) -> None:
    client_id, code, challenge = await coded(world)
    other = (await world.register(client_name="Another"))["client_id"]
    status, body = await world.exchange(other, code, challenge)
    assert (status, body["error"]) == (400, "invalid_grant")
    status, _ = await world.exchange(client_id, code, challenge)
    assert status == 200


@pytest.mark.parametrize("client_id", ["unknown", None, ""])
async def test_an_unknown_client_is_401_so_that_it_registers_again(
    world: World, client_id: Any
) -> None:
    _, code, challenge = await coded(world)
    status, body = await world.exchange(client_id, code, challenge)
    assert (status, body["error"]) == (401, "invalid_client")


@on_both
async def test_a_purged_client_is_401_and_recovers_by_registering(world: World) -> None:
    client_id, tokens = await world.signed_in()
    assert await world.provider.delete_client(client_id)
    assert await world.provider.principal(tokens["access_token"]) is None
    status, body = await world.refresh(client_id, tokens["refresh_token"])
    assert (status, body["error"]) == (401, "invalid_client")
    again, tokens = await world.signed_in()
    assert again != client_id
    assert await world.provider.principal(tokens["access_token"]) is not None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"grant_type": "refresh_token"}', "application/json"),
        (b"grant_type=refresh_token&grant_type=authorization_code", None),
        (b"grant_type=refresh_token&client_id=%FF", None),
        (b"&".join(b"a%d=1" % number for number in range(101)), None),
        (b"", None),
    ],
)
async def test_a_body_that_is_no_proper_form_is_an_invalid_request(
    world: World, body: bytes, kind: str | None
) -> None:
    url = f"{world.origin}/auth/oauth2/token"
    headers = {"Content-Type": kind or "application/x-www-form-urlencoded"}
    async with world.http.post(url, data=body, headers=headers) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"] == "invalid_request"


async def test_a_body_without_measure_is_not_read(world: World) -> None:
    url = f"{world.origin}/auth/oauth2/token"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with world.http.post(url, data=b"a=" + b"x" * 100_000, headers=headers) as answer:
        assert answer.status == 413


def basic(client_id: str, secret: str) -> dict[str, str]:
    text = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {text}"}


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_client_with_a_secret_must_show_it(world: World, method: str) -> None:
    registered = await world.register(token_endpoint_auth_method=method)
    client_id, secret = registered["client_id"], registered["client_secret"]
    challenge = Challenge()
    code = await world.code(client_id, challenge)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": challenge.verifier,
    }
    path = "/auth/oauth2/token"
    status, body = await world.post(path, {**form, "client_id": client_id})
    assert (status, body["error"]) == (401, "invalid_client")
    status, body = await world.post(path, form, headers=basic(client_id, "wrong"))
    assert (status, body["error"]) == (401, "invalid_client")
    if method == "client_secret_basic":
        status, tokens = await world.post(path, form, headers=basic(client_id, secret))
    else:
        status, tokens = await world.post(
            path, {**form, "client_id": client_id, "client_secret": secret}
        )
    assert status == 200
    assert await world.provider.principal(tokens["access_token"]) is not None


async def test_a_refused_basic_header_is_answered_with_a_challenge(world: World) -> None:
    url = f"{world.origin}/auth/oauth2/token"
    async with world.http.post(
        url, data={"grant_type": "refresh_token", "refresh_token": "x"}, headers=basic("a", "b")
    ) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
    bad = {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe:x").decode()}
    async with world.http.post(url, data={"grant_type": "refresh_token"}, headers=bad) as answer:
        assert answer.status == 400


async def test_a_public_client_that_sends_a_secret_is_refused(world: World) -> None:
    client_id, code, challenge = await coded(world)
    status, body = await world.exchange(client_id, code, challenge, client_secret="made up")
    assert (status, body["error"]) == (401, "invalid_client")


@on_both
async def test_parallel_refreshes_get_the_same_successor_and_nobody_is_signed_out(
    world: World,
) -> None:
    client_id, tokens = await world.signed_in()
    answers = await asyncio.gather(
        *(world.refresh(client_id, tokens["refresh_token"]) for _ in range(6))
    )
    assert {status for status, _ in answers} == {200}
    assert len({body["refresh_token"] for _, body in answers}) == 1
    status, _ = await world.refresh(client_id, answers[0][1]["refresh_token"])
    assert status == 200


async def test_a_lost_answer_can_be_fetched_again_within_the_grace(world: World) -> None:
    client_id, tokens = await world.signed_in()
    _, first = await world.refresh(client_id, tokens["refresh_token"])
    await set_everywhere(world, oauth_refresh_token, used=now_ms() - 55_000)
    status, again = await world.refresh(client_id, tokens["refresh_token"])
    assert status == 200
    assert again["refresh_token"] == first["refresh_token"]


@on_both
async def test_reuse_after_the_grace_ends_the_whole_grant(world: World) -> None:
    client_id, tokens = await world.signed_in()
    _, renewed = await world.refresh(client_id, tokens["refresh_token"])
    async with world.database.writing() as connection:
        await connection.execute(
            oauth_refresh_token.update()
            .where(oauth_refresh_token.c.used.is_not(None))
            .values(used=now_ms() - 61_000)
        )
    status, body = await world.refresh(client_id, tokens["refresh_token"])
    assert (status, body["error"]) == (400, "invalid_grant")
    status, body = await world.refresh(client_id, renewed["refresh_token"])
    assert (status, body["error"]) == (400, "invalid_grant")
    assert await world.provider.principal(renewed["access_token"]) is None


async def test_a_refresh_may_narrow_the_scope_for_once_but_never_widen_it(world: World) -> None:
    client_id, tokens = await world.signed_in(scope="octoperf:read octoperf:write")
    status, narrow = await world.refresh(client_id, tokens["refresh_token"], scope="octoperf:read")
    assert (status, narrow["scope"]) == (200, "octoperf:read")
    principal = await world.provider.principal(narrow["access_token"])
    assert principal is not None
    assert principal.scopes == {"octoperf:read"}
    status, full = await world.refresh(client_id, narrow["refresh_token"])
    assert (status, full["scope"]) == (200, "octoperf:read octoperf:write")


async def test_a_read_only_grant_cannot_be_widened(world: World) -> None:
    client_id, tokens = await world.signed_in(access="read")
    status, body = await world.refresh(
        client_id, tokens["refresh_token"], scope="octoperf:read octoperf:write"
    )
    assert (status, body["error"]) == (400, "invalid_scope")
    status, _ = await world.refresh(client_id, tokens["refresh_token"])
    assert status == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"refresh_token": "made up"}, "invalid_grant"),
        ({"refresh_token": ""}, "invalid_request"),
        ({"resource": "https://elsewhere.example"}, "invalid_target"),
    ],
)
async def test_a_wrong_refresh_is_refused_and_the_token_stays_good(
    world: World, changes: dict[str, str], error: str
) -> None:
    client_id, tokens = await world.signed_in()
    changed = {"refresh_token": tokens["refresh_token"], **changes}
    status, body = await world.refresh(client_id, changed.pop("refresh_token"), **changed)
    assert (status, body["error"]) == (400, error)
    status, _ = await world.refresh(client_id, tokens["refresh_token"])
    assert status == 200


@on_both
async def test_another_client_cannot_use_the_refresh_token(world: World) -> None:
    client_id, tokens = await world.signed_in()
    other = (await world.register(client_name="Another"))["client_id"]
    status, body = await world.refresh(other, tokens["refresh_token"])
    assert (status, body["error"]) == (400, "invalid_grant")
    status, _ = await world.refresh(client_id, tokens["refresh_token"])
    assert status == 200


@on_both
async def test_a_refresh_token_expires_and_moves_on_with_each_use(world: World) -> None:
    client_id, tokens = await world.signed_in()
    soon = now_ms() + 1000
    await set_everywhere(world, oauth_refresh_token, expires=soon)
    await set_everywhere(world, oauth_grant, expires=soon)
    status, renewed = await world.refresh(client_id, tokens["refresh_token"])
    assert status == 200
    async with world.database.reading() as connection:
        expires = (await connection.execute(sa.select(oauth_grant.c.expires))).scalar_one()
    assert expires > soon + 29 * 24 * 3600 * 1000
    await set_everywhere(world, oauth_refresh_token, expires=now_ms())
    status, body = await world.refresh(client_id, renewed["refresh_token"])
    assert (status, body["error"]) == (400, "invalid_grant")


async def test_a_user_who_is_locked_out_gets_no_more_tokens(world: World) -> None:
    client_id, code, challenge = await coded(world)
    await world.provider.create_user("ada", "another password", administers=True)
    await world.provider.set_disabled(world.user_id, True)
    status, body = await world.exchange(client_id, code, challenge)
    assert (status, body["error"]) == (400, "invalid_grant")


async def test_revoking_tells_nothing_about_tokens_of_others(world: World) -> None:
    client_id, tokens = await world.signed_in()
    path = "/auth/oauth2/revoke"
    status, _ = await world.post(path, {"token": "made up", "client_id": client_id})
    assert status == 200
    other = (await world.register(client_name="Another"))["client_id"]
    await world.post(path, {"token": tokens["refresh_token"], "client_id": other})
    assert await world.provider.principal(tokens["access_token"]) is not None
    status, body = await world.post(path, {"token": tokens["refresh_token"]})
    assert (status, body["error"]) == (401, "invalid_client")
    status, body = await world.post(path, {"client_id": client_id})
    assert (status, body["error"]) == (400, "invalid_request")


async def test_introspection_is_for_clients_with_a_secret_and_their_own_tokens(
    world: World,
) -> None:
    registered = await world.register(token_endpoint_auth_method="client_secret_post")
    client_id, secret = registered["client_id"], registered["client_secret"]
    mine = {"client_id": client_id, "client_secret": secret}
    challenge = Challenge()
    code = await world.code(client_id, challenge)
    _, tokens = await world.exchange(client_id, code, challenge, client_secret=secret)
    path = "/auth/oauth2/introspect"
    for kind in ("access_token", "refresh_token"):
        status, body = await world.post(path, {**mine, "token": tokens[kind]})
        assert status == 200
        assert body["active"] is True
        assert body["sub"] == world.user_id
        assert body["client_id"] == client_id
    public_id, others = await world.signed_in()
    status, body = await world.post(path, {**mine, "token": others["access_token"]})
    assert (status, body) == (200, {"active": False})
    status, body = await world.post(path, {**mine, "token": "made up"})
    assert (status, body) == (200, {"active": False})
    status, body = await world.post(path, {"client_id": public_id, "token": others["access_token"]})
    assert (status, body["error"]) == (401, "invalid_client")
    await world.post("/auth/oauth2/revoke", {**mine, "token": tokens["access_token"]})
    status, body = await world.post(path, {**mine, "token": tokens["access_token"]})
    assert (status, body) == (200, {"active": False})
