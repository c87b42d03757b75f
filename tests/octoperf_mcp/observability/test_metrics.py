"""`/metrics`: what is counted, with few labels and no names of people."""

import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client.parser import text_string_to_metric_families

from octoperf_mcp.observability.metrics import Metrics
from tests.faults.bridge import Bridge, bridge


@pytest.fixture
async def platform() -> AsyncIterator[str]:
    async def workspaces(_request: web.Request) -> web.Response:
        return web.json_response([{"id": "w-somebody", "name": "Somebody's"}])

    app = web.Application()
    app.router.add_get("/workspaces/member-of", workspaces)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


async def samples(running: Bridge, **headers: str) -> dict[tuple[str, ...], float]:
    async with running.session.get(f"{running.origin}/metrics", headers=headers) as answer:
        assert answer.status == 200
        text = await answer.text()
    return {
        (sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_calls_and_routes_are_timed(platform: str) -> None:
    async with bridge(platform) as running:
        for _ in range(3):
            assert not (await running.call("list_workspaces")).get("isError")
        await running.call("list_projects_by_workspace", {"workspaceId": "w-secret-id"})
        made_up = {"name": "made_up_by_a_client", "arguments": {}}
        await running.asked("tools/call", made_up, headers={"Mcp-Name": "made_up_by_a_client"})
        await running.asked("made/up", {})
        found = await samples(running)
    call = ("octoperf_mcp_call_duration_seconds_count", "area=discovery", "method=tools/call")
    assert found[*call, "outcome=ok", "tool=list_workspaces"] == 3
    assert found[*call, "outcome=not_found", "tool=list_projects_by_workspace"] == 1
    route = "octoperf_mcp_upstream_duration_seconds_count"
    assert found[route, "route=GET /workspaces/member-of", "status=2xx"] >= 3
    listed = "route=GET /design/projects/by-workspace/{workspaceId}/DESIGN"
    assert found[route, listed, "status=4xx"] == 1
    assert found["octoperf_mcp_upstream_breaker_open",] == 0
    assert found["octoperf_mcp_upstream_connections", "state=idle"] == 1
    assert found["octoperf_mcp_streams_open",] == 0
    told = repr(sorted(found))
    assert "w-secret-id" not in told
    assert "made_up" not in told
    assert "method=other" in told


async def test_the_number_of_labels_does_not_grow_with_what_clients_make_up() -> None:
    metrics = Metrics({"list_workspaces": "discovery"})
    for number in range(20_000):
        metrics.called(f"m{number}", f"t{number}", f"o{number}", 0.1)
    assert len(re.findall(rb"_seconds_count\{", metrics.text())) == 1
    assert len(metrics._known) <= 5_001


@pytest.mark.parametrize("field", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
async def test_what_came_through_a_proxy_is_refused_though_the_proxy_is_local(
    platform: str, field: str
) -> None:
    async with (
        bridge(platform) as running,
        running.session.get(f"{running.origin}/metrics", headers={field: "1.2.3.4"}) as answer,
    ):
        assert answer.status == 403
        assert "[metrics] token" in await answer.text()


async def test_the_token_opens_them_from_everywhere(platform: str) -> None:
    async with bridge(platform, metrics={"token": "t0psecret"}) as running:
        there = {"X-Forwarded-For": "1.2.3.4"}
        assert await samples(running, **there, Authorization="Bearer t0psecret")
        for wrong in ("Bearer t0psecreT", "Basic t0psecret", "Bearer "):
            async with running.session.get(
                f"{running.origin}/metrics", headers={**there, "Authorization": wrong}
            ) as answer:
                assert answer.status == 403


async def test_they_can_be_switched_off(platform: str) -> None:
    async with (
        bridge(platform, metrics={"enabled": False}) as running,
        running.session.get(f"{running.origin}/metrics") as answer,
    ):
        assert answer.status == 404


async def test_a_listener_of_their_own_asks_for_no_token(
    platform: str, unused_tcp_port: int
) -> None:
    async with bridge(platform, metrics={"port": unused_tcp_port}) as running:
        own = f"http://127.0.0.1:{unused_tcp_port}/metrics"
        async with running.session.get(own, headers={"Forwarded": "for=x"}) as answer:
            assert "octoperf_mcp_build_info" in await answer.text()
        async with running.session.get(own.replace("metrics", "mcp")) as answer:
            assert answer.status == 404


async def test_the_series_of_a_tool_that_was_turned_off_are_gone() -> None:
    areas = {"list_workspaces": "discovery", "run_scenario": "bench"}
    metrics = Metrics(areas)
    for tool in areas:
        metrics.called("tools/call", tool, "ok", 0.1)
    metrics.know({"list_workspaces": "discovery"})
    metrics.called("tools/call", "run_scenario", "not_found", 0.1)
    told = metrics.text()
    assert b"run_scenario" not in told
    assert b'tool="list_workspaces"' in told
    metrics.know(areas)
    metrics.called("tools/call", "run_scenario", "ok", 0.1)
    assert b'tool="run_scenario"' in metrics.text()
