"""The official client signs in by itself: resource server and identity provider on one origin."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiohttp import web
from argon2 import PasswordHasher
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from octoperf_mcp.auth.bearer import (
    AUTHENTICATOR,
    add_auth,
    authenticate,
    challenge,
    require_scopes,
)
from octoperf_mcp.auth.fetch import HttpFetch
from octoperf_mcp.auth.hosts import OwnOrigins
from octoperf_mcp.auth.verifier import make_verifier
from octoperf_mcp.config import AuthSettings
from octoperf_mcp.embedded.idp.passwords import Passwords
from octoperf_mcp.embedded.idp.provider import IdentityProvider
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.errors import AuthError, InvalidTokenError
from tests.octoperf_mcp.embedded.idp.conftest import Browser, bound_socket

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "correct horse battery"


class Storage:
    """What the client keeps between runs."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@dataclass
class Person:
    """Signs in and decides when the client opens the browser."""

    origin: str
    access: list[str]
    opened: list[str] = field(default_factory=list)
    answer: dict[str, str] = field(default_factory=dict)

    async def open(self, url: str) -> None:
        self.opened.append(url)
        assert url.startswith(self.origin)
        browser = Browser(self.origin)
        await browser.get(url.removeprefix(self.origin))
        await browser.sign_in("demo", PASSWORD)
        await browser.submit(decision="allow", access=self.access.pop(0))
        self.answer = browser.answer
        await browser.session.close()

    async def come_back(self) -> AuthorizationCodeResult:
        return AuthorizationCodeResult(
            code=self.answer["code"], state=self.answer["state"], iss=self.answer["iss"]
        )


@dataclass
class Site:
    """One origin with /mcp and the identity provider."""

    origin: str
    provider: IdentityProvider
    typed: str
    storage: Storage = field(default_factory=Storage)

    @asynccontextmanager
    async def client(self, person: Person) -> AsyncIterator[httpx2.AsyncClient]:
        auth = OAuthClientProvider(
            server_url=f"{self.typed}/mcp",
            client_metadata=OAuthClientMetadata(
                client_name="SDK", redirect_uris=[AnyUrl("http://localhost:3030/callback")]
            ),
            storage=self.storage,
            redirect_handler=person.open,
            callback_handler=person.come_back,
        )
        async with httpx2.AsyncClient(auth=auth, trust_env=False) as client:
            yield client


def serve(provider: IdentityProvider, origin: str, port: int, fetch: HttpFetch) -> web.Application:
    async def mcp(request: web.Request) -> web.Response:
        try:
            caller = await authenticate(request)
            if await provider.principal(caller.token) is None:  # what the REST API would say
                raise InvalidTokenError("The access was revoked.")
            if "write" in request.query:
                require_scopes(caller, "octoperf:read", "octoperf:write")
        except AuthError as error:
            return challenge(request, error)
        return web.json_response({"subject": caller.subject, "scopes": sorted(caller.scopes)})

    app = web.Application()
    app.router.add_routes(provider.routes())
    app.router.add_route("*", "/mcp", mcp)
    origins = OwnOrigins(origin, port=port)
    base_url = f"http://127.0.0.1:{port}"
    verifier = make_verifier(
        AuthSettings(), fetch, issuer=origin, origins=origins, base_url=base_url
    )
    add_auth(app, verifier, origins=origins, issuer=origin)
    return app


@pytest.fixture(params=["127.0.0.1", "localhost"])
async def site(request: Any, database_path: Path) -> AsyncIterator[Site]:
    listener = bound_socket()
    port = listener.getsockname()[1]
    origin = f"http://127.0.0.1:{port}"
    database = await Database.open(f"sqlite:///{database_path}")
    provider = await IdentityProvider.open(database, origin=origin, passwords=Passwords(CHEAP))
    fetch = HttpFetch()
    app = serve(provider, origin, port, fetch)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    await app[AUTHENTICATOR].wait_ready()
    yield Site(origin, provider, f"http://{request.param}:{port}")
    await runner.cleanup()
    await fetch.close()
    await provider.close()
    await database.close()


async def test_the_official_client_signs_in_and_then_keeps_its_token(site: Site) -> None:
    person = Person(site.origin, ["write"])
    async with site.client(person) as client:
        answer = await client.get(f"{site.typed}/mcp")
        assert answer.status_code == 200
        assert answer.json()["scopes"] == ["octoperf:read", "octoperf:write"]
        assert (await client.get(f"{site.typed}/mcp")).status_code == 200
    assert len(person.opened) == 1
    assert site.storage.tokens is not None
    assert site.storage.tokens.refresh_token
    assert site.storage.client is not None
    assert site.storage.client.client_secret is None
    async with site.client(person) as client:  # a new run with what was kept
        assert (await client.get(f"{site.typed}/mcp")).status_code == 200
    assert len(person.opened) == 1


async def test_the_official_client_refreshes_without_the_person(site: Site) -> None:
    person = Person(site.origin, ["write"])
    async with site.client(person) as client:
        await client.get(f"{site.typed}/mcp")
        assert site.storage.tokens is not None
        first = site.storage.tokens
        auth = client.auth
        assert isinstance(auth, OAuthClientProvider)
        auth.context.token_expiry_time = 1
        assert (await client.get(f"{site.typed}/mcp")).status_code == 200
    assert len(person.opened) == 1
    assert site.storage.tokens.access_token != first.access_token
    assert site.storage.tokens.refresh_token != first.refresh_token


async def test_the_official_client_asks_for_more_when_reading_is_not_enough(site: Site) -> None:
    person = Person(site.origin, ["read", "write"])
    async with site.client(person) as client:
        answer = await client.get(f"{site.typed}/mcp")
        assert answer.json()["scopes"] == ["octoperf:read"]
        answer = await client.post(f"{site.typed}/mcp?write=1")
        assert answer.status_code == 200
        assert answer.json()["scopes"] == ["octoperf:read", "octoperf:write"]
    assert len(person.opened) == 2


async def test_after_a_revocation_the_official_client_signs_in_again(site: Site) -> None:
    person = Person(site.origin, ["write", "write"])
    async with site.client(person) as client:
        subject = (await client.get(f"{site.typed}/mcp")).json()["subject"]
        (grant,) = await site.provider.grants.of_user(subject)
        await site.provider.revoke_grant(grant.id)
        assert (await client.get(f"{site.typed}/mcp")).status_code == 200
    assert len(person.opened) == 2
