"""Accounts: signing in with a password, and who one is."""

from aiohttp import web

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.platform import PLATFORM
from octoperf_mcp.embedded.rest.answers import json_answer
from octoperf_mcp.embedded.rest.bodies import number_query, read_form
from octoperf_mcp.embedded.rest.crud import user_of

_MOST_ENTRIES = 1000
_TYPED_LOGIN_RELEASE = 16


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    return [
        web.post("/public/users/login", login),
        web.post("/users/api-key", renew_api_key),
        web.get("/users/current", current),
        web.get("/users/current/activity", activity),
    ]


async def login(request: web.Request) -> web.Response:
    """A session token for a password; a wrong one is an answer of its own, not an error.

    Up to release 15 the answer was the bare token, and a wrong password is taken for a 401.
    """
    platform = request.app[PLATFORM]
    identity, is_old = platform.identity, platform.settings.login_release < _TYPED_LOGIN_RELEASE
    fields = await read_form(request)
    username, password = fields.get("username", ""), fields.get("password", "")
    if not username or not password:
        raise Invalid("Send 'username' and 'password' as form fields.")
    user_id = await identity.check_password(username, password, address=request.remote or "")
    if user_id is None and is_old:
        return json_answer({"message": "Wrong user name or password."}, status=401)
    if user_id is None:
        return json_answer({"@type": "LoginFailed", "message": "Wrong user name or password."})
    token = await identity.session_token(user_id)
    if is_old:
        return json_answer({"token": token})
    return json_answer({"@type": "LoginSuccessful", "token": {"token": token}})


async def renew_api_key(request: web.Request) -> web.Response:
    """A new key of the user for the REST API, shown this once; it ends the one before."""
    key = await request.app[PLATFORM].identity.renew_api_key(user_of(request))
    return json_answer({"value": key})


async def current(request: web.Request) -> web.Response:
    """The signed-in user."""
    user = await request.app[PLATFORM].identity.user(user_of(request))
    shown = {name: user[name] for name in ("id", "username", "created") if name in user}
    return json_answer({"platformAdmin": bool(user.get("administrator")), **shown})


async def activity(request: web.Request) -> web.Response:
    """What the user and his applications did, newest first. Ours: the original has none."""
    limit = min(max(number_query(request, "limit", 100), 1), _MOST_ENTRIES)
    found = await request.app[PLATFORM].audit.find(
        user_id=user_of(request), since_ms=number_query(request, "since", 0), limit=limit
    )
    return json_answer({"activity": [entry.shown() for entry in found]})
