import ssl
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.octoperf_mcp.embedded.engine.players import Player
from tests.octoperf_mcp.embedded.engine.stage import Stage
from tests.octoperf_mcp.embedded.engine.target import Target


@pytest.fixture(autouse=True)
def closed_players() -> Iterator[None]:
    yield
    while Player.made:
        Player.made.pop().close()


@pytest.fixture
def target() -> Iterator[Target]:
    site = Target()
    yield site
    site.close()


@pytest.fixture
async def stage(tmp_path: Path, target: Target) -> AsyncIterator[Stage]:
    made = await Stage.open(tmp_path)
    await made.set_up(target)
    yield made
    await made.close()


@pytest.fixture
async def two_generators(tmp_path: Path, target: Target) -> AsyncIterator[Stage]:
    made = await Stage.open(tmp_path, workers=2)
    await made.set_up(target)
    yield made
    await made.close()


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's context with a certificate that nobody trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody.test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "site.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
