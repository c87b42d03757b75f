"""Authlib's server core, run on rows that were fetched beforehand.

The core is synchronous, so nothing in here touches the database: an endpoint fetches what the
request names, lets the core decide, and commits the decision in one transaction.

Where Authlib 1.9 does not do what is needed, this module or its callers do: PKCE with `S256` is
a must for every client; an unknown client is 401; redirects are built by `redirects.answered`,
since Authlib writes the registered query anew; descriptions hold no text of the request, since
some characters in one make Authlib raise ValueError.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientMixin,
    InvalidClientError,
    InvalidRequestError,
    OAuth2Error,
    OAuth2Payload,
    OAuth2Request,
)
from authlib.oauth2.rfc6749 import grants as authlib_grants
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from multidict import MultiDict

from octoperf_mcp.auth.scopes import ALL_SCOPES, OPERATION_SCOPES, scope_text, with_implied
from octoperf_mcp.embedded.idp.clients import Client
from octoperf_mcp.embedded.idp.grants import Code, Grant, RefreshToken

# It writes tokens into its debug messages.
logging.getLogger("authlib").setLevel(logging.WARNING)

REUSE_GRACE_MS = 60_000
_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]

Answer = tuple[int, dict[str, Any], list[tuple[str, str]]]


class InvalidTargetError(OAuth2Error):
    """The resource is not this server's (RFC 8707 section 2)."""

    error = "invalid_target"
    description = "The resource is not one of this server."


