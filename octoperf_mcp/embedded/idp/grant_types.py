"""The grant types and token endpoints of Authlib, reading facts and noting decisions."""
# ruff: noqa: D102 - the methods are Authlib's and described there

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from authlib.oauth2.rfc6749 import ClientMixin, InvalidRequestError, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import grants as authlib_grants
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from octoperf_mcp.auth.scopes import ALL_SCOPES, OPERATION_SCOPES, scope_text, with_implied
from octoperf_mcp.embedded.idp.client_metadata import Client
from octoperf_mcp.embedded.idp.decisions import Revoke, TokenInHand
from octoperf_mcp.embedded.idp.grants import Code, RefreshToken

if TYPE_CHECKING:
    from octoperf_mcp.embedded.idp.oauth import OAuthCore

REUSE_GRACE_MS = 60_000
_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]


class InvalidTargetError(OAuth2Error):
    """The resource is not this server's (RFC 8707 section 2)."""

    error = "invalid_target"
    description = "The resource is not one of this server."


class KnownClient(ClientMixin):
    """A client as Authlib reads it."""

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


class S256(CodeChallenge):
    """RFC 7636 with `S256` and nothing else, for every client."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]  # noqa: RUF012 - Authlib's

    def validate_code_challenge(self, grant: Any, redirect_uri: Any) -> None:
        data = grant.request.payload.data
        if not data.get("code_challenge"):
            raise InvalidRequestError("PKCE is required: there is no code_challenge.")
        if data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("The code_challenge_method must be S256.")
        super().validate_code_challenge(grant, redirect_uri)


class KnownCode:
    """A code as Authlib reads it."""

    code_challenge_method = "S256"

    def __init__(self, code: Code) -> None:
        self.code = code
        self.code_challenge = code.challenge

    def get_redirect_uri(self) -> str:
        return self.code.redirect_uri if self.code.redirect_given else ""

    def get_scope(self) -> str:
        return self.code.scope


class CodeGrant(authlib_grants.AuthorizationCodeGrant):
    """Trading a code (RFC 6749 section 4.1.3); a second use revokes what the first one gave."""

    TOKEN_ENDPOINT_AUTH_METHODS = _AUTH_METHODS
    server: "OAuthCore"

    def query_authorization_code(self, code: str, client: Any) -> KnownCode | None:  # noqa: ARG002 - fetched beforehand
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
        return KnownCode(found)

    def authenticate_user(self, authorization_code: KnownCode) -> str | None:
        return authorization_code.code.user_id if self.server.facts.user_is_active else None

    def delete_authorization_code(self, authorization_code: KnownCode) -> None:
        """Consumed when the decision is committed."""


class KnownRefreshToken:
    """A refresh token as Authlib reads it."""

    def __init__(self, token: RefreshToken) -> None:
        self.token = token

    def check_client(self, client: KnownClient) -> bool:
        return self.token.grant.client_id == client.client.id

    def get_scope(self) -> str:
        return self.token.grant.scope


class RefreshGrant(authlib_grants.RefreshTokenGrant):
    """Trading a refresh token (RFC 6749 section 6) for its successor, again within the grace."""

    TOKEN_ENDPOINT_AUTH_METHODS = _AUTH_METHODS
    server: "OAuthCore"

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
        return KnownRefreshToken(found)

    def authenticate_user(self, refresh_token: Any) -> Any:
        return refresh_token.token.grant.user_id

    def revoke_old_credential(self, refresh_token: Any) -> None:
        """Spent when the decision is committed."""


class KnownToken:
    """A presented token as Authlib reads it."""

    def __init__(self, token: TokenInHand) -> None:
        self.token = token

    def check_client(self, client: KnownClient) -> bool:
        return self.token.grant.client_id == client.client.id

    def is_expired(self) -> bool:
        return not self.token.alive

    def is_revoked(self) -> bool:
        return self.token.grant.revoked is not None


class Revocation(RevocationEndpoint):
    """Either token of a client ends the grant (RFC 7009)."""

    CLIENT_AUTH_METHODS = _AUTH_METHODS
    server: "OAuthCore"

    def query_token(self, token_string: str, token_type_hint: str | None) -> KnownToken | None:  # noqa: ARG002 - fetched beforehand
        token = self.server.facts.token
        return None if token is None else KnownToken(token)

    def revoke_token(self, token: KnownToken, request: OAuth2Request) -> None:  # noqa: ARG002 - committed later
        self.server.decision = Revoke(token.token.grant.id, "revoked_by_client")


class Introspection(IntrospectionEndpoint):
    """Only for clients with a secret, and only about their own tokens."""

    CLIENT_AUTH_METHODS = _AUTH_METHODS[:2]
    server: "OAuthCore"

    def query_token(self, token_string: str, token_type_hint: str | None) -> KnownToken | None:  # noqa: ARG002 - fetched beforehand
        token = self.server.facts.token
        return None if token is None else KnownToken(token)

    def check_permission(self, token: KnownToken, client: KnownClient, _request: Any) -> bool:
        return token.check_client(client)

    def introspect_token(self, token: KnownToken) -> dict[str, Any]:
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
