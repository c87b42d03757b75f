import pytest

from octoperf_mcp.auth.hosts import OwnOrigins, is_loopback


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "localhost.", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"]
)
def test_loopback_has_many_spellings(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "example.com", "localhost.example.com", "10.0.0.1", "127.1", "0x7f.0.0.1", "::2"]
)
def test_what_only_looks_like_loopback_is_not(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("header", "origin"),
    [
        ("127.0.0.1:8091", "http://127.0.0.1:8091"),
        ("localhost:8091", "http://localhost:8091"),
        ("LocalHost:8091", "http://localhost:8091"),
        ("[::1]:8091", "http://[::1]:8091"),
        ("localhost:9000", None),
        ("localhost", None),
        ("evil.example:8091", None),
        ("localhost:8091@evil.example", None),
        ("evil@localhost:8091", None),
        ("localhost:8091/path", None),
        ("localhost:port", None),
        ("[::1", None),
        ("", None),
    ],
)
def test_a_laptop_server_answers_to_its_loopback_spellings(header: str, origin: str | None) -> None:
    assert OwnOrigins("http://127.0.0.1:8091").of_host(header) == origin


def test_a_public_server_answers_to_its_name_and_to_its_own_port_on_loopback() -> None:
    own = OwnOrigins("https://octoperf.example.com", port=8091)
    assert own.of_host("octoperf.example.com") == "https://octoperf.example.com"
    assert own.of_host("localhost:8091") == "http://localhost:8091"
    assert own.of_host("octoperf.example.com:8443") is None
    assert OwnOrigins("https://octoperf.example.com").of_host("localhost:443") is None


@pytest.mark.parametrize(
    ("resource", "owned"),
    [
        ("https://octoperf.example.com", True),
        ("https://octoperf.example.com/", True),
        ("https://octoperf.example.com/mcp", True),
        ("https://octoperf.example.com/mcp/", True),
        ("https://octoperf.example.com/mcp/readonly", True),
        ("http://localhost:8091/mcp", True),
        ("http://octoperf.example.com/mcp", False),
        ("https://localhost:8091/mcp", False),
        ("https://octoperf.example.com/mcpx", False),
        ("https://octoperf.example.com/mcp?x=1", False),
        ("https://octoperf.example.com/mcp#x", False),
        ("https://evil.example/mcp", False),
        ("mcp", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_a_resource_is_own_only_when_scheme_host_and_path_are(resource: str, owned: bool) -> None:
    assert OwnOrigins("https://octoperf.example.com", port=8091).owns(resource) is owned


def test_audiences_are_all_spellings_with_and_without_mcp() -> None:
    assert OwnOrigins("https://o.example.com").audiences == {
        "https://o.example.com",
        "https://o.example.com/mcp",
    }
    assert "http://[::1]:8091/mcp" in OwnOrigins("http://127.0.0.1:8091").audiences
