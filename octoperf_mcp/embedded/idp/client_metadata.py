"""What a client is, and reading what it says of itself (RFC 7591 section 2)."""

import unicodedata
from dataclasses import dataclass
from typing import Any

from octoperf_mcp.auth.scopes import ALL_SCOPES, scope_text
from octoperf_mcp.embedded.idp.redirects import InvalidRedirectError, check_registrable, matches
from octoperf_mcp.embedded.idp.tickets import hash_of, same

AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post")
GRANT_TYPES = ("authorization_code", "refresh_token")
_LONGEST_NAME = 60
_MOST_REDIRECTS = 20


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client; `secret_hash` is "" for a public one."""

    id: str
    name: str
    redirect_uris: tuple[str, ...]
    application_type: str
    auth_method: str
    secret_hash: str
    scope: str
    created: int
    last_used: int | None

    def allows_redirect(self, uri: str) -> bool:
        """Whether answers may go to an address."""
        return any(matches(registered, uri) for registered in self.redirect_uris)

    def has_secret(self, secret: str) -> bool:
        """Whether this is the client's secret."""
        return bool(self.secret_hash) and same(self.secret_hash, hash_of(secret))


@dataclass(frozen=True, slots=True)
class Registration:
    """What a client asked to be registered as, checked."""

    name: str
    redirect_uris: tuple[str, ...]
    application_type: str
    auth_method: str
    scope: str


class InvalidMetadataError(ValueError):
    """The registration cannot be accepted: an RFC 7591 error code and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


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
