"""Two ways through the authorization page: a person's browser, or filling its forms."""

import asyncio
import webbrowser
from html.parser import HTMLParser
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urljoin, urlsplit

import aiohttp
from aiohttp import web
from mcp.shared.auth import AuthorizationCodeResult

from octoperf_mcp.errors import OctoPerfMcpError

_PAGE = (
    "<!doctype html><meta charset=utf-8><title>Signed in</title>"
    "<link rel=icon href='data:,'>"
    "<p style='font:1.1rem system-ui;margin:4rem'>Signed in. You can close this page.</p>"
)
_MAX_PAGES = 8


class SignInError(OctoPerfMcpError):
    """The authorization page did not lead to a code."""

    code = "sign_in_failed"


def _result(address: str) -> AuthorizationCodeResult:
    query = {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}
    if "code" not in query:
        reason = query.get("error_description") or query.get("error") or "no code came back"
        raise SignInError(f"Sign-in failed: {reason}.")
    return AuthorizationCodeResult(
        code=query["code"], state=query.get("state"), iss=query.get("iss")
    )


class BrowserSignIn:
    """Opens the browser and waits for it on a loopback port.

    Args:
        timeout_s: How long a person has.
        port: Where to wait if it is free, since some identity providers (Keycloak) know an address
            with its port only; 0 for any.
    """

    def __init__(self, timeout_s: float = 300, port: int = 0) -> None:
        self._timeout_s = timeout_s
        self._wanted = port
        self._arrived: asyncio.Future[str] | None = None
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        self._arrived = asyncio.get_running_loop().create_future()
        app = web.Application()
        app.router.add_get("/callback", self._callback)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, "127.0.0.1", self._wanted).start()
        except OSError:
            await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._runner:
            await self._runner.cleanup()

    @property
    def redirect_uri(self) -> str:
        """See `SignIn`."""
        return f"http://127.0.0.1:{self._port}/callback"

    async def open(self, address: str) -> None:
        """See `SignIn`."""
        print(f"Sign in here (the browser should open by itself):\n  {address}", flush=True)
        if self._wanted not in {0, self._port}:
            print(
                f"If that page refuses the redirect address: it may know port {self._wanted} only, "
                "which another program has; stop that one and try again.",
                flush=True,
            )
        await asyncio.to_thread(webbrowser.open, address)

    async def code(self) -> AuthorizationCodeResult:
        """See `SignIn`."""
        if self._arrived is None:
            raise SignInError("The callback listener is not running.")
        try:
            async with asyncio.timeout(self._timeout_s):
                return _result(await self._arrived)
        except TimeoutError as error:
            raise SignInError(f"Nobody signed in within {self._timeout_s:.0f} s.") from error

    async def _callback(self, request: web.Request) -> web.Response:
        if self._arrived and not self._arrived.done():
            self._arrived.set_result(str(request.url))
        return web.Response(text=_PAGE, content_type="text/html")


class FormSignIn:
    """Does on the pages what a person would: fills user name and password, allows, follows on."""

    def __init__(
        self, username: str, password: str, redirect_uri: str = "http://127.0.0.1:9/callback"
    ) -> None:
        """Stop where the pages lead to `redirect_uri`: that redirect is read, not followed."""
        self.redirect_uri = redirect_uri
        self.landed = ""
        self._fields = {"username": username, "password": password}
        self._jar = aiohttp.CookieJar(unsafe=True)

    async def open(self, address: str) -> None:
        """See `SignIn`."""
        async with self._session() as session:
            method, data, typed = "GET", None, False
            for _ in range(_MAX_PAGES):
                async with session.request(
                    method, address, data=data, allow_redirects=False
                ) as response:
                    page = await response.text()
                    location = response.headers.get("Location", "")
                if location:
                    address, method, data = urljoin(address, location), "GET", None
                    if address.startswith(self.redirect_uri):
                        self.landed = address
                        return
                    continue
                form = _Form.read(page)
                if typed and form.asks(self._fields):
                    raise SignInError("User name and password were not accepted.")
                typed = typed or form.asks(self._fields)
                address, method = urljoin(address, form.action), "POST"
                data = form.filled(self._fields)
        raise SignInError("The authorization pages did not end in a redirect to the client.")

    async def code(self) -> AuthorizationCodeResult:
        """See `SignIn`."""
        return _result(self.landed)

    async def look_at(self, address: str) -> tuple[int, str]:
        """Open a page of the web UI as the person who signed in; answers status and text."""
        async with self._session() as session, session.get(address) as response:
            return response.status, await response.text()

    def _session(self) -> aiohttp.ClientSession:
        # the jar outlives the session, as a browser's does
        return aiohttp.ClientSession(cookie_jar=self._jar)


class _Form(HTMLParser):
    """The first form of a page and the values it would send."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self._values: dict[str, str] = {}
        self._state = "before"

    @classmethod
    def read(cls, page: str) -> Self:
        """Parse a page.

        Raises:
            SignInError: it has no form.
        """
        form = cls()
        form.feed(page)
        if form._state == "before":
            raise SignInError("The authorization page shows no form.")
        return form

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the fields of the first form, and its first submit button."""
        found = {key: value or "" for key, value in attrs}
        if tag == "form" and self._state == "before":
            self._state, self.action = "inside", found.get("action", "")
        elif self._state == "inside" and tag in {"input", "button"} and found.get("name"):
            self._take(tag, found)

    def _take(self, tag: str, found: dict[str, str]) -> None:
        kind = found.get("type", "submit" if tag == "button" else "text")
        if kind in {"checkbox", "radio"} and "checked" not in found:
            return
        if kind == "submit" and any(name == found["name"] for name in self._values):
            return
        self._values.setdefault(found["name"], found.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        """The form ends."""
        if tag == "form" and self._state == "inside":
            self._state = "after"

    def asks(self, fields: dict[str, str]) -> bool:
        """Whether a person would type one of these fields."""
        return not self._values.keys().isdisjoint(fields)

    def filled(self, fields: dict[str, str]) -> dict[str, str]:
        """The values to send, with those that a person types."""
        typed = {key: value for key, value in fields.items() if key in self._values}
        return {**self._values, **typed}
