"""Signing in without a person: the forms of the pages are filled as a browser would."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from octoperf_mcp.cli.sign_in import BrowserSignIn, FormSignIn, SignInError

CALLBACK = "http://127.0.0.1:9/back"
SIGN_IN = """<form method="post" action="/login"><input name="csrf" type="hidden" value="t1">
<input name="username"><input type="password" name="password">
<button>Sign in</button></form>"""
CONSENT = """<form method="post" action="/consent"><input type="checkbox" name="write" value="on" checked>
<input type="checkbox" name="extra" value="on"><button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button></form>"""


class Pages:
    """An authorization server's pages; keeps the forms it was sent."""

    def __init__(self) -> None:
        self.forms: list[dict[str, list[str]]] = []

    async def authorize(self, request: web.Request) -> web.Response:
        return web.Response(text=SIGN_IN, content_type="text/html")

    async def empty(self, request: web.Request) -> web.Response:
        return web.Response(text="<p>nothing</p>", content_type="text/html")

    async def login(self, request: web.Request) -> web.Response:
        self.forms.append(parse_qs(await request.text()))
        if self.forms[-1]["password"] == ["wrong"]:
            return web.Response(text=SIGN_IN, content_type="text/html", status=401)
        raise web.HTTPSeeOther("/consent")

    async def consent(self, request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.Response(text=CONSENT, content_type="text/html")
        self.forms.append(parse_qs(await request.text()))
        raise web.HTTPSeeOther(f"{CALLBACK}?code=c1&state=s1&iss=i1")


@pytest.fixture
async def pages() -> Pages:
    return Pages()


@pytest.fixture
async def origin(pages: Pages) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/authorize", pages.authorize)
    app.router.add_post("/login", pages.login)
    app.router.add_route("*", "/consent", pages.consent)
    app.router.add_get("/empty", pages.empty)
    server = TestServer(app)
    await server.start_server()
    yield str(server.make_url("")).rstrip("/")
    await server.close()


async def test_the_forms_are_filled_and_the_code_comes_back(pages: Pages, origin: str) -> None:
    sign_in = FormSignIn("demo", "pa55", CALLBACK)
    await sign_in.open(f"{origin}/authorize")
    result = await sign_in.code()
    assert (result.code, result.state, result.iss) == ("c1", "s1", "i1")
    assert pages.forms[0] == {"csrf": ["t1"], "username": ["demo"], "password": ["pa55"]}
    assert pages.forms[1] == {"write": ["on"], "decision": ["allow"]}


async def test_a_refused_password_is_tried_once_only(pages: Pages, origin: str) -> None:
    with pytest.raises(SignInError, match="not accepted"):
        await FormSignIn("demo", "wrong").open(f"{origin}/authorize")
    assert len(pages.forms) == 1


async def test_a_page_without_a_form_is_a_failure(origin: str) -> None:
    with pytest.raises(SignInError, match="no form"):
        await FormSignIn("demo", "x").open(f"{origin}/empty")


async def test_a_browser_lands_on_a_loopback_port() -> None:
    async with BrowserSignIn(timeout_s=5) as sign_in, ClientSession() as session:
        async with session.get(f"{sign_in.redirect_uri}?code=c2&state=s2") as answer:
            assert "Signed in" in await answer.text()
        assert (await sign_in.code()).code == "c2"


async def test_a_browser_lands_where_the_client_is_registered_if_that_port_is_free(
    unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("webbrowser.open", lambda _address: True)
    async with BrowserSignIn(port=unused_tcp_port) as first:
        assert first.redirect_uri == f"http://127.0.0.1:{unused_tcp_port}/callback"
        await first.open("https://id.example/")
        assert "another program" not in capsys.readouterr().out
        async with BrowserSignIn(port=unused_tcp_port) as second:
            assert second.redirect_uri != first.redirect_uri
            await second.open("https://id.example/")
    assert f"it may know port {unused_tcp_port} only" in capsys.readouterr().out


async def test_an_error_redirect_is_told_to_the_person() -> None:
    async with BrowserSignIn(timeout_s=5) as sign_in, ClientSession() as session:
        await session.get(f"{sign_in.redirect_uri}?error=access_denied")
        with pytest.raises(SignInError, match="access_denied"):
            await sign_in.code()
