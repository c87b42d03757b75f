"""Where an issuer keeps its keys: RFC 8414 metadata, with OpenID discovery as the fallback."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from octoperf_mcp.errors import KeysUnavailableError

# Gets an address and gives the decoded JSON; KeysUnavailableError, OSError or TimeoutError if not.
FetchJson = Callable[[str], Awaitable[Any]]


async def find_keys_url(issuer: str, fetch: FetchJson, *, base_url: str = "") -> str:
    """Read `jwks_uri` from the issuer's metadata.

    Args:
        issuer: The issuer, compared byte for byte with what the metadata says.
        fetch: Gets a JSON document.
        base_url: Origin to ask instead of the issuer's own, when that is not reachable from here
            (the embedded platform is asked at its loopback address).

    Raises:
        KeysUnavailableError: no metadata, or it is another issuer's.
    """
    failure = "no answer"
    for address in metadata_addresses(issuer):
        try:
            document = await fetch(relocated(address, issuer, base_url))
        except (KeysUnavailableError, OSError, TimeoutError) as error:
            failure = str(error) or type(error).__name__
            continue
        if not isinstance(document, dict) or document.get("issuer") != issuer:
            failure = "the metadata names another issuer"
            continue
        found = document.get("jwks_uri")
        if isinstance(found, str) and urlsplit(found).scheme in ("http", "https"):
            return relocated(found, issuer, base_url)
        failure = "the metadata names no key set"
    raise KeysUnavailableError(f"The metadata of {issuer} cannot be read: {failure}.")


def metadata_addresses(issuer: str) -> list[str]:
    """Addresses to try, in order; an issuer with a path has its well-known part in between."""
    parts = urlsplit(issuer)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    addresses = [
        f"{origin}/.well-known/oauth-authorization-server{path}",
        f"{origin}/.well-known/openid-configuration{path}",
    ]
    if path:
        addresses.append(f"{origin}{path}/.well-known/openid-configuration")
    return addresses


def relocated(address: str, issuer: str, base_url: str) -> str:
    """`address` moved from the issuer's origin to `base_url`; others are left alone."""
    parts = urlsplit(issuer)
    origin = f"{parts.scheme}://{parts.netloc}"
    if base_url and (address == origin or address.startswith(origin + "/")):
        return base_url.rstrip("/") + address[len(origin) :]
    return address
