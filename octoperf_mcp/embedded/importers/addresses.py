"""Addresses that people write: absolute, and with `${variables}` anywhere but in the scheme."""

import re
from dataclasses import dataclass

MAX_URL = 32_768
DEFAULT_PORTS = {"HTTP": 80, "HTTPS": 443}
_MOST_PORT = 65_535
_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|(?:\$\{[^{}]*\}|[^/?\#:@\\\s\[\]])+)"
    r"(?::(?P<port>\d{1,5}))?"
    r"(?P<path>/[^?\#]*)?(?:\?(?P<query>[^\#]*))?(?:\#.*)?",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Address:
    """An address in parts; `protocol` is `HTTP` or `HTTPS`, `query` has no question mark."""

    protocol: str
    host: str
    port: int
    path: str
    query: str


def address_of(url: str) -> Address | str:
    """The parts of an absolute address, or the reason why it is none. Its fragment is left out."""
    url = url.strip()
    if len(url) > MAX_URL:
        return f"longer than {MAX_URL} characters"
    if not re.match(r"https?://", url, re.IGNORECASE):
        return "not an address that begins with http:// or https://"
    found = _URL.fullmatch(url)
    if found is None:
        return "credentials in it: keep them on the HTTP server" if "@" in url else "not valid"
    protocol = found["scheme"].upper()
    port = int(found["port"]) if found["port"] else DEFAULT_PORTS[protocol]
    if not 0 < port <= _MOST_PORT:
        return "not a valid port"
    host = found["host"].strip("[]")
    host = host if "${" in host else ascii_host(host)
    if not host:
        return "not a valid host"
    return Address(protocol, host, port, found["path"] or "/", found["query"] or "")


def ascii_host(host: str) -> str:
    """A host name in lower case, as it is looked up; empty when it cannot be one."""
    if host.isascii():
        return host.lower()
    try:
        return host.encode("idna").decode().lower()
    except UnicodeError:
        return ""
