"""A long run on the embedded platform that has to count exactly what its target counted.

    python -m tests.bench.soak [--minutes 10] [--users 500] [--think-ms 1000]

A short form: `--minutes 0.5`; the ramps are then a quarter of it each.

Exit status 1 when a count, the final state or a generator is not as it should be.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.bench.engine import counted, resident_mb, tree
from tests.bench.load import SERVER_CORE, free_port, running
from tests.octoperf_mcp.embedded.engine.stage import ADA, Stage

_LONGEST_RAMP_MS = 30_000


async def _set_up(stage: Stage, port: int, think_ms: int) -> str:
    """A project with the bench's virtual user; its id."""
    workspace = await stage.documents.create(
        "workspace", {"name": "W"}, user_id=ADA, workspace_id=""
    )
    stage.workspace_id = workspace.id
    stage.project_id = (await stage.create("project", {"name": "P", "type": "DESIGN"})).id
    provider = {"name": "This machine", "regions": {"local": {}}}
    stage.provider_id = (await stage.documents.plant("docker_provider", provider)).id
    server = {"protocol": "HTTP", "hostname": "127.0.0.1", "port": port, "name": "site"}
    stage.server_id = (await stage.create("http_server", server)).id
    body = tree(think_ms)
    for request in body["children"]:
        request["serverId"] = stage.server_id
    del body["id"]
    return (await stage.create("virtual_user", {**body, "name": "VU"})).id


async def soak(options: argparse.Namespace, port: int) -> bool:
    """Play the run; prints what was found, answers whether all was well."""
    with tempfile.TemporaryDirectory() as folder:
        stage = await Stage.open(Path(folder), workers=0)
        try:
            virtual_user_id = await _set_up(stage, port, options.think_ms)
            whole_ms = int(options.minutes * 60_000)
            ramp_ms = min(_LONGEST_RAMP_MS, whole_ms // 4)
            load = {
                "@type": "UserProfileLoadRampUpThenRampDown",
                "delayMs": 0,
                "rampUpMs": ramp_ms,
                "plateauMs": whole_ms - 2 * ramp_ms,
                "rampDownMs": ramp_ms,
                "plateauVus": options.users,
            }
            profile = {
                "name": "soak",
                "virtualUserId": virtual_user_id,
                "providerId": stage.provider_id,
                "location": "local",
                "load": load,
            }
            begin = time.monotonic()
            run_id = await stage.started(await stage.scenario(profile))
            sizes = await _watched(stage, run_id)
            print(f"ran for {time.monotonic() - begin:.0f} s")
            return await _judged(stage, run_id, port, sizes)
        finally:
            await stage.close()


async def _watched(stage: Stage, run_id: str) -> Counter[str]:
    """Wait for the end; the most memory that each process had, in MB."""
    sizes: Counter[str] = Counter()
    ending = asyncio.create_task(stage.runs.settled(run_id))
    while not ending.done():
        await asyncio.wait([ending], timeout=5)
        for name, pid in stage.pids(run_id).items():
            with contextlib.suppress(FileNotFoundError):
                sizes[name] = max(sizes[name], round(resident_mb(pid)))
    await ending
    return sizes


async def _judged(stage: Stage, run_id: str, port: int, sizes: Counter[str]) -> bool:
    result: dict[str, Any] = await stage.result(run_id)
    found = await stage.counted(run_id)
    sent = counted(port)
    lag_ms = await stage.worst_lag_ms(run_id)
    print(json.dumps({"state": result["state"], "samples": found, "target": sent}))
    print(f"worst timer lag {lag_ms:.0f} ms; memory in MB: {dict(sizes)}")
    exact = found == {"Hit": sent} and sent > 0
    print("counts are exact" if exact else "COUNTS DIFFER")
    return exact and result["state"] == "FINISHED"


def main() -> None:
    """Read the options, play, and tell by the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--users", type=int, default=500)
    parser.add_argument("--think-ms", type=int, default=1000)
    options = parser.parse_args()
    port = free_port()
    with running([sys.executable, "-m", "tests.bench.site", str(port)], port, SERVER_CORE):
        sys.exit(0 if asyncio.run(soak(options, port)) else 1)


if __name__ == "__main__":
    main()
