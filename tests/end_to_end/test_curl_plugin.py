"""An importer of a plugin, from the tool to the virtual user."""

import asyncio
from pathlib import Path
from typing import cast

import aiohttp
import pytest

from octoperf_mcp.cli.agent import CallFailedError, MemoryStorage, connected
from octoperf_mcp.cli.serving import serving
from octoperf_mcp.cli.sign_in import FormSignIn
from octoperf_mcp.config import load_settings
from octoperf_mcp.protocol.surfaces import FULL
from octoperf_mcp.protocol.tools import MakeContext
from octoperf_mcp.protocol.views import Views
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.registry.switched import composed
from tests.end_to_end.test_switches import command

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


async def test_the_kind_goes_and_comes_with_its_plugin(tmp_path: Path) -> None:
    environ = {
        "OCTOPERF_MCP_SERVER_PORT": "0",
        "OCTOPERF_MCP_EMBEDDED_DEMO_PASSWORD": PASSWORD,
        "OCTOPERF_MCP_LIMITS_REQUESTS_PER_S": "0",
    }
    settings = load_settings(environ=environ)
    data = ("--data-dir", str(tmp_path))
    sign_in, storage = FormSignIn("demo", PASSWORD), MemoryStorage()
    async with (
        serving(settings, composed(settings.plugins, settings.tools), tmp_path) as server,
        connected(server.url, sign_in, storage=storage) as agent,
        aiohttp.ClientSession() as http,
        asyncio.timeout(120),
    ):
        (workspace,) = (await agent.call("list_workspaces"))["workspaces"]
        of_workspace = {"workspaceId": workspace["id"]}
        project = await agent.call("create_project", {**of_workspace, "name": "Shop"})
        tokens = await storage.get_tokens()
        assert tokens is not None
        headers = {"Authorization": f"Bearer {tokens.access_token}"}
        path = f"{server.origin}/imports/curl/{project['id']}"

        async def answered() -> tuple[int, str]:
            form = aiohttp.FormData()
            form.add_field("file", b"curl http://a.example/", filename="a.sh")
            async with http.post(path, data=form, headers=headers) as answer:
                return answer.status, await answer.text()

        assert "import_curl_virtual_user" not in await agent.tool_names()
        status, told = await answered()
        assert (status, "the plugin curl, which is off here" in told) == (404, True)
        assert await command("plugins", "enable", "curl", *data) == 0
        while "import_curl_virtual_user" not in await agent.tool_names():
            pass
        assert (await answered())[0] == 200
        assert await command("plugins", "disable", "curl", *data) == 0
        while "import_curl_virtual_user" in await agent.tool_names():
            pass
        assert (await answered())[0] == 404


def test_a_bridge_follows_the_kinds_of_its_platform() -> None:
    """A platform with the route of all kinds, but without this one, cannot do it."""
    registry = load_registry(enable=["curl"])
    views = Views(registry, cast("MakeContext", None), {}, lambda _registry, _surface: "")
    needed = {call.endpoint for tool in registry.tools.values() for call in tool.needs}
    others = needed - {"POST /imports/curl/{projectId}"}
    for offered, there in ((needed, True), (others | {"POST /imports/{kind}/{projectId}"}, False)):
        names = views.of(FULL, frozenset(offered)).tools.names
        assert ("import_curl_virtual_user" in names) is there
