"""Each check of the doctor, against an installation that fails it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from octoperf_mcp.config import Settings, load_settings
from octoperf_mcp.doctor.examination import examine
from octoperf_mcp.doctor.findings import Finding, Places, open_web
from octoperf_mcp.doctor.streams import silence, streams
from octoperf_mcp.doctor.token import token as check_token
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.transport.stream_check import EVENTS, PATH, StreamCheck
from octoperf_mcp.upstream.routes import load_routes
from tests.tls import self_signed, serving

ROUTES = load_routes("", load_registry().routes)
KEY = RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})
PAGE = "<!doctype html><title>Sign in</title>"
Answer = Callable[[web.Request], Any]


@dataclass
class Installation:
    """A sound one; `wrong` replaces the answers of paths. `clients` are those registered."""

    origin: str = ""
    clients: list[dict[str, Any]] = field(default_factory=list)
    wrong: dict[str, Answer] = field(default_factory=dict)
    skew_s: float = 0
    silent: float | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        found = self.wrong.get(request.path) or getattr(
            self,
            "on_" + request.path.strip("/").replace("/", "_").replace("-", "_").replace(".", "_"),
            None,
        )
        if request.path == PATH and found is None:
            return await StreamCheck(self.silent or 0).serve(request)
        if request.query_string == "silent" and self.silent is None:
            return web.Response(status=404)
        if request.path == "/register" and request.can_read_body:
            self.clients.append(await request.json())
        answer = found(request) if found else web.Response(status=404)
        if isinstance(answer, dict):
            answer = web.json_response(answer)
        answer.headers["Date"] = formatdate(time.time() + self.skew_s, usegmt=True)
        assert isinstance(answer, web.Response)
        return answer

    def on_mcp(self, _request: web.Request) -> web.Response:
        field_value = f'Bearer resource_metadata="{self.origin}/.well-known/x"'
        return web.Response(status=401, headers={"WWW-Authenticate": field_value})

    def document(self, _request: web.Request) -> dict[str, Any]:
        return {
            "resource": f"{self.origin}/mcp",
            "authorization_servers": [self.origin],
            "scopes_supported": ["octoperf:read", "octoperf:write"],
        }

    def on__well_known_oauth_protected_resource(self, request: web.Request) -> dict[str, Any]:
        return self.document(request)

    def on__well_known_oauth_protected_resource_mcp(self, request: web.Request) -> dict[str, Any]:
        return self.document(request)

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.origin,
            "jwks_uri": f"{self.origin}/keys",
            "registration_endpoint": f"{self.origin}/register",
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["octoperf:read", "octoperf:write", "offline_access"],
        }

    def on__well_known_oauth_authorization_server(self, _request: web.Request) -> dict[str, Any]:
        return self.metadata()

    def on_keys(self, _request: web.Request) -> dict[str, Any]:
        return {"keys": [KEY.as_dict(private=False)]}

    def on_register(self, _request: web.Request) -> web.Response:
        made = {
            "client_id": "c1",
            "registration_client_uri": f"{self.origin}/register/c1",
            "registration_access_token": "s3cret",
        }
        return web.json_response(made, status=201)

    def on_register_c1(self, request: web.Request) -> web.Response:
        assert (request.method, request.headers["Authorization"]) == ("DELETE", "Bearer s3cret")
        self.clients.pop()
        return web.Response(status=204)

    def on_workspaces_member_of(self, _request: web.Request) -> web.Response:
        return web.json_response({"message": "Sign in"}, status=401)


@asynccontextmanager
async def installed(identity: Path | None = None) -> AsyncIterator[Installation]:
    it = Installation()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", it.handle)
    server = TestServer(app, scheme="https" if identity else "http")
    await server.start_server(ssl=serving(identity) if identity else None)
    it.origin = str(server.make_url("")).rstrip("/")
    try:
        yield it
    finally:
        await server.close()


def settings_of(**sections: dict[str, Any]) -> Settings:
    return load_settings(flags=sections, environ={})


async def look(
    it: Installation, token: str = "", settings: Settings | None = None, **places: str
) -> list[Finding]:
    where = Places(**{"public": it.origin, "upstream": it.origin, "issuer": it.origin, **places})
    async with asyncio.timeout(20):
        found = [
            finding
            async for finding in examine(
                settings or settings_of(), where, ROUTES, token, quick=it.silent is None
            )
        ]
    assert all(each.next for each in found if each.status in {"failed", "warning"}), found
    return found


async def looked_at(it: Installation, token: str) -> list[Finding]:
    """The token alone."""
    where = Places(it.origin, it.origin, it.origin)
    async with open_web(settings_of()) as web:
        return await check_token(token, where, settings_of(), web)


def wrong(findings: list[Finding]) -> dict[str, str]:
    return {each.check: each.message for each in findings if each.status in {"failed", "warning"}}


async def test_a_sound_installation_is_found_sound() -> None:
    async with installed() as it:
        findings = await look(it)
    assert wrong(findings) == {}
    assert it.clients == [], "what it registers it takes back"
    checks = {each.check for each in findings if each.status == "ok"}
    assert checks == {
        "dns", "redirects", "challenge", "discovery", "audience", "issuer", "keys",
        "pkce", "scopes", "registration", "streams", "rest-api", "clock",
    }  # fmt: skip


def redirect(_request: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "https://sso.example/login?t=s3cret"})


def page(_request: web.Request) -> web.Response:
    return web.Response(text=PAGE, content_type="text/html")


def nothing(_request: web.Request) -> web.Response:
    return web.Response(status=404)


def bare_challenge(_request: web.Request) -> web.Response:
    return web.Response(status=401)


def buffered(_request: web.Request) -> web.Response:
    text = "".join(f"data: {number}\n\n" for number in range(5))
    return web.Response(text=text, content_type="text/event-stream")


def cut(_request: web.Request) -> web.Response:
    return web.Response(text="data: 0\n\n", content_type="text/event-stream")


def metadata(**changes: Any) -> Answer:
    """The issuer's, changed; None takes a member away."""

    def answer(request: web.Request) -> dict[str, Any]:
        origin = f"{request.scheme}://{request.host}"
        full = {**Installation(origin).metadata(), **changes}
        return {name: value for name, value in full.items() if value is not None}

    return answer


