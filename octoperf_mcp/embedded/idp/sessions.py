"""Browser sessions: a random cookie, kept as a hash; and the anti-forgery text that belongs to it.

The text is made from the cookie, so that a second tab does not make the first one's invalid.
"""

import hashlib
from dataclasses import dataclass

import sqlalchemy as sa
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.idp.tables import administrator, browser_session, identity_user
from octoperf_mcp.embedded.idp.tickets import derived, hash_of, new_ticket, same
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import now_ms

SESSION_LIFE_S = 7 * 24 * 3600
_SIGN_IN_LIFE_S = 3600


@dataclass(frozen=True, slots=True)
class BrowserUser:
    """Who is signed in with this browser."""

    user_id: str
    username: str
    administers: bool = False


class Sessions:
    """Signs browsers in and out.

    Args:
        database: Where sessions are.
        origin: Decides whether cookies are for https only. Cookies know no port, so that two
            servers on one laptop need cookies of different names.
        secret: Makes anti-forgery texts.
    """

    def __init__(self, database: Database, origin: str, secret: bytes) -> None:
        self._database = database
        self._secret = secret
        self._secure = origin.startswith("https:")
        mark = hashlib.sha256(origin.encode()).hexdigest()[:8]
        suffix = "" if self._secure else f"-{mark}"
        prefix = "__Host-" if self._secure else ""
        self._session_cookie = f"{prefix}octoperf-session{suffix}"
        self._sign_in_cookie = f"{prefix}octoperf-sign-in{suffix}"

    async def user(self, request: web.Request) -> BrowserUser | None:
        """Who is signed in; None for nobody, an ended session, or a disabled user."""
        ticket = request.cookies.get(self._session_cookie)
        if not ticket:
            return None
        statement = (
            sa.select(
                identity_user.c.id,
                identity_user.c.username,
                administrator.c.user_id.is_not(None),
            )
            .join(browser_session, browser_session.c.user_id == identity_user.c.id)
            .join(administrator, administrator.c.user_id == identity_user.c.id, isouter=True)
            .where(
                browser_session.c.session_hash == hash_of(ticket),
                browser_session.c.expires > now_ms(),
                sa.not_(identity_user.c.disabled),
            )
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(statement)).one_or_none()
        return None if row is None else BrowserUser(*row)

    async def start(self, request: web.Request, answer: web.Response, user_id: str) -> None:
        """Sign in: always with a new cookie, ending the session that was there."""
        ticket, now = new_ticket(), now_ms()
        row = {
            "session_hash": hash_of(ticket),
            "user_id": user_id,
            "created": now,
            "expires": now + SESSION_LIFE_S * 1000,
        }
        old = request.cookies.get(self._session_cookie, "")

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(_delete(old))
            await connection.execute(browser_session.insert().values(**row))

        await self._database.write(work)
        self._set(answer, self._session_cookie, ticket, SESSION_LIFE_S)

    async def end(self, request: web.Request, answer: web.Response) -> None:
        """Sign out."""
        ticket = request.cookies.get(self._session_cookie, "")

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(_delete(ticket))

        await self._database.write(work)
        answer.del_cookie(
            self._session_cookie, path="/", secure=self._secure, httponly=True, samesite="Lax"
        )

    async def tidy(self) -> None:
        """Remove ended sessions."""
        over = browser_session.delete().where(browser_session.c.expires <= now_ms())

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(over)

        await self._database.write(work)

    def anti_forgery(self, request: web.Request) -> str:
        """The text that forms of a signed-in browser carry; "" without a session cookie."""
        ticket = request.cookies.get(self._session_cookie, "")
        return derived(self._secret, "form", ticket) if ticket else ""

    def is_genuine(self, request: web.Request, text: str) -> bool:
        """Whether a form came from a page of ours."""
        expected = self.anti_forgery(request)
        return bool(expected) and same(expected, text)

    def sign_in_ticket(self, request: web.Request) -> str:
        """What the sign-in page is bound to: the cookie that is there, else a new one to set."""
        return request.cookies.get(self._sign_in_cookie) or new_ticket()

    def bind_sign_in(self, answer: web.Response, ticket: str) -> str:
        """Set the cookie of a sign-in page; answers the text for its form."""
        self._set(answer, self._sign_in_cookie, ticket, _SIGN_IN_LIFE_S)
        return self.sign_in_text(ticket)

    def sign_in_text(self, ticket: str) -> str:
        """The text that the form of a sign-in page carries."""
        return derived(self._secret, "sign-in", ticket)

    def is_genuine_sign_in(self, request: web.Request, text: str) -> bool:
        """Whether a sign-in form came from a page of ours in this browser."""
        ticket = request.cookies.get(self._sign_in_cookie, "")
        return bool(ticket) and same(self.sign_in_text(ticket), text)

    def _set(self, answer: web.Response, name: str, value: str, life_s: int) -> None:
        answer.set_cookie(
            name,
            value,
            max_age=life_s,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="Lax",
        )


def _delete(ticket: str) -> "sa.Delete":
    return browser_session.delete().where(browser_session.c.session_hash == hash_of(ticket))
