"""Which proxy the way to an address goes through: `[upstream] proxy`, else the environment's.

The environment is read as curl and most others do: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
`NO_PROXY`, in lower case, too.
"""

import base64
import ipaddress
import urllib.request
from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from octoperf_mcp.auth.hosts import is_loopback
from octoperf_mcp.config import Secret
from octoperf_mcp.errors import ConfigError

OFF = "off"
_DEFAULT_PORT = 3128


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy; `authorization` is the value of Proxy-Authorization, empty for none."""

    host: str
    port: int
    authorization: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """Its address without credentials."""
        return f"http://{_bracketed(self.host)}:{self.port}"


def proxy_for(address: str, configured: Secret, exempt: Collection[str] = ()) -> Proxy | None:
    """The proxy on the way to an address; None for the direct way.

    Args:
        address: Where to go.
        configured: `[upstream] proxy`; `off` for none whatever the environment says.
        exempt: `[upstream] no_proxy`: hosts, suffixes (`.example.com`) and networks.

    Raises:
        ConfigError: the proxy is no http address.
    """
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    text = configured.reveal()
    if text == OFF or is_exempt(host, exempt):
        return None
    if not text:
        text = _from_environment(parts)
    return parsed(text) if text else None


def parsed(text: str) -> Proxy:
    """A proxy's address, taken apart.

    Raises:
        ConfigError: it is no http address.
    """
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port or _DEFAULT_PORT
    except ValueError as error:
        raise ConfigError("[upstream] proxy is no address such as http://proxy:3128.") from error
    if parts.scheme != "http" or not parts.hostname:
        raise ConfigError("[upstream] proxy must be an http address such as http://proxy:3128.")
    authorization = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return Proxy(parts.hostname, port, authorization)


def is_exempt(host: str, exempt: Collection[str]) -> bool:
    """Whether a host is one of these hosts, below one of them, or in one of these networks."""
    for entry in exempt:
        name = entry.strip().lower()
        bare = name.removeprefix("*").removeprefix(".")
        if name == "*" or (bare and (host == bare or host.endswith(f".{bare}"))):
            return True
        try:
            if ipaddress.ip_address(host) in ipaddress.ip_network(name, strict=False):
                return True
        except ValueError:
            continue
    return False


def _from_environment(parts: SplitResult) -> str:
    if is_loopback(parts.hostname or ""):
        return ""  # as Go has it: a corporate proxy cannot reach this machine's own loopback
    found = urllib.request.getproxies_environment()
    exempt = [entry for entry in found.get("no", "").split(",") if entry.strip()]
    if is_exempt((parts.hostname or "").lower(), exempt):
        return ""
    return found.get(parts.scheme) or found.get("all") or ""


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
