"""Lists of addresses: one GET request each, or one page each for a browser."""

from collections.abc import Sequence
from typing import Any

from octoperf_mcp.embedded.importers.addresses import Address, address_of
from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.nodes import http_request, node, virtual_user
from octoperf_mcp.embedded.importers.servers import Servers
from octoperf_mcp.entities.imported import Imported

Json = dict[str, Any]

MAX_URLS = 1_000
_SHOWN_FAULTS = 5


def import_urls(urls: Sequence[str], name: str) -> Imported:
    """A virtual user that requests each address once, in order.

    Args:
        urls: Absolute addresses; they may hold `${variables}`.
        name: Of the virtual user; empty: the host of the first address.

    Raises:
        ImportFailed: one of them is no address, or there are none, or too many.
    """
    addresses = _addresses(urls)
    result = Imported(carried=len(addresses))
    servers = Servers(result)
    children = [
        http_request(
            one.path, servers.of(one.protocol, one.host, one.port), "GET", one.path, one.query
        )
        for one in addresses
    ]
    result.virtual_users = [virtual_user(name or addresses[0].host, children)]
    return result


def import_webdriver(urls: Sequence[str], name: str) -> Imported:
    """A browser virtual user, type `WEB_DRIVER`, that opens each address once, in order.

    Arguments and errors are those of `import_urls`.
    """
    addresses = _addresses(urls)
    children = [
        node("WebDriverAction", one.path, url=url.strip())
        for one, url in zip(addresses, urls, strict=True)
    ]
    made = virtual_user(name or addresses[0].host, children, kind="WEB_DRIVER")
    return Imported(virtual_users=[made], carried=len(addresses))


def _addresses(urls: Sequence[str]) -> list[Address]:
    if not 0 < len(urls) <= MAX_URLS:
        raise ImportFailed(
            f"There are {len(urls)} addresses, not 1 to {MAX_URLS}.", "Send absolute addresses."
        )
    read = [address_of(url) for url in urls]
    faults = [
        f"urls[{index}] ({urls[index][:80]!r}) is {one}"
        for index, one in enumerate(read)
        if isinstance(one, str)
    ]
    if faults:
        more = f" and {len(faults) - _SHOWN_FAULTS} more" if len(faults) > _SHOWN_FAULTS else ""
        raise ImportFailed(
            "; ".join(faults[:_SHOWN_FAULTS]) + more + ".",
            "Send absolute addresses such as https://shop.example/cart?id=1.",
        )
    return [one for one in read if isinstance(one, Address)]
