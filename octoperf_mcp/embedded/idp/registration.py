"""Dynamic client registration (RFC 7591), open to everybody and therefore narrow.

Not built on Authlib's endpoint: that one gives every client a secret, refuses no address beyond
its syntax and knows no `application_type`.
"""

import unicodedata
from typing import Any

import orjson
from aiohttp import hdrs, web

from octoperf_mcp.auth.scopes import ALL_SCOPES, scope_text
from octoperf_mcp.embedded.idp.answers import CORS_HEADERS, NO_STORE, oauth_error, read_body
from octoperf_mcp.embedded.idp.clients import Client, Clients, Registration, TooManyClientsError
from octoperf_mcp.embedded.idp.redirects import InvalidRedirectError, check_registrable
from octoperf_mcp.embedded.idp.throttle import Throttle

AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post")
GRANT_TYPES = ("authorization_code", "refresh_token")
_LONGEST_NAME = 60
_MOST_REDIRECTS = 20


class InvalidMetadataError(ValueError):
    """The registration cannot be accepted: an RFC 7591 error code and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class RegistrationEndpoint:
    """`POST /auth/connect/register`.

    Args:
        clients: Where they are kept.
        throttle: Registrations of one address.
    """

    def __init__(self, clients: Clients, throttle: Throttle) -> None:
        self._clients = clients
        self._throttle = throttle

    async def post(self, request: web.Request) -> web.Response:
        """Register; 201 with the values that are in effect."""
        wait_s = self._throttle.wait_s(request.remote)
        if wait_s > 0:
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
            return oauth_error(400, error.code, error.message)
        except TooManyClientsError:
            return oauth_error(503, "temporarily_unavailable", "Too many clients are registered.")
        return web.Response(
            status=201,
            body=orjson.dumps(_effective(client, wanted, secret)),
            content_type="application/json",
            headers={**NO_STORE, **CORS_HEADERS},
        )


def read_registration(document: dict[str, Any]) -> Registration:
    """Check client metadata; unknown members are ignored.

    Raises:
        InvalidMetadataError: with the code of RFC 7591 section 3.2.2.
    """
    application_type = document.get("application_type") or ""
    if application_type not in ("", "web", "native"):
        raise InvalidMetadataError("invalid_client_metadata", "application_type is web or native.")
    redirect_uris = _redirect_uris(document, application_type)
    # Absent means client_secret_basic in RFC 7591, but a secret nobody asked for helps nobody;
    # the answer says what is in effect.
    method = document.get("token_endpoint_auth_method") or "none"
    if method not in AUTH_METHODS:
        raise InvalidMetadataError(
            "invalid_client_metadata",
            f"token_endpoint_auth_method is one of {', '.join(AUTH_METHODS)}.",
        )
    _require(document, "grant_types", "authorization_code")
    _require(document, "response_types", "code")
    native = any(not uri.startswith("https:") for uri in redirect_uris)
    return Registration(
        name=_name(document.get("client_name")),
        redirect_uris=redirect_uris,
        application_type=application_type or ("native" if native else "web"),
        auth_method=method,
        scope=_scope(document.get("scope")),
    )


def _redirect_uris(document: dict[str, Any], application_type: str) -> tuple[str, ...]:
    uris = document.get("redirect_uris")
    if not isinstance(uris, list) or not uris or len(uris) > _MOST_REDIRECTS:
        raise InvalidMetadataError(
            "invalid_redirect_uri", f"redirect_uris is a list of 1 to {_MOST_REDIRECTS} addresses."
        )
    for number, uri in enumerate(uris):
        if not isinstance(uri, str):
            raise InvalidMetadataError("invalid_redirect_uri", "redirect_uris holds texts.")
        try:
            check_registrable(uri, application_type)
        except InvalidRedirectError as error:
            raise InvalidMetadataError(
                "invalid_redirect_uri", f"redirect_uris[{number}]: {error}."
            ) from error
    return tuple(dict.fromkeys(uris))


def _require(document: dict[str, Any], member: str, value: str) -> None:
    given = document.get(member)
    if given is None or (isinstance(given, list) and (not given or value in given)):
        return
    raise InvalidMetadataError("invalid_client_metadata", f"{member} must include {value}.")


def _name(value: Any) -> str:
    """The name as claimed, without what could disguise it on the consent page."""
    text = value if isinstance(value, str) else ""
    visible = "".join(
        " " if unicodedata.category(mark).startswith("Z") else mark
        for mark in unicodedata.normalize("NFC", text)
        if unicodedata.category(mark)[0] != "C"
    )
    return " ".join(visible.split())[:_LONGEST_NAME] or "Unnamed application"


def _scope(value: Any) -> str:
    """The known scopes of those asked for, all when none is; being registered grants nothing."""
    asked = value.split() if isinstance(value, str) else []
    known = [name for name in asked if name in ALL_SCOPES]
    return scope_text(known or ALL_SCOPES)


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
