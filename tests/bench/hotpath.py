"""This server beside the `mcp` SDK's own and beside plain aiohttp, in one run: `tox -e bench`.

See README.md for what is measured and what was found. Linux only; the load comes from wrk.
"""

import argparse
import gc
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import orjson

from tests.bench import streams
from tests.bench.load import (
    LOAD_CORE,
    SERVER_CORE,
    Issuer,
    Message,
    Process,
    Result,
    ask,
    cpu_ns,
    drive,
    free_port,
    peer,
    running,
)

CALLS = {
    "one-entity": {"name": "describe_virtual_user", "arguments": {"virtualUserId": "vu1"}},
    "twelve-rows": {"name": "list_workspaces", "arguments": {}},
}
LIST = "tools/list"
CELLS = ("calls", "list", "start", "streams")


@dataclass
class Bench:
    """The peers under way, and what they are asked with."""

    options: argparse.Namespace
    folder: Path
    issuer: Issuer
    upstream: Process
    ours: Process
    own_fields: dict[str, str]
    misses: int = 0

    @property
    def origin(self) -> str:
        """Of the stub."""
        return f"http://127.0.0.1:{self.upstream.port}"

    def sdk(self, sessions: str) -> tuple[list[str], int]:
        """Command and port of the SDK's server."""
        port = free_port()
        files = self.folder / "tools.json", self.issuer.keys
        return peer("sdk", port, self.origin, *files, sessions), port

    def plain(self) -> tuple[list[str], int]:
        """Command and port of plain aiohttp."""
        port = free_port()
        return peer("plain", port, self.origin, self.folder / "constant.json"), port

    def say(self, what: str, found: float, goal: float, *, least: bool = True) -> None:
        """One line beside its goal."""
        held = found >= goal if least else found <= goal
        self.misses += not held
        sign, told = ("≥" if least else "≤"), ("held" if held else "MISSED")
        print(f"    {what:<62} {found:>9,.2f}   goal {sign} {goal:<8,g} {told}", flush=True)


def turns(bench: Bench, contestants: dict[str, Callable[[], Result]]) -> dict[str, list[Result]]:
    """All contestants, round by round, the order turned round every other time."""
    found: dict[str, list[Result]] = {name: [] for name in contestants}
    for number in range(bench.options.rounds):
        for name in list(contestants)[:: -1 if number % 2 else 1]:
            result = contestants[name]()
            found[name].append(result)
            print(
                f"  {name:<12} {result.rate_per_s:8,.0f}/s  {result.cpu_us:7.1f} µs CPU  "
                f"p50 {result.p50_ms:6.2f}  p99 {result.p99_ms:6.2f} ms"
                f"{f'  {result.errors} ERRORS' if result.errors else ''}",
                flush=True,
            )
    return found


def ratio(over: list[Result], under: list[Result]) -> float:
    """How many times the processor time of `under` `over` takes: median of the rounds."""
    return statistics.median(a.cpu_us / b.cpu_us for a, b in zip(over, under, strict=True))


def bench_calls(bench: Bench) -> None:
    """tools/call with one REST call."""
    for sessions in ("none", "sessions"):
        with ExitStack() as stack:
            command, port = bench.sdk(sessions)
            sdk = stack.enter_context(running(command, port, SERVER_CORE))
            command, port = bench.plain()
            plain = stack.enter_context(running(command, port, SERVER_CORE))
            for case, call in CALLS.items():
                _call(bench, sdk, plain, case, Message("tools/call", call, sessions == "none"))


def _call(bench: Bench, sdk: Process, plain: Process, case: str, message: Message) -> None:
    era = "2026-07-28" if message.modern else "2025-11-25, sessions"
    print(f"\ntools/call, {case}, {era}")
    plain.path = f"/{case}"
    seconds = bench.options.seconds
    found = turns(
        bench,
        {
            "plain proxy": lambda: drive(plain, message, bench.own_fields, seconds=seconds),
            "this server": lambda: drive(bench.ours, message, bench.own_fields, seconds=seconds),
            "mcp SDK": lambda: drive(sdk, message, bench.own_fields, seconds=seconds),
        },
    )
    ours = found["this server"]
    bench.say("throughput ÷ plain proxy, by processor time", ratio(found["plain proxy"], ours), 0.8)
    bench.say("throughput ÷ mcp SDK, by processor time", ratio(found["mcp SDK"], ours), 10)
    tail = statistics.median(result.p99_ms / result.p50_ms for result in ours)
    bench.say("p99 ÷ p50", tail, 3, least=False)


