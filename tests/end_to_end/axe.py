"""axe-core from npm: what of a page shuts people out, by the rules of WCAG 2 at A and AA."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.browser import Tab

PACKAGE = "axe-core@4.14.1"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")


def axe_source() -> str:
    """The script; kept for the next time."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    mark = hashlib.sha256(PACKAGE.encode()).hexdigest()[:12]
    kept = Path(tempfile.gettempdir()) / f"octoperf-mcp-tests-axe-{os.getuid()}-{mark}.js"
    if kept.is_file():
        return kept.read_text("utf-8")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "package.json").write_text("{}", "utf-8")
        install = (npm, "install", "--no-audit", "--no-fund", "--loglevel=error", PACKAGE)
        done = subprocess.run(
            install, cwd=folder, check=False, capture_output=True, encoding="utf-8"
        )
        if done.returncode:
            pytest.skip(f"npm could not install {PACKAGE}: {done.stderr[-300:]}")
        source = Path(folder, "node_modules", "axe-core", "axe.min.js")
        made = kept.with_suffix(f".{os.getpid()}")
        shutil.copy(source, made)
    made.replace(kept)
    return kept.read_text("utf-8")


async def violations(tab: Tab, source: str) -> list[str]:
    """Of the page that is open: rule and place of each."""
    await tab.evaluate(f"{source}; undefined")
    options = json.dumps({"runOnly": {"type": "tag", "values": RULES}, "resultTypes": []})
    found = await tab.command(
        "Runtime.evaluate",
        expression=f"axe.run(document, {options}).then((all) => JSON.stringify(all.violations))",
        awaitPromise=True,
        returnByValue=True,
    )
    return [
        f"{rule['id']}: {place['target']} {place['html'][:120]} {_why(place)}"
        for rule in json.loads(found["result"]["value"])
        for place in rule["nodes"]
    ]


def _why(place: dict[str, Any]) -> str:
    return "; ".join(check["message"] for check in place["any"] + place["all"] + place["none"])
