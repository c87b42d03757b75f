"""The main job, as the README's first command runs it."""

import re
import subprocess
import sys
from pathlib import Path


def test_the_demo_ends_with_its_report_and_status_0(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "octoperf_mcp", "demo"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every check held" in done.stdout
    hits = re.search(r"(\d+) hits reported, (\d+) counted by the shop", done.stdout)
    assert hits is not None
    assert hits[1] == hits[2]
    assert int(hits[1]) > 0
