"""The platform as a whole: first start, restart, everything reachable, everything closed."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy.exc import StatementError

from octoperf_mcp.config import EmbeddedSettings, Secret
from octoperf_mcp.embedded import first_start
from octoperf_mcp.embedded.app import add_platform, close_platform, open_platform
from octoperf_mcp.embedded.first_start import FirstStart
from octoperf_mcp.embedded.platform import Platform
from octoperf_mcp.embedded.rest.routes import rest_routes
from octoperf_mcp.errors import ConfigError

ORIGIN = "http://127.0.0.1:8091"

Client = TestClient[web.Request, web.Application]


@asynccontextmanager
async def opened(
    data_dir: Path, settings: EmbeddedSettings | None = None
) -> AsyncIterator[tuple[Platform, FirstStart | None]]:
    platform, first = await open_platform(
        settings or EmbeddedSettings(), data_dir=data_dir, origin=ORIGIN
    )
    try:
        yield platform, first
    finally:
        await close_platform(platform)


@asynccontextmanager
async def served(platform: Platform) -> AsyncIterator[Client]:
    async def mcp(request: web.Request) -> web.Response:
        return web.Response(text="mcp")

    app = web.Application()
    app.router.add_get("/mcp", mcp)
    add_platform(app, platform)
    async with TestClient(TestServer(app)) as client:
        yield client


async def signed_in(client: Client, password: str) -> dict[str, str]:
    pair = {"username": "demo", "password": password}
    answer = await (await client.post("/public/users/login", data=pair)).json()
    assert answer["@type"] == "LoginSuccessful"
    return {"Authorization": f"Bearer {answer['token']['token']}"}


async def test_a_fresh_directory_gets_a_user_a_workspace_and_this_machine(tmp_path: Path) -> None:
    async with opened(tmp_path / "data") as (platform, first), served(platform) as client:
        assert first is not None
        assert first.username == "demo"
        assert first.password not in repr(first)
        headers = await signed_in(client, first.password)
        user = await (await client.get("/users/current", headers=headers)).json()
        assert user["username"] == "demo"
        (workspace,) = await (await client.get("/workspaces/member-of", headers=headers)).json()
        assert (workspace["name"], workspace["userId"]) == ("Default", user["id"])
        providers = f"/workspaces/docker-providers/by-workspace/{workspace['id']}"
        (provider,) = await (await client.get(providers, headers=headers)).json()
        assert (provider["name"], provider["type"], provider["driver"]) == (
            "This machine",
            "PRIVATE",
            "ON_PREMISE",
        )
        assert list(provider["regions"]) == ["local"]
    for file in (tmp_path / "data").glob("octoperf.db*"):
        assert first.password.encode() not in file.read_bytes()
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0


async def test_a_restart_makes_nothing_again_and_keeps_tokens(tmp_path: Path) -> None:
    async with opened(tmp_path) as (platform, first), served(platform) as client:
        assert first is not None
        headers = await signed_in(client, first.password)
        before = await (await client.get("/workspaces/member-of", headers=headers)).json()
    async with opened(tmp_path) as (platform, again), served(platform) as client:
        assert again is None
        assert await (await client.get("/workspaces/member-of", headers=headers)).json() == before


async def test_a_preset_password_is_used(tmp_path: Path) -> None:
    settings = EmbeddedSettings(demo_password=Secret("correct horse"))
    async with opened(tmp_path, settings) as (platform, first), served(platform) as client:
        assert first == FirstStart("demo", "correct horse")
        await signed_in(client, "correct horse")


async def test_a_password_that_is_too_short_stops_the_start(tmp_path: Path) -> None:
    settings = EmbeddedSettings(demo_password=Secret("short"))
    with pytest.raises(ConfigError, match="demo_password"):
        await open_platform(settings, data_dir=tmp_path, origin=ORIGIN)
    async with opened(tmp_path) as (_, first):
        assert first is not None


async def test_a_first_start_that_was_cut_short_begins_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nobody would know the password of a user that exists."""
    with monkeypatch.context() as broken:
        broken.setattr(first_start, "THIS_MACHINE", {"name": object()})
        with pytest.raises(StatementError):
            await open_platform(EmbeddedSettings(), data_dir=tmp_path, origin=ORIGIN)
    async with opened(tmp_path) as (platform, first), served(platform) as client:
        assert first is not None
        await signed_in(client, first.password)
        providers = await platform.documents.list("docker_provider", user_id="x")
        assert len(providers) == 1


async def test_every_rest_route_is_served_and_listed_as_a_capability(tmp_path: Path) -> None:
    async with opened(tmp_path) as (platform, first), served(platform) as client:
        assert first is not None
        headers = await signed_in(client, first.password)
        listed = (await (await client.get("/capabilities", headers=headers)).json())["calls"]
        expected = {f"{route.method} {route.path}" for route in rest_routes()}
        assert set(listed) == {call for call in expected if " /public/" not in call}
        assert listed == sorted(listed)
        assert (await client.get("/capabilities")).status == 401


async def test_the_shared_application_keeps_its_own_paths(tmp_path: Path) -> None:
    async with opened(tmp_path) as (platform, _), served(platform) as client:
        assert await (await client.get("/mcp")).text() == "mcp"
        assert (await client.get("/nothing")).content_type == "text/plain"
        home = await client.get("/ui/", allow_redirects=False)
        assert home.status == 302
        assert home.headers["Location"].startswith("/ui/access/login")
        metadata = await client.get("/.well-known/oauth-authorization-server")
        assert (await metadata.json())["issuer"] == ORIGIN


async def test_an_impossible_origin_leaves_nothing_open(tmp_path: Path) -> None:
    """Warnings of unclosed connections would fail this test."""
    with pytest.raises(ConfigError):
        await open_platform(EmbeddedSettings(), data_dir=tmp_path, origin="http://example.com")


async def test_two_replicas_on_an_empty_postgresql_make_one_user(
    tmp_path: Path, postgresql_url: str
) -> None:
    key = Secret(base64.b64encode(b"k" * 32).decode())
    settings = EmbeddedSettings(database_url=postgresql_url, secrets_key=key)
    replicas = await asyncio.gather(
        *(
            open_platform(settings, data_dir=tmp_path / name, origin=ORIGIN)
            for name in ("a", "b", "c")
        )
    )
    try:
        assert [first is None for _, first in replicas].count(False) == 1
        users = await replicas[0][0].identity.users.all()
        assert [user["username"] for user in users] == ["demo"]
    finally:
        for platform, _ in replicas:
            await close_platform(platform)
