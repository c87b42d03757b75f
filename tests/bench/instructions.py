"""Instructions of the server for one request, which no neighbour on the machine disturbs.

Run by hand: `python -m tests.bench.instructions [one-entity twelve-rows list] [--requests 300]`.
Needs valgrind. Counts this server and plain aiohttp in both eras; two runs differ by less than 1 %.
The numbers are not times: they order alternatives that are too close for a shared machine.
"""

import argparse
import http.client
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.bench.hotpath import CALLS, LIST, _authorized
from tests.bench.load import (
    LOAD_CORE,
    SERVER_CORE,
    Issuer,
    Message,
    Process,
    ask,
    environment,
    free_port,
    peer,
    running,
    session,
)

CASES = (*CALLS, "list")
WARM = 100


def counted(
    process: Process,
    folder: Path,
    message: Message,
    fields: Mapping[str, str],
    requests: int,
) -> float:
    """Instructions for one request, over one connection that stays."""
    own = dict(fields)
    if not message.modern and process.path == "/mcp":
        own["Mcp-Session-Id"] = session(process, fields)
    ask(process, message, own)
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=60)

    def send(count: int) -> None:
        for rpc_id in range(count):
            body = message.body(rpc_id)
            connection.request("POST", process.path, body, {**message.fields(), **own})
            connection.getresponse().read()

    send(WARM)
    _since_last(process, folder)
    send(requests)
    connection.close()
    return _since_last(process, folder) / requests


def _since_last(process: Process, folder: Path) -> int:
    """Instructions since this was asked before."""
    subprocess.run(
        ["callgrind_control", "--dump", str(process.pid)],
        capture_output=True,
        check=True,
        env=environment(),
    )
    newest = max(folder.glob("callgrind.*"), key=lambda path: path.stat().st_mtime_ns)
    return sum(int(total) for total in re.findall(r"(?m)^totals: (\d+)", newest.read_text("utf-8")))


def under_valgrind(command: list[str], folder: Path) -> list[str]:
    """The command, each of its instructions counted."""
    out = folder / "callgrind.%p"
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *command]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], help="default: all")
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--no-plain", action="store_true", help="this server alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        issuer = Issuer(folder)
        port = free_port()
        with running(peer("upstream", port, issuer.keys), port, LOAD_CORE):
            measure(options, folder, issuer, f"http://127.0.0.1:{port}")


def measure(options: argparse.Namespace, folder: Path, issuer: Issuer, origin: str) -> None:
    """Both servers with the same requests."""
    port = free_port()
    fields = _authorized(issuer, origin, port)
    ours = under_valgrind(peer("ours", port, origin), folder)
    with running(ours, port, SERVER_CORE) as server:
        _, listed = ask(server, Message(LIST, {}, modern=True), fields)
        (folder / "constant.json").write_bytes(listed)
        spent = {
            (case, modern): counted(server, folder, message(case, modern), fields, options.requests)
            for case in options.cases or CASES
            for modern in (True, False)
        }
    plain: dict[str, float] = {}
    if not options.no_plain:
        port = free_port()
        command = peer("plain", port, origin, folder / "constant.json")
        with running(under_valgrind(command, folder), port, SERVER_CORE) as proxy:
            for case in options.cases or CASES:
                proxy.path = "/constant" if case == "list" else f"/{case}"
                plain[case] = counted(proxy, folder, message(case, True), fields, options.requests)
    for (case, modern), count in spent.items():
        era = "2026-07-28" if modern else "sessions"
        beside = f"{plain[case]:12,.0f}   {plain[case] / count:.2f}" if case in plain else ""
        print(f"{case:<12} {era:<12} {count:12,.0f} {beside}", flush=True)


def message(case: str, modern: bool) -> Message:
    """What is asked."""
    return (
        Message(LIST, {}, modern) if case == "list" else Message("tools/call", CALLS[case], modern)
    )


if __name__ == "__main__":
    os.sched_setaffinity(0, {LOAD_CORE})
    main()
