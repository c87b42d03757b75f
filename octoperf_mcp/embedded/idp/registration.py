"""Dynamic client registration (RFC 7591), open to everybody and therefore narrow.

Not built on Authlib's endpoint: that one gives every client a secret, refuses no address beyond
its syntax and knows no `application_type`.
"""

from typing import Any

import orjson
from aiohttp import hdrs, web

from octoperf_mcp.embedded.idp.answers import CORS_HEADERS, NO_STORE, oauth_error, read_body
from octoperf_mcp.embedded.idp.client_metadata import (
    GRANT_TYPES,
    Client,
    InvalidMetadataError,
    Registration,
    read_registration,
)
from octoperf_mcp.embedded.idp.clients import Clients, TooManyClientsError
from octoperf_mcp.embedded.idp.record import Record
from octoperf_mcp.embedded.idp.throttle import Throttle


class RegistrationEndpoint:
    """`POST /auth/connect/register`.

    Args:
        clients: Where they are kept.
        throttle: Registrations of one address.
        record: Told of what is refused.
    """

    def __init__(self, clients: Clients, throttle: Throttle, record: Record) -> None:
        self._clients = clients
        self._throttle = throttle
        self._record = record

    async def post(self, request: web.Request) -> web.Response:
        """Register; 201 with the values that are in effect."""
        wait_s = self._throttle.wait_s(request.remote)
        if wait_s > 0:
            self._record.refused("register", "too_many_registrations")
            answer = oauth_error(
                429, "temporarily_unavailable", "Too many registrations from this address."
            )
            answer.headers[hdrs.RETRY_AFTER] = str(int(wait_s) + 1)
            return answer
        self._throttle.count(request.remote)
        try:
            wanted = read_registration(await _json_object(request))
            client, secret = await self._clients.register(wanted)
        except InvalidMetadataError as error:
            self._record.refused("register", error.code)
            return oauth_error(400, error.code, error.message)
        except TooManyClientsError:
            self._record.refused("register", "too_many_clients")
            return oauth_error(503, "temporarily_unavailable", "Too many clients are registered.")
        return web.Response(
            status=201,
            body=orjson.dumps(_effective(client, wanted, secret)),
            content_type="application/json",
            headers={**NO_STORE, **CORS_HEADERS},
        )


def _effective(client: Client, wanted: Registration, secret: str) -> dict[str, Any]:
    values: dict[str, Any] = {
        "client_id": client.id,
        "client_id_issued_at": client.created // 1000,
        "client_name": client.name,
        "redirect_uris": list(wanted.redirect_uris),
        "application_type": client.application_type,
        "grant_types": list(GRANT_TYPES),
        "response_types": ["code"],
        "token_endpoint_auth_method": client.auth_method,
        "scope": client.scope,
    }
    if secret:
        values |= {"client_secret": secret, "client_secret_expires_at": 0}
    return values


async def _json_object(request: web.Request) -> dict[str, Any]:
    body = await read_body(request)
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidMetadataError("invalid_client_metadata", "The body is no JSON.") from error
    if not isinstance(document, dict):
        raise InvalidMetadataError("invalid_client_metadata", "The body is no JSON object.")
    return document
