"""The worker processes from outside."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from octoperf_mcp.embedded.engine.processes.order import Order

_MODULE = "octoperf_mcp.embedded.engine.processes.worker"


@pytest.mark.parametrize(
    "module",
    ["load.locust_master", "load.locust_worker", "validation.worker", "processes.worker"],
)
def test_a_worker_loads_neither_web_server_nor_database(module: str) -> None:
    code = (
        f"import octoperf_mcp.embedded.engine.{module}, sys; "
        "print([n for n in ('aiohttp', 'sqlalchemy', 'pydantic', 'mcp', 'parsel', 'jsonpath') "
        "if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        text=True,
        encoding="utf-8",
    )
    assert done.stdout.strip() == "[]"


def order(directory: Path, **more: Any) -> bytes:
    for part in ("spool", "files", "resources"):
        (directory / part).mkdir(exist_ok=True)
    facts: dict[str, Any] = {
        "run_id": "r",
        "directory": str(directory),
        "region": "local",
        "workers": 1,
        "profiles": [],
        "virtual_users": {},
        "servers": [],
        "variables": [],
        **more,
    }
    return json.dumps(Order.of(facts).message()).encode() + b"\n"


async def started(role: str, line: bytes) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        _MODULE,
        role,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdin is not None
    process.stdin.write(line)
    return process


LOAD = {
    "@type": "UserProfileLoadRampUp",
    "delayMs": 0,
    "rampUpMs": 0,
    "plateauMs": 60_000,
    "plateauVus": 1,
}


async def test_a_master_ends_when_its_service_is_gone(tmp_path: Path) -> None:
    process = await started("master", order(tmp_path, profiles=[(0, {"load": LOAD})]))
    assert process.stdout is not None
    assert process.stdin is not None
    listening = json.loads(await process.stdout.readline())
    assert listening["event"] == "listening"
    process.stdin.close()
    async with asyncio.timeout(20):
        await process.wait()


async def test_a_process_without_an_order_ends(tmp_path: Path) -> None:
    for role in ("master", "worker", "validation"):
        process = await started(role, b"")
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(20):
            assert await process.wait() == 1


async def test_a_failing_worker_says_why_in_the_run_log(tmp_path: Path) -> None:
    profile = {"virtualUserId": "gone", "load": LOAD}
    process = await started("worker", order(tmp_path, profiles=[(0, profile)], generator="local-1"))
    async with asyncio.timeout(20):
        assert await process.wait() == 1
    log = (tmp_path / "files" / "jmeter.log").read_text("utf-8")
    assert "The load engine failed" in log
    assert "KeyError: 'gone'" in log
