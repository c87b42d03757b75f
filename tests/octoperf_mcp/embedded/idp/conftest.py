"""An identity provider on a real port, a program that wants access, and a person with a browser."""

import asyncio
import base64
import hashlib
import secrets
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest
import sqlalchemy as sa
from aiohttp import web
from argon2 import PasswordHasher

from octoperf_mcp.embedded.audit.trail import Trail
from octoperf_mcp.embedded.idp.passwords import Passwords
from octoperf_mcp.embedded.idp.provider import IdentityProvider
from octoperf_mcp.embedded.idp.tables import identity_secret, identity_user, signing_key
from octoperf_mcp.embedded.store.database import Database

PASSWORD = "correct horse battery"
CALLBACK = "http://127.0.0.1:53412/callback"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Forms(HTMLParser):
    """The forms of a page: address, hidden and filled fields."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((values["action"], {}))
        chosen = values.get("type") != "radio" or "checked" in values
        if tag == "input" and self.forms and chosen:
            self.forms[-1][1][values["name"]] = values.get("value", "")


@dataclass
class Challenge:
    """PKCE, made anew for each flow."""

    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def text(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Browser:
    """A person's browser: follows redirects on this server, stops where they leave it."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.page = ""
        self.status = 0
        self.path = ""
        self.left_for = ""
        self.headers: Any = {}

    async def get(self, path: str) -> "Browser":
        return await self._go("GET", path)

    async def post(self, path: str, fields: dict[str, str]) -> "Browser":
        return await self._go("POST", path, fields)

    async def _go(self, method: str, path: str, fields: dict[str, str] | None = None) -> "Browser":
        self.left_for = ""
        for _ in range(6):
            async with self.session.request(
                method, self.origin + path, data=fields, allow_redirects=False
            ) as answer:
                self.status, self.headers, self.path = answer.status, answer.headers, path
                self.page = await answer.text()
                location = answer.headers.get("Location")
            if location is None:
                return self
            if not location.startswith("/"):
                self.left_for = location
                return self
            method, path, fields = "GET", location, None
        raise AssertionError("redirects without end")

    async def submit(self, **changes: str) -> "Browser":
        """Send the first form of the page, with changed fields."""
        action, fields = Forms(self.page).forms[0]
        return await self.post(action, {**fields, **changes})

    async def sign_in(self, username: str = "demo", password: str = PASSWORD) -> "Browser":
        return await self.submit(username=username, password=password)

    @property
    def answer(self) -> dict[str, str]:
        """The parameters that the application received."""
        query = urlsplit(self.left_for).query
        parsed = parse_qs(query, strict_parsing=True, keep_blank_values=True)
        assert all(len(values) == 1 for values in parsed.values()), query
        return {name: values[0] for name, values in parsed.items()}


