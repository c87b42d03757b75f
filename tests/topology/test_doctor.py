"""The doctor before a real nginx: it finds what is set wrong, and names the directive."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.topology.installation import (
    Replica,
    around,
    free_port,
    nginx_program,
    replica_environ,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "proxy_set_header Host $http_host;"
HELD = "proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;"
PACKED = "gzip on; gzip_types text/event-stream; gzip_min_length 0;"
SITE = """
server {{
    listen 127.0.0.1:{listen};
    location / {{
        proxy_pass http://127.0.0.1:{port};
        {directives}
    }}
}}
"""


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Replica, int]]:
    """A server, and the port of its public address, at which nobody listens yet."""
    nginx_program()
    listen = free_port()
    folder = tmp_path_factory.mktemp("server")
    server = Replica(folder, environ=replica_environ(f"http://127.0.0.1:{listen}"))
    server.begin()
    yield server, listen
    server.end()


@contextmanager
def nginx(folder: Path, listen: int, port: int, directives: str) -> Iterator[None]:
    site, whole = folder / "site.conf", folder / "nginx.conf"
    site.write_text(SITE.format(listen=listen, port=port, directives=directives), "utf-8")
    whole.write_text(around(site, folder), "utf-8")
    command = [nginx_program(), "-p", str(folder), "-e", str(folder / "error.log")]
    with (folder / "output").open("w", encoding="utf-8") as output:
        process = subprocess.Popen([*command, "-c", str(whole)], stdout=output, stderr=output)
    try:
        while not (folder / "nginx.pid").exists():
            assert process.poll() is None, (folder / "output").read_text("utf-8")
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


def findings(folder: Path, behind: tuple[Replica, int], directives: str, *more: str) -> list[str]:
    """What is not as it should be: check, status, message and what to do."""
    server, listen = behind
    command = [sys.executable, "-m", "octoperf_mcp", "doctor", "--json", *more]
    with nginx(folder, listen, server.port, directives):
        done = subprocess.run(
            [*command, "--url", f"http://127.0.0.1:{listen}/mcp"],
            cwd=folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
    told = json.loads(done.stdout)["findings"]
    bad = [each for each in told if each["status"] in {"failed", "warning"}]
    assert done.returncode == (1 if any(each["status"] == "failed" for each in bad) else 0)
    return [f"{each['check']} {each['status']}: {each['message']} {each['next']}" for each in bad]


@pytest.mark.parametrize(
    "directives",
    [
        "proxy_buffering off; proxy_http_version 1.1;",
        "proxy_buffering on;",  # each stream switches it off by a field of its own
        "gzip on;",  # which packs HTML alone
        "proxy_set_header X-Forwarded-Proto gopher;",  # the server goes by its public address
    ],
)
def test_what_does_no_harm_is_no_finding(
    tmp_path: Path, behind: tuple[Replica, int], directives: str
) -> None:
    assert findings(tmp_path, behind, HOST + directives, "--quick") == []


@pytest.mark.parametrize(
    ("directives", "check", "said"),
    [
        (
            # nginx holds back what its own HTTP/1.0 brings, and lets chunks of HTTP/1.1 through
            f"{HOST} {HELD}",
            "streams failed: All events of",
            "`proxy_buffering off` and `proxy_http_version 1.1` in nginx",
        ),
        (
            f"{HOST} {PACKED} proxy_http_version 1.1;",
            "compression warning: Events come packed with gzip",
            "out of `gzip_types` in nginx",
        ),
        (
            f"{HOST} {PACKED} {HELD}",
            "late, packed with gzip",
            "`gzip off`",
        ),
        (
            "proxy_set_header Host backend.internal;",
            "challenge failed:",
            "`proxy_set_header Host $http_host` in nginx",
        ),
        (
            "",  # nginx sends the name that it calls itself
            "challenge failed:",
            "`proxy_set_header Host $http_host` in nginx",
        ),
        (
            "proxy_set_header Host $host;",  # without the port
            "discovery failed:",
            "`proxy_set_header Host $http_host` in nginx",
        ),
    ],
)
def test_each_wrong_directive_is_found_and_the_right_one_named(
    tmp_path: Path, behind: tuple[Replica, int], directives: str, check: str, said: str
) -> None:
    found = findings(tmp_path, behind, directives, "--quick")
    assert any(check in each and said in each for each in found), found


def test_a_time_out_below_the_silence_of_streams_is_found(
    tmp_path: Path, behind: tuple[Replica, int]
) -> None:
    (found,) = findings(tmp_path, behind, f"{HOST} proxy_read_timeout 10s;")
    assert "silence failed: A stream was cut off after 10 s of silence" in found
    assert "`proxy_read_timeout 1h` in nginx" in found
