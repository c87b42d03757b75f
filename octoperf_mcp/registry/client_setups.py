"""How each MCP client is told about a server: one table, for commands, pages and bundles.

The texts say what the clients do today: Claude Desktop, for one, no longer reads remote servers
from its file.
"""

import base64
import ipaddress
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import orjson

from octoperf_mcp.registry.client_ids import with_client_id

NAME = "octoperf"
GUIDE_PATH = "/mcp/public/AGENTS.md"


@dataclass(frozen=True, slots=True)
class ClientSetup:
    """One client; `name` is that of commands and bundles.

    `steps` are done by hand, `commands` typed in a shell; `package` installs what `bundle` writes
    for the client into a `{folder}`, `package_remove` takes it away; `link` opens the client, which
    asks whether to add the server.
    `file`, below the project folder, holds `content`, merged under its keys. `sign_in`, `check` and
    `remove` say how. `guide` is where the client reads the agent guide, below the project folder;
    `guide_note` what else that takes. `hosted` clients run at their vendor and reach public https
    addresses only. `reference` is the vendor's own description. `client_id` is for clients that do
    not register themselves, `redirects` are what has to be registered for it.
    """

    name: str
    title: str
    sign_in: str
    check: str
    remove: str
    reference: str
    commands: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    package: tuple[str, ...] = ()
    package_remove: str = ""
    link: str = ""
    file: Path | None = None
    content: Mapping[str, Any] | None = None
    guide: Path | None = None
    guide_note: str = ""
    hosted: bool = False
    client_id: str = ""
    redirects: tuple[str, ...] = ()

    def bundle_command(self, url: str) -> str:
        """What makes the package, where there is one."""
        given = f" --client-id {shlex.quote(self.client_id)}" if self.client_id else ""
        return f"octoperf-mcp bundle {self.name} --url {url}{given}"


def setups(url: str, client_id: str = "") -> dict[str, ClientSetup]:
    """The known clients, for the endpoint `url`; with a client id, none registers itself."""
    known = _setups(url)
    if not client_id:
        return known
    return {name: with_client_id(setup, client_id) for name, setup in known.items()}


