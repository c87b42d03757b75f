import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoperf_mcp.embedded.engine.wire.forbidden_addresses import is_forbidden, is_forbidden_host
from octoperf_mcp.embedded.engine.wire.transport import Addresses
from tests.octoperf_mcp.embedded.engine.players import Player, request
from tests.octoperf_mcp.embedded.engine.target import Answer, Target

METADATA = IPv4Address("169.254.169.254")


def test_link_local_and_metadata_addresses_are_forbidden() -> None:
    for address in (
        "169.254.169.254",
        "169.254.0.1",
        "169.254.170.2",
        "100.100.100.200",
        "168.63.129.16",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "fd20:ce::254",
    ):
        assert is_forbidden(address), address


def embedding(address: IPv4Address) -> list[IPv6Address]:
    """The address in each form in which IPv6 carries it."""
    bits = int(address)
    high, low = bits >> 16, bits & 0xFFFF
    nat64 = int(IPv6Address("64:ff9b:1::"))
    return [
        IPv6Address(f"::ffff:{address}"),
        IPv6Address(f"::{address}"),
        IPv6Address(f"::ffff:0:{address}"),
        IPv6Address(f"64:ff9b::{address}"),
        IPv6Address(f"64:ff9b:1::{address}"),
        IPv6Address(nat64 | high << 64 | low << 40),
        IPv6Address(nat64 | bits >> 24 << 64 | (bits & 0xFFFFFF) << 32),
        IPv6Address((0x2002 << 112) | bits << 80),
        IPv6Address((0x2001 << 112) | bits << 64),
        IPv6Address((0x2001 << 112) | (bits ^ 0xFFFFFFFF)),
        IPv6Address(int(IPv6Address("2001:db8::")) | 0x5EFE << 32 | bits),
        IPv6Address(int(IPv6Address("2001:db8::")) | 0x02005EFE << 32 | bits),
    ]


@given(st.integers(0, 0xFFFF))
def test_no_transition_form_hides_a_link_local_address(last: int) -> None:
    address = IPv4Address(int(IPv4Address("169.254.0.0")) | last)
    assert [str(form) for form in embedding(address) if not is_forbidden(str(form))] == []


@given(st.ip_addresses(v=4))
def test_other_addresses_are_not_forbidden_in_any_form(address: IPv4Address) -> None:
    forbidden = is_forbidden(str(address))
    assert [is_forbidden(str(form)) for form in embedding(address)[:4]] == [forbidden] * 4


@pytest.mark.parametrize(
    "name",
    [
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
        "169.254.43518",
        "[::ffff:169.254.169.254]",
        "metadata.google.internal.",
        "Metadata.Google.Internal",
    ],
)
def test_every_spelling_of_a_forbidden_host_is_seen_without_a_look_up(name: str) -> None:
    assert is_forbidden_host(name)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "10.0.0.1", "[::1]", "a.b", "", "é"])
def test_other_hosts_are_left_to_the_look_up(name: str) -> None:
    assert not is_forbidden_host(name)


@pytest.mark.parametrize("hostname", ["169.254.169.254", "0xa9fea9fe", "::ffff:a9fe:a9fe"])
def test_the_engine_refuses_to_connect_and_says_why(target: Target, hostname: str) -> None:
    server = target.server(hostname=hostname, connectTimeoutMs=300)
    [outcome] = Player([request()], servers=[server]).play()
    assert outcome.sample.code == "-1"
    assert outcome.message.startswith("Refused to connect to ")
    assert target.connections == 0


def test_neither_a_redirect_nor_a_page_leads_there(target: Target) -> None:
    metadata = "http://169.254.169.254/latest/meta-data/"
    target.answers["/away"] = Answer("", 302, [("Location", metadata)])
    target.answers["/page"] = Answer(
        f"<img src='{metadata}'>", headers=[("Content-Type", "text/html")]
    )
    actions = [request("/away", followRedirects=True), request("/page", downloadResources=True)]
    outcomes = Player(actions, servers=[target.server()]).play()
    refused = [each for each in outcomes if each.message.startswith("Refused to connect to ")]
    assert [each.sample.url for each in refused] == [metadata, metadata]


def test_a_name_that_resolves_there_is_refused_also_by_a_static_host(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolved(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        address = str(ip_address(host)) if host[0].isdigit() else str(METADATA)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr("gevent.socket.getaddrinfo", resolved)
    for addresses in (Addresses(), Addresses({"shop.test": "169.254.169.254"})):
        with pytest.raises(OSError, match=r"Refused to connect to shop\.test"):
            addresses("shop.test", 80)
    assert Addresses({"shop.test": "127.0.0.1"})("shop.test", 80)[0][4] == ("127.0.0.1", 80)
