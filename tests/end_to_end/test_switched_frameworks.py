"""What plugins add to the platform follows their switches while the server runs."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from octoperf_mcp.cli.agent import Agent, CallFailedError, connected
from octoperf_mcp.cli.serving import serving
from octoperf_mcp.cli.sign_in import FormSignIn
from octoperf_mcp.config import load_settings
from octoperf_mcp.registry.switched import composed
from tests.end_to_end.test_switches import command

PASSWORD = "of this test alone"


async def test_presets_of_a_plugin_go_and_come_with_it(tmp_path: Path) -> None:
    data = ("--data-dir", str(tmp_path))
    # it asks without a pause until the switch is followed
    limits = {"LIMITS_REQUESTS_PER_S": "0"}
    environ = {"SERVER_PORT": "0", "EMBEDDED_DEMO_PASSWORD": PASSWORD, **limits}
    settings = load_settings(
        environ={f"OCTOPERF_MCP_{name}": value for name, value in environ.items()}
    )
    registry = composed(settings.plugins, settings.tools)
    async with (
        serving(settings, registry, tmp_path) as server,
        connected(server.url, FormSignIn("demo", PASSWORD)) as agent,
        asyncio.timeout(120),
    ):
        (workspace,) = (await agent.call("list_workspaces"))["workspaces"]
        of_workspace = {"workspaceId": workspace["id"]}
        project = await agent.call("create_project", {**of_workspace, "name": "Shop"})
        which: dict[str, Any] = {"projectId": project["id"], "frameworkId": "keycloak"}
        assert "keycloak" in await presets(agent)
        added = await agent.call("add_correlation_framework_to_project", which)
        assert "keycloakSessionCode" in {rule["name"] for rule in added["correlationRules"]}
        assert await command("plugins", "disable", "frameworks", *data) == 0
        while "keycloak" in await presets(agent):
            pass
        assert "java" in await presets(agent)
        listed = await agent.call("list_correlation_rules", {"projectId": project["id"]})
        assert listed["total"] == added["total"]
        assert await command("plugins", "enable", "frameworks", *data) == 0
        while "keycloak" not in await presets(agent):
            pass


async def test_answers_do_not_lead_to_what_is_off(tmp_path: Path) -> None:
    environ = {
        "OCTOPERF_MCP_SERVER_PORT": "0",
        "OCTOPERF_MCP_EMBEDDED_DEMO_PASSWORD": PASSWORD,
        "OCTOPERF_MCP_PLUGINS_DISABLE": "validation",
        "OCTOPERF_MCP_TOOLS_DISABLE": "list_projects_by_workspace",
    }
    settings = load_settings(environ=environ)
    registry = composed(settings.plugins, settings.tools)
    async with (
        serving(settings, registry, tmp_path) as server,
        connected(server.url, FormSignIn("demo", PASSWORD)) as agent,
    ):
        (workspace,) = (await agent.call("list_workspaces"))["workspaces"]
        where = {"workspaceId": workspace["id"], "name": "Shop"}
        project = await agent.call("create_project", where)
        which = {"projectId": project["id"], "urls": ["https://shop.example/"]}
        made = await agent.call("import_urls_virtual_user", which)
        for name in ("sanity_check_virtual_user", "validate_virtual_user"):
            assert f"{name} (off here)" in made["next"]
        with pytest.raises(CallFailedError) as refused:
            await agent.call("list_virtual_users", {"projectId": "nobody"})
        told = refused.value.answer
        assert "list_projects_by_workspace (off here)" in told["hint"]
        assert all(call["tool"] != "list_projects_by_workspace" for call in told["next"])


async def presets(agent: Agent) -> set[str]:
    """Ids of the presets."""
    listed = await agent.call("list_correlation_frameworks")
    return {row["id"] for row in listed["correlationFrameworks"]}