def refused(status: int, **body: str) -> Answer:
    return lambda _: web.json_response(body, status=status)


def challenge_of(origin: str) -> Answer:
    led = f'Bearer resource_metadata="{origin}/.well-known/x"'
    return lambda _: web.Response(status=401, headers={"WWW-Authenticate": led})


EC_ONLY = {"kty": "EC", "crv": "P-384", "kid": "2", "x": "AA", "y": "AA"}
WELL_KNOWN = "/.well-known/oauth-protected-resource/mcp"
SERVER = "/.well-known/oauth-authorization-server"


@pytest.mark.parametrize(
    ("path", "answer", "check", "said"),
    [
        ("/mcp", redirect, "redirects", "a redirect loses the body"),
        ("/mcp", page, "challenge", "with a web page, where 401 is due"),
        ("/mcp", nothing, "challenge", "answered 404, where 401 is due"),
        ("/mcp", refused(421), "challenge", "by another name"),
        ("/mcp", challenge_of("http://127.0.0.1:1"), "challenge", "sends clients to http://127"),
        ("/mcp", bare_challenge, "challenge", "without saying where to sign in"),
        (WELL_KNOWN, nothing, "discovery", "answered 404"),
        (WELL_KNOWN, page, "discovery", "with a web page"),
        (WELL_KNOWN.removesuffix("/mcp"), redirect, "discovery", "302 to https://sso.example"),
        (WELL_KNOWN, lambda _: {"resource": "http://other/mcp"}, "audience", "http://other/mcp"),
        (SERVER, nothing, "issuer", "answered 404"),
        (SERVER, lambda _: {"issuer": "http://other"}, "issuer", "is of 'http://other'"),
        ("/keys", lambda _: {"keys": []}, "keys", "holds no keys"),
        ("/keys", page, "keys", "with a web page"),
        ("/keys", lambda _: {"keys": [EC_ONLY]}, "keys", "no keys for RS256, ES256, EdDSA"),
        (SERVER, metadata(code_challenge_methods_supported=None), "pkce", "does not say"),
        (SERVER, metadata(code_challenge_methods_supported=["plain"]), "pkce", "and not S256"),
        (SERVER, metadata(scopes_supported=["openid", "mcp"]), "scopes", "octoperf:read"),
        (SERVER, metadata(registration_endpoint=None), "registration", "give them a client id"),
        ("/register", refused(400, error="invalid_client_metadata"), "registration", "_metadata)"),
        (
            "/register",
            refused(403, error_description="Host not trusted."),
            "registration",
            "answered 403 (Host not trusted.): no client can register",
        ),
        ("/register", refused(429), "registration", "answered 429"),
        ("/register", nothing, "registration", "no client can register"),
        (PATH, buffered, "streams", "came at once"),
        (PATH, cut, "streams", "1 of 5 events"),
        (PATH, page, "streams", "text/html"),
        ("/workspaces/member-of", redirect, "rest-api", "302 to https://sso.example"),
        ("/workspaces/member-of", page, "rest-api", "with a web page"),
    ],
)
async def test_each_check_fails_where_it_should(
    path: str, answer: Answer, check: str, said: str
) -> None:
    async with installed() as it:
        it.wrong[path] = answer
        findings = await look(it)
    assert said in wrong(findings)[check]
    assert "s3cret" not in str(findings)


