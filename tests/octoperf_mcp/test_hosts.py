"""Plugins in the running server: entered, asked, drained, left."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import structlog
from aiohttp import web

from octoperf_mcp import HealthCheck, Host
from octoperf_mcp.config import load_settings
from octoperf_mcp.hosts import Hosts
from octoperf_mcp.registry.extending import Registered
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.registry.registry import PluginInfo, Registry


def registry_of(distribution: str = "acme", **hooks: Any) -> Registry:
    plugin = PluginInfo("acme", distribution, "1", "enabled")
    made: dict[str, Any] = {
        name: tuple(Registered("acme", one) for one in items) for name, items in hooks.items()
    }
    return replace(load_registry(installed=False), plugins=(plugin,), **made)


def hosts_of(registry: Registry, limit_s: float = 5) -> Hosts:
    return Hosts(registry, load_settings(environ={}), "https://mcp.test", limit_s)


async def lived(hosts: Hosts) -> None:
    """An application with these plugins, from start to end."""
    app = web.Application()
    hosts.join(app)
    runner = web.AppRunner(app)
    await runner.setup()
    await hosts.drain()
    await runner.cleanup()


async def test_a_plugin_is_entered_drained_and_left_with_its_own_memory() -> None:
    told: list[str] = []

    async def life(host: Host) -> AsyncIterator[None]:
        host.state["seen"] = host.origin
        told.append("enter")
        yield
        told.append("leave")

    async def drain(host: Host) -> None:
        told.append(f"drain {host.state['seen']}")

    await lived(hosts_of(registry_of(lifespans=[life], drains=[drain])))
    assert told == ["enter", "drain https://mcp.test", "leave"]


async def test_a_third_party_that_fails_to_start_or_to_stop_hinders_nobody() -> None:
    told: list[str] = []

    async def crashing(host: Host) -> AsyncIterator[None]:
        if host.origin:
            raise RuntimeError
        yield

    async def stuck(host: Host) -> AsyncIterator[None]:
        await asyncio.Event().wait()
        yield

    async def stuck_at_end(host: Host) -> AsyncIterator[None]:
        yield
        await asyncio.Event().wait()

    async def healthy(host: Host) -> AsyncIterator[None]:
        told.append("enter")
        yield
        told.append("leave")

    async def stuck_drain(host: Host) -> None:
        await asyncio.Event().wait()

    lives = [crashing, stuck, healthy, stuck_at_end]
    await lived(hosts_of(registry_of(lifespans=lives, drains=[stuck_drain]), limit_s=0.05))
    assert told == ["enter", "leave"]


async def test_a_built_in_plugin_that_fails_to_start_stops_the_start() -> None:
    async def crashing(host: Host) -> AsyncIterator[None]:
        if host.origin:
            raise RuntimeError("no")
        yield

    with pytest.raises(RuntimeError, match="no"):
        await lived(hosts_of(registry_of("octoperf_mcp", lifespans=[crashing])))


async def test_health_checks_go_and_come_with_their_plugin() -> None:
    on = registry_of(health_checks=[HealthCheck("x", lambda _: "")])
    off = replace(on, plugins=(replace(on.plugins[0], state="disabled"),), health_checks=())
    hosts = hosts_of(on)
    assert hosts.checks(())["x"]() == ""
    await hosts.adopt(off)
    assert hosts.checks(()) == {}
    await hosts.adopt(on)
    assert hosts.checks(())["x"]() == ""


def test_health_checks_have_names_of_their_own_and_a_crash_is_a_reason() -> None:
    def crash(host: Host) -> str:
        raise RuntimeError

    checks = hosts_of(
        registry_of(
            health_checks=[HealthCheck("keys", lambda host: host.plugin), HealthCheck("x", crash)]
        )
    ).checks({"keys"})
    assert checks["acme.keys"]() == "acme (plugin acme)"
    assert checks["x"]() == "its check failed: RuntimeError (plugin acme)"


async def test_a_plugin_that_was_not_loaded_is_told_once_with_what_to_do() -> None:
    working = registry_of()
    broken = replace(
        working, plugins=(PluginInfo("acme", "acme", "1", "broken", "it is for another API"),)
    )
    with structlog.testing.capture_logs() as logs:
        hosts = hosts_of(broken)
        await hosts.adopt(broken)
    (event,) = [one for one in logs if one["event"] == "plugin_not_loaded"]
    assert (event["plugin"], event["reason"]) == ("acme", "it is for another API")
    assert event["next"] == "octoperf-mcp plugins check acme"