@dataclass(frozen=True, slots=True)
class TokenInHand:
    """A token presented for revocation or introspection."""

    grant: Grant
    kind: str
    expires_at_s: int
    alive: bool
    scope: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rows say about one request."""

    now_ms: int
    client: Client | None = None
    code: Code | None = None
    refresh: RefreshToken | None = None
    user_is_active: bool = False
    token: TokenInHand | None = None


@dataclass(frozen=True, slots=True)
class Redeem:
    """Trade the code for tokens of these scopes."""

    code: Code
    scope: str


@dataclass(frozen=True, slots=True)
class Rotate:
    """Trade the refresh token for its successor and an access token of these scopes."""

    token: RefreshToken
    scope: str


@dataclass(frozen=True, slots=True)
class Revoke:
    """End the grant."""

    grant_id: str
    reason: str


Decision = Redeem | Rotate | Revoke


class OAuthCore(AuthorizationServer):
    """One request's run through Authlib; `decision` is what to commit afterwards.

    Args:
        facts: The rows.
        owns_resource: Whether a resource indicator is this server's.
    """

    def __init__(self, facts: Facts, owns_resource: Callable[[str], bool]) -> None:
        super().__init__(scopes_supported=None)
        self.facts = facts
        self.owns_resource = owns_resource
        self.decision: Decision | None = None
        self.register_grant(_CodeGrant, [_S256()])
        self.register_grant(_RefreshGrant)
        self.register_endpoint(_Revocation)
        self.register_endpoint(_Introspection)

    def query_client(self, client_id: str) -> Any:
        """The client, if it is the one that was fetched."""
        client = self.facts.client
        return _Client(client) if client is not None and client.id == client_id else None

    def answer(self, endpoint: str, request: "CoreRequest") -> Any:
        """What the revocation or introspection endpoint says."""
        return self.create_endpoint_response(endpoint, request)  # type: ignore[no-untyped-call]

    def consent(self, request: "CoreRequest") -> Any:
        """The grant that an authorization request asks for.

        Raises:
            OAuth2Error: with `redirect_uri` once that is known to be the client's.
        """
        return self.get_consent_grant(request)  # type: ignore[no-untyped-call]

    def generate_token(self, *_args: Any, scope: str | None = None, **_facts: Any) -> Any:
        """What Authlib takes for a token: the endpoint makes the real one after the commit."""
        return {"scope": scope or ""}

    def save_token(self, token: Mapping[str, Any], request: OAuth2Request) -> None:
        """Note what was decided instead of saving."""
        scope = str(token["scope"])
        if isinstance(request.authorization_code, _Code):
            self.decision = Redeem(request.authorization_code.code, scope)
        elif isinstance(request.refresh_token, _Refresh):
            self.decision = Rotate(request.refresh_token.token, scope)

    def create_oauth2_request(self, request: OAuth2Request) -> OAuth2Request:
        """Requests are made by the endpoints."""
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Answer:
        """Answers are sent by the endpoints."""
        return status, dict(body or {}), list(headers)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def handle_error_response(self, request: OAuth2Request, error: OAuth2Error) -> Answer:
        """As Authlib, with 401 for unknown clients: they register again when they see it."""
        status, body, headers = error()
        if isinstance(error, InvalidClientError):
            status, headers = 401, []
            if (request.headers or {}).get("Authorization"):
                headers = [("WWW-Authenticate", 'Basic realm="octoperf"')]
        return status, dict(body), list(headers)


class CoreRequest(OAuth2Request):
    """Parameters and headers in the shape that Authlib reads.

    The address is a constant, because Authlib's own check of it (https or loopback) can be
    switched off from the environment; `provider.check_origin` makes the check instead.
    """

    def __init__(self, parameters: MultiDict[str], headers: Mapping[str, str]) -> None:
        super().__init__("POST", "https://localhost/", headers=dict(headers))
        self.payload = _Payload(parameters)
        self._form = dict(parameters)

    @property
    def form(self) -> dict[str, str]:
        """The parameters, each once."""
        return self._form


class _Payload(OAuth2Payload):
    def __init__(self, parameters: MultiDict[str]) -> None:
        self._data = dict(parameters)
        self._lists = {name: parameters.getall(name) for name in parameters}

    @property
    def data(self) -> dict[str, str]:
        return self._data

    @property
    def datalist(self) -> Any:
        return self._lists

    @property
    def response_type(self) -> str:
        # Any other value ends up in a description, where a quotation mark is a ValueError.
        return "code" if self._data.get("response_type") == "code" else "other"


class _Client(ClientMixin):
    def __init__(self, client: Client) -> None:
        self.client = client

    def get_client_id(self) -> str:
        return self.client.id

    def get_default_redirect_uri(self) -> Any:
        """The only address; with several the request must choose."""
        uris = self.client.redirect_uris
        return uris[0] if len(uris) == 1 else None

    def get_allowed_scope(self, scope: Any) -> str:
        """The known scopes of those asked for; unknown ones are left out, as RFC 6749 allows."""
        known = [name for name in (scope or "").split() if name in ALL_SCOPES]
        if not set(known) & set(OPERATION_SCOPES):
            known += OPERATION_SCOPES
        return scope_text(with_implied(known))

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return self.client.allows_redirect(redirect_uri)

    def check_client_secret(self, client_secret: str) -> bool:
        return self.client.has_secret(client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002
        """A client with a secret may send it in either place; one without sends none."""
        if self.client.auth_method == "none":
            return method == "none"
        return method in ("client_secret_basic", "client_secret_post")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in ("authorization_code", "refresh_token")


class _S256(CodeChallenge):
    """RFC 7636 with `S256` and nothing else, for every client."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]  # noqa: RUF012 - Authlib's

    def validate_code_challenge(self, grant: Any, redirect_uri: Any) -> None:
        data = grant.request.payload.data
        if not data.get("code_challenge"):
            raise InvalidRequestError("PKCE is required: there is no code_challenge.")
        if data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("The code_challenge_method must be S256.")
        super().validate_code_challenge(grant, redirect_uri)


class _Code:
    """A code as Authlib reads it."""

    code_challenge_method = "S256"

    def __init__(self, code: Code) -> None:
        self.code = code
        self.code_challenge = code.challenge

    def get_redirect_uri(self) -> str:
        return self.code.redirect_uri if self.code.redirect_given else ""

    def get_scope(self) -> str:
        return self.code.scope


