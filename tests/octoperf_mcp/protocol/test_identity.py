"""What the server says of itself."""

from typing import Any

from octoperf_mcp import PublicAsset, ToolContext, hookimpl, payload, tool
from octoperf_mcp.protocol.identity import MAX_INSTRUCTIONS_BYTES, instructions, server_info
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.registry.registry import Registry


@payload
class Done:
    url: str


def plugin(name: str, tools: tuple[str, ...] = (), files: tuple[str, ...] = ()) -> Any:
    def made(tool_name: str) -> Any:
        async def function(ctx: ToolContext) -> Done:
            """Do it."""
            return Done(url="")

        function.__name__ = tool_name
        return tool(title=tool_name)(function)

    class Plugin:
        __name__ = name

        @hookimpl
        def register_tools(self) -> tuple[Any, ...]:
            return tuple(made(tool_name) for tool_name in tools)

        @hookimpl
        def register_public_assets(self) -> tuple[PublicAsset, ...]:
            return tuple(PublicAsset(path, "text/markdown", b"x") for path in files)

    return Plugin()


def registry(*plugins: Any) -> Registry:
    return load_registry(extra=plugins, installed=False)


def test_only_what_is_there_is_named() -> None:
    text = instructions(registry(plugin("bench", ("run_scenario",))))
    assert "run load" in text
    assert "read reports" not in text
    assert "list_workspaces" not in text
    assert "AGENTS.md" not in text
    assert "No tools" in instructions(registry())


def test_the_first_calls_and_the_guide_are_named() -> None:
    text = instructions(
        registry(
            plugin("discovery", ("list_workspaces", "list_projects_by_workspace")),
            plugin("assets", files=("AGENTS.md", "skills/scheduling.md", "schema/vu.json")),
        ),
        public_url="https://octoperf.test",
    )
    assert "list_workspaces → list_projects_by_workspace;" in text
    assert "https://octoperf.test/mcp/public/AGENTS.md" in text
    assert "scheduling" in text


def test_the_installed_servers_instructions_are_short() -> None:
    installed = load_registry()
    text = instructions(installed, public_url="https://octoperf.example.com")
    assert len(text.encode()) < MAX_INSTRUCTIONS_BYTES


def test_the_server_has_a_name_a_title_a_version_and_a_page() -> None:
    info = server_info()
    assert (info["name"], info["title"]) == ("octoperf-mcp", "OctoPerf MCP")
    assert info["version"]
    assert info["websiteUrl"].startswith("https://")
