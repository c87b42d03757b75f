"""The way to the platform: through a corporate proxy, with a certificate of one's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from octoperf_mcp import errors
from octoperf_mcp.auth.fetch import HttpFetch
from octoperf_mcp.config import Secret, UpstreamSettings
from octoperf_mcp.registry.context import Caller
from octoperf_mcp.registry.rest_calls import RestCall
from octoperf_mcp.upstream.client import RestClient
from octoperf_mcp.upstream.dialing import trust
from octoperf_mcp.upstream.proxies import Proxy, parsed, proxy_for
from tests.faults.proxying import http_proxy
from tests.tls import self_signed, serving

GET = RestCall("GET", "/things/{id}", answer="Thing")
CALLER = Caller("u1", "c1", frozenset(), "t0ken", 0)


async def answer(request: web.Request) -> web.Response:
    proxied = "Proxy-Authorization" in request.headers
    return web.json_response({"path": request.path, "leaked": proxied})


def application() -> web.Application:
    app = web.Application()
    app.router.add_get("/{tail:.*}", answer)
    return app


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls") / "identity.pem")


@pytest.fixture
async def secure(identity: Path) -> AsyncIterator[str]:
    server = TestServer(application(), scheme="https")
    await server.start_server(ssl=serving(identity))
    yield str(server.make_url("")).rstrip("/")
    await server.close()


async def asked(address: str, proxy: Proxy | None, ca_file: str = "", times: int = 1) -> object:
    client = RestClient(address, {GET}, UpstreamSettings(ca_file=ca_file, retries=0), proxy=proxy)
    try:
        for _ in range(times):
            found = await client.call(GET, CALLER, {"id": "a"})
        return found
    finally:
        await client.close()


async def test_an_https_platform_is_reached_through_a_tunnel_of_the_proxy(
    secure: str, identity: Path
) -> None:
    async with http_proxy("me:pa:ss wörd") as proxy:
        way = parsed(proxy.address.replace("//", "//me:pa:ss%20w%C3%B6rd@"))
        found = await asked(secure, way, str(identity), times=3)
    assert found == {"path": "/things/a", "leaked": False}
    assert len(proxy.heads) == 1, "the tunnel is kept"
    assert proxy.heads[0].startswith("CONNECT 127.0.0.1:")
    assert "Authorization: Bearer" not in proxy.heads[0]


async def test_an_http_platform_is_asked_through_the_proxy() -> None:
    async with TestServer(application()) as server, http_proxy("me:password") as proxy:
        way = parsed(proxy.address.replace("//", "//me:password@"))
        origin = str(server.make_url("")).rstrip("/")
        found = await asked(origin, way)
    assert found["path"] == "/things/a"  # type: ignore[index]
    assert proxy.heads[0].startswith(f"GET {origin}/things/a HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (b"", "the proxy wants other credentials"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", r"refused the tunnel \(403\)"),
        (b"SSH-2.0\r\n\r\n", "speaks no HTTP"),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", "spoke into its tunnel"),
        (b"HTTP/1.1 200", "did not answer the request for a tunnel"),
    ],
)
async def test_a_proxy_that_refuses_is_named_without_its_password(
    secure: str, refusal: bytes, said: str
) -> None:
    async with http_proxy("me:password", refusal) as proxy:
        way = parsed(proxy.address.replace("//", "//me:s3cret@"))
        with pytest.raises(errors.UnavailableError, match=said) as caught:
            await asked(secure, way)
    assert "s3cret" not in f"{caught.value!r} {caught.value.__cause__!r} {way!r}"
    assert len(proxy.heads) == 1


async def test_a_ca_file_is_trusted_and_without_it_nobody_is(secure: str, identity: Path) -> None:
    assert await asked(secure, None, str(identity))
    with pytest.raises(errors.UnavailableError, match="certificate is not trusted"):
        await asked(secure, None)


async def test_ssl_cert_file_is_honoured(
    secure: str, identity: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(identity))
    trust.cache_clear()
    try:
        assert await asked(secure, None)
    finally:
        trust.cache_clear()


async def test_keys_are_fetched_the_same_way(secure: str, identity: Path) -> None:
    async with http_proxy("me:password") as proxy:
        way = parsed(proxy.address.replace("//", "//me:password@"))
        fetch = HttpFetch(
            proxy=lambda _: (way.url, way.authorization), tls=lambda: trust(str(identity))
        )
        try:
            found = await fetch(f"{secure}/keys")
        finally:
            await fetch.close()
    assert found == {"path": "/keys", "leaked": False}
    assert proxy.heads[0].startswith("CONNECT ")


ENVIRONMENT = {"HTTPS_PROXY": "http://p:1", "http_proxy": "http://q:2", "NO_PROXY": "in.example,.x"}


@pytest.mark.parametrize(
    ("address", "configured", "exempt", "expected"),
    [
        ("https://api.example", "", (), "http://p:1"),
        ("http://api.example", "", (), "http://q:2"),
        ("https://in.example", "", (), None),
        ("https://127.0.0.1:8443", "", (), None),
        ("http://localhost:8090", "", (), None),
        ("http://localhost:8090", "http://mine:3", (), "http://mine:3"),
        ("https://a.in.example", "", (), None),
        ("https://b.x", "", (), None),
        ("https://api.example", "off", (), None),
        ("https://api.example", "http://mine:3", (), "http://mine:3"),
        ("https://in.example", "http://mine:3", (), "http://mine:3"),
        ("https://api.example", "http://mine:3", ("api.example",), None),
        ("https://10.1.2.3", "mine:3", ("10.0.0.0/8",), None),
        ("https://11.1.2.3", "mine", ("10.0.0.0/8",), "http://mine:3128"),
        ("https://api.example", "http://mine:3", ("*",), None),
        ("https://api.example", "http://mine:3", ("*.example",), None),
    ],
)
def test_which_proxy(
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    configured: str,
    exempt: tuple[str, ...],
    expected: str | None,
) -> None:
    for name in ("HTTP_PROXY", "https_proxy", "no_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    found = proxy_for(address, Secret(configured), exempt)
    assert (found.url if found else None) == expected


@pytest.mark.parametrize(
    "text", ["https://proxy:1", "socks5://proxy:1", "http://", "http://p:port"]
)
def test_a_proxy_of_another_kind_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(errors.ConfigError, match=r"http://proxy:3128"):
        parsed(text)
