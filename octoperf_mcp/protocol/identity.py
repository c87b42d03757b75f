"""Who this server is, and what an agent should know before its first call."""

from collections.abc import Iterable
from typing import Any

from octoperf_mcp import __version__
from octoperf_mcp.protocol.surfaces import FULL, PROJECT, WORKSPACE, Surface
from octoperf_mcp.registry.registry import Registry

WEBSITE = "https://octoperf.com"
MAX_INSTRUCTIONS_BYTES = 2000

_AREAS = {
    "discovery": "find workspaces, projects, virtual users, scenarios and load-generator locations",
    "import": "turn recordings and scripts (HAR and others) into virtual users",
    "edit": "change virtual users, HTTP servers, variables and correlation rules",
    "validation": "check a virtual user with one iteration and read what failed",
    "bench": "create scenarios, run load, follow and stop it",
    "analysis": "read reports: summaries, tables, charts, errors, logs",
}
_FIRST = ("list_workspaces", "list_projects_by_workspace")
_THEN = ("list_virtual_users", "list_scenarios_by_project", "list_bench_reports_by_project")
"""What to call first, in this order, to get the ids that all else needs."""
_LOAD = ("run_scenario", "validate_virtual_user")
_GUIDE = "AGENTS.md"


def server_info() -> dict[str, Any]:
    """`serverInfo` of both eras."""
    return {
        "name": "octoperf-mcp",
        "title": "OctoPerf MCP",
        "version": __version__,
        "description": "OctoPerf load testing for agents",
        "websiteUrl": WEBSITE,
    }


def instructions(registry: Registry, surface: Surface = FULL, *, public_url: str = "") -> str:
    """Under 2 kB on what the server does, the first calls and where the guide is.

    Only areas that have tools, tools that exist and files that are served are named.

    Args:
        registry: What the surface shows.
        surface: Of the connection.
        public_url: Origin of this server.
    """
    areas = sorted({registry.owners[name] for name in registry.tools if name in registry.owners})
    does = [_AREAS[area] for area in _AREAS if area in areas]
    lines = ["Load testing with OctoPerf: import, edit, validate, run and analyse load tests."]
    if does:
        lines.append("You can " + "; ".join(does) + ".")
    lines += _limits(registry, surface)
    lines += _calls(registry.tools)
    lines.append(
        "Results carry `url`, the page of what they are about: show it to the user. "
        "An error result says in `hint` and `next` what to do."
        if registry.tools
        else "No tools are enabled."
    )
    if any(name in registry.tools for name in _LOAD):
        lines.append("Starting load costs the user credits and hits a real system: ask before.")
    lines += _files(registry.public_assets, public_url)
    return "\n".join(lines)


def _limits(registry: Registry, surface: Surface) -> list[str]:
    """What the connection leaves out, so that nobody looks for it."""
    lines = []
    if surface.pins:
        what = "project" if PROJECT in surface.pins else "workspace"
        lines.append(f"This connection is pinned to one {what}: its id is filled in, never asked.")
    elif registry.tools and _FIRST[0] not in registry.tools:
        lines.append("Ids cannot be listed on this connection: ask the user for them.")
    if WORKSPACE in surface.pins and PROJECT not in surface.pins and _FIRST[1] in registry.tools:
        lines.append(f"Start with {_FIRST[1]}.")
    if surface.areas is not None or surface.tools is not None:
        lines.append("It shows a part of the tools only; /mcp has all.")
    if surface.read_only:
        lines.append("It is read-only: nothing can be changed or started.")
    if surface.changing is not None:
        where = ", ".join(sorted(surface.changing)) or "nowhere"
        lines.append(f"This token may change and start things in: {where}.")
    if surface.catalog:
        lines.append(
            "Most tools are not listed. find_tools finds them by what they do; call_read_tool, "
            "call_write_tool and call_destructive_tool call them by name. Where a text names a "
            "tool that is not listed, call it that way."
        )
    return lines


def _calls(tools: Iterable[str]) -> list[str]:
    known = set(tools)
    first = [name for name in _FIRST if name in known]
    then = [name for name in _THEN if name in known]
    if not first:
        return []
    path = " → ".join(first) + (" → " + " / ".join(then) if then else "")
    return [f"Start with {path}; ids come from these listings, never guess one."]


def _files(paths: Iterable[str], public_url: str) -> list[str]:
    known = set(paths)
    lines = []
    if _GUIDE in known:
        lines.append(f"Guide: {public_url}/mcp/public/{_GUIDE} (no sign-in needed).")
    skills = sorted(path for path in known if path.startswith("skills/"))
    if skills:
        names = ", ".join(path.removeprefix("skills/").removesuffix(".md") for path in skills)
        where = f"{public_url}/mcp/public/skills/NAME.md"
        lines.append(f"Step-by-step skills at {where}: {names}.")
    if any(path.startswith("schema/") for path in known):
        lines.append("Read the JSON Schema under /mcp/public/schema/ before any patch.")
    return lines
