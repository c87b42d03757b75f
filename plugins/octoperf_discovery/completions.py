"""Ids of the live account for the arguments of prompts: what was changed last comes first.

What was typed is the beginning of an id, or a part of a name: people know names, prompts want ids.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from octoperf_discovery import rest
from octoperf_mcp import Completion, RestCall, ToolContext, epoch_ms

MAX_PROJECTS = 20
"""Projects that are looked into when no project is known; those that were changed last."""

Documents = list[Mapping[str, Any]]


async def workspace_ids(ctx: ToolContext, typed: str, _: Mapping[str, str]) -> Sequence[str]:
    """Workspaces of the account."""
    return _matching(await ctx.rest(rest.LIST_WORKSPACES), typed)


async def project_ids(ctx: ToolContext, typed: str, known: Mapping[str, str]) -> Sequence[str]:
    """Projects of the known workspace, or of all."""
    return _matching(await _projects(ctx, known), typed)


def ids_in_projects(
    call: RestCall,
) -> Callable[[ToolContext, str, Mapping[str, str]], Awaitable[Sequence[str]]]:
    """A completion over what `call` lists of the known project, or of the latest projects."""

    async def complete(ctx: ToolContext, typed: str, known: Mapping[str, str]) -> Sequence[str]:
        projects = [known["projectId"]] if known.get("projectId") else await _latest(ctx, known)
        found = await asyncio.gather(*(ctx.rest(call, project_id=project) for project in projects))
        return _matching([item for items in found for item in items or ()], typed)

    return complete


async def _latest(ctx: ToolContext, known: Mapping[str, str]) -> list[str]:
    projects = _latest_first(await _projects(ctx, known))
    return [str(project["id"]) for project in projects[:MAX_PROJECTS]]


async def _projects(ctx: ToolContext, known: Mapping[str, str]) -> Documents:
    workspaces = [known["workspaceId"]] if known.get("workspaceId") else None
    if workspaces is None:
        workspaces = [item["id"] for item in await ctx.rest(rest.LIST_WORKSPACES)]
    found = await asyncio.gather(
        *(ctx.rest(rest.LIST_PROJECTS, workspace_id=workspace) for workspace in workspaces)
    )
    return [project for projects in found for project in projects or ()]


def _matching(documents: Iterable[Mapping[str, Any]], typed: str) -> list[str]:
    part = typed.casefold()
    return [
        str(item["id"])
        for item in _latest_first(documents)
        if str(item["id"]).startswith(typed) or part in (item.get("name") or "").casefold()
    ]


def _latest_first(documents: Iterable[Mapping[str, Any]]) -> Documents:
    return sorted(
        documents,
        key=lambda item: (
            -(epoch_ms(item.get("lastModified") or item.get("created")) or 0),
            item["id"],
        ),
    )


COMPLETIONS = (
    Completion("workspaceId", workspace_ids),
    Completion("projectId", project_ids),
    Completion("virtualUserId", ids_in_projects(rest.LIST_VIRTUAL_USERS)),
    Completion("scenarioId", ids_in_projects(rest.LIST_SCENARIOS)),
    Completion("reportId", ids_in_projects(rest.LIST_REPORTS)),
)
