"""Small values that a bridge keeps for its users. Ours: the original has none."""

from aiohttp import web

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.platform import PLATFORM
from octoperf_mcp.embedded.rest.answers import no_content, text_answer
from octoperf_mcp.embedded.rest.bodies import read_object
from octoperf_mcp.embedded.rest.crud import user_of
from octoperf_mcp.embedded.store.kept_values import KeptValues

_PATH = "/users/current/kept-values/{name}"
_MAX_NAME_CHARS = 128
_MAX_VALUE_CHARS = 1024 * 1024
_MAX_LIFE_S = 7 * 24 * 3600


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    return [web.get(_PATH, get), web.put(_PATH, put), web.delete(_PATH, drop)]


async def get(request: web.Request) -> web.Response:
    """The value as text."""
    return text_answer(await _values(request).get(user_of(request), _name(request)))


async def put(request: web.Request) -> web.Response:
    """Keep `{value, lifeSec, onlyNew?}`; 409 where `onlyNew` and the name has a value."""
    body = await read_object(request)
    value, life_s = body.get("value"), body.get("lifeSec")
    if not isinstance(value, str) or len(value) > _MAX_VALUE_CHARS:
        raise Invalid(f"'value' must be a text of at most {_MAX_VALUE_CHARS} characters.")
    if type(life_s) is not int or not 0 < life_s <= _MAX_LIFE_S:
        raise Invalid(f"'lifeSec' must be 1 to {_MAX_LIFE_S}.")
    await _values(request).put(
        user_of(request),
        _name(request),
        value,
        life_s=life_s,
        only_new=body.get("onlyNew") is True,
    )
    return no_content()


async def drop(request: web.Request) -> web.Response:
    """Forget the value."""
    await _values(request).drop(user_of(request), _name(request))
    return no_content()


def _values(request: web.Request) -> KeptValues:
    return KeptValues(request.app[PLATFORM].database)


def _name(request: web.Request) -> str:
    name = request.match_info["name"]
    if len(name) > _MAX_NAME_CHARS:
        raise Invalid(f"A name has at most {_MAX_NAME_CHARS} characters.")
    return name
