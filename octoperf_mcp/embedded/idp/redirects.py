"""Redirect addresses: which may be registered, which match, how they read on the consent page.

RFC 6749 section 3.1.2, RFC 8252 section 7 and 8, RFC 9700 section 2.1: exact comparison, except
for the port of a loopback address, which a native application only knows once it listens.
"""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from octoperf_mcp.auth.hosts import is_loopback

LONGEST = 2000
# Visible ASCII without the characters that browsers and parsers read differently.
_PLAIN = re.compile(r"[!#-;=?-Z\[\]_a-z~%@]+")
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
# What a browser runs, opens locally or hands to a program that does harm with an argument.
_REFUSED_NAMES = """
about blob chrome chrome-extension cid content data devtools dict feed file filesystem ftp ftps
gopher imap intent jar javascript ldap ldaps mailto mhtml mid mms moz-extension news nntp pop
resource rtsp search search-ms sftp shell sms smb ssh tel telnet vbscript view-source vnc ws wss
x-apple.systempreferences
"""
_REFUSED_SCHEMES = frozenset(_REFUSED_NAMES.split())
# Parameters that the answer itself carries; a second one of the name would be ambiguous.
_ANSWER_PARAMETERS = frozenset({"code", "state", "iss", "error", "error_description", "error_uri"})


class InvalidRedirectError(ValueError):
    """The address may not be registered; the text says why."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an answer goes, as the consent page shows it.

    `kind` is `web`, `loopback` (a program on the user's own computer) or `scheme` (whatever
    application is registered there for it); `name` is the host or the scheme.
    """

    kind: str
    name: str


def check_registrable(uri: str, application_type: str) -> None:
    """Check an address at registration.

    Args:
        uri: The address.
        application_type: `web`, `native`, or "" when the client did not say, which allows both.

    Raises:
        InvalidRedirectError: the reason.
    """
    if not uri or len(uri) > LONGEST or not _PLAIN.fullmatch(uri):
        raise InvalidRedirectError("it holds characters that an address cannot have")
    if "#" in uri:
        raise InvalidRedirectError("it has a fragment")
    parts = _split(uri)
    if parts is None:
        raise InvalidRedirectError("it cannot be read")
    if parts.scheme in ("http", "https"):
        _check_web(parts, application_type)
    else:
        _check_private(parts, application_type)
    names = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if names & _ANSWER_PARAMETERS:
        raise InvalidRedirectError("its query has a parameter that the answer carries")


def _check_web(parts: SplitResult, application_type: str) -> None:
    if not parts.hostname or "@" in parts.netloc:
        raise InvalidRedirectError("it needs a plain host")
    if parts.scheme == "https":
        return
    if not is_loopback(parts.hostname):
        raise InvalidRedirectError("http is only for loopback addresses; use https")
    if application_type == "web":
        raise InvalidRedirectError("a web application cannot receive answers on loopback")


def _check_private(parts: SplitResult, application_type: str) -> None:
    if not _PRIVATE_SCHEME.fullmatch(parts.scheme):
        raise InvalidRedirectError("it needs a scheme")
    if parts.scheme in _REFUSED_SCHEMES or parts.scheme.startswith("ms-"):
        raise InvalidRedirectError("its scheme is not allowed")
    if application_type == "web":
        raise InvalidRedirectError("a web application needs https")


def matches(registered: str, requested: str) -> bool:
    """Whether a requested address is the registered one, the loopback port aside."""
    if registered == requested:
        return True
    ours, theirs = _split(registered), _split(requested)
    if ours is None or theirs is None or not _PLAIN.fullmatch(requested):
        return False
    return (
        _is_loopback_http(ours)
        and _is_loopback_http(theirs)
        and "@" not in theirs.netloc
        and ours.hostname == theirs.hostname
        and _after_netloc(registered) == _after_netloc(requested)
    )


def without_port(uri: str) -> str:
    """The address as it is compared: loopback ones without port."""
    parts = _split(uri)
    if parts is None or not _is_loopback_http(parts):
        return uri
    return f"http://{parts.hostname}{_after_netloc(uri)}"


def answered(uri: str, parameters: dict[str, str]) -> str:
    """The address with the answer appended; what it had before stays byte for byte."""
    if "?" not in uri:
        return f"{uri}?{urlencode(parameters)}"
    joint = "" if uri.endswith(("?", "&")) else "&"
    return f"{uri}{joint}{urlencode(parameters)}"


def destination(uri: str) -> Destination:
    """How to tell a person where the answer goes."""
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https"):
        return Destination("scheme", parts.scheme)
    kind = "loopback" if is_loopback(parts.hostname or "") else "web"
    return Destination(kind, parts.netloc)


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _is_loopback_http(parts: SplitResult) -> bool:
    return parts.scheme == "http" and is_loopback(parts.hostname or "")


def _after_netloc(uri: str) -> str:
    rest = uri.split("://", 1)[-1]
    start = min((found for mark in "/?#" if (found := rest.find(mark)) >= 0), default=len(rest))
    return rest[start:]