async def test_a_stream_may_be_silent() -> None:
    async with installed() as it:
        it.silent = 0.0
        findings = await look(it)
    assert ("silence", "ok") in {(each.check, each.status) for each in findings}


async def test_a_stream_that_silence_cuts_off_is_told() -> None:
    async def few(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: 0\n\n")
        assert request.transport
        request.transport.close()
        return response

    app = web.Application()
    app.router.add_get(PATH, few)
    async with TestServer(app) as server, open_web(settings_of()) as looking:
        origin = str(server.make_url("")).rstrip("/")
        found = await silence(Places(origin, origin, origin), looking)
    assert found is not None
    assert found.status == "failed"
    assert "cut off after 0 s of silence" in found.message
    assert "proxy_read_timeout" in found.next


async def test_an_earlier_server_knows_no_silence() -> None:
    async with installed() as it:
        it.wrong[PATH] = buffered
        it.silent = 0.0
        findings = await look(it)
    assert "silence" not in {each.check for each in findings}


async def test_packed_events_are_warned_of() -> None:
    async def packed(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        response.enable_compression(web.ContentCoding.gzip)
        await response.prepare(request)
        for number in range(EVENTS):
            await response.write(b"data: %d\n\n" % number)
        return response

    app = web.Application()
    app.router.add_get(PATH, packed)
    async with TestServer(app) as server, open_web(settings_of()) as looking:
        origin = str(server.make_url("")).rstrip("/")
        (found,) = [each async for each in streams(Places(origin, origin, origin), looking)]
    assert "late, packed with gzip" in found.message
    assert "gzip off" in found.next


async def test_a_host_without_address_and_a_port_without_server() -> None:
    async with installed() as it:
        findings = await look(it, upstream="http://nowhere.invalid", issuer="http://127.0.0.1:1")
    told = wrong(findings)
    assert "nowhere.invalid (REST API) has no address" in told["dns"]
    assert "no connection could be made" in told["rest-api"]
    assert "no connection could be made" in told["issuer"]


@pytest.mark.parametrize(
    ("skew_s", "status"), [(-600, "failed"), (600, "failed"), (15, "warning"), (0, "ok")]
)
async def test_clocks_are_compared(skew_s: float, status: str) -> None:
    async with installed() as it:
        it.skew_s = skew_s
        findings = await look(it)
    (clock,) = [each for each in findings if each.check == "clock"]
    assert clock.status == status


@pytest.mark.parametrize(
    ("days", "host", "trusted", "status", "said"),
    [
        (60, "127.0.0.1", True, "ok", "more days"),
        (5, "127.0.0.1", True, "warning", "ends in 4 days"),
        (-1, "127.0.0.1", True, "failed", "certificate has expired"),
        (60, "other.example", True, "failed", "IP address mismatch"),
        (60, "127.0.0.1", False, "failed", "self-signed certificate"),
    ],
)
async def test_certificates(  # noqa: PLR0917 - the columns of a table
    tmp_path: Path, days: float, host: str, trusted: bool, status: str, said: str
) -> None:
    identity = self_signed(tmp_path / f"{days}{host}.pem", days=days, host=host)
    settings = settings_of(upstream={"ca_file": str(identity)} if trusted else {})
    async with installed(identity) as it:
        findings = await look(it, settings=settings)
    (tls,) = [each for each in findings if each.check == "tls"]
    assert tls.status == status
    assert said in tls.message


def openapi(paths: dict[str, Any], **more: Any) -> Answer:
    return lambda _: {"openapi": "3.1.0", "paths": paths, **more}


def all_paths(prefix: str = "") -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for call in ROUTES:
        operations = paths.setdefault(call.path.replace("{id}", "{anyName}") + prefix, {})
        operations[call.method.lower()] = {}
    return paths


async def test_routes_that_the_platform_describes_are_compared() -> None:
    paths = all_paths()
    async with installed() as it:
        it.wrong["/v3/api-docs"] = openapi(paths)
        assert "routes" not in wrong(await look(it))
        del paths["/workspaces/member-of"]
        paths["/workspaces/members-of"] = {"get": {}}
        findings = [each for each in await look(it) if each.check == "routes"]
    told = next(each for each in findings if each.status == "failed")
    assert "GET /workspaces/member-of is not in the document" in told.message
    assert "it has GET /workspaces/members-of" in told.message
    assert "routes_file" in told.next


async def test_a_document_of_another_platform_lists_some_and_counts_the_rest() -> None:
    async with installed() as it:
        it.wrong["/openapi.json"] = openapi({"/pets": {"get": {}}, "/x": None})
        findings = [each for each in await look(it) if each.status == "failed"]
    assert len(findings) == 21
    assert "more are not" in findings[-1].message


async def test_issuers_that_need_nobody_to_register_or_list_no_scopes_of_apis_are_sound() -> None:
    async with installed() as it:
        it.wrong[SERVER] = metadata(
            registration_endpoint=None,
            client_id_metadata_document_supported=True,
            scopes_supported=["openid", "profile", "offline_access"],
        )
        assert wrong(await look(it)) == {}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "takes registrations."),
        ({"registration_client_uri": None}, "'octoperf-mcp doctor' stays in its list"),
        ({"registration_client_uri": "http://127.0.0.1:1/c1"}, "stays in its list"),
    ],
)
async def test_a_registration_is_an_agents_and_is_taken_back_where_that_is_offered(
    more: dict[str, Any], said: str
) -> None:
    async with installed() as it:
        made = {
            "client_id": "c1",
            "registration_client_uri": f"{it.origin}/register/c1",
            "registration_access_token": "s3cret",
            **more,
        }
        it.wrong["/register"] = lambda _: web.json_response(made, status=201)
        findings = await look(it)
        assert len(it.clients) == ("stays" in said)
    (found,) = [each for each in findings if each.check == "registration"]
    assert found.status == "ok"
    assert said in found.message
    assert "s3cret" not in str(findings)


