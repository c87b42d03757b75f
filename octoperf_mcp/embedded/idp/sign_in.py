"""Signing in and out with a browser: `/ui/access/login`, `/ui/access/logout`."""

import math
from urllib.parse import urlencode

from aiohttp import hdrs, web

from octoperf_mcp.embedded.idp.accounts import Accounts, TooManyAttemptsError
from octoperf_mcp.embedded.idp.answers import BadFormError, read_form
from octoperf_mcp.embedded.idp.metadata import LOGIN_PATH, LOGOUT_PATH
from octoperf_mcp.embedded.idp.pages import local_path, message, page, redirect
from octoperf_mcp.embedded.idp.record import Record
from octoperf_mcp.embedded.idp.sessions import Sessions

_WRONG = "The user name or the password is wrong."
_STALE = "This page was open for too long, or cookies are blocked. Please try again."


def sign_in_address(path: str, *, again: bool = False) -> str:
    """Address of the sign-in page that goes on to `path`; `again` even if signed in."""
    parameters = {"next": path, **({"again": "1"} if again else {})}
    return f"{LOGIN_PATH}?{urlencode(parameters)}"


class SignIn:
    """The pages.

    Args:
        accounts: Checks passwords, and slows guessing down.
        sessions: Cookies.
        record: Told of what is refused.
    """

    def __init__(self, accounts: Accounts, sessions: Sessions, record: Record) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._record = record

    async def show(self, request: web.Request) -> web.Response:
        """`GET /ui/access/login`."""
        onward = self._onward(request.query.get("next", ""))
        if "again" not in request.query and await self._sessions.user(request) is not None:
            return redirect(onward, status=302)
        return self._form(request, onward)

    async def submit(self, request: web.Request) -> web.Response:
        """`POST /ui/access/login`."""
        try:
            form = await read_form(request)
        except BadFormError:
            return self._form(request, "/ui/", error=_STALE, status=400)
        onward = self._onward(form.get("next", ""))
        username = form.get("username", "")
        if not self._sessions.is_genuine_sign_in(request, form.get("form", "")):
            self._record.refused("sign_in", "forged_form")
            return self._form(request, onward, username=username, error=_STALE, status=403)
        try:
            user_id = await self._accounts.check_password(
                username,
                form.get("password", ""),
                address=request.remote or "",
                client="Browser",
            )
        except TooManyAttemptsError as error:
            minutes = math.ceil(error.wait_s / 60)
            text = f"Too many attempts. Try again in {minutes} minute{'s' * (minutes > 1)}."
            answer = self._form(request, onward, username=username, error=text, status=429)
            answer.headers[hdrs.RETRY_AFTER] = str(math.ceil(error.wait_s))
            return answer
        if user_id is None:
            return self._form(request, onward, username=username, error=_WRONG, status=403)
        answer = redirect(onward)
        await self._sessions.start(request, answer, user_id)
        return answer

    async def show_sign_out(self, request: web.Request) -> web.Response:
        """`GET /ui/access/logout`: asks, since a link must not sign anybody out."""
        user = await self._sessions.user(request)
        if user is None:
            return redirect(LOGIN_PATH, status=302)
        return page(
            "sign_out.html",
            username=user.username,
            action=LOGOUT_PATH,
            form_text=self._sessions.anti_forgery(request),
        )

    async def sign_out(self, request: web.Request) -> web.Response:
        """`POST /ui/access/logout`; goes on to the sign-in page."""
        try:
            form = await read_form(request)
        except BadFormError:
            return message(400, "That did not work", "The form cannot be read.")
        if not self._sessions.is_genuine(request, form.get("form", "")):
            self._record.refused("sign_out", "forged_form")
            return message(403, "That did not work", _STALE)
        answer = redirect(sign_in_address(self._onward(form.get("next", ""))))
        await self._sessions.end(request, answer)
        return answer

    def _onward(self, path: str) -> str:
        onward = local_path(path)
        if path and onward != path:
            self._record.refused("sign_in", "foreign_destination")
        return onward

    def _form(
        self,
        request: web.Request,
        onward: str,
        *,
        username: str = "",
        error: str = "",
        status: int = 200,
    ) -> web.Response:
        ticket = self._sessions.sign_in_ticket(request)
        answer = page(
            "sign_in.html",
            status=status,
            action=LOGIN_PATH,
            form_text=self._sessions.sign_in_text(ticket),
            next=onward,
            username=username,
            error=error,
        )
        self._sessions.bind_sign_in(answer, ticket)
        return answer
