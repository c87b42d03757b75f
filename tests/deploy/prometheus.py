"""A Prometheus of one test: Debian's binary, scraping loopback, asked by its API."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.topology.installation import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

PATIENCE_S = 60


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name} on this machine")
    return found


@dataclass
class Prometheus:
    session: aiohttp.ClientSession
    origin: str

    async def asked(self, expression: str) -> list[dict[str, Any]]:
        """The instant vector of an expression."""
        told = await self._got("/api/v1/query", query=expression)
        found: list[dict[str, Any]] = told["result"]
        return found

    async def alerts(self) -> dict[str, set[str]]:
        """Instances of each alert that fires, an empty name where it names none."""
        found: dict[str, set[str]] = {}
        for alert in (await self._got("/api/v1/alerts"))["alerts"]:
            if alert["state"] == "firing":
                labels = alert["labels"]
                found.setdefault(labels["alertname"], set()).add(labels.get("instance", ""))
        return found

    async def until(self, ready: Callable[[dict[str, set[str]]], bool]) -> dict[str, set[str]]:
        """The alerts that fire, once this is true of them."""
        alerts: dict[str, set[str]] = {}
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not ready(alerts := await self.alerts()):
                    pass
        except TimeoutError:
            raise AssertionError(f"these fire: {alerts}") from None
        return alerts

    async def _got(self, path: str, **query: str) -> dict[str, Any]:
        async with self.session.get(f"{self.origin}{path}", params=query) as answer:
            body = await answer.json()
        assert body["status"] == "success", body
        data: dict[str, Any] = body["data"]
        return data


@asynccontextmanager
async def running_prometheus(
    folder: Path, rules: str, targets: list[str]
) -> AsyncIterator[Prometheus]:
    """One that scrapes and judges twice a second."""
    (folder / "rules.yaml").write_text(rules, "utf-8")
    told = {
        "global": {
            "scrape_interval": "500ms",
            "scrape_timeout": "400ms",
            "evaluation_interval": "500ms",
        },
        "rule_files": [str(folder / "rules.yaml")],
        "scrape_configs": [{"job_name": "octoperf-mcp", "static_configs": [{"targets": targets}]}],
    }
    (folder / "prometheus.yml").write_text(json.dumps(told), "utf-8")
    address = f"127.0.0.1:{free_port()}"
    process = _started(folder, address)
    try:
        async with aiohttp.ClientSession() as session:
            running = Prometheus(session, f"http://{address}")
            await _ready(session, running.origin)
            yield running
    finally:
        process.terminate()
        process.wait(timeout=20)


def _started(folder: Path, address: str) -> subprocess.Popen[bytes]:
    command = [
        program("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]
    with (folder / "prometheus.log").open("w", encoding="utf-8") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


async def _ready(session: aiohttp.ClientSession, origin: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                async with session.get(f"{origin}/-/ready") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
