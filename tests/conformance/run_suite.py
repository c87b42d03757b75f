"""Run the protocol's conformance suite against `octoperf-mcp serve --enable conformance`.

`python tests/conformance/run_suite.py` (tox environment `conformance`) needs npm; it installs
Node 22 and the suite into a temporary folder. Prints one line a run; the status is 1 when any
check of any run fails.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGES = ("node@22.23.3", "@modelcontextprotocol/conformance@0.2.0-alpha.12")
RUNS = (
    ("--suite", "all"),
    ("--requirements", "2025-11-25"),
    ("--requirements", "2026-07-28"),
    ("--suite", "all", "--spec-version", "2025-03-26"),
    ("--suite", "all", "--spec-version", "2025-06-18"),
    ("--suite", "all", "--spec-version", "2025-11-25"),
    ("--suite", "all", "--spec-version", "2026-07-28"),
)
TIMEOUT_S = 300


def main() -> int:
    """Install, serve, run, count."""
    npm = shutil.which("npm")
    if npm is None:
        print("conformance: npm is missing (Debian: apt-get install npm)", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "package.json").write_text("{}", encoding="utf-8")
        install = (npm, "install", "--no-audit", "--no-fund", "--loglevel=error", *PACKAGES)
        subprocess.run(install, cwd=folder, check=True, timeout=TIMEOUT_S)
        with served(folder) as url:
            failed = [arguments for arguments in RUNS if not passes(folder, url, arguments)]
    return 1 if failed else 0


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A server of its own, and the address of its endpoint."""
    command = [sys.executable, "-m", "octoperf_mcp", "serve", "--enable", "conformance"]
    command += ["--auth", "off", "--port", "0", "--data-dir", str(folder / "data")]
    environment = {**os.environ, "OCTOPERF_MCP_LOG_LEVEL": "error"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        try:
            line = server.stdout.readline() if server.stdout else ""
            found = re.search(r"ready (http\S+)", line)
            if found is None:
                raise RuntimeError(f"the server did not start: {line!r}")
            # the suite's scenario on DNS rebinding wants this name
            yield found[1].replace("127.0.0.1", "localhost")
        finally:
            server.terminate()


def passes(folder: Path, url: str, arguments: tuple[str, ...]) -> bool:
    """Do one run; print its total, and what failed in it."""
    suite = folder / "node_modules/@modelcontextprotocol/conformance/dist/index.js"
    command: list[str | Path] = [folder / "node_modules/.bin/node", suite, "server", "--url", url]
    command += ["-o", folder / "results", *arguments]
    done = subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True, timeout=TIMEOUT_S
    )
    total = re.search(r"^Total: (\d+) passed, (\d+) failed", done.stdout, re.MULTILINE)
    print(" ".join(arguments) + ":", total[0] if total else done.stdout + done.stderr, flush=True)
    for line in re.findall(r"^✗ .*", done.stdout, re.MULTILINE):
        print("  " + line, flush=True)
    return done.returncode == 0 and total is not None and total[2] == "0"


if __name__ == "__main__":
    sys.exit(main())
