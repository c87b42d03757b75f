"""An importer of a plugin, from the tool to the virtual user."""

import asyncio
from pathlib import Path

import pytest

from octoperf_mcp.cli.agent import CallFailedError, connected
from octoperf_mcp.cli.serving import serving
from octoperf_mcp.cli.sign_in import FormSignIn
from octoperf_mcp.config import load_settings
from octoperf_mcp.registry.manager import load_registry

PASSWORD = "of this test alone"


async def test_curl_commands_become_a_virtual_user(tmp_path: Path) -> None:
    environ = {"SERVER_PORT": "0", "EMBEDDED_DEMO_PASSWORD": PASSWORD}
    settings = load_settings(
        environ={f"OCTOPERF_MCP_{name}": value for name, value in environ.items()}
    )
    registry = load_registry(enable=["curl"])
    async with (
        serving(settings, registry, tmp_path) as server,
        connected(server.url, FormSignIn("demo", PASSWORD)) as agent,
        asyncio.timeout(60),
    ):
        (workspace,) = (await agent.call("list_workspaces"))["workspaces"]
        of_workspace = {"workspaceId": workspace["id"]}
        project = await agent.call("create_project", {**of_workspace, "name": "Shop"})
        lines = "curl 'https://shop.example/cart' -H 'cookie: a=b'"
        given = {"projectId": project["id"], "commands": lines}
        made = await agent.call("import_curl_virtual_user", given)
        assert (made["name"], made["importReport"]["carried"]) == ("shop.example", 1)
        assert made["url"].endswith(made["id"])
        read = await agent.call("describe_virtual_user", {"virtualUserId": made["id"]})
        assert read["name"] == "shop.example"
        with pytest.raises(CallFailedError) as refused:
            await agent.call("import_curl_virtual_user", {**given, "commands": "curl 'a"})
        assert "never ends" in refused.value.answer["message"]
