"""The load engine beside Locust's own fast client, in one run: requests by processor time.

    python -m tests.bench.engine [--seconds 8] [--rounds 5] [--users 50] [--memory-users 1000]

Both play the same five requests against one local target, one after the other, turn by turn; each
on the same core, the target on another. What counts is requests for each second of processor time
of the process that sends them, since a shared machine disturbs that least.
"""

import argparse
import asyncio
import http.client
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from octoperf_mcp.embedded.engine.load.engine import LoadPlan, StartUpLine
from octoperf_mcp.embedded.engine.load.locust_engine import LocustEngine
from tests.bench.load import LOAD_CORE, SERVER_CORE, environment, free_port, running

_TICKS = os.sysconf("SC_CLK_TCK")
_LOCUSTFILE = Path(__file__).with_name("locustfile.py")
_WARM_UP_S = 2.0


def node(kind: str, **more: Any) -> dict[str, Any]:
    """An action."""
    return {"@type": kind, "id": more.pop("id", kind), "name": kind, "enabled": True, **more}


def get(path: str, **more: Any) -> dict[str, Any]:
    """A request."""
    return node("HttpRequestAction", id=path, serverId="s", method="GET", path=path, **more)


_TOKEN = node("RegexpVariableExtractor", variable="csrf", regexp="name='csrf' value='([^']+)'")
_CHECK = node(
    "ResponseAssertion",
    type="REQUEST_ONLY",
    location="BODY",
    rule="SUBSTRING",
    patterns=["some text"],
)
_FORM = {
    "@type": "FormPostData",
    "parameters": [{"name": "user", "value": "ada"}, {"name": "csrf", "value": "${csrf}"}],
}


def tree(think_ms: int = 0) -> dict[str, Any]:
    """The virtual user that does what the locustfile does."""
    requests = [
        get("/login", children=[_TOKEN]),
        {**get("/login", postData=_FORM), "id": "post", "method": "POST"},
        get("/items?id=7", headers=[{"name": "X-Token", "value": "${csrf}"}]),
        get("/json"),
        get("/home", children=[_CHECK]),
    ]
    if think_ms:
        pause = {"@type": "ThinktimeConstant", "value": think_ms}
        requests = [{**request, "thinktime": pause} for request in requests]
    return {"@type": "VirtualUser", "id": "vu", "type": "JMETER", "children": requests}


def plan(directory: Path, port: int, users: int, seconds: float, think_ms: int = 0) -> LoadPlan:
    """One profile on one generator."""
    for name in ("spool", "files", "resources"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    load = {
        "@type": "UserProfileLoadRampUp",
        "delayMs": 0,
        "rampUpMs": 0,
        "plateauMs": int(seconds * 1000),
        "plateauVus": users,
    }
    server = {"id": "s", "protocol": "HTTP", "hostname": "127.0.0.1", "port": port}
    return LoadPlan(
        run_id="bench",
        directory=directory,
        profiles=[{"name": "bench", "virtualUserId": "vu", "location": "local", "load": load}],
        virtual_users={"vu": tree(think_ms)},
        servers=[server],
        variables=[],
        workers=1,
    )


def cpu_s(pid: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_mb(pid: int) -> float:
    """Resident memory of a process."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    return int(found.group(1)) / 1024 if found else 0.0


def counted(port: int) -> int:
    """Requests that reached the target."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/count")
        return int(connection.getresponse().read())
    finally:
        connection.close()


async def _rate(pid: int, port: int, seconds: float) -> float:
    """Requests for each second of processor time, in the middle of a run."""
    await asyncio.sleep(_WARM_UP_S)
    used, before = cpu_s(pid), await asyncio.to_thread(counted, port)
    await asyncio.sleep(seconds)
    after = await asyncio.to_thread(counted, port)
    return (after - before) / (cpu_s(pid) - used)


@asynccontextmanager
async def _engine(
    port: int, users: int, seconds: float, think_ms: int = 0
) -> AsyncIterator[dict[str, int]]:
    """A run of ours: process ids by name."""
    pids: dict[str, int] = {}

    def on_line(line: StartUpLine) -> None:
        found = re.fullmatch(r"Process (\d+) started", line.message)
        if found:
            pids[line.container] = int(found.group(1))
            os.sched_setaffinity(pids[line.container], {LOAD_CORE})

    with tempfile.TemporaryDirectory() as folder:
        load = await LocustEngine().start(
            plan(Path(folder), port, users, seconds, think_ms), on_line
        )
        load.begin()
        try:
            yield pids
        finally:
            await load.stop()
            await load.wait()


async def ours(port: int, users: int, seconds: float) -> float:
    """Requests for each second of processor time of our generator."""
    async with _engine(port, users, seconds + 60) as pids:
        return await _rate(pids["local-1"], port, seconds)


async def locust(port: int, users: int, seconds: float) -> float:
    """The same of Locust with the hand-written file."""
    command = [
        "taskset", "-c", str(LOAD_CORE), sys.executable, "-m", "locust", "-f", str(_LOCUSTFILE),
        "--headless", "-u", str(users), "-r", str(users), "-H", f"http://127.0.0.1:{port}",
        "--only-summary", "--reset-stats",
    ]  # fmt: skip
    silent = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *command, stdout=silent, stderr=silent, env=environment()
    )
    try:
        begin = counted(port)
        end = time.monotonic() + 30
        while await asyncio.to_thread(counted, port) < begin + users:
            if time.monotonic() > end:
                raise RuntimeError("Locust sent nothing.")
            await asyncio.sleep(0.1)
        return await _rate(process.pid, port, seconds)
    finally:
        process.terminate()
        await process.wait()


async def measure(options: argparse.Namespace) -> None:
    """Take turns, then hold many users; prints what was found."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.site", str(port)]
    with running(command, port, SERVER_CORE):
        ratios = []
        for number in range(options.rounds):
            contestants = (ours, locust) if number % 2 else (locust, ours)
            found = {
                each.__name__: await each(port, options.users, options.seconds)
                for each in contestants
            }
            ratios.append(found["ours"] / found["locust"])
            print(
                f"round {number + 1}: ours {found['ours']:,.0f}, Locust FastHttpUser "
                f"{found['locust']:,.0f} requests/CPU-s, ratio {ratios[-1]:.2f}"
            )
        print(f"median ratio {statistics.median(ratios):.2f} (goal: at least 0.90)")
        async with _engine(port, options.memory_users, 120, 1000) as pids:
            await asyncio.sleep(12)
            sizes = {name: resident_mb(pid) for name, pid in pids.items()}
        told = ", ".join(f"{name} {size:.0f} MB" for name, size in sizes.items())
        print(f"{options.memory_users} users: {told} (goal: under 500 MB in all)")


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--memory-users", type=int, default=1000)
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
