"""Playwright's runner for tests: installed once by our own command, and kept for the next time."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from octoperf_mcp.embedded.engine.browsers.tools import VERSION, find_chromium


def runner_for_tests() -> Path:
    """A value for XDG_DATA_HOME; skips the test where the runner cannot be had."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    if not find_chromium():
        pytest.skip("Chromium is not installed")
    kept = Path(tempfile.gettempdir()) / f"octoperf-mcp-tests-playwright-{os.getuid()}-{VERSION}"
    if kept.is_dir():
        return kept
    made = Path(tempfile.mkdtemp(prefix=f"{kept.name}-"))
    done = subprocess.run(
        [sys.executable, "-m", "octoperf_mcp", "browsers", "install"],
        env={**os.environ, "XDG_DATA_HOME": str(made)},
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    if done.returncode:
        shutil.rmtree(made)
        pytest.skip(f"the runner could not be installed: {done.stderr[-300:]}")
    try:
        made.rename(kept)
    except OSError:  # another worker was faster
        shutil.rmtree(made, ignore_errors=True)
    return kept