class _CodeGrant(authlib_grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = _AUTH_METHODS
    server: OAuthCore

    def query_authorization_code(self, code: str, client: Any) -> _Code | None:  # noqa: ARG002 - fetched beforehand
        facts = self.server.facts
        found = facts.code
        if found is None or found.client_id != client.client.id:
            return None
        if found.grant_id is not None:
            self.server.decision = Revoke(found.grant_id, "authorization_code_replayed")
            return None
        if found.expires <= facts.now_ms:
            return None
        _check_resources(self, found.resources)
        return _Code(found)

    def authenticate_user(self, authorization_code: _Code) -> str | None:
        return authorization_code.code.user_id if self.server.facts.user_is_active else None

    def delete_authorization_code(self, authorization_code: _Code) -> None:
        """Consumed when the decision is committed."""


class _Refresh:
    """A refresh token as Authlib reads it."""

    def __init__(self, token: RefreshToken) -> None:
        self.token = token

    def check_client(self, client: _Client) -> bool:
        return self.token.grant.client_id == client.client.id

    def get_scope(self) -> str:
        return self.token.grant.scope


class _RefreshGrant(authlib_grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = _AUTH_METHODS
    server: OAuthCore

    def authenticate_refresh_token(self, refresh_token: str) -> Any:  # noqa: ARG002 - fetched beforehand
        facts = self.server.facts
        found, client = facts.refresh, facts.client
        if found is None or client is None or found.grant.client_id != client.id:
            return None
        if found.grant.revoked is not None or found.expires <= facts.now_ms:
            return None
        if found.used is not None and facts.now_ms - found.used > REUSE_GRACE_MS:
            self.server.decision = Revoke(found.grant.id, "refresh_token_reused")
            return None
        if not facts.user_is_active:
            return None
        _check_resources(self, found.grant.resources)
        return _Refresh(found)

    def authenticate_user(self, refresh_token: Any) -> Any:
        return refresh_token.token.grant.user_id

    def revoke_old_credential(self, refresh_token: Any) -> None:
        """Spent when the decision is committed."""


class _Token:
    """A presented token as Authlib reads it."""

    def __init__(self, token: TokenInHand) -> None:
        self.token = token

    def check_client(self, client: _Client) -> bool:
        return self.token.grant.client_id == client.client.id

    def is_expired(self) -> bool:
        return not self.token.alive

    def is_revoked(self) -> bool:
        return self.token.grant.revoked is not None


class _Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = _AUTH_METHODS
    server: OAuthCore

    def query_token(self, token_string: str, token_type_hint: str | None) -> _Token | None:  # noqa: ARG002 - fetched beforehand
        token = self.server.facts.token
        return None if token is None else _Token(token)

    def revoke_token(self, token: _Token, request: OAuth2Request) -> None:  # noqa: ARG002 - committed later
        self.server.decision = Revoke(token.token.grant.id, "revoked_by_client")


class _Introspection(IntrospectionEndpoint):
    """Only for clients with a secret, and only about their own tokens."""

    CLIENT_AUTH_METHODS = _AUTH_METHODS[:2]
    server: OAuthCore

    def query_token(self, token_string: str, token_type_hint: str | None) -> _Token | None:  # noqa: ARG002 - fetched beforehand
        token = self.server.facts.token
        return None if token is None else _Token(token)

    def check_permission(self, token: _Token, client: _Client, request: OAuth2Request) -> bool:  # noqa: ARG002
        return token.check_client(client)

    def introspect_token(self, token: _Token) -> dict[str, Any]:
        grant = token.token.grant
        return {
            "active": True,
            "client_id": grant.client_id,
            "sub": grant.user_id,
            "scope": token.token.scope,
            "exp": token.token.expires_at_s,
            "token_type": "Bearer" if token.token.kind == "access_token" else token.token.kind,
        }


def _check_resources(grant: Any, allowed: Sequence[str]) -> None:
    """Check the resources that a token request repeats against those of the authorization."""
    asked = grant.request.payload.datalist.get("resource", [])
    known = {resource.removesuffix("/") for resource in allowed}
    for resource in asked:
        if not grant.server.owns_resource(resource):
            raise InvalidTargetError
        if known and resource.removesuffix("/") not in known:
            raise InvalidTargetError
