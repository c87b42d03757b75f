"""Who this server is, and what an agent should know before its first call."""

from collections.abc import Iterable
from typing import Any

from octoperf_mcp import __version__
from octoperf_mcp.registry.manager import Registry

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


def instructions(registry: Registry, *, public_url: str = "") -> str:
    """Under 2 kB on what the server does, the first calls and where the guide is.

    Only areas that have tools, tools that exist and files that are served are named.
    """
    areas = sorted({registry.owners[name] for name in registry.tools if name in registry.owners})
    does = [_AREAS[area] for area in _AREAS if area in areas]
    lines = ["Load testing with OctoPerf: import, edit, validate, run and analyse load tests."]
    if does:
        lines.append("You can " + "; ".join(does) + ".")
    lines += _calls(registry.tools)
    lines.append(
        "Results carry `url`, the page of what they are about: show it to the user. "
        "An error result says in `hint` and `next` what to do. Starting load costs the user "
        "credits and hits a real system: ask before."
        if registry.tools
        else "No tools are enabled."
    )
    lines += _files(registry.public_assets, public_url)
    return "\n".join(lines)


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
