"""`serve --tls-cert`: https without a proxy, the platform in the same process."""

import asyncio
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.end_to_end.conftest import Server
from tests.tls import self_signed


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    return self_signed(tmp_path / "identity.pem")


@pytest.fixture
def secure(tmp_path: Path, identity: Path) -> Iterator[Server]:
    server = Server(tmp_path, ("--tls-cert", str(identity)))
    server.start()
    yield server
    server.stop()


async def ready(server: Server, ca_file: Path) -> Any:
    trust = ssl.create_default_context(cafile=str(ca_file))
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{server.origin}/readyz", ssl=trust) as answer,
    ):
        return await answer.json()


async def ready_with_a_new_certificate(server: Server, ca_file: Path) -> Any:
    async with asyncio.timeout(20):
        while True:
            try:
                return await ready(server, ca_file)
            except aiohttp.ClientConnectorCertificateError:
                await asyncio.sleep(0.05)


def test_the_doctor_finds_it_sound_and_a_new_certificate_is_read_on_sighup(
    secure: Server, identity: Path, tmp_path: Path
) -> None:
    assert secure.url.startswith("https://127.0.0.1:")
    assert asyncio.run(ready(secure, identity)) == {"status": "UP"}
    done = subprocess.run(
        [sys.executable, "-m", "octoperf_mcp", "doctor", "--quick", "--url", secure.url],
        cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
        env={"OCTOPERF_MCP_UPSTREAM_CA_FILE": str(identity)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "trusted, for" in done.stdout
    self_signed(identity)
    assert secure.process
    secure.process.send_signal(signal.SIGHUP)
    renewed = asyncio.run(ready_with_a_new_certificate(secure, identity))
    assert renewed == {"status": "UP"}


def test_a_file_without_a_key_is_refused(tmp_path: Path, identity: Path) -> None:
    text = identity.read_text("utf-8")
    (tmp_path / "bare.pem").write_text(text.partition("-----BEGIN PRIVATE")[0], "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "octoperf_mcp", "serve", "--port", "0", "--tls-cert", "bare.pem"],
        cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "holds no certificate with its key" in done.stderr
