"""The proxies' samples, read by the proxies themselves."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.deploy.conftest import DEPLOY, told
from tests.tls import self_signed
from tests.topology.installation import around, nginx_program

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "sample", ["nginx/octoperf-mcp.conf", "nginx/beside-octoperf.conf", "compose/nginx.conf"]
)
def test_nginx_reads_the_sample(sample: str, tmp_path: Path) -> None:
    program = nginx_program()
    text = (DEPLOY / sample).read_text("utf-8")
    certificate = self_signed(tmp_path / "both.pem", host="octoperf.example.com")
    for ending in ("crt", "key"):
        text = text.replace(f"/etc/ssl/octoperf.example.com.{ending}", str(certificate))
    for host in ("first:", "second:", "octoperf-backend:"):  # names of a network that is not here
        text = text.replace(f"server {host}", "server 127.0.0.1:")
    included, whole = tmp_path / "octoperf-mcp.conf", tmp_path / "nginx.conf"
    included.write_text(text, "utf-8")
    whole.write_text(around(included, tmp_path), "utf-8")
    said = told(program, "-t", "-p", tmp_path, "-e", tmp_path / "error.log", "-c", whole)
    assert "[warn]" not in said
    assert "test is successful" in said


def test_caddy_reads_the_sample() -> None:
    program = shutil.which("caddy")
    if program is None:
        pytest.skip("there is no caddy on this machine")
    said = told(
        program, "validate", "--adapter", "caddyfile", "--config", DEPLOY / "caddy" / "Caddyfile"
    )
    assert "Valid configuration" in said
