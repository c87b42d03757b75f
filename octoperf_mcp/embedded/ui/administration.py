"""Pages of administrators: users, OAuth clients, everybody's activity."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from octoperf_mcp.embedded.failures import Failure, Invalid, NotFound
from octoperf_mcp.embedded.idp.clients import ClientUse
from octoperf_mcp.embedded.people import add_person
from octoperf_mcp.embedded.ui import forms
from octoperf_mcp.embedded.ui.account import ADMINISTRATION, host_of, in_words, show
from octoperf_mcp.embedded.ui.rendering import Page, when

USERS, _LOAD, CLIENTS, _TOOLS, _NOTICES, ACTIVITY = (path for _, path in ADMINISTRATION)
_PASSWORD_BYTES = 12
_SHOWN_ENTRIES = 500
_UNUSED_DAYS = 90


async def users(page: Page) -> web.StreamResponse:
    """Everybody who may sign in, and a form to add somebody."""
    return await _users(page)


async def add_user(page: Page, form: Mapping[str, str]) -> web.StreamResponse:
    """Add a user; his password is made here and shown once."""
    username, administers = form.get("username", ""), form.get("administrator") == "yes"
    made = secrets.token_urlsafe(_PASSWORD_BYTES)
    try:
        user_id = await add_person(
            page.platform.identity,
            page.platform.documents,
            username,
            made,
            administers=administers,
        )
    except Failure as failure:
        return await _users(page, error=failure.message, username=username)
    await forms.note(page, "user.add", user_id)
    return _secret(page, f"{username.strip()} was added", username.strip(), made)


async def user(page: Page) -> web.StreamResponse:
    """One user, and what can be done with the account."""
    found = await page.platform.identity.user(page.part("userId"))
    return show(
        page,
        "user.html",
        USERS,
        heading=found["username"],
        person={**found, "created": when(found["created"])},
        is_self=found["id"] == page.user.user_id,
        base=f"{USERS}/{found['id']}",
        back=USERS,
    )


async def change_user(page: Page, _form: Mapping[str, str]) -> web.StreamResponse:
    """Disable, enable, promote, demote, or make a new password: what the address names."""
    identity, user_id, action = page.platform.identity, page.part("userId"), page.part("action")
    found = await identity.user(user_id)
    if action == "password":
        made = secrets.token_urlsafe(_PASSWORD_BYTES)
        await identity.set_password(user_id, made)
        await forms.note(page, "user.passwd", user_id)
        return _secret(page, f"{found['username']} has a new password", found["username"], made)
    if user_id == page.user.user_id:
        raise Invalid("Another administrator has to do this: you would lock yourself out.")
    if action in {"disable", "enable"}:
        await identity.set_disabled(user_id, action == "disable")
    elif action in {"promote", "demote"}:
        await identity.users.set_administrator(user_id, action == "promote")
    else:
        raise NotFound("There is no such action.")
    await forms.note(page, f"user.{action}", user_id)
    return forms.onward(f"{USERS}/{user_id}", f"{action.removesuffix('e')}ed")


async def clients(page: Page) -> web.StreamResponse:
    """Every registered client with its last use."""
    found = await page.platform.identity.clients.uses()
    day = (datetime.now(UTC) - timedelta(days=_UNUSED_DAYS)).strftime("%Y-%m-%d")
    return show(
        page,
        "clients.html",
        CLIENTS,
        heading="OAuth clients",
        clients=[_shown(use) for use in found],
        base=CLIENTS,
        prune_action=f"{CLIENTS}/unused",
        unused_since=day,
    )


async def client(page: Page) -> web.StreamResponse:
    """One client, and the question whether to delete it."""
    use = await page.platform.identity.clients.use(page.part("clientId"))
    if use is None:
        raise web.HTTPNotFound
    heading = f"Delete the client {use.client.name}?"
    return show(
        page,
        "client.html",
        CLIENTS,
        heading=heading,
        client=_shown(use),
        action=f"{CLIENTS}/{use.client.id}",
        back=CLIENTS,
    )


async def delete_client(page: Page, _form: Mapping[str, str]) -> web.StreamResponse:
    """Delete a client; all its grants fail on their next call."""
    client_id = page.part("clientId")
    if not await page.platform.identity.delete_client(client_id):
        raise web.HTTPNotFound
    await forms.note(page, "client.delete", client_id)
    return forms.onward(CLIENTS, "client-deleted")


async def prune_clients(page: Page, form: Mapping[str, str]) -> web.StreamResponse:
    """Delete all clients that nobody has used since a day."""
    try:
        day = datetime.strptime(form.get("since", ""), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise Invalid("Name a day, such as 2026-07-01.") from error
    await page.platform.identity.delete_unused_clients(int(day.timestamp() * 1000))
    await forms.note(page, "client.prune")
    return forms.onward(CLIENTS, "clients-deleted")


async def activity(page: Page) -> web.StreamResponse:
    """What everybody did."""
    found = await page.platform.audit.find(limit=_SHOWN_ENTRIES)
    return show(
        page,
        "activity.html",
        ACTIVITY,
        heading="Everybody's activity",
        sub=f"The latest {_SHOWN_ENTRIES} entries at most; `octoperf-mcp audit` shows all.",
        entries=found,
        whose=True,
    )


async def _users(page: Page, *, error: str = "", username: str = "") -> web.Response:
    found = await page.platform.identity.users.all()
    return show(
        page,
        "users.html",
        USERS,
        status=400 if error else 200,
        heading="Users",
        people=[{**each, "created": when(each["created"])} for each in found],
        base=USERS,
        error=error,
        username=username,
    )


def _secret(page: Page, heading: str, username: str, made: str) -> web.Response:
    return show(
        page, "secret.html", USERS, heading=heading, username=username, secret=made, back=USERS
    )


def _shown(use: ClientUse) -> dict[str, Any]:
    client = use.client
    return {
        "id": client.id,
        "name": client.name,
        "redirects": client.redirect_uris,
        "hosts": ", ".join(dict.fromkeys(host_of(uri) for uri in client.redirect_uris)),
        "scopes": in_words(client.scope),
        "created": when(client.created),
        "last_used": when(use.last_used) or "never",
        "grants": use.grants,
    }
