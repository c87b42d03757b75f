"""Who calls behind reverse proxies: `X-Forwarded-For`, believed only from proxies that are named.

Throttles count by address; behind a proxy, without this, all callers would be one.
"""

import ipaddress
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web
from aiohttp.typedefs import Middleware

from octoperf_mcp.errors import ConfigError

HEADER = "X-Forwarded-For"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def forwarded(proxies: Sequence[str]) -> Middleware:
    """A middleware, the outermost one, that puts the caller's address into `request.remote`.

    Args:
        proxies: Addresses and networks whose word is taken.

    Raises:
        ConfigError: one of them is neither.
    """
    trusted = [_network(text) for text in proxies]

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        caller = caller_of(request.remote or "", request.headers.getall(HEADER, []), trusted)
        if caller != (request.remote or ""):
            request = request.clone(remote=caller)
        return await handler(request)

    return middleware


def caller_of(peer: str, values: Sequence[str], trusted: Sequence[Network]) -> str:
    """The nearest address that is no trusted proxy's.

    Read from the right, since whatever stands to the left of a proxy that is not ours is only what
    somebody claims.

    Args:
        peer: Who holds the connection.
        values: Values of the header, in order.
        trusted: The proxies.
    """
    hops = [hop.strip() for value in values for hop in value.split(",")]
    caller = peer
    while hops and _is_in(caller, trusted):
        nearest = _address(hops.pop())
        if not nearest:
            return caller
        caller = nearest
    return caller


def _address(hop: str) -> str:
    """An address without the port that some proxies add; "" when it is none."""
    bare = hop.partition("]")[0].removeprefix("[") if hop.startswith("[") else hop
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return ""


def _is_in(text: str, networks: Sequence[Network]) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in networks)


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise ConfigError(
            f"[server] trusted_proxies: {text!r} is no address or network."
        ) from error
