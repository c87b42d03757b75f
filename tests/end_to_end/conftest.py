"""A server as users start it, in a process of its own, and clients as they connect."""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from octoperf_mcp.cli.agent import Agent, MemoryStorage, connected
from octoperf_mcp.cli.sign_in import FormSignIn
from tests import canary

PASSWORD = "correct horse battery"


SignedIn = Callable[[], AbstractAsyncContextManager[Agent]]


@dataclass
class Server:
    """`octoperf-mcp serve` on a free port; what it logs is kept."""

    folder: Path
    arguments: tuple[str, ...] = ()
    environ: dict[str, str] = field(default_factory=dict)
    url: str = ""
    log: Path = field(init=False)
    process: subprocess.Popen[str] | None = None

    def __post_init__(self) -> None:
        self.log = self.folder / "server.log"

    @property
    def origin(self) -> str:
        return self.url.removesuffix("/mcp")

    def start(self, port: int = 0) -> None:
        data_dir = str(self.folder / "data")
        command = [sys.executable, "-m", "octoperf_mcp", "serve", "--port", str(port)]
        with self.log.open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [*command, "--data-dir", data_dir, "--log-level", "debug", *self.arguments],
                cwd=self.folder,
                env={
                    **os.environ,
                    "OCTOPERF_MCP_EMBEDDED_DEMO_PASSWORD": PASSWORD,
                    "OCTOPERF_MCP_LIMITS_REQUESTS_PER_S": "0",  # tests ask until it is so
                    **self.environ,
                },
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
            )
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line.startswith("octoperf-mcp ready "), self.log.read_text("utf-8")
        self.url = line.split()[-1]

    def kill(self) -> None:
        """End the process as a power cut would."""
        assert self.process
        self.process.kill()
        self._gone()

    def stop(self) -> int:
        """End the process as an operator does; answers its exit status."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self._gone()

    def _gone(self) -> int:
        assert self.process
        assert self.process.stdout
        status = self.process.wait(timeout=40)
        self.process.stdout.close()
        self.process = None
        log = self.log.read_text("utf-8")
        assert canary.leaks(log) == []
        assert PASSWORD not in log
        return status


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server"))
    running.start()
    yield running
    if running.process is not None:
        running.stop()


NODE_PACKAGES = (
    "node@22.23.3",
    "@modelcontextprotocol/sdk@1.32.2",
    "@modelcontextprotocol/client@2.4.0",
    "@modelcontextprotocol/inspector@2.12.0",
    "mcp-remote@0.15.1",
)


COMMAND_LINE_CLIENTS = (
    "node@22.23.3",
    "@anthropic-ai/claude-code@2.1.197",
    "@google/gemini-cli@0.61.0",
    "@openai/codex@0.169.0",
)


@pytest.fixture(scope="session")
def node_folder() -> Path:
    """A folder with the clients of the Node world in node_modules; kept for the next time."""
    return _installed(NODE_PACKAGES)


@pytest.fixture(scope="session")
def clients_folder() -> Path:
    """A folder with the command-line clients in node_modules/.bin; kept for the next time."""
    return _installed(COMMAND_LINE_CLIENTS)


def _installed(packages: tuple[str, ...]) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    mark = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:12]
    kept = Path(tempfile.gettempdir()) / f"octoperf-mcp-tests-node-{os.getuid()}-{mark}"
    if kept.is_dir():
        return kept
    made = Path(tempfile.mkdtemp(prefix=f"{kept.name}-"))
    (made / "package.json").write_text("{}", "utf-8")
    install = (npm, "install", "--no-audit", "--no-fund", "--loglevel=error", *packages)
    done = subprocess.run(install, cwd=made, check=False, capture_output=True, encoding="utf-8")
    if done.returncode:
        shutil.rmtree(made)
        pytest.skip(f"npm could not install the clients: {done.stderr[-300:]}")
    with contextlib.suppress(OSError):  # another worker was faster
        made.rename(kept)
    shutil.rmtree(made, ignore_errors=True)
    return kept


@pytest.fixture(scope="session")
def password() -> str:
    return PASSWORD


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[Server]:
    """One that a test may start, kill and start again."""
    made = Server(tmp_path)
    yield made
    if made.process is not None:
        made.kill()


@pytest.fixture(scope="module")
def storage() -> MemoryStorage:
    """Tokens, shared by the tests of a module: signing in costs a password hash."""
    return MemoryStorage()


@pytest.fixture
def signed_in(server: Server, storage: MemoryStorage) -> SignedIn:
    """Connects the official client as the first user."""
    return lambda: connected(server.url, FormSignIn("demo", PASSWORD), storage=storage)