@pytest.mark.parametrize(
    ("named", "mend"),
    [
        ("{origin}/", "[auth] issuer = '{origin}/'"),
        ("https://login.example/{tenantid}/v2.0", "its id in place of `common`"),
    ],
)
async def test_an_issuer_by_another_name_is_told_with_that_name(named: str, mend: str) -> None:
    async with installed() as it:
        name = named.replace("{origin}", it.origin)
        it.wrong[SERVER] = metadata(issuer=name)
        findings = await look(it)
    (found,) = [each for each in findings if each.check == "issuer"]
    assert f"is of {name!r}" in found.message
    assert mend.replace("{origin}", it.origin) in found.next


async def test_an_issuer_without_tls_elsewhere_is_told() -> None:
    async with installed() as it:
        findings = await look(it, issuer="http://id.invalid")
    assert any("id.invalid is not https" in each.message for each in findings)


def token_of(key: Any = KEY, algorithm: str = "RS256", **claims: Any) -> str:
    return jwt.encode(
        {"alg": algorithm, "kid": "1"},
        {name: value for name, value in claims.items() if value is not None},
        key,
        algorithms=[algorithm],
    )


STRANGER = RSAKey.generate_key(2048, {"kid": "1"})
NOW = time.time()


def _placed(claims: dict[str, Any], origin: str) -> dict[str, Any]:
    return {
        name: value.replace("{origin}", origin) if isinstance(value, str) else value
        for name, value in claims.items()
    }


