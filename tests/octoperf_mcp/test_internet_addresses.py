"""What may be called for a stranger: nothing of ours in whatever spelling."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoperf_mcp.internet_addresses import is_public, reach_of

PRIVATE_V4 = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.31.255.255",
    "192.0.0.8",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
]


def inside(address: str) -> list[str]:
    """Spellings of an IPv4 address in IPv6."""
    number = int(ipaddress.IPv4Address(address))
    forms = {
        "mapped": (0xFFFF << 32) | number,
        "compatible": number,
        "translated": (0xFFFF0000 << 32) | number,
        "NAT64": (0x64FF9B << 96) | number,
        "NAT64 local": (0x64FF9B0001 << 80) | number,
        "6to4": (0x2002 << 112) | (number << 80) | 1,
        "Teredo": (0x20010000 << 96) | (number ^ 0xFFFFFFFF),
        "ISATAP": (0x2A000001 << 96) | (0x5EFE << 32) | number,
        "ISATAP global": (0x2A000001 << 96) | (0x02005EFE << 32) | number,
    }
    return [str(ipaddress.IPv6Address(form)) for form in forms.values()]


@pytest.mark.parametrize("address", PRIVATE_V4)
def test_no_private_address_is_public_in_any_spelling(address: str) -> None:
    assert not is_public(address)
    for spelled in inside(address):
        assert not is_public(spelled), spelled


@pytest.mark.parametrize(
    "address",
    [
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
        "2600::1%1",
        "localhost",
        "0177.0.0.1",
        "2130706433",
        "",
    ],
)
def test_what_nobody_routes_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "160.79.104.10", "2606:4700::1111", "64:ff9b::101:101", "2002:101:101::1"],
)
def test_the_public_internet_is(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_a_public_address_of_version_4_is_global(address: ipaddress.IPv4Address) -> None:
    if is_public(str(address)):
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_reserved


@pytest.mark.parametrize(
    ("address", "reach"),
    [
        ("1.1.1.1", "public"),
        ("2606:4700::1111", "public"),
        ("10.0.0.1", "private"),
        ("fd12:3456::1", "private"),
        ("127.8.8.8", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("169.254.169.254", "never"),
        ("::ffff:169.254.169.254", "never"),
        ("64:ff9b::a9fe:a9fe", "never"),
        ("100.100.100.200", "never"),
        ("168.63.129.16", "never"),
        ("fd00:ec2::254", "never"),
        ("fe80::1%eth0", "never"),
        ("::", "never"),
        ("0.0.0.0", "never"),
        ("239.1.1.1", "never"),
        ("metadata", "never"),
    ],
)
def test_how_far_away_an_address_is(address: str, reach: str) -> None:
    assert reach_of(address) == reach