@dataclass
class World:
    """The provider as it runs, and what tests do with it."""

    provider: IdentityProvider
    database: Database
    origin: str
    http: aiohttp.ClientSession
    user_id: str
    trail: Trail
    browsers: list[Browser] = field(default_factory=list)

    def browser(self) -> Browser:
        browser = Browser(self.origin)
        self.browsers.append(browser)
        return browser

    async def post(
        self, path: str, form: dict[str, Any], **options: Any
    ) -> tuple[int, dict[str, Any]]:
        async with self.http.post(self.origin + path, data=form, **options) as answer:
            assert answer.headers["Cache-Control"] == "no-store"
            return answer.status, await answer.json()

    async def register(self, **changes: Any) -> dict[str, Any]:
        document = {
            "client_name": "Test agent",
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "none",
            **changes,
        }
        url = f"{self.origin}/auth/connect/register"
        async with self.http.post(url, json=document) as answer:
            body: dict[str, Any] = await answer.json()
            assert answer.status == 201, body
            return body

    def authorize_path(self, client_id: str, challenge: Challenge, /, **changes: str | None) -> str:
        parameters = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": CALLBACK,
            "state": "the state",
            "code_challenge": challenge.text,
            "code_challenge_method": "S256",
            "resource": f"{self.origin}/mcp",
            "scope": "octoperf:read octoperf:write offline_access",
            **changes,
        }
        given = {name: value for name, value in parameters.items() if value is not None}
        return f"/auth/oauth2/authorize?{urlencode(given)}"

    async def code(
        self, client_id: str, challenge: Challenge, *, access: str = "write", **changes: str | None
    ) -> str:
        """Sign in and allow; the code that came back."""
        browser = await self.browser().get(self.authorize_path(client_id, challenge, **changes))
        await browser.sign_in()
        await browser.submit(decision="allow", access=access)
        return browser.answer["code"]

    async def exchange(
        self, client_id: str, code: str, challenge: Challenge, **changes: Any
    ) -> tuple[int, dict[str, Any]]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "client_id": client_id,
            "code_verifier": challenge.verifier,
            "resource": f"{self.origin}/mcp",
            **changes,
        }
        given = {name: value for name, value in form.items() if value is not None}
        return await self.post("/auth/oauth2/token", given)

    async def refresh(
        self, client_id: str, token: str, **changes: Any
    ) -> tuple[int, dict[str, Any]]:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": token,
            "client_id": client_id,
            **changes,
        }
        return await self.post("/auth/oauth2/token", form)

    async def signed_in(self, **changes: Any) -> tuple[str, dict[str, Any]]:
        """A client with tokens: the whole flow."""
        client_id = (await self.register())["client_id"]
        challenge = Challenge()
        code = await self.code(client_id, challenge, **changes)
        status, tokens = await self.exchange(client_id, code, challenge)
        assert status == 200, tokens
        return client_id, tokens


def bound_socket() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with keys and a user, made once: keys take a while."""
    path = tmp_path_factory.mktemp("idp") / "octoperf.db"

    async def make() -> None:
        database = await Database.open(f"sqlite:///{path}")
        provider = await IdentityProvider.open(
            database, origin="http://127.0.0.1:1", passwords=Passwords(CHEAP)
        )
        await provider.create_user("demo", PASSWORD)
        await provider.close()
        await database.close()

    asyncio.run(make())
    return path


Start = Callable[[], Awaitable[World]]


@asynccontextmanager
async def running(url: str, listener: socket.socket) -> AsyncIterator[World]:
    """The provider on a database and a bound socket, until the block ends."""
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    database = await Database.open(url)
    trail = Trail(database, keep_days=1)
    provider = await IdentityProvider.open(
        database, origin=origin, passwords=Passwords(CHEAP), trail=trail
    )
    app = web.Application()
    app.router.add_routes(provider.routes())
    runner = web.AppRunner(app)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    user = await provider.users.find("demo")
    assert user is not None
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        world = World(provider, database, origin, http, user["id"], trail)
        yield world
        for browser in world.browsers:
            await browser.session.close()
    await runner.cleanup()
    await provider.close()
    await trail.close()
    await database.close()


@pytest.fixture
def database_path(seeded: Path, tmp_path: Path) -> Path:
    path = tmp_path / "octoperf.db"
    shutil.copy(seeded, path)
    return path


@pytest.fixture
async def seeded_url(
    database_kind: str, database_url: str, seeded: Path, request: pytest.FixtureRequest
) -> str:
    """Address of a database of its own with keys and a user."""
    if database_kind == "sqlite":
        return f"sqlite:///{request.getfixturevalue('database_path')}"
    source = sa.create_engine(f"sqlite:///{seeded}")
    database = await Database.open(database_url)
    with source.connect() as reader:
        async with database.writing() as writer:
            for table in (signing_key, identity_secret, identity_user):
                rows = reader.execute(sa.select(table)).mappings()
                await writer.execute(table.insert(), [dict(row) for row in rows])
    source.dispose()
    await database.close()
    return database_url


@pytest.fixture
async def world(seeded_url: str) -> AsyncIterator[World]:
    async with running(seeded_url, bound_socket()) as world:
        yield world