@pytest.mark.parametrize(
    ("change", "said", "mend"),
    [
        ({}, "", ""),
        ({"aud": "{origin}/mcp/readonly"}, "", ""),
        ({"iss": "http://other"}, "The token is of 'http://other'", "letter for letter"),
        ({"iss": "https://sts.windows.net/1/"}, "windows.net", "requestedAccessTokenVersion"),
        ({"aud": "http://other"}, "for ['http://other']", "audience mapper"),
        ({"aud": None}, "for []", "audience mapper"),
        ({"exp": 1}, "is over", "Sign in"),
        ({"exp": None}, "when it ends", "life"),
        ({"nbf": NOW + 999}, "not valid yet", "NTP"),
        ({"iat": NOW + 999}, "s ahead of us", "NTP"),
        ({"scope": "openid mcp"}, "the scopes mcp openid, and not octoperf:read", "ask for"),
        ({"scope": None}, "the scopes none", "ask for"),
        ({"algorithm": "RS512"}, "signed with 'RS512'", "[auth] algorithms"),
        ({"algorithm": "HS256", "key": OctKey.import_key("k" * 32)}, "'HS256'", "private key"),
        ({"key": STRANGER}, "The signature of the access token is wrong", "jwks_uri"),
    ],
)
async def test_a_token_is_compared_with_the_installation(
    change: dict[str, Any], said: str, mend: str
) -> None:
    async with installed() as it:
        sound = {
            "iss": it.origin,
            "aud": [f"{it.origin}/mcp"],
            "sub": "u1",
            "exp": time.time() + 60,
            "scope": "octoperf:read",
        }
        token = token_of(**{**sound, **_placed(change, it.origin)})
        found = await looked_at(it, token)
    assert [each.status for each in found] == (["failed"] if said else ["ok"])
    assert said in found[0].message
    assert mend in found[0].next
    assert token not in str(found)


@pytest.mark.parametrize("text", ["no token", "a.b.c", "e30.W10.c", "opct_e30.e30.c_000000"])
async def test_what_is_no_token_is_told(text: str) -> None:
    async with installed() as it:
        assert wrong(await looked_at(it, text))["token"] == "It is no JWT."


async def test_the_examination_ends_with_the_token() -> None:
    async with installed() as it:
        assert (await look(it, "no token"))[-1].check == "token"