def _setups(url: str) -> dict[str, ClientSetup]:
    return {
        "claude-code": ClientSetup(
            name="claude-code",
            title="Claude Code",
            package=(
                "claude plugin marketplace add {folder}",
                f"claude plugin install {NAME}@{NAME}",
            ),
            package_remove=f"claude plugin uninstall {NAME}@{NAME}",
            commands=(f"claude mcp add --transport http {NAME} {url}",),
            file=Path(".mcp.json"),
            content={"mcpServers": {NAME: {"type": "http", "url": url}}},
            sign_in=f"In a session type /mcp, choose {NAME} and authenticate in the browser.",
            check=f"claude mcp get {NAME}",
            remove=f"claude mcp remove {NAME}",
            guide=Path("AGENTS.md"),
            guide_note="Claude Code reads CLAUDE.md: add the line `@AGENTS.md` to it.",
            reference="https://code.claude.com/docs/en/mcp",
        ),
        "claude-ai": ClientSetup(
            name="claude-ai",
            title="Claude.ai",
            steps=(
                (
                    "Open Customize > Connectors; on Team and Enterprise plans an owner opens "
                    "Organization settings > Connectors."
                ),
                f"Press +, choose Add custom connector, and enter {url}",
                (
                    "For uploads and downloads, an administrator adds the server's host under "
                    "Organization settings > Capabilities > Domain allowlist."
                ),
            ),
            sign_in="Claude opens the sign-in page when the connector is added.",
            check='Ask "list my OctoPerf workspaces".',
            remove="Remove the connector where it was added.",
            guide_note="Paste the agent guide into the instructions of a project.",
            hosted=True,
            reference="https://support.claude.com/en/articles/11503834",
        ),
        "claude-desktop": ClientSetup(
            name="claude-desktop",
            title="Claude Desktop",
            steps=(
                (
                    "For a public server: open Settings > Connectors, choose Add custom connector, "
                    f"and enter {url} (it is called from Anthropic's cloud, not from this computer)"
                ),
                (
                    "For a server that only this computer reaches: open Settings > Developer > "
                    "Edit Config and add, under mcpServers, "
                    f'"{NAME}": {{"command": "npx", "args": ["-y", "mcp-remote", "{url}"]}}; '
                    "a plain url in that file is ignored."
                ),
            ),
            sign_in="The sign-in page opens in the browser at the first connection.",
            check='Ask "list my OctoPerf workspaces".',
            remove="Remove the connector, or the entry from the file.",
            guide_note="Paste the agent guide into the instructions of a project.",
            reference="https://support.claude.com/en/articles/11503834",
        ),
        "codex": ClientSetup(
            name="codex",
            title="Codex",
            commands=(f"codex mcp add {NAME} --url {url}",),
            sign_in=(
                "Codex opens the sign-in page when the server is added; later again with "
                f"codex mcp login {NAME}."
            ),
            check=f"codex mcp get {NAME}",
            remove=f"codex mcp remove {NAME}",
            guide=Path("AGENTS.md"),
            reference="https://developers.openai.com/codex/mcp",
        ),
        "chatgpt": ClientSetup(
            name="chatgpt",
            title="ChatGPT",
            steps=(
                "Open Settings > Connectors; custom connectors may need Developer mode there.",
                f"Add a connector with the address {url} and the authentication OAuth.",
                (
                    "Uploads and downloads may be blocked by ChatGPT's sandbox; Codex makes them "
                    "from this computer."
                ),
            ),
            sign_in="ChatGPT opens the sign-in page when the connector is added.",
            check='Ask "list my OctoPerf workspaces".',
            remove="Remove the connector where it was added.",
            guide_note="Paste the agent guide into the instructions of a project.",
            hosted=True,
            reference="https://platform.openai.com/docs/guides/developer-mode",
        ),
        "gemini": ClientSetup(
            name="gemini",
            title="Gemini CLI",
            package=("gemini extensions install {folder}",),
            package_remove=f"gemini extensions uninstall {NAME}",
            commands=(f"gemini mcp add --transport http {NAME} {url}",),
            file=Path(".gemini/settings.json"),
            content={"mcpServers": {NAME: {"url": url, "type": "http"}}},
            sign_in=f"In a session type /mcp auth {NAME}",
            check="gemini mcp list",
            remove=f"gemini mcp remove {NAME}",
            guide=Path("GEMINI.md"),
            reference="https://geminicli.com/docs/tools/mcp-server",
        ),
        "copilot": ClientSetup(
            name="copilot",
            title="GitHub Copilot in VS Code",
            link=_vscode_link(url),
            file=Path(".vscode/mcp.json"),
            content={"servers": {NAME: {"type": "http", "url": url}}},
            sign_in="VS Code opens the browser when the server starts.",
            check="Run MCP: List Servers from the Command Palette.",
            remove=f"Delete {NAME} from .vscode/mcp.json.",
            guide=Path(".github/copilot-instructions.md"),
            reference="https://code.visualstudio.com/docs/copilot/customization/mcp-servers",
        ),
        "cursor": ClientSetup(
            name="cursor",
            title="Cursor",
            link=_cursor_link(url),
            file=Path(".cursor/mcp.json"),
            content={"mcpServers": {NAME: {"url": url}}},
            sign_in="Cursor opens the browser at the first tool call.",
            check="Open Settings > MCP: the server is there with its tools.",
            remove=f"Delete {NAME} from .cursor/mcp.json.",
            guide=Path(".cursor/rules/octoperf.md"),
            guide_note="Cursor reads AGENTS.md at the root of the project, too.",
            reference="https://docs.cursor.com/context/model-context-protocol",
        ),
        "inspector": ClientSetup(
            name="inspector",
            title="MCP Inspector",
            commands=("npx @modelcontextprotocol/inspector",),
            steps=(f"Choose the transport Streamable HTTP and the URL {url}",),
            sign_in="Press Connect; the browser opens the sign-in page.",
            check="The tab Tools lists the tools.",
            remove="It keeps nothing but what the browser keeps.",
            reference="https://modelcontextprotocol.io/docs/tools/inspector",
        ),
        "any": ClientSetup(
            name="any",
            title="Any other client",
            steps=(
                f"Add a remote server with the transport Streamable HTTP and the URL {url}",
                "It needs no API key and no client id: clients register themselves (OAuth 2.1).",
            ),
            sign_in="The browser opens the sign-in page at the first call.",
            check='Ask "list my OctoPerf workspaces".',
            remove="Remove the server where it was added.",
            guide=Path("AGENTS.md"),
            reference="https://modelcontextprotocol.io/clients",
        ),
    }


ALIASES = {"vscode": "copilot"}
"""Other names of clients."""


def bundle_folder(client: str) -> str:
    """Where `octoperf-mcp bundle` writes what a client installs, when not told otherwise."""
    return f"./octoperf-bundle/{client}"


def pretty_json(content: Any) -> bytes:
    """As client files are written."""
    return orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n"


def guide_url(url: str) -> str:
    """Where the server of an endpoint publishes its agent guide."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{GUIDE_PATH}"


def is_public(url: str) -> bool:
    """Whether clients that run elsewhere could reach an address: https, no private host."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        return parts.scheme == "https" and ipaddress.ip_address(host).is_global
    except ValueError:
        return parts.scheme == "https" and "." in host and not host.endswith(".local")


def _vscode_link(url: str) -> str:
    """Source: code.visualstudio.com, MCP developer guide, "MCP URL handler"."""
    server = {"name": NAME, "type": "http", "url": url}
    return "vscode:mcp/install?" + quote(orjson.dumps(server), safe="")


def _cursor_link(url: str) -> str:
    """Source: cursor.com/docs/mcp/install-links."""
    config = base64.b64encode(orjson.dumps({"url": url})).decode()
    query = urlencode({"name": NAME, "config": config})
    return f"cursor://anysphere.cursor-deeplink/mcp/install?{query}"
