"""An installation as `deploy/` describes it, from plain processes: nginx before two replicas."""

from __future__ import annotations

import asyncio
import base64
import re
import secrets
import shutil
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.end_to_end.conftest import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

NGINX = Path(__file__).parents[2] / "deploy" / "nginx"
ALONE, BESIDE = NGINX / "octoperf-mcp.conf", NGINX / "beside-octoperf.conf"
"""The samples: the whole origin is ours, or `/mcp` of an OctoPerf's."""
DRAIN_DELAY_S = 5
"""As the sample wants it: longer than it keeps connections."""


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def with_ports(sample: str, listen: int, upstreams: tuple[int, ...]) -> str:
    """The sample without its certificates and with ports that are free."""
    told = re.sub(r"listen 443 ssl http2;", f"listen 127.0.0.1:{listen};", sample)
    told = re.sub(r"^ *ssl_certificate.*\n", "", told, flags=re.MULTILINE)
    for port, upstream in zip((8091, 8092), upstreams, strict=True):
        told = told.replace(f"127.0.0.1:{port}", f"127.0.0.1:{upstream}", 1)
    return told


def around(included: Path, folder: Path) -> str:
    """A whole configuration, all of whose files are in one folder."""
    paths = "\n".join(
        f"    {name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\n"
        f"error_log {folder}/error.log warn;\nevents {{ worker_connections 1024; }}\n"
        f"http {{\n{paths}\n    access_log {folder}/access.log;\n    include {included};\n}}\n"
    )


def nginx_program() -> str:
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found is None:
        pytest.skip("there is no nginx on this machine")
    return found


@contextmanager
def running_nginx(
    folder: Path, listen: int, upstreams: tuple[int, ...], sample: Path = ALONE, backend: int = 0
) -> Iterator[None]:
    """A sample configuration, served; `backend` is where the OctoPerf beside it listens."""
    program = nginx_program()
    included, whole = folder / "octoperf-mcp.conf", folder / "nginx.conf"
    text = with_ports(sample.read_text("utf-8"), listen, upstreams)
    included.write_text(text.replace("octoperf-backend:8090", f"127.0.0.1:{backend}"), "utf-8")
    whole.write_text(around(included, folder), "utf-8")
    command = [program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(whole)]
    with (folder / "output").open("w", encoding="utf-8") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


def replica_environ(public: str) -> dict[str, str]:
    """What both replicas of an installation share."""
    return {
        "OCTOPERF_MCP_SERVER_PUBLIC_URL": public,
        "OCTOPERF_MCP_SERVER_TRUSTED_PROXIES": "127.0.0.1",
        "OCTOPERF_MCP_SERVER_SECRETS": secrets.token_hex(32),
        "OCTOPERF_MCP_SERVER_DRAIN_DELAY_S": str(DRAIN_DELAY_S),
        "OCTOPERF_MCP_EMBEDDED_SECRETS_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "OCTOPERF_MCP_LIMITS_REQUESTS_PER_S": "0",
    }


class Replica(Server):
    """One of several servers behind a public address, on a port that stays its own."""

    port: int = 0

    def begin(self) -> None:
        """Start, at the first time and after its end; it prints the public address."""
        self.start(self.reserve())

    def reserve(self) -> int:
        """Its port."""
        self.port = self.port or free_port()
        return self.port

    def end(self) -> None:
        """Kill it if it runs."""
        if self.process is not None:
            self.kill()

    async def ready(self) -> bool:
        """What a load balancer is told."""
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{self.port}/readyz") as answer,
            ):
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def restart(self) -> int:
        """SIGTERM, then a new process; answers the status of the old one."""
        status = await asyncio.to_thread(self.stop)
        await self.begin_again()
        return status

    async def begin_again(self) -> None:
        """Start, and wait until it is ready."""
        await asyncio.to_thread(self.begin)
        async with asyncio.timeout(20):
            while not await self.ready():
                pass
