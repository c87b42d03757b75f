"""Alerts and dashboard before a real Prometheus, which scrapes two bridges that things happen to."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.deploy.conftest import DEPLOY
from tests.deploy.prometheus import PATIENCE_S, Prometheus, program, running_prometheus
from tests.deploy.test_monitoring import dashboard
from tests.end_to_end.conftest import Server
from tests.end_to_end.test_credentials import called
from tests.end_to_end.test_remote_issuer import Elsewhere, readiness
from tests.topology.installation import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ALERTS = (DEPLOY / "monitoring" / "alerts.yaml").read_text("utf-8")
MOST_VALUES = 400
"""Of a label, after all that the test does."""


@asynccontextmanager
async def bridges(folder: Path, upstream: Elsewhere) -> AsyncIterator[tuple[Server, Server]]:
    environ = {
        "OCTOPERF_MCP_UPSTREAM_BREAKER_FAILURES": "3",
        "OCTOPERF_MCP_UPSTREAM_BREAKER_PAUSE_S": "0.2",
        "OCTOPERF_MCP_UPSTREAM_RETRIES": "0",
    }
    both = []
    try:
        for name in ("first", "second"):
            (folder / name).mkdir()
            server = Server(folder / name, ("--upstream", upstream.origin), environ)
            both.append(server)
            await asyncio.to_thread(server.start)
        yield both[0], both[1]
    finally:
        for server in both:
            if server.process is not None:
                await asyncio.to_thread(server.stop)


async def ask(server: Server, upstream: Elsewhere) -> None:
    """Calls that go well, and one that an agent can mend."""
    token = upstream.token(f"{server.origin}/mcp")
    await called(server, token, "list_workspaces")
    await called(server, token, "list_projects_by_workspace", workspaceId="none")


async def full_panels(prometheus: Prometheus) -> None:
    """Every panel of the dashboard shows something; `REST calls that failed` has failures by now."""
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            expression = target["expr"].replace("$__rate_interval", "1m")
            expression = expression.replace("$job", ".*").replace("$area", ".*")
            found = await prometheus.asked(expression)
            assert found, f"{panel['title']}: {expression}"
            told = {each["value"][1] for each in found}
            assert told != {"NaN"}, panel["title"]


async def bounded_labels(prometheus: Prometheus) -> None:
    ours = '{__name__=~"octoperf_mcp_.*"}'
    series = await prometheus.asked(ours)
    values: dict[str, set[str]] = {}
    for each in series:
        for label, value in each["metric"].items():
            values.setdefault(label, set()).add(value)
    assert "none" not in values["route"] | values["tool"]  # an id that was asked for
    for label, found in values.items():
        assert len(found) < MOST_VALUES, label
    assert values["status"] <= {"200", "401", "503", "2xx", "4xx", "5xx", "none"}


async def test_alerts_fire_for_what_happens_and_no_panel_is_empty(tmp_path: Path) -> None:
    program("prometheus")
    upstream = Elsewhere(free_port())
    quick = re.sub(r"for: \d+m", "for: 1s", ALERTS)
    async with bridges(tmp_path, upstream) as (first, second):
        places = [server.origin.removeprefix("http://") for server in (first, second)]
        async with running_prometheus(tmp_path, quick, places) as prometheus:
            async with upstream.up():
                async with asyncio.timeout(PATIENCE_S):
                    while not all([await readiness(each) == 200 for each in (first, second)]):
                        pass
                calls = "increase(octoperf_mcp_call_duration_seconds_count[1m]) > 0"
                async with asyncio.timeout(PATIENCE_S):
                    while len(await prometheus.asked(calls)) < 4:  # two tools, two servers
                        for server in (first, second):
                            await ask(server, upstream)
                await prometheus.until(lambda alerts: not alerts)

            for _ in range(3):
                await ask(first, upstream)
            await prometheus.until(
                lambda alerts: (
                    alerts.get("OctoPerfMcpUpstreamRefused") == {places[0]}
                    and alerts.get("OctoPerfMcpUpstreamFailing") == {""}
                )
            )
            assert await readiness(first) == 503
            assert await readiness(second) == 200
            await full_panels(prometheus)
            await bounded_labels(prometheus)

            async with upstream.up():
                alerts = await prometheus.until(
                    lambda alerts: "OctoPerfMcpUpstreamRefused" not in alerts
                )
                assert await readiness(first) == 200  # though nobody called it
                assert "OctoPerfMcpDown" not in alerts

                await asyncio.to_thread(second.kill)
                alerts = await prometheus.until(lambda alerts: "OctoPerfMcpDown" in alerts)
                assert alerts["OctoPerfMcpDown"] == {places[1]}
                assert "OctoPerfMcpAllDown" not in alerts
                await asyncio.to_thread(first.kill)
                await prometheus.until(lambda alerts: "OctoPerfMcpAllDown" in alerts)
                await asyncio.to_thread(second.start, int(places[1].rpartition(":")[2]))
                alerts = await prometheus.until(lambda alerts: "OctoPerfMcpAllDown" not in alerts)
                assert alerts["OctoPerfMcpDown"] == {places[0]}
