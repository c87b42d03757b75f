"""The public texts as this server serves them: with its own tools, files and address.

Texts stay files; only what an operator can change is filled in, once, at start. A file may hold

- `<!-- tools -->`: a table for each area, from the registered tools;
- `<!-- tickets -->`: the tools that answer presigned addresses;
- `<!-- skills -->`, `<!-- schemas -->`, `<!-- files -->`: lists of public files with addresses;
- `{{origin}}`: scheme and authority under which clients see this server;
- `{{files}}`, `{{files-host}}`: the origin of presigned addresses, and its host.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from octoperf_mcp.registry.assets import PublicAsset
from octoperf_mcp.registry.client_page import connect_asset
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.registry.tools import Tool

PREFIX: Final = "/mcp/public/"
_AREAS: Final = {
    "discovery": "Find your way",
    "import": "Import",
    "edit": "Edit",
    "validation": "Validate",
    "bench": "Run load",
    "analysis": "Read reports",
}
"""Headings of the areas that ship with this server, in the order of the work."""

_INDEX: Final = "llms.txt"
_CALL: Final = re.compile(r"\b([a-z]+(?:_[a-z0-9]+)+)\(")
_IMPORT: Final = re.compile(r"(?<![`\w])@\w+")
_CODE: Final = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


def published(registry: Registry, origin: str, files_origin: str, client_id: str = "") -> Registry:
    """The registry with its public texts filled in; a skill whose tools are missing is left out.

    Args:
        registry: What is registered.
        origin: Of this server, as clients see it, without a slash at its end.
        files_origin: Of the REST API, where presigned addresses are, as clients see it.
        client_id: What clients are told to use that cannot register themselves.
    """
    kept = [asset for asset in registry.public_assets.values() if _usable(asset, registry)]
    kept = sorted([*kept, connect_asset(origin, client_id)], key=lambda asset: asset.path)
    parts = {
        "<!-- tools -->": _tool_tables(registry),
        "<!-- tickets -->": _tickets(registry.tools.values()),
        "<!-- skills -->": _links(kept, origin, "skills/"),
        "<!-- schemas -->": _links(kept, origin, "schema/"),
        "<!-- files -->": _links(kept, origin, ""),
        "{{origin}}": origin,
        "{{files}}": files_origin,
        "{{files-host}}": urlsplit(files_origin).hostname or files_origin,
    }
    assets = {asset.path: _filled(asset, parts) for asset in kept}
    return replace(registry, public_assets=MappingProxyType(assets))


def called_tools(text: str) -> frozenset[str]:
    """Names that a text writes as calls, `name(…)`, in its code."""
    return frozenset(name for code in _CODE.findall(text) for name in _CALL.findall(code))


def _usable(asset: PublicAsset, registry: Registry) -> bool:
    if not asset.path.startswith("skills/"):
        return True
    return called_tools(asset.content.decode("utf-8", "replace")) <= registry.tools.keys()


def _filled(asset: PublicAsset, parts: Mapping[str, str]) -> PublicAsset:
    if not asset.media_type.startswith("text/"):
        return asset
    content = asset.content
    for mark, part in parts.items():
        content = content.replace(mark.encode(), part.encode())
    return replace(asset, content=content)


def _tool_tables(registry: Registry) -> str:
    areas: dict[str, list[Tool]] = {}
    for name, tool in registry.tools.items():
        areas.setdefault(registry.owners.get(name, ""), []).append(tool)
    own = [area for area in _AREAS if area in areas]
    others = sorted(area for area in areas if area not in _AREAS)
    return "\n\n".join("\n".join(_table(area, areas[area])) for area in [*own, *others])


def _table(area: str, tools: Iterable[Tool]) -> Iterator[str]:
    yield f"### {_AREAS.get(area) or area.replace('_', ' ').capitalize()}"
    yield ""
    yield "| Tool | Does | Effect |"
    yield "|---|---|---|"
    for tool in tools:
        does = tool.description.partition("\n")[0].replace("|", "\\|")
        where = " Only where the platform offers it." if tool.needs else ""
        yield f"| `{tool.name}` | {does}{where} | {_effect(tool)} |"


def _effect(tool: Tool) -> str:
    hints = tool.definition["annotations"]
    if hints["destructiveHint"]:
        return "**ask first**"
    return "reads" if hints["readOnlyHint"] else "writes"


def _tickets(tools: Iterable[Tool]) -> str:
    named = [f"`{tool.name}`" for tool in tools if _answers_ticket(tool)]
    return ", ".join(named) or "none here"


def _answers_ticket(tool: Tool) -> bool:
    answered = tool.definition.get("outputSchema", {}).get("properties", {})
    return {"url", "pageUrl", "expiresAt"} <= set(answered)


def _links(assets: Iterable[PublicAsset], origin: str, folder: str) -> str:
    lines = [
        f"- [{_label(asset)}]({origin}{PREFIX}{asset.path}){_shown(asset)}"
        for asset in assets
        if asset.path.startswith(folder) and asset.path != _INDEX
    ]
    return "\n".join(lines) or "- none here"


def _shown(asset: PublicAsset) -> str:
    """The first sentence; what begins with `@` as code, since clients import files so written."""
    told = (asset.description or asset.title).partition(". ")[0].rstrip(".")
    return _IMPORT.sub(r"`\g<0>`", f": {told}." if told else "")


def _label(asset: PublicAsset) -> str:
    return PurePosixPath(asset.path).stem if "/" in asset.path else asset.path
