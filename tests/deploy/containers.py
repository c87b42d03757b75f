"""The image, built and run by a container engine: `tox run -e containers`.

Not part of the suite: it wants an engine (`docker`, or what CONTAINER_ENGINE names) and its base
image. Containers have no network, a read-only root and no capabilities.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

ENGINE: Final = os.environ.get("CONTAINER_ENGINE", "docker")
IMAGE: Final = "octoperf-mcp:tried"
NAME: Final = f"octoperf-mcp-tried-{os.getpid()}"
ROOT: Final = Path(__file__).parents[2]
CLOSED: Final = (
    *("--network=none", "--read-only", "--tmpfs=/tmp", "--cap-drop=all"),
    *("--security-opt=no-new-privileges", "--env=OCTOPERF_MCP_LOG_FORMAT=json"),
    "--env=OCTOPERF_MCP_SERVER_PUBLIC_URL=http://localhost:8091",
)
STARTS_IN_S: Final = 60
USERS: Final = {"its own user": "10001", "a user of OpenShift": "1000690000:0"}
_READY: Final = "from urllib.request import urlopen; urlopen('http://127.0.0.1:8091/readyz')"
_ZOMBIES: Final = "grep -l '^State:.Z' /proc/[0-9]*/status || true"


def engine(*words: str, fails: bool = False) -> str:
    """What the engine says.

    Raises:
        SystemExit: it failed, and was not expected to.
    """
    done = subprocess.run(
        [ENGINE, *words], cwd=ROOT, check=False, capture_output=True, encoding="utf-8"
    )
    if done.returncode and not fails:
        sys.exit(f"{ENGINE} {' '.join(words)}\n{done.stdout}{done.stderr}")
    return done.stdout.strip() if not done.returncode else ""


def inside(command: str) -> str:
    """What a shell in the running container says."""
    return engine("exec", NAME, "sh", "-c", command)


def held(claim: str, *, holds: bool) -> None:
    """Tell a claim.

    Raises:
        SystemExit: it does not hold.
    """
    sys.stdout.write(f"{'ok' if holds else 'FAILED':7}{claim}\n")
    sys.stdout.flush()
    if not holds:
        sys.exit(1)


def wait_ready() -> None:
    """Return when the server in the container is ready.

    Raises:
        SystemExit: it does not get so in time.
    """
    end = time.monotonic() + STARTS_IN_S
    while time.monotonic() < end:
        if engine("exec", NAME, "python", "-c", f"{_READY}; print('yes')", fails=True):
            return
    sys.exit(f"not ready after {STARTS_IN_S} s:\n{engine('logs', NAME)}")


def try_as(title: str, user: str) -> None:
    """Start the server as a user, look around, leave an orphan, do the main job, stop it."""
    engine("run", "--detach", f"--name={NAME}", f"--user={user}", *CLOSED, IMAGE)
    try:
        wait_ready()
        held(f"{title}: the server is ready, offline and read-only", holds=True)
        held(f"{title}: not root", holds=inside("id -u") == user.partition(":")[0])
        inside("(sleep 0.1 &)")
        inside("sleep 0.5")
        held(f"{title}: orphans are collected", holds=not inside(_ZOMBIES))
        said = inside("octoperf-mcp demo").splitlines()[-1]
        held(f"{title}: the main job. {said}", holds=said.startswith("Every check held"))
        engine("stop", "--time=60", NAME)
        status = engine("inspect", "--format={{.State.ExitCode}}", NAME)
        held(f"{title}: SIGTERM ends it with 0", holds=status == "0")
    finally:
        engine("rm", "--force", "--volumes", NAME, fails=True)


def main() -> None:
    """Build the image and try it."""
    engine("build", "--file=deploy/Dockerfile", f"--tag={IMAGE}", ".")
    size = int(engine("image", "inspect", "--format={{.Size}}", IMAGE)) / 1e6
    held(f"the image is built: {size:.0f} MB", holds=True)
    look = ("run", "--rm", "--network=none", "--entrypoint=sh", IMAGE, "-c")
    held(
        "no compiler, no sources, no tests but the template's",
        holds=engine(*look, "command -v cc gcc make git; ls /src 2>&-; true") == ""
        and engine(*look, "find /opt -type d -name tests").endswith("/kit/template/tests"),
    )
    for title, user in USERS.items():
        try_as(title, user)


if __name__ == "__main__":
    main()
