import pytest

from octoperf_mcp.embedded.idp.redirects import (
    Destination,
    InvalidRedirectError,
    answered,
    check_registrable,
    destination,
    matches,
    without_port,
)

ALLOWED = [
    "https://claude.ai/api/mcp/auth_callback",
    "https://chatgpt.com/connector/oauth/abc123",
    "https://vscode.dev/redirect",
    "https://host.example:8443/cb?tenant=1",
    "https://host.example/a/../b",
    "https://host.example/%E9",
    "http://localhost/callback",
    "http://localhost:3118/callback",
    "http://127.0.0.1/",
    "http://127.0.0.1:33418/",
    "http://127.1.2.3/cb",
    "http://[::1]:6276/oauth/callback",
    "http://app.localhost:8080/cb",
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "com.example.app:/oauth2redirect",
    "vscode://vscode.github-authentication/did-authenticate",
]
REFUSED = [
    "",
    "callback",
    "/callback",
    "//evil.example/cb",
    "https://",
    "https:///cb",
    "https://host.example/cb#fragment",
    "https://host.example/cb#",
    "https://user@host.example/cb",
    "https://user:pw@host.example/cb",
    "https://host.example:port/cb",
    "https://[::1/cb",
    "https://host.example/a b",
    "https://host.example/\tcb",
    "https://host.example/\ncb",
    "https://host.example\\@evil.example/cb",
    "https://hôst.example/cb",
    "https://host.example/cb?iss=x",
    "https://host.example/cb?a=1&code=x",
    "https://host.example/cb?state",
    "http://host.example/cb",
    "http://10.0.0.1/cb",
    "http://169.254.169.254/latest/meta-data",
    "http://localhost@evil.example/cb",
    "http://localhost:80@evil.example/cb",
    "http://localhost.evil.example/cb",
    "http://127.0.0.1.evil.example/cb",
    "http://127.1/cb",
    "http://2130706433/cb",
    "http://0x7f000001/cb",
    "http://0.0.0.0/cb",
    "http://[::2]/cb",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "java\tscript:alert(1)",
    " javascript:alert(1)",
    "data:text/html,hello",
    "vbscript:msgbox",
    "file:///etc/passwd",
    "blob:https://host.example/1",
    "about:blank",
    "ftp://host.example/cb",
    "ws://host.example/cb",
    "mailto:a@host.example",
    "intent://scan/#Intent;end",
    "ms-msdt:/id",
    "search-ms:query=x",
    "x" * 2001,
    "https://host.example/" + "x" * 2000,
]


@pytest.mark.parametrize("uri", ALLOWED)
def test_addresses_of_real_applications_may_be_registered(uri: str) -> None:
    check_registrable(uri, "")
    assert matches(uri, uri)


@pytest.mark.parametrize("uri", REFUSED)
def test_dangerous_addresses_may_not_be_registered(uri: str) -> None:
    with pytest.raises(InvalidRedirectError):
        check_registrable(uri, "")


@pytest.mark.parametrize("uri", ["http://localhost/cb", "http://[::1]/cb", "cursor://a/cb"])
def test_an_explicit_web_application_needs_https(uri: str) -> None:
    check_registrable(uri, "native")
    with pytest.raises(InvalidRedirectError):
        check_registrable(uri, "web")
    check_registrable("https://host.example/cb", "web")


@pytest.mark.parametrize(
    ("registered", "requested"),
    [
        ("http://localhost/callback", "http://localhost:51234/callback"),
        ("http://localhost:3000/callback", "http://localhost:51234/callback"),
        ("http://127.0.0.1/callback", "http://127.0.0.1:51234/callback"),
        ("http://[::1]/callback", "http://[::1]:51234/callback"),
        ("http://localhost:3000/cb?a=1", "http://localhost:4000/cb?a=1"),
        ("http://127.0.0.1", "http://127.0.0.1:4000"),
    ],
)
def test_the_port_of_a_loopback_address_is_free(registered: str, requested: str) -> None:
    assert matches(registered, requested)
    assert without_port(registered) == without_port(requested)


@pytest.mark.parametrize(
    ("registered", "requested"),
    [
        ("http://localhost/callback", "http://127.0.0.1/callback"),
        ("http://localhost/callback", "http://localhost/callback/"),
        ("http://localhost/callback", "http://localhost/other"),
        ("http://localhost/callback", "http://localhost/callback?x=1"),
        ("http://localhost/callback", "http://localhost/a/../callback"),
        ("http://localhost/callback", "http://localhost:1@evil.example/callback"),
        ("http://localhost/callback", "http://evil@localhost:1/callback"),
        ("http://localhost/callback", "http://localhost\\.evil.example/callback"),
        ("http://localhost/callback", "https://localhost/callback"),
        ("http://localhost/callback", "http://localhost:x/callback"),
        ("http://localhost/callback", "http://localhost/callback#x"),
        ("http://localhost/callback", ""),
        ("https://host.example/cb", "https://host.example:8443/cb"),
        ("https://host.example/cb", "https://HOST.example/cb"),
        ("https://host.example/cb", "http://host.example/cb"),
        ("https://host.example/cb", "https://host.example/cb/../cb"),
        ("cursor://a/cb", "cursor://a:1/cb"),
    ],
)
def test_everything_else_is_compared_exactly(registered: str, requested: str) -> None:
    assert not matches(registered, requested)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://a.example/cb", "https://a.example/cb?code=x+y&iss=https%3A%2F%2Fb"),
        ("https://a.example/cb?", "https://a.example/cb?code=x+y&iss=https%3A%2F%2Fb"),
        ("https://a.example/cb?flag", "https://a.example/cb?flag&code=x+y&iss=https%3A%2F%2Fb"),
        (
            "https://a.example/cb?n=%E9&m=a%20b",
            "https://a.example/cb?n=%E9&m=a%20b&code=x+y&iss=https%3A%2F%2Fb",
        ),
        ("app:/cb", "app:/cb?code=x+y&iss=https%3A%2F%2Fb"),
    ],
)
def test_the_answer_is_appended_and_the_rest_kept_byte_for_byte(uri: str, expected: str) -> None:
    assert answered(uri, {"code": "x y", "iss": "https://b"}) == expected


def test_a_destination_is_named_as_a_person_can_judge_it() -> None:
    assert destination("https://claude.ai/cb") == Destination("web", "claude.ai")
    assert destination("http://[::1]:80/cb") == Destination("loopback", "[::1]:80")
    assert destination("cursor://x/cb") == Destination("scheme", "cursor")
