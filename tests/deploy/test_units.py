"""The systemd units, read by systemd itself."""

from __future__ import annotations

import re
import shlex
import shutil
from typing import TYPE_CHECKING

import pytest

from octoperf_mcp.cli.main import _parser
from tests.deploy.conftest import DEPLOY, told

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = "/opt/octoperf-mcp/bin/octoperf-mcp"
LIMIT = "30"
"""Exposure that is let pass, tenths: 100 is a service without any protection."""

units = pytest.mark.parametrize("name", ["octoperf-mcp", "octoperf-load-generator"])


@units
def test_systemd_reads_the_unit_and_finds_it_closed(name: str, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze on this machine")
    unit = tmp_path / f"{name}.service"
    text = (DEPLOY / "systemd" / unit.name).read_text("utf-8")
    unit.write_text(text.replace(PROGRAM, "/bin/true"), "utf-8")
    assert told("systemd-analyze", "verify", "--man=no", unit) == ""
    told("systemd-analyze", "security", "--offline=true", f"--threshold={LIMIT}", unit)


@units
def test_the_command_exists_and_has_the_time_to_drain(name: str) -> None:
    text = (DEPLOY / "systemd" / f"{name}.service").read_text("utf-8")
    command = re.search(rf"^ExecStart={PROGRAM} (.*)$", text, re.MULTILINE)
    assert command
    words = shlex.split(command[1])
    read = _parser(words)[0].parse_args(words)
    stop = re.search(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)
    assert stop
    assert int(stop[1]) > getattr(read, "drain", 5 + 20)
