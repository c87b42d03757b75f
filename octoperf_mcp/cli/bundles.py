"""What `octoperf-mcp bundle` writes: one folder a client, for the endpoint of one server.

The texts are those that this server publishes, so a bundle teaches its tools and its address.
The forms are the vendors': Claude Code's marketplaces and plugins, Gemini CLI's extensions, the
files of VS Code and Cursor with their install links, and `server.json` of the MCP registry.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from octoperf_mcp import __version__
from octoperf_mcp.errors import OctoPerfMcpError
from octoperf_mcp.registry.assets import PublicAsset
from octoperf_mcp.registry.client_setups import GUIDE_PATH, NAME, is_public, pretty_json, setups

Files = Mapping[str, bytes]
"""Content by path below the folder of the bundle."""

LINK_FILE: Final = "install-link.txt"
"""Beside what is copied by hand."""

DESCRIPTION: Final = (
    "Load testing with OctoPerf: import recordings, validate, run load, read reports."
)
"""The registry takes 100 characters."""

_REGISTRY_SCHEMA: Final = (
    "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
)
_KEYWORDS: Final = ["load-testing", "performance", "octoperf", "jmeter", "playwright"]
_OWNER: Final = {"name": "octoperf-mcp"}
_FRONT_NAME: Final = re.compile(r"\A---\r?\n(?:.*\r?\n)*?name: *([a-z0-9-]{1,64})\r?\n")


class NotPublicError(OctoPerfMcpError):
    """The MCP registry lists servers that everybody reaches."""

    code = "not_public"


def claude_code(url: str, assets: Mapping[str, PublicAsset], client_id: str = "") -> Files:
    """A marketplace with one plugin: connection, guide, skills."""
    plugin = f"plugins/{NAME}"
    facts = {"name": NAME, "version": __version__, "description": DESCRIPTION}
    marketplace = {
        "name": NAME,
        "owner": _OWNER,
        "metadata": {"description": DESCRIPTION, "version": __version__},
        "plugins": [
            {**facts, "source": f"./{plugin}", "category": "devops", "keywords": _KEYWORDS}
        ],
    }
    manifest = {**facts, "author": _OWNER, "keywords": _KEYWORDS, "license": "Apache-2.0"}
    return {
        ".claude-plugin/marketplace.json": pretty_json(marketplace),
        f"{plugin}/.claude-plugin/plugin.json": pretty_json(manifest),
        f"{plugin}/.mcp.json": pretty_json(setups(url, client_id)["claude-code"].content),
        f"{plugin}/AGENTS.md": _guide(assets),
        **{f"{plugin}/{path}": content for path, content in _skills(assets)},
    }


def gemini(url: str, assets: Mapping[str, PublicAsset], client_id: str = "") -> Files:
    """An extension: connection, the guide as its context, skills."""
    manifest = {
        "name": NAME,
        "version": __version__,
        "description": DESCRIPTION,
        **(setups(url, client_id)["gemini"].content or {}),
        "contextFileName": "GEMINI.md",
    }
    return {
        "gemini-extension.json": pretty_json(manifest),
        "GEMINI.md": _guide(assets),
        **dict(_skills(assets)),
    }


def vscode(url: str, assets: Mapping[str, PublicAsset], client_id: str = "") -> Files:
    """The files of a workspace, and a link that installs for the user."""
    setup = setups(url, client_id)["copilot"]
    return {
        str(setup.file): pretty_json(setup.content),
        str(setup.guide): _guide(assets),
        **_link(setup.link),
    }


def cursor(url: str, assets: Mapping[str, PublicAsset], client_id: str = "") -> Files:
    """The files of a project, and a link that installs for the user."""
    setup = setups(url, client_id)["cursor"]
    return {
        str(setup.file): pretty_json(setup.content),
        str(setup.guide): _guide(assets),
        **_link(setup.link),
    }


def registry(url: str, _assets: Mapping[str, PublicAsset], _client_id: str = "") -> Files:
    """What the registry's publisher takes; the name lies in the domain of the server.

    Raises:
        NotPublicError: the address is none that everybody reaches.
    """
    if not is_public(url):
        raise NotPublicError(f"The MCP registry lists public https servers; {url} is none.")
    parts = urlsplit(url)
    namespace = ".".join(reversed((parts.hostname or "").split(".")))
    listed = {
        "$schema": _REGISTRY_SCHEMA,
        "name": f"{namespace}/{NAME}",
        "title": "OctoPerf",
        "description": DESCRIPTION,
        "version": __version__,
        "websiteUrl": f"{parts.scheme}://{parts.netloc}/mcp/public/",
        "remotes": [{"type": "streamable-http", "url": url}],
    }
    return {"server.json": pretty_json(listed)}


BUNDLES: Final[Mapping[str, Callable[[str, Mapping[str, PublicAsset], str], Files]]] = {
    "claude-code": claude_code,
    "gemini": gemini,
    "vscode": vscode,
    "cursor": cursor,
    "registry": registry,
}


def _link(link: str) -> Files:
    """No link carries a client id."""
    return {LINK_FILE: f"{link}\n".encode()} if link else {}


def _guide(assets: Mapping[str, PublicAsset]) -> bytes:
    return assets[PurePosixPath(GUIDE_PATH).name].content


def _skills(assets: Mapping[str, PublicAsset]) -> Iterator[tuple[str, bytes]]:
    """Each skill in a folder of the name that its front matter has."""
    for path, asset in assets.items():
        folder, _, rest = path.partition("/")
        if folder != "skills":
            continue
        if "/" in rest:  # a skill of several files lies in its folder already
            yield path, asset.content
            continue
        name = PurePosixPath(rest).stem
        front = _FRONT_NAME.match(asset.content.decode("utf-8", "replace"))
        yield f"skills/{front[1] if front else f'{NAME}-{name}'}/SKILL.md", asset.content
