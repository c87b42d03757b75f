"""Which internet addresses are public, and which nobody may call: cloud metadata and its like.

By lists of our own (IANA's special-purpose registries), since `ipaddress.is_global` takes several
forms that carry an IPv4 address inside, or that nobody routes, for public ones.
"""

import ipaddress
from collections.abc import Iterator
from typing import Final, Literal

IPv4 = ipaddress.IPv4Address
IPv6 = ipaddress.IPv6Address

_CLOSED_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's own, reached from inside only
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_OPEN_V6 = ipaddress.IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # Teredo, ORCHID, benchmarking and their kin
        "2001:db8::/32",
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")
_ISATAP = (0x00005EFE, 0x02005EFE)

_COMPATIBLE = ipaddress.IPv6Network("::/96")
_LOOPBACK: Final = ipaddress.IPv4Network("127.0.0.0/8")
_NEVER_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "100.100.100.200/32",  # Alibaba's metadata
        "168.63.129.16/32",
        "169.254.0.0/16",
        "192.0.0.192/32",  # Oracle's metadata
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_NEVER_V6 = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "::/128",
        "fd00:ec2::/32",  # Amazon's metadata
        "fd20:ce::/32",  # Google's metadata
        "fe80::/10",
        "ff00::/8",
    )
)

Reach = Literal["public", "private", "loopback", "never"]


def reach_of(text: str) -> Reach:
    """How far away an address is; `never` for metadata services, link-local, multicast, nonsense.

    An IPv6 address is judged by each IPv4 address that it carries, too.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "never"
    if str(address) == "::1":
        return "loopback"
    spelled = [address, *_carried(address)]
    if any(_is_never(each) for each in spelled):
        return "never"
    if any(isinstance(each, IPv4) and each in _LOOPBACK for each in spelled):
        return "loopback"
    return "public" if is_public(text) else "private"


def _is_never(address: IPv4 | IPv6) -> bool:
    if isinstance(address, IPv4):
        return any(address in network for network in _NEVER_V4)
    return address.scope_id is not None or any(address in network for network in _NEVER_V6)


def _carried(address: IPv4 | IPv6) -> Iterator[IPv4]:
    if isinstance(address, IPv4):
        return
    number = int(address)
    if address in _MAPPED or address in _NAT64 or address in _COMPATIBLE:
        yield IPv4(number & 0xFFFFFFFF)
    if address in _SIX_TO_FOUR:
        yield IPv4((number >> 80) & 0xFFFFFFFF)
    if (number >> 32) & 0xFFFFFFFF in _ISATAP:
        yield IPv4(number & 0xFFFFFFFF)


def is_public(text: str) -> bool:
    """Whether an address is public, and every IPv4 address that it carries inside, too."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return _is_public_v4(address) if isinstance(address, IPv4) else _is_public_v6(address)


def _is_public_v4(address: IPv4) -> bool:
    return not any(address in network for network in _CLOSED_V4)


def _is_public_v6(address: IPv6) -> bool:
    if address.scope_id is not None:
        return False
    number = int(address)
    if address in _MAPPED or address in _NAT64:
        return _is_public_v4(IPv4(number & 0xFFFFFFFF))
    if address not in _OPEN_V6 or any(address in network for network in _CLOSED_V6):
        return False
    if (number >> 32) & 0xFFFFFFFF in _ISATAP and not _is_public_v4(IPv4(number & 0xFFFFFFFF)):
        return False
    return address not in _SIX_TO_FOUR or _is_public_v4(IPv4((number >> 80) & 0xFFFFFFFF))
