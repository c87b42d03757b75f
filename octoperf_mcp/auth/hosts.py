"""Which spellings of an address are this server's own.

Clients refuse a document that says `127.0.0.1` when the user typed `localhost`, so the answer
follows the `Host` header, but only as far as it names this very server (RFC 8252 section 7.3
for what loopback is).
"""

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether a host name or address (without port, IPv6 without brackets) is loopback."""
    name = host.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class OwnOrigins:
    """The origins under which this server may be addressed.

    Args:
        origin: The public origin without trailing slash, `https://octoperf.example.com`.
        port: Port of the loopback listener, if it is not the origin's; its loopback spellings
            are own too.
    """

    def __init__(self, origin: str, *, port: int | None = None) -> None:
        self.origin = origin
        parts = urlsplit(origin)
        self._netloc = parts.netloc.lower()
        self._ports = {port} if port else set()
        if parts.scheme == "http" and is_loopback(parts.hostname or ""):
            self._ports.add(parts.port or 80)

    def of_host(self, header: str) -> str | None:
        """The origin that a `Host` header spells, or None when it is not this server's."""
        netloc = header.strip().lower()
        if netloc == self._netloc:
            return self.origin
        try:
            parts = urlsplit(f"http://{netloc}")
            port = parts.port or 80
        except ValueError:
            return None
        bare = parts.netloc == netloc and "@" not in netloc
        if bare and port in self._ports and is_loopback(parts.hostname or ""):
            return f"http://{netloc}"
        return None

    @property
    def audiences(self) -> frozenset[str]:
        """What `aud` may say of this server: every spelling, with and without /mcp."""
        hosts = ("localhost", "127.0.0.1", "[::1]")
        spelled = {f"http://{host}:{port}" for host in hosts for port in self._ports}
        return frozenset(name + path for name in {self.origin, *spelled} for path in ("", "/mcp"))

    def owns(self, resource: str) -> bool:
        """Whether a resource indicator (RFC 8707) is this server's origin or its MCP endpoint."""
        try:
            parts = urlsplit(resource)
        except ValueError:
            return False
        path = parts.path.removesuffix("/")
        if parts.query or parts.fragment or not (path in ("", "/mcp") or path.startswith("/mcp/")):
            return False
        spelled = self.of_host(parts.netloc)
        return spelled is not None and spelled.split(":")[0] == parts.scheme
