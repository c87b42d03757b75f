"""`octoperf-mcp doctor` before a real server, and before none."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.end_to_end.conftest import Server


def doctor(folder: Path, *arguments: str, stdin: str = "") -> tuple[int, dict[str, Any], str]:
    done = subprocess.run(
        [sys.executable, "-m", "octoperf_mcp", "doctor", "--quick", "--json", *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return done.returncode, json.loads(done.stdout or "{}"), done.stderr


def test_the_embedded_platform_is_found_sound(server: Server, tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "octoperf_mcp", "token", "--url", server.origin,
         "--data-dir", str(server.folder / "data")],
        cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    status, told, _ = doctor(tmp_path, "--url", server.url, "--token-file", "-", stdin=made.stdout)
    bad = [each for each in told["findings"] if each["status"] in {"failed", "warning"}]
    assert bad == []
    assert status == 0
    assert made.stdout.strip() not in json.dumps(told)


def test_where_nothing_runs_everything_that_needs_it_fails(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    status, told, _ = doctor(tmp_path, "--port", str(unused_tcp_port))
    assert status == 1
    assert told["ok"] is False
    failed = {each["check"] for each in told["findings"] if each["status"] == "failed"}
    assert {"challenge", "discovery", "issuer", "streams", "rest-api"} <= failed


def test_a_wrong_configuration_is_wrong_use(tmp_path: Path) -> None:
    status, _told, said = doctor(tmp_path, "--public-url", "nowhere")
    assert status == 2
    assert "flag --public-url" in said
