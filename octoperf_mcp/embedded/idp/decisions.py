"""What is known about a request before Authlib runs, and what it decides to change."""

from dataclasses import dataclass

from octoperf_mcp.embedded.idp.client_metadata import Client
from octoperf_mcp.embedded.idp.grants import Code, Grant, RefreshToken


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
