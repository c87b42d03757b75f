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
from joserfc.jwk import OctKey

from octoperf_mcp.config import Settings, load_settings
from octoperf_mcp.doctor.examination import examine
from octoperf_mcp.doctor.findings import Finding, Places
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.transport.stream_check import PATH, StreamCheck
from octoperf_mcp.upstream.routes import load_routes
from tests.tls import self_signed, serving

ROUTES = load_routes("", load_registry().routes)
PAGE = "<!doctype html><title>Sign in</title>"
Answer = Callable[[web.Request], Any]


@dataclass
class Installation:
    """A sound one; `wrong` replaces the answers of paths."""

    origin: str = ""
    wrong: dict[str, Answer] = field(default_factory=dict)
    skew_s: float = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        found = self.wrong.get(request.path) or getattr(
            self,
            "on_" + request.path.strip("/").replace("/", "_").replace("-", "_").replace(".", "_"),
            None,
        )
        if request.path == PATH and found is None:
            return await StreamCheck().serve(request)
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
        return {"resource": f"{self.origin}/mcp", "authorization_servers": [self.origin]}

    def on__well_known_oauth_protected_resource(self, request: web.Request) -> dict[str, Any]:
        return self.document(request)

    def on__well_known_oauth_protected_resource_mcp(self, request: web.Request) -> dict[str, Any]:
        return self.document(request)

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.origin,
            "jwks_uri": f"{self.origin}/keys",
            "registration_endpoint": f"{self.origin}/register",
        }

    def on__well_known_oauth_authorization_server(self, _request: web.Request) -> dict[str, Any]:
        return self.metadata()

    def on_keys(self, _request: web.Request) -> dict[str, Any]:
        return {"keys": [{"kid": "1"}]}

    def on_register(self, _request: web.Request) -> web.Response:
        return web.json_response({"error": "invalid_client_metadata"}, status=400)

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
            finding async for finding in examine(settings or settings_of(), where, ROUTES, token)
        ]
    assert all(each.next for each in found if each.status in {"failed", "warning"}), found
    return found


def wrong(findings: list[Finding]) -> dict[str, str]:
    return {each.check: each.message for each in findings if each.status in {"failed", "warning"}}


async def test_a_sound_installation_is_found_sound() -> None:
    async with installed() as it:
        findings = await look(it)
    assert wrong(findings) == {}
    checks = {each.check for each in findings if each.status == "ok"}
    assert checks == {
        "dns", "redirects", "challenge", "discovery", "audience", "issuer", "keys",
        "registration", "streams", "rest-api", "clock",
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


WELL_KNOWN = "/.well-known/oauth-protected-resource/mcp"
SERVER = "/.well-known/oauth-authorization-server"


@pytest.mark.parametrize(
    ("path", "answer", "check", "said"),
    [
        ("/mcp", redirect, "redirects", "a redirect loses the body"),
        ("/mcp", page, "challenge", "with a web page, where 401 is due"),
        ("/mcp", nothing, "challenge", "answered 404, where 401 is due"),
        ("/mcp", bare_challenge, "challenge", "without saying where to sign in"),
        (WELL_KNOWN, nothing, "discovery", "answered 404"),
        (WELL_KNOWN, page, "discovery", "with a web page"),
        (WELL_KNOWN.removesuffix("/mcp"), redirect, "discovery", "302 to https://sso.example"),
        (WELL_KNOWN, lambda _: {"resource": "http://other/mcp"}, "audience", "http://other/mcp"),
        (SERVER, nothing, "issuer", "answered 404"),
        (SERVER, lambda _: {"issuer": "http://other"}, "issuer", "is of 'http://other'"),
        ("/keys", lambda _: {"keys": []}, "keys", "holds no keys"),
        ("/keys", page, "keys", "with a web page"),
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


def token_of(**claims: Any) -> str:
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("k" * 32))


async def test_a_token_is_compared_with_the_installation() -> None:
    async with installed() as it:
        sound = {"iss": it.origin, "aud": [f"{it.origin}/mcp"], "exp": time.time() + 60}
        for change, said in (
            ({}, None),
            ({"iss": "http://other"}, "The token is of 'http://other'"),
            ({"aud": "http://other"}, "for ['http://other']"),
            ({"exp": 1}, "is over"),
            ({"nbf": time.time() + 999}, "not valid yet"),
        ):
            token = token_of(**{**sound, **change})
            findings = await look(it, token)
            found = wrong(findings).get("token")
            assert (found is None) if said is None else (said in (found or ""))
            assert token not in str(findings)
        assert wrong(await look(it, "no token"))["token"] == "It is no JWT."
