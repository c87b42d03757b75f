"""Which hosts are connected to: public ones, and those that the operator names.

A name is looked up once; only if every address found is public is one of them connected to, so
that a second look-up cannot lead elsewhere. IPv6 addresses that carry an IPv4 address are judged by
that one, too.
"""

import asyncio
import socket
from collections.abc import Collection

from yarl import URL

from octoperf_mcp.embedded.failures import Forbidden, Invalid
from octoperf_mcp.internet_addresses import is_public

PUBLIC = "public"
_DEFAULT_PORTS = frozenset({80, 443})
_FIRST_FREE_PORT = 1024


def parsed(text: str) -> URL:
    """An absolute address without credentials.

    Raises:
        Invalid: it is none.
    """
    try:
        url = URL(text.strip())
    except ValueError:
        raise Invalid("This is no address.") from None
    if url.scheme not in {"http", "https"} or not url.host:
        raise Invalid("Only absolute http and https addresses can be used.")
    if url.user is not None or url.password is not None:
        raise Invalid("The address holds credentials: they are not sent.")
    return url


async def judged(url: URL, allowed: Collection[str], refusal: str) -> list[str]:
    """The internet addresses of a host, all of which may be connected to.

    Args:
        url: Absolute.
        allowed: `public`, and hosts (`HOST` or `HOST:PORT`) that may be inside.
        refusal: Told when one of them may not be connected to.

    Raises:
        Forbidden: one of them may not.
        Invalid: the name is not known.
    """
    host, port = str(url.host), int(url.port or 0)
    named = not {host, f"{host}:{port}"}.isdisjoint(allowed)
    if not named:
        free = port in _DEFAULT_PORTS or port >= _FIRST_FREE_PORT
        if PUBLIC not in allowed or not free:
            raise Forbidden(refusal)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Invalid("The host of the address is not known.") from None
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    if not named and not all(map(is_public, addresses)):
        raise Forbidden(refusal)
    return addresses
