"""How each MCP client is told about a server: commands and configuration files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "octoperf"


@dataclass(frozen=True, slots=True)
class ClientSetup:
    """One client.

    `commands` are typed in a shell; `file` (below the project folder) holds `content`, merged
    under its keys; `afterwards` is what the person does next.
    """

    title: str
    commands: tuple[str, ...] = ()
    file: Path | None = None
    content: Mapping[str, Any] | None = None
    afterwards: str = ""


def setups(url: str) -> dict[str, ClientSetup]:
    """The known clients, for the endpoint `url`."""
    return {
        "claude-code": ClientSetup(
            "Claude Code",
            (f"claude mcp add --transport http {NAME} {url}",),
            afterwards="In a session, type /mcp, choose octoperf and sign in.",
        ),
        "codex": ClientSetup(
            "Codex", (f"codex mcp add {NAME} --url {url}", f"codex mcp login {NAME}")
        ),
        "gemini": ClientSetup(
            "Gemini CLI",
            (f"gemini mcp add --transport http {NAME} {url}",),
            afterwards="In a session, type /mcp auth octoperf.",
        ),
        "cursor": ClientSetup(
            "Cursor",
            file=Path(".cursor/mcp.json"),
            content={"mcpServers": {NAME: {"url": url}}},
            afterwards="Cursor opens the browser at the first tool call.",
        ),
        "vscode": ClientSetup(
            "VS Code",
            file=Path(".vscode/mcp.json"),
            content={"servers": {NAME: {"type": "http", "url": url}}},
            afterwards="VS Code opens the browser when the server starts.",
        ),
        "inspector": ClientSetup(
            "MCP Inspector",
            ("npx @modelcontextprotocol/inspector",),
            afterwards=f"Choose the transport Streamable HTTP and the URL {url}.",
        ),
    }
