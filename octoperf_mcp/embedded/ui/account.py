"""A person's own pages: profile, connected applications, password, activity."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from octoperf_mcp.embedded.failures import Failure, Invalid
from octoperf_mcp.embedded.idp.grants import Grant
from octoperf_mcp.embedded.ui import forms
from octoperf_mcp.embedded.ui.rendering import Cell, Page, Table, when

PROFILE = "/ui/account/profile"
CONNECTED = f"{PROFILE}/connected-apps"
TOKENS = f"{PROFILE}/ci-tokens"
PASSWORD = "/ui/account/password"  # noqa: S105 - an address
ACTIVITY = "/ui/account/activity"
_SHOWN_ENTRIES = 200

ACCOUNT = (
    ("Profile", PROFILE),
    ("Connected applications", CONNECTED),
    ("CI tokens", TOKENS),
    ("Plan", "/ui/account/subscription"),
    ("Password", PASSWORD),
    ("Activity", ACTIVITY),
)
"""Pages of everybody, as the navigation names them."""

ADMINISTRATION = (
    ("Users", "/ui/administration/users"),
    ("Load", "/ui/administration/load"),
    ("OAuth clients", "/ui/administration/oauth-clients"),
    ("Tools and plugins", "/ui/administration/tools"),
    ("Notices", "/ui/administration/notices"),
    ("Everybody's activity", "/ui/administration/activity"),
)
"""Pages of administrators."""

_SCOPES = {
    "octoperf:read": "read",
    "octoperf:write": "read and change",
    "offline_access": "stay connected",
}


def show(page: Page, template: str, here: str, *, status: int = 200, **values: Any) -> web.Response:
    """A page with the account's navigation on top; `here` is the entry it belongs to."""
    entries = ACCOUNT + (ADMINISTRATION if page.user.administers else ())
    return page.show(
        template,
        status=status,
        areas=[(name, path, path == here) for name, path in entries],
        areas_label="Account",
        form_text=page.platform.identity.anti_forgery(page.request),
        done=forms.DONE.get(page.request.query.get("done", ""), ""),
        **values,
    )


async def profile(page: Page) -> web.StreamResponse:
    """Who one is."""
    rows = [
        (Cell("User name"), Cell(page.user.username)),
        (Cell("Id"), Cell(page.user.user_id)),
        (Cell("Administrator"), Cell("yes" if page.user.administers else "no")),
    ]
    table = Table("Profile", ("", ""), rows, "")
    return show(page, "account_listing.html", PROFILE, heading="Account", sub="", tables=[table])


async def connected(page: Page) -> web.StreamResponse:
    """Applications that the user allowed to act for him."""
    found = await page.platform.identity.grants.of_user(page.user.user_id)
    return show(
        page,
        "connected_apps.html",
        CONNECTED,
        heading="Connected applications",
        grants=[_shown(grant) for grant in found],
        base=CONNECTED,
    )


async def connection(page: Page) -> web.StreamResponse:
    """One application, and the question whether to revoke its access."""
    grant = await _own(page)
    heading = f"Revoke the access of {grant.client_name}?"
    return show(
        page,
        "connected_app.html",
        CONNECTED,
        heading=heading,
        grant=_shown(grant),
        action=f"{CONNECTED}/{grant.id}",
        back=CONNECTED,
    )


async def revoke(page: Page, _form: Mapping[str, str]) -> web.StreamResponse:
    """Shut an application out, from its next call on."""
    grant = await _own(page)
    await page.platform.identity.revoke_grant(grant.id, user_id=page.user.user_id)
    await forms.note(page, "connection.revoke", grant.id)
    return forms.onward(CONNECTED, "revoked")


async def password(page: Page) -> web.StreamResponse:
    """The form to change one's password."""
    return _password_form(page)


async def change_password(page: Page, form: Mapping[str, str]) -> web.StreamResponse:
    """Change it; everything that the old one opened ends, this session too."""
    identity = page.platform.identity
    fresh = form.get("new", "")
    try:
        if fresh != form.get("again", ""):
            raise Invalid("The two new passwords differ.")
        known = await identity.check_password(
            page.user.username,
            form.get("current", ""),
            address=page.request.remote or "",
            client="Browser",
        )
        if known != page.user.user_id:
            raise Invalid("The current password is wrong.")
        await identity.set_password(page.user.user_id, fresh)
    except Failure as failure:
        return _password_form(page, error=failure.message, status=failure.http_status)
    await forms.note(page, "password.change", page.user.user_id)
    return forms.onward("/ui/access/login?next=/ui/account/profile")


async def activity(page: Page) -> web.StreamResponse:
    """What the user and his applications did."""
    found = await page.platform.audit.find(user_id=page.user.user_id, limit=_SHOWN_ENTRIES)
    sub = "What you and the applications that you connected did, newest first."
    return show(
        page, "activity.html", ACTIVITY, heading="Activity", sub=sub, entries=found, whose=False
    )


def host_of(redirect_uri: str) -> str:
    """Where an application lives: its host, or the scheme of an application on the computer."""
    if not redirect_uri:
        return "wherever the token is kept"
    parts = urlsplit(redirect_uri)
    return parts.netloc if parts.scheme in {"http", "https"} else f"{parts.scheme}:"


def in_words(scope: str) -> str:
    """A scope text as people read it."""
    names = scope.split()
    if "octoperf:write" in names:
        names = [name for name in names if name != "octoperf:read"]
    return ", ".join(_SCOPES.get(name, name) for name in names)


def _password_form(page: Page, *, error: str = "", status: int = 200) -> web.Response:
    heading = "Change the password"
    return show(
        page,
        "password.html",
        PASSWORD,
        heading=heading,
        error=error,
        status=status,
        action=PASSWORD,
    )


async def _own(page: Page) -> Grant:
    """The grant of this page, if it is the user's and alive.

    Raises:
        web.HTTPNotFound: it is not.
    """
    for grant in await page.platform.identity.grants.of_user(page.user.user_id):
        if grant.id == page.part("grantId"):
            return grant
    raise web.HTTPNotFound


def _shown(grant: Grant) -> dict[str, str]:
    return {
        "id": grant.id,
        "name": grant.client_name,
        "client_id": grant.client_id,
        "host": host_of(grant.redirect_uri),
        "scopes": in_words(grant.scope),
        "since": when(grant.created),
        "last_used": when(grant.last_used),
        "expires": when(grant.expires),
    }
