"""Members that every result of an era has, and the shapes of parameters."""

from collections.abc import Mapping
from typing import Any

import orjson

from octoperf_mcp.errors import InvalidParamsError
from octoperf_mcp.protocol import versions
from octoperf_mcp.protocol.exchange import Exchange

CATALOGUE_TTL_MS = 300_000
"""How long a client may keep what does not depend on the caller."""


def modern_tail(
    info: Mapping[str, Any], *, ttl_ms: int | None = None, scope: str = "public"
) -> bytes:
    """The end of a complete modern result, from the comma on, without the closing brace.

    `ttl_ms` and `scope` are the caching members, which only the cacheable methods have.
    """
    members: dict[str, Any] = {"resultType": "complete"}
    if ttl_ms is not None:
        members |= {"ttlMs": ttl_ms, "cacheScope": scope}
    members["_meta"] = {versions.META_SERVER_INFO: dict(info)}
    return b"," + orjson.dumps(members)[1:-1]


def params_of(exchange: Exchange) -> Mapping[str, Any]:
    """The parameters, which are an object or absent.

    Raises:
        InvalidParamsError: they are something else.
    """
    params = exchange.request.params
    if params is None:
        return {}
    if not isinstance(params, dict):
        raise InvalidParamsError("params must be an object.")
    return params


def text_param(params: Mapping[str, Any], name: str) -> str:
    """A required text among the parameters.

    Raises:
        InvalidParamsError: it is missing or no text.
    """
    value = params.get(name)
    if not isinstance(value, str):
        raise InvalidParamsError(f"params.{name} must be a string.")
    return value


def object_param(params: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object among the parameters, empty when absent.

    Raises:
        InvalidParamsError: it is something else.
    """
    value = params.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidParamsError(f"params.{name} must be an object.")
    return value
