"""Addresses that no load reaches: link-local ones, and the metadata services of clouds.

A virtual user could otherwise read the credentials of the machine that plays it. What counts is
the address that a name resolves to, also where an IPv6 address carries an IPv4 address in it:
mapped and compatible (RFC 4291), translated (RFC 2765), NAT64 (RFC 6052, RFC 8215), 6to4
(RFC 3056), Teredo (RFC 4380) and ISATAP (RFC 5214).
"""

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

_FORBIDDEN = tuple(
    ip_network(text)
    for text in (
        "169.254.0.0/16",  # link-local, and there AWS, Azure, Google, Oracle and others
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure's wire server
        "192.0.0.192/32",  # Oracle, classic
        "fe80::/10",  # link-local
        "fd00:ec2::/32",  # AWS
        "fd20:ce::254/128",  # Google
        "fd00:42::42/128",  # Scaleway
    )
)
_NAMES = frozenset({"metadata.google.internal", "metadata.goog", "instance-data"})
_LAST_32_BITS = tuple(
    IPv6Network(text) for text in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96")
)
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
_ISATAP = (0x00005EFE, 0x02005EFE)
_32_BITS = 0xFFFFFFFF
_BYTE = 0xFF
_16_BITS = 0xFFFF


class ForbiddenAddressError(OSError):
    """A target that the engine refuses to connect to."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(
            f"Refused to connect to {host} ({address}): no load goes to link-local addresses and "
            "to metadata services of clouds"
        )


def is_forbidden(address: str) -> bool:
    """Whether an address, as `getaddrinfo` gives it, must not be connected to."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    carried = _carried_by(parsed) if isinstance(parsed, IPv6Address) else ()
    return any(one in network for one in (parsed, *carried) for network in _FORBIDDEN)


def is_forbidden_host(hostname: str) -> bool:
    """Whether a host name shows by itself, without a look-up, that it must not be connected to.

    All spellings of an IPv4 address are understood: `0xa9fea9fe`, `2852039166`, `169.254.43518`.
    """
    name = hostname.strip().strip("[]").rstrip(".").lower()
    if name in _NAMES:
        return True
    try:
        return is_forbidden(socket.inet_ntoa(socket.inet_aton(name)))
    except (OSError, UnicodeError):
        return is_forbidden(name)


def _carried_by(address: IPv6Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that an IPv6 address leads to, or would where it is translated."""
    bits = int(address)
    if any(address in network for network in _LAST_32_BITS):
        yield IPv4Address(bits & _32_BITS)
    if address in _LOCAL_NAT64:
        yield IPv4Address(bits & _32_BITS)
        # With a prefix of 48 bits, the octet from bit 64 on is left out (RFC 6052 2.2).
        yield IPv4Address((bits >> 64 & _16_BITS) << 16 | bits >> 40 & _16_BITS)
        yield IPv4Address((bits >> 64 & _BYTE) << 24 | bits >> 32 & 0xFFFFFF)
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if bits >> 32 & _32_BITS in _ISATAP:
        yield IPv4Address(bits & _32_BITS)
