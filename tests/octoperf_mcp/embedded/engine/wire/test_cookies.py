import pytest

from octoperf_mcp.embedded.engine.wire.cookies import CookieJar


def sent(line: str, host: str, path: str = "/", *, secure: bool = False, to: str = "") -> str:
    jar = CookieJar()
    jar.store([line], host, "/shop/cart")
    return jar.header(to or host, path, secure=secure)


@pytest.mark.parametrize(
    ("line", "to", "path", "header"),
    [
        ("a=1", "shop.test", "/shop/x", "a=1"),
        ("a=1", "shop.test", "/shopping", ""),
        ("a=1; Path=/", "shop.test", "/other", "a=1"),
        ("a=1; Path=/", "www.shop.test", "/", ""),
        ("a=1; Path=/; Domain=shop.test", "www.shop.test", "/", "a=1"),
        ("a=1; Path=/; Domain=.shop.test", "shop.test", "/", "a=1"),
        ("a=1; Path=/; Domain=evil.test", "evil.test", "/", ""),
        ("a=1; Path=/; Domain=test", "shop.test", "/", ""),
        ("a=1; Path=/; Max-Age=0", "shop.test", "/", ""),
        ("a=1; Path=/; Max-Age=60", "shop.test", "/", "a=1"),
        ("a=1; Path=/; Expires=Wed, 21-Oct-2015 07:28:00 GMT", "shop.test", "/", ""),
        ("a=1; Path=/; Expires=Wed, 21 Oct 2115 07:28:00 GMT", "shop.test", "/", "a=1"),
        ("a=1; Path=/; Expires=someday", "shop.test", "/", "a=1"),
        ("a=1; Path=/; Secure", "shop.test", "/", ""),
        ("__Host-a=1; Path=/; Secure; Domain=shop.test", "shop.test", "/", ""),
        ("a=", "shop.test", "/shop/", "a="),
        ("nonsense", "shop.test", "/", ""),
        ('a="q=1"; path=/', "shop.test", "/", 'a="q=1"'),
    ],
)
def test_cookies_go_where_rfc_6265_lets_them(line: str, to: str, path: str, header: str) -> None:
    assert sent(line, "shop.test", path, to=to) == header


def test_secure_cookies_go_over_tls() -> None:
    assert sent("a=1; Path=/; Secure", "shop.test", secure=True) == "a=1"


def test_numeric_hosts_keep_their_cookies() -> None:
    assert sent("a=1; Path=/", "127.0.0.1") == "a=1"


def test_longer_paths_come_first_and_a_cookie_can_be_replaced_and_removed() -> None:
    jar = CookieJar()
    jar.store(["a=1; Path=/", "b=2; Path=/shop", "a=3; Path=/"], "h", "/")
    assert jar.header("h", "/shop", secure=False) == "b=2; a=3"
    jar.store(["a=; Path=/; Max-Age=-1"], "h", "/")
    assert jar.header("h", "/shop", secure=False) == "b=2"
    jar.clear()
    assert len(jar) == 0
