"""Run the protocol's conformance suite against `octoperf-mcp serve --enable conformance`.

Its mode `authorization` judges the identity provider of a second server, where a person is
played who fills in the pages that the suite asks to open.

`python tests/conformance/run_suite.py` (tox environment `conformance`) needs npm; it installs
Node 22 and the suite into a temporary folder. Prints one line a run; the status is 1 when any
check of any run fails.
"""

import asyncio
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

from octoperf_mcp.cli.sign_in import FormSignIn

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
VERSIONS = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
AUTHORIZATION_RUNS = ((), *(("--spec-version", version) for version in VERSIONS))
AUTHORIZATION_SCENARIOS = 2
PASSWORD = "correct horse battery"
TIMEOUT_S = 300
TOTAL = re.compile(r"^Total: (\d+) passed, (\d+) failed", re.MULTILINE)


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
        with served(folder, "--enable", "conformance", "--auth", "off") as url:
            # the suite's scenario on DNS rebinding wants this name
            local = url.replace("127.0.0.1", "localhost")
            passed = [passes(folder, local, arguments) for arguments in RUNS]
        with served(folder) as url:
            passed += [authorizes(folder, url, arguments) for arguments in AUTHORIZATION_RUNS]
    return 0 if all(passed) else 1


@contextmanager
def served(folder: Path, *arguments: str) -> Iterator[str]:
    """A server of its own, and the address of its endpoint."""
    data_dir = tempfile.mkdtemp(dir=folder)
    command = [sys.executable, "-m", "octoperf_mcp", "serve", *arguments]
    command += ["--port", "0", "--data-dir", data_dir]
    environment = {
        **os.environ,
        "OCTOPERF_MCP_LOG_LEVEL": "error",
        "OCTOPERF_MCP_EMBEDDED_DEMO_PASSWORD": PASSWORD,
    }
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        try:
            line = server.stdout.readline() if server.stdout else ""
            found = re.search(r"ready (http\S+)", line)
            if found is None:
                raise RuntimeError(f"the server did not start: {line!r}")
            yield found[1]
        finally:
            server.terminate()


def passes(folder: Path, url: str, arguments: tuple[str, ...]) -> bool:
    """Do one run; print its total, and what failed in it."""
    command = suite(folder, "server", "--url", url, "-o", str(folder / "results"), *arguments)
    done = subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True, timeout=TIMEOUT_S
    )
    total = TOTAL.search(done.stdout)
    print(" ".join(arguments) + ":", total[0] if total else done.stdout + done.stderr, flush=True)
    for line in re.findall(r"^✗ .*", done.stdout, re.MULTILINE):
        print("  " + line, flush=True)
    return done.returncode == 0 and total is not None and total[2] == "0"


def authorizes(folder: Path, url: str, arguments: tuple[str, ...]) -> bool:
    """Do one run against the identity provider, signing in when asked to; print what it says."""
    origin, port = url.removesuffix("/mcp"), free_port()
    callback = f"http://127.0.0.1:{port}/callback"
    command = suite(folder, "authorization", "--url", origin, "--resource", url)
    command += ["--client-id", registered(origin, callback), "-p", str(port), *arguments]
    said = ""
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as run:
        for line in run.stdout or ():
            said += line
            if line.startswith(f"{origin}/auth/oauth2/authorize?"):
                answer = asyncio.run(allowed(line.strip(), callback))
                urlopen(answer, timeout=TIMEOUT_S).close()
    total = TOTAL.search(said)
    print(" ".join(("authorization", *arguments)) + ":", total[0] if total else said, flush=True)
    if run.returncode or total is None or total[2] != "0":
        print(said)
        return False
    return int(total[1]) >= AUTHORIZATION_SCENARIOS


async def allowed(address: str, callback: str) -> str:
    """Sign in and allow what an authorization request asks; the address that it leads to."""
    person = FormSignIn("demo", PASSWORD, callback)
    await person.open(address)
    return person.landed


def registered(origin: str, callback: str) -> str:
    """The id of a public client, registered now."""
    document = {
        "client_name": "Conformance suite",
        "redirect_uris": [callback],
        "token_endpoint_auth_method": "none",
    }
    request = Request(f"{origin}/auth/connect/register", data=json.dumps(document).encode())
    with urlopen(request, timeout=TIMEOUT_S) as answer:
        return str(json.load(answer)["client_id"])


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def suite(folder: Path, *arguments: str) -> list[str]:
    """The command line of the installed suite."""
    script = folder / "node_modules/@modelcontextprotocol/conformance/dist/index.js"
    return [str(folder / "node_modules/.bin/node"), str(script), *arguments]


if __name__ == "__main__":
    sys.exit(main())