def bench_list(bench: Bench) -> None:
    """tools/list of 100 tools."""
    message = Message(LIST, {}, modern=True)
    with ExitStack() as stack:
        command, port = bench.sdk("none")
        sdk = stack.enter_context(running(command, port, SERVER_CORE))
        command, port = bench.plain()
        plain = stack.enter_context(running(command, port, SERVER_CORE))
        plain.path = "/constant"
        size = (bench.folder / "constant.json").stat().st_size
        print(f"\ntools/list, {size:,} bytes, 2026-07-28")
        seconds = bench.options.seconds
        found = turns(
            bench,
            {
                "constant": lambda: drive(plain, message, bench.own_fields, seconds=seconds),
                "this server": lambda: drive(
                    bench.ours, message, bench.own_fields, seconds=seconds
                ),
                "mcp SDK": lambda: drive(sdk, message, bench.own_fields, seconds=seconds),
            },
        )
        ours = found["this server"]
        bench.say("throughput ÷ constant, by processor time", ratio(found["constant"], ours), 0.8)
        bench.say("throughput ÷ mcp SDK, by processor time", ratio(found["mcp SDK"], ours), 60)


def bench_start(bench: Bench) -> None:
    """From the start of the process to its first answered tools/call."""
    print("\nstart to first answered tools/call")
    message = Message("tools/call", CALLS["one-entity"], modern=True)
    rounds: list[tuple[float, float]] = []
    for _ in range(bench.options.starts):
        command, port = bench.sdk("none")
        theirs = _first_answer(command, port, message, bench.own_fields, "ready")
        port = free_port()
        command = [sys.executable, "-m", "octoperf_mcp", "serve", "--port", str(port)]
        fields = _authorized(bench.issuer, bench.origin, port)
        ours = _first_answer(
            [*command, "--upstream", bench.origin], port, message, fields, "octoperf-mcp ready"
        )
        print(
            f"  this server {ours[0]:5.2f} s, {ours[1]:5.2f} s CPU   "
            f"mcp SDK {theirs[0]:5.2f} s, {theirs[1]:5.2f} s CPU",
            flush=True,
        )
        rounds.append((ours[0] / theirs[0], ours[1] / theirs[1]))
    bench.say("time ÷ mcp SDK", statistics.median(wall for wall, _ in rounds), 0.33, least=False)
    bench.say(
        "processor time ÷ mcp SDK", statistics.median(cpu for _, cpu in rounds), 0.33, least=False
    )


def _first_answer(
    command: list[str], port: int, message: Message, fields: dict[str, str], said: str
) -> tuple[float, float]:
    started = time.perf_counter()
    with running(command, port, SERVER_CORE, said) as process:
        ask(process, message, fields)
        return time.perf_counter() - started, cpu_ns(process.pid) / 1e9


def bench_streams(bench: Bench) -> None:
    """Streams that stay open."""
    count = bench.options.streams
    for kind in ("session", "listen"):
        print(f"\n{count:,} open streams, {kind}")
        port = free_port()
        with running(peer("ours", port, bench.origin), port, SERVER_CORE, "ready") as process:
            fields = _authorized(bench.issuer, bench.origin, port)
            found = streams.measure(process, fields, kind=kind, count=count, rounds=20)
        print(f"  {found.cpu_us:.1f} µs CPU an event")
        bench.say("KiB a stream", found.kib_each, 16, least=False)
        bench.say("events delivered a second", found.events_per_s, 40_000)


def _authorized(issuer: Issuer, origin: str, port: int) -> dict[str, str]:
    return {"Authorization": f"Bearer {issuer.token(origin, f'http://127.0.0.1:{port}')}"}


def prepare(stack: ExitStack, options: argparse.Namespace) -> Bench:
    """The stub and this server; the others get the tools that it lists."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    issuer = Issuer(folder)
    port = free_port()
    upstream = stack.enter_context(running(peer("upstream", port, issuer.keys), port, LOAD_CORE))
    origin, port = f"http://127.0.0.1:{port}", free_port()
    ours = stack.enter_context(running(peer("ours", port, origin), port, SERVER_CORE))
    fields = _authorized(issuer, origin, port)
    _, listed = ask(ours, Message(LIST, {}, modern=True), fields)
    (folder / "constant.json").write_bytes(listed)
    tools = orjson.loads(listed)["result"]["tools"]
    (folder / "tools.json").write_bytes(orjson.dumps(tools))
    print(f"{len(tools)} tools; server on core {SERVER_CORE}, load and stub on core {LOAD_CORE}")
    return Bench(options, folder, issuer, upstream, ours, fields)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cells", nargs="*", choices=[*CELLS, []], help="default: all")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--starts", type=int, default=7)
    parser.add_argument("--streams", type=int, default=5000)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.sched_setaffinity(0, {LOAD_CORE})
    gc.disable()
    with ExitStack() as stack:
        bench = prepare(stack, options)
        for cell in options.cells or CELLS:
            globals()[f"bench_{cell}"](bench)
    print(f"\n{bench.misses} goals missed")


if __name__ == "__main__":
    main()
