"""Authlib's server core, run on rows that were fetched beforehand.

The core is synchronous, so nothing in here touches the database: an endpoint fetches what the
request names, lets the core decide, and commits the decision in one transaction.

Where Authlib 1.9 does not do what is needed, this module or its callers do: PKCE with `S256` is
a must for every client; an unknown client is 401; redirects are built by `redirects.answered`,
since Authlib writes the registered query anew; descriptions hold no text of the request, since
some characters in one make Authlib raise ValueError.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    InvalidClientError,
    OAuth2Error,
    OAuth2Payload,
    OAuth2Request,
)
from multidict import MultiDict

from octoperf_mcp.embedded.idp.decisions import Decision, Facts, Redeem, Rotate
from octoperf_mcp.embedded.idp.grant_types import (
    S256,
    CodeGrant,
    Introspection,
    KnownClient,
    KnownCode,
    KnownRefreshToken,
    RefreshGrant,
    Revocation,
)

# It writes tokens into its debug messages.
logging.getLogger("authlib").setLevel(logging.WARNING)

Answer = tuple[int, dict[str, Any], list[tuple[str, str]]]


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
        self.register_grant(CodeGrant, [S256()])
        self.register_grant(RefreshGrant)
        self.register_endpoint(Revocation)
        self.register_endpoint(Introspection)

    def query_client(self, client_id: str) -> Any:
        """The client, if it is the one that was fetched."""
        client = self.facts.client
        return KnownClient(client) if client is not None and client.id == client_id else None

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
        if isinstance(request.authorization_code, KnownCode):
            self.decision = Redeem(request.authorization_code.code, scope)
        elif isinstance(request.refresh_token, KnownRefreshToken):
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
