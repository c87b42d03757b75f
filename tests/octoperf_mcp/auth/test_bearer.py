"""Authentication as a client sees it: over HTTP, with an issuer on another port."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from joserfc.jwk import RSAKey
from yarl import URL

from octoperf_mcp.auth.bearer import (
    AUTHENTICATOR,
    add_auth,
    anonymous_caller,
    authenticate,
    challenge,
    require_scopes,
)
from octoperf_mcp.auth.fetch import HttpFetch
from octoperf_mcp.auth.hosts import OwnOrigins
from octoperf_mcp.auth.tokens import TokenRules
from octoperf_mcp.auth.verifier import TokenVerifier, make_verifier
from octoperf_mcp.config import AuthSettings
from octoperf_mcp.errors import AuthError, InvalidTokenError, KeysUnavailableError
from tests.octoperf_mcp.auth.conftest import ISSUER, RESOURCE, Sign, key_set

ORIGIN = "https://octoperf.example.com"
HOST = {"Host": "octoperf.example.com"}
METHODS = ["GET", "HEAD", "POST", "DELETE"]


async def mcp(request: web.Request) -> web.Response:
    try:
        caller = await authenticate(request)
        if "write" in request.query:
            require_scopes(caller, "octoperf:read", "octoperf:write")
    except AuthError as error:
        return challenge(request, error)
    return web.json_response({"subject": caller.subject, "scopes": sorted(caller.scopes)})


@dataclass
class Issuer:
    """An identity provider that answers what it is told to."""

    keys: dict[str, Any]
    status: int = 200
    asked: list[str] = field(default_factory=list)
    server: TestServer | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/.well-known/oauth-authorization-server", self.metadata)
        app.router.add_get("/jwks", self.jwks)
        self.server = TestServer(app)
        await self.server.start_server()

    @property
    def url(self) -> str:
        assert self.server is not None
        return str(self.server.make_url("")).rstrip("/")

    async def metadata(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        return web.json_response(
            {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"}, status=self.status
        )

    async def jwks(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        return web.json_response(self.keys, status=self.status)


@pytest.fixture
async def issuer(rsa_key: RSAKey) -> AsyncIterator[Issuer]:
    issuer = Issuer(key_set(rsa_key))
    await issuer.start()
    yield issuer
    assert issuer.server is not None
    await issuer.server.close()


Client = TestClient[web.Request, web.Application]
Start = Callable[..., Awaitable[Client]]


@pytest.fixture
async def start(aiohttp_client: Any, issuer: Issuer) -> AsyncIterator[Start]:
    fetch = HttpFetch(timeout_s=2)

    async def make(settings: AuthSettings | None = None) -> Client:
        app = web.Application()
        origins = OwnOrigins(ORIGIN, port=8091)
        verifier = make_verifier(
            settings or AuthSettings(), fetch, issuer=ISSUER, origins=origins, base_url=issuer.url
        )
        add_auth(app, verifier, origins=origins, issuer=ISSUER)
        app.router.add_route("*", "/mcp", mcp)
        app.router.add_route("*", "/mcp/{surface:.+}", mcp)
        client: Client = await aiohttp_client(app)
        return client

    yield make
    await fetch.close()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("accept", ["*/*", "text/html", "application/json, text/event-stream"])
async def test_every_method_without_credentials_gets_the_challenge(
    start: Start, method: str, accept: str
) -> None:
    client = await start()
    answer = await client.request(
        method, "/mcp", headers={**HOST, "Accept": accept, "Mcp-Session-Id": "x"}
    )
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer resource_metadata="{ORIGIN}/.well-known/oauth-protected-resource/mcp", '
        'scope="octoperf:read octoperf:write"'
    )
    assert answer.headers["Cache-Control"] == "no-store"
    if method != "HEAD":
        body = await answer.json()
        assert body["jsonrpc"] == "2.0"
        assert "id" not in body
        assert set(body["error"]) == {"code", "message"}


@pytest.mark.parametrize("path", ["/mcp/readonly", "/mcp/x/a%2Cb/readonly", "/mcp/w/w1/"])
async def test_a_surface_names_its_own_document(start: Start, path: str) -> None:
    client = await start()
    answer = await client.post(URL(path, encoded=True), headers=HOST)
    document = f"{ORIGIN}/.well-known/oauth-protected-resource{path.rstrip('/')}"
    assert f'resource_metadata="{document}"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("audience", [ORIGIN, f"{ORIGIN}/mcp"])
async def test_a_token_for_the_server_is_good_for_its_surfaces(
    start: Start, sign: Sign, audience: str
) -> None:
    client = await start()
    token = {"Authorization": f"Bearer {sign(aud=audience)}"}
    answer = await client.get("/mcp/x/bench/readonly", headers={**HOST, **token})
    assert answer.status == 200


async def test_a_token_for_one_surface_is_good_for_that_one_only(start: Start, sign: Sign) -> None:
    client = await start()
    token = {"Authorization": f"Bearer {sign(aud=[f'{ORIGIN}/mcp/readonly', 'https://x.test'])}"}
    for path, status in (("/mcp/readonly", 200), ("/mcp", 401), ("/mcp/x/bench", 401)):
        answer = await client.get(path, headers={**HOST, **token})
        assert answer.status == status, path
    beside = {"Authorization": f"Bearer {sign(aud=f'{ORIGIN}/mcpx')}"}
    assert (await client.get("/mcp", headers={**HOST, **beside})).status == 401


async def test_a_good_token_is_the_user(start: Start, sign: Sign) -> None:
    client = await start()
    answer = await client.get("/mcp", headers={**HOST, "Authorization": f"bearer {sign()}"})
    assert answer.status == 200
    assert await answer.json() == {
        "subject": "user-1",
        "scopes": ["octoperf:read", "octoperf:write"],
    }


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer a b", "Basic dXNlcjpwYXNz", "Token abc", "Bearer é", "abc"],
)
async def test_malformed_credentials_are_an_invalid_token(start: Start, authorization: str) -> None:
    client = await start()
    answer = await client.get("/mcp", headers={**HOST, "Authorization": authorization})
    assert answer.status == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://elsewhere.example.com/mcp"},
        {"iss": "https://evil.example"},
        {"exp": 1_000_000_000},
        {"nbf": 4_000_000_000},
        {"header": {"kid": "unknown"}},
    ],
)
async def test_a_wrong_token_is_refused_with_a_description_that_repeats_nothing(
    start: Start, sign: Sign, changes: dict[str, Any]
) -> None:
    client = await start()
    token = sign(**changes)
    answer = await client.post("/mcp", headers={**HOST, "Authorization": f"Bearer {token}"})
    assert answer.status == 401
    value = answer.headers["WWW-Authenticate"]
    assert 'error="invalid_token", error_description="' in value
    assert token not in value + await answer.text()
    assert "elsewhere" not in value
    assert "evil" not in value


async def test_a_token_in_the_query_string_is_not_looked_at(start: Start, sign: Sign) -> None:
    client = await start()
    answer = await client.get(f"/mcp?access_token={sign()}", headers=HOST)
    assert answer.status == 401
    assert "error=" not in answer.headers["WWW-Authenticate"]


async def test_two_authorization_headers_are_refused(start: Start, sign: Sign) -> None:
    client = await start()
    token = sign()
    answer = await client.get(
        "/mcp",
        headers=[
            ("Host", "octoperf.example.com"),
            ("Authorization", f"Bearer {token}"),
            ("Authorization", f"Bearer {token}"),
        ],
    )
    assert answer.status == 401


async def test_too_small_a_scope_is_403_and_names_all_scopes_needed(
    start: Start, sign: Sign
) -> None:
    client = await start()
    token = sign(scope="octoperf:read offline_access")
    answer = await client.post("/mcp?write=1", headers={**HOST, "Authorization": f"Bearer {token}"})
    assert answer.status == 403
    value = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in value
    assert 'scope="octoperf:read octoperf:write"' in value
    assert "resource_metadata=" in value


@pytest.mark.parametrize(
    ("host", "origin"),
    [("localhost:8091", "http://localhost:8091"), ("[::1]:8091", "http://[::1]:8091")],
)
async def test_the_challenge_and_the_document_speak_as_the_user_typed(
    start: Start, host: str, origin: str
) -> None:
    """Clients refuse `127.0.0.1` against `localhost`."""
    client = await start()
    answer = await client.get("/mcp", headers={"Host": host})
    assert f'resource_metadata="{origin}/.well-known' in answer.headers["WWW-Authenticate"]
    document = await client.get("/.well-known/oauth-protected-resource", headers={"Host": host})
    assert (await document.json())["resource"] == f"{origin}/mcp"


async def test_while_the_issuer_is_down_the_answer_is_503_and_heals_by_itself(
    start: Start, issuer: Issuer, sign: Sign
) -> None:
    issuer.status = 500
    client = await start()
    assert not client.app[AUTHENTICATOR].ready
    headers = {**HOST, "Authorization": f"Bearer {sign()}"}
    answer = await client.get("/mcp", headers=headers)
    assert answer.status == 503
    assert "WWW-Authenticate" not in answer.headers
    assert answer.headers["Retry-After"]
    issuer.status = 200
    async with asyncio.timeout(10):
        await client.app[AUTHENTICATOR].wait_ready()
    assert (await client.get("/mcp", headers=headers)).status == 200


async def test_without_an_issuer_in_reach_the_start_is_not_held_up() -> None:
    async def unreachable(_url: str) -> Any:
        raise KeysUnavailableError("no answer")

    verifier = TokenVerifier(rules(), unreachable)
    verifier.start()
    await asyncio.sleep(0)
    assert not verifier.ready
    await verifier.close()


async def test_with_authentication_off_everybody_is_the_same_caller(aiohttp_client: Any) -> None:
    app = web.Application()
    add_auth(app, None, origins=OwnOrigins(ORIGIN), anonymous=anonymous_caller())
    app.router.add_route("*", "/mcp", mcp)
    client = await aiohttp_client(app)
    answer = await client.get("/mcp?write=1", headers={"Authorization": "Bearer whatever"})
    assert (await answer.json())["subject"] == "anonymous"
    assert (await client.get("/.well-known/oauth-protected-resource")).status == 404


def rules() -> TokenRules:
    return TokenRules(issuer=ISSUER, audiences=frozenset({RESOURCE}))


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


async def test_a_cached_token_still_expires(rsa_key: RSAKey, sign: Sign) -> None:
    async def fetch(_url: str) -> Any:
        return key_set(rsa_key)

    clock = Clock()
    verifier = TokenVerifier(rules(), fetch, keys_url="https://x/jwks", clock=clock)
    token = sign(exp=int(clock.now) + 40)
    first = await verifier.verify(token)
    assert await verifier.verify(token) is first  # from the cache
    clock.now += 41
    assert await verifier.verify(token) is not first  # within the leeway: checked again
    clock.now += 31
    with pytest.raises(InvalidTokenError, match="expired"):
        await verifier.verify(token)
    await verifier.close()


async def test_new_keys_empty_the_cache(rsa_key: RSAKey, other_rsa_key: RSAKey, sign: Sign) -> None:
    """A key taken out of the set takes its tokens along, cached or not."""
    document = key_set(rsa_key)

    async def fetch(_url: str) -> Any:
        return document

    verifier = TokenVerifier(rules(), fetch, keys_url="https://x/jwks")
    token = sign()
    await verifier.verify(token)
    document = key_set(other_rsa_key)
    await verifier.verify(sign(key=other_rsa_key))  # unknown name: the set is fetched again
    with pytest.raises(InvalidTokenError):
        await verifier.verify(token)
    await verifier.close()


async def test_a_refused_token_is_not_cached(rsa_key: RSAKey, sign: Sign) -> None:
    async def fetch(_url: str) -> Any:
        return key_set(rsa_key)

    verifier = TokenVerifier(rules(), fetch, keys_url="https://x/jwks")
    for _ in range(3):
        with pytest.raises(InvalidTokenError):
            await verifier.verify(sign(aud="x"))
    assert len(verifier._cache) == 0
    await verifier.close()


async def test_the_configured_key_address_and_audience_are_used(
    start: Start, issuer: Issuer, sign: Sign
) -> None:
    """A foreign issuer by configuration only."""
    settings = AuthSettings(
        issuer="https://login.example.com/t",
        jwks_url=f"{issuer.url}/jwks",
        audiences=("api://octoperf",),
    )
    client = await start(settings)
    token = sign(iss="https://login.example.com/t", aud="api://octoperf", scp="octoperf:read")
    answer = await client.get("/mcp", headers={**HOST, "Authorization": f"Bearer {token}"})
    assert answer.status == 200
    assert issuer.asked == ["/jwks"]


async def test_a_caller_does_not_show_its_token(rsa_key: RSAKey, sign: Sign) -> None:
    async def fetch(_url: str) -> Any:
        return key_set(rsa_key)

    verifier = TokenVerifier(rules(), fetch, keys_url="https://x/jwks")
    token = sign()
    assert token not in repr(await verifier.verify(token))
    await verifier.close()
