"""What all measurements share: processes on their cores, requests as bytes, wrk, processor time."""

import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from joserfc import jwk, jwt

CONNECTIONS = 64
MODERN = "2026-07-28"
LEGACY = "2025-11-25"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
}
_IDS = 64
_LUA = Path(__file__).with_name("requests.lua")
_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = _CORES[0], _CORES[-1]


@dataclass
class Result:
    """One measurement: rate, processor time of the server, latencies; errors count as no answer."""

    rate_per_s: float
    cpu_us: float
    p50_ms: float
    p99_ms: float
    errors: int


@dataclass
class Process:
    """A peer that runs."""

    popen: subprocess.Popen[str]
    port: int
    path: str = "/mcp"
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def pid(self) -> int:
        """Its process."""
        return self.popen.pid


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment() -> dict[str, str]:
    """The environment without settings of ours, and with compiled modules, as installed ones are."""
    return {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("OCTOPERF_MCP_") and key != "PYTHONDONTWRITEBYTECODE"
    }


@contextmanager
def running(command: Iterable[str], port: int, core: int, said: str = "ready") -> Iterator[Process]:
    """Run a server on one core until it says that it is ready, and stop it at the end."""
    popen = subprocess.Popen(
        ["taskset", "-c", str(core), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(),
    )
    try:
        assert popen.stdout
        if not any(said in line for line in popen.stdout):
            raise SystemExit(f"did not start: {' '.join(command)}")
        yield Process(popen, port)
    finally:
        popen.terminate()
        try:
            popen.wait(10)
        except subprocess.TimeoutExpired:
            popen.kill()


def peer(name: str, *arguments: object) -> list[str]:
    """Command of a module in `peers`."""
    return [sys.executable, "-m", f"tests.bench.peers.{name}", *map(str, arguments)]


class Issuer:
    """Keys of the stub, and the tokens they sign."""

    def __init__(self, folder: Path) -> None:
        self._key = jwk.RSAKey.generate_key(2048, {"kid": "k1", "alg": "RS256"})
        self.keys = folder / "keys.json"
        self.keys.write_bytes(orjson.dumps({"keys": [self._key.as_dict(private=False)]}))

    def token(self, issuer: str, audience: str) -> str:
        """An access token for an hour."""
        now = int(time.time())
        claims = {
            "iss": issuer,
            "aud": [audience],
            "sub": "u1",
            "client_id": "bench",
            "scope": "octoperf:read octoperf:write",
            "iat": now,
            "exp": now + 3600,
            "jti": "1",
        }
        header = {"alg": "RS256", "kid": "k1", "typ": "at+jwt"}
        return jwt.encode(header, claims, self._key, algorithms=["RS256"])


@dataclass(frozen=True)
class Message:
    """What is asked, in one of the eras."""

    method: str
    params: Mapping[str, Any]
    modern: bool

    def fields(self) -> dict[str, str]:
        """Header fields of the era."""
        found = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": MODERN if self.modern else LEGACY,
        }
        if self.modern:
            found["Mcp-Method"] = self.method
            if "name" in self.params:
                found["Mcp-Name"] = self.params["name"]
        return found

    def body(self, rpc_id: int) -> bytes:
        """The JSON-RPC message."""
        params = {**self.params, "_meta": META} if self.modern else dict(self.params)
        return orjson.dumps(
            {"jsonrpc": "2.0", "id": rpc_id, "method": self.method, "params": params}
        )


def raw(process: Process, message: Message, rpc_id: int, fields: Mapping[str, str]) -> bytes:
    """A complete request."""
    body = message.body(rpc_id)
    lines = {**message.fields(), **fields, "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    target = f"POST {process.path} HTTP/1.1\r\nHost: 127.0.0.1:{process.port}\r\n"
    return f"{target}{head}\r\n".encode() + body


def ask(
    process: Process, message: Message, fields: Mapping[str, str]
) -> tuple[dict[str, str], bytes]:
    """One answer: its fields and its body.

    Raises:
        SystemExit: it is not what is to be measured.
    """
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=60)
    connection.request("POST", process.path, message.body(1), {**message.fields(), **fields})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != http.HTTPStatus.OK or b'"error":' in body or b'"isError":true' in body:
        raise SystemExit(f"{process.popen.args!r}: {answer.status} {body[:500]!r}")
    return {name.lower(): value for name, value in answer.getheaders()}, body


def session(process: Process, fields: Mapping[str, str]) -> str:
    """The id of a new session."""
    params = {
        "protocolVersion": LEGACY,
        "capabilities": {},
        "clientInfo": {"name": "bench", "version": "1"},
    }
    found, _ = ask(process, Message("initialize", params, modern=False), fields)
    return found["mcp-session-id"]


def drive(
    process: Process, message: Message, fields: Mapping[str, str], *, seconds: float
) -> Result:
    """Load from one process on the other core; 64 sessions in the era that has them."""
    sent = []
    for rpc_id in range(_IDS):
        own = dict(fields)
        if not message.modern and process.path == "/mcp":
            own["Mcp-Session-Id"] = session(process, fields)
        sent.append(raw(process, message, rpc_id, own))
        if not rpc_id:
            ask(process, message, own)
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join(b"%d\n%b" % (len(request), request) for request in sent))
        file.flush()
        _wrk(process, file.name, 0.5)
        before = cpu_ns(process.pid)
        told = _wrk(process, file.name, seconds)
        spent = cpu_ns(process.pid) - before
    answered = told["requests"] - told["errors"]
    if answered <= 0:
        raise SystemExit(f"{process.popen.args!r}: {told}")
    return Result(
        rate_per_s=answered / told["us"] * 1e6,
        cpu_us=spent / 1e3 / answered,
        errors=told["errors"],
        p50_ms=told["p50"] / 1e3,
        p99_ms=told["p99"] / 1e3,
    )


def _wrk(process: Process, file: str, seconds: float) -> Any:
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("The load comes from wrk: apt-get install wrk")
    made = subprocess.run(
        [
            *("taskset", "-c", str(LOAD_CORE), wrk, "--threads", "1"),
            *("--connections", str(CONNECTIONS), "--timeout", "20s"),
            *("--duration", f"{max(round(seconds), 1)}s", "--script", str(_LUA)),
            f"http://127.0.0.1:{process.port}{process.path}",
        ],
        env={**os.environ, "REQUESTS": file},
        capture_output=True,
        text=True,
        check=True,
    )
    return orjson.loads(made.stdout.strip().splitlines()[-1])


def cpu_ns(pid: int) -> int:
    """Processor time of a process so far."""
    found = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += int((task / "schedstat").read_text("ascii").split()[0])
    return found


def resident_kib(pid: int) -> int:
    """Resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(status.partition("VmRSS:")[2].split()[0])
