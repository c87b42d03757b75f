"""Fetching for a stranger: against a real https server, and against names that lead to us."""

import datetime as dt
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from octoperf_mcp.embedded.idp.guarded_fetch import (
    MOST_BYTES,
    GuardedFetch,
    UnacceptableError,
    UnreachableError,
)

HOST = "client.example"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of the host, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


class Site:
    """An https server that answers what a test asks for by path."""

    def __init__(self) -> None:
        self.port = 0
        self.asked: list[str] = []
        self.looked_up: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(f"{request.host} {request.path}")
        match request.path:
            case "/redirect":
                return web.Response(status=302, headers={"Location": "https://client.example/c"})
            case "/long":
                return web.Response(text=f'"{"x" * MOST_BYTES}"', content_type="application/json")
            case "/html":
                return web.Response(text="{}", content_type="text/html")
            case "/broken":
                return web.Response(text="{", content_type="application/json")
            case "/down":
                return web.Response(status=503)
            case "/kind":
                return web.json_response({}, content_type="application/cimd+json")
            case _:
                headers = {"Cache-Control": "public, max-age=120"}
                return web.json_response({"name": "c"}, headers=headers)

    async def resolve(self, host: str, _port: int) -> list[str]:
        self.looked_up.append(host)
        if host == "nobody.example":
            raise OSError("no such name")
        return ["127.0.0.1"]

    def url(self, path: str, host: str = HOST) -> str:
        return f"https://{host}:{self.port}{path}"


@pytest.fixture
async def site(certificate: Path) -> AsyncIterator[Site]:
    site = Site()
    app = web.Application()
    app.router.add_get("/{path:.*}", site.answer)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    site.port = runner.addresses[0][1]
    yield site
    await runner.cleanup()


@pytest.fixture
def fetch(site: Site, certificate: Path) -> GuardedFetch:
    """One for which the loopback address counts as the internet."""
    return GuardedFetch(
        resolve=site.resolve,
        is_allowed=lambda address: address == "127.0.0.1",
        trust=ssl.create_default_context(cafile=certificate),
        port=site.port,
    )


async def test_a_document_comes_with_how_long_it_may_be_kept(
    fetch: GuardedFetch, site: Site
) -> None:
    found = await fetch(site.url("/c"))
    assert (found.document, found.max_age_s) == ({"name": "c"}, 120)
    assert site.asked == [f"{HOST}:{site.port} /c"]
    assert site.looked_up == [HOST]
    assert (await fetch(site.url("/kind"))).max_age_s is None


@pytest.mark.parametrize("path", ["/redirect", "/long", "/html", "/broken"])
async def test_anything_but_a_small_json_document_is_refused(
    fetch: GuardedFetch, site: Site, path: str
) -> None:
    with pytest.raises(UnacceptableError):
        await fetch(site.url(path))
    assert len(site.asked) == 1


async def test_a_host_that_is_down_or_unknown_may_answer_later(
    fetch: GuardedFetch, site: Site
) -> None:
    for url in (site.url("/down"), site.url("/c", "nobody.example")):
        with pytest.raises(UnreachableError):
            await fetch(url)


async def test_a_certificate_of_another_host_is_not_accepted(
    fetch: GuardedFetch, site: Site
) -> None:
    with pytest.raises(UnreachableError, match="Certificate"):
        await fetch(site.url("/c", "other.example"))
    assert site.asked == []


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["::ffff:7f00:1"]])
async def test_a_name_that_leads_to_us_even_by_one_address_is_not_called(
    site: Site, addresses: list[str]
) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return addresses

    fetch = GuardedFetch(resolve=resolve, port=site.port)
    with pytest.raises(UnacceptableError, match="public internet"):
        await fetch(site.url("/c"))
    assert site.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://client.example/c",
        "https://client.example:8443/c",
        "https://user@client.example/c",
        "https://127.0.0.1/c",
        "https://[::1]/c",
        "https://2130706433/c",
        "https://0x7f.1/c",
        "ftp://client.example/c",
        "https:///c",
    ],
)
async def test_an_address_that_is_no_plain_https_name_is_not_even_looked_up(
    site: Site, url: str
) -> None:
    with pytest.raises(UnacceptableError):
        await GuardedFetch(resolve=site.resolve)(url)
    assert site.looked_up == []


async def test_a_name_is_looked_up_once_so_that_it_cannot_change_its_mind(
    fetch: GuardedFetch, site: Site
) -> None:
    await fetch(site.url("/c"))
    assert len(site.looked_up) == 1
