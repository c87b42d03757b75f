"""Collects what a run plays: virtual users, servers, variables and files of its project."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octoperf_mcp.embedded.failures import Invalid, NotFound
from octoperf_mcp.embedded.store.documents import Document, Documents
from octoperf_mcp.embedded.store.project_files import ProjectFile, ProjectFiles
from octoperf_mcp.entities.action_types import NO_ADDED_ACTIONS, AddedActions
from octoperf_mcp.entities.engines import BROWSERS

Json = dict[str, Any]

_LINKS = {"LinkAction", "FragmentAction"}
_RUNNABLE = frozenset({"JMETER", *BROWSERS})
_REFUSED = {
    "FRAGMENTS": "holds fragments, which run only where another virtual user links to them",
}


@dataclass(frozen=True, slots=True)
class ProjectMaterials:
    """Documents as they are now, secrets sealed."""

    project: Document
    virtual_users: Mapping[str, Document]
    """By id: those that are played and those that they link to."""
    servers: list[Document]
    variables: list[Document]
    files: list[ProjectFile]
    """Those that the trees and variables mention."""
    actions: AddedActions = NO_ADDED_ACTIONS
    """Kinds of actions of plugins that the virtual users have."""


async def collect(
    documents: Documents,
    files: ProjectFiles,
    *,
    project_id: str,
    virtual_user_ids: Iterable[str],
    user_id: str,
    actions: AddedActions = NO_ADDED_ACTIONS,
) -> ProjectMaterials:
    """Read what is needed to play virtual users of a project.

    Raises:
        NotFound: the project does not exist for the user.
        Invalid: a virtual user is not in the project, or cannot be played.
    """
    project = await documents.get("project", project_id, user_id=user_id)
    known = {
        each.id: each
        for each in await documents.list("virtual_user", user_id=user_id, project_id=project_id)
    }
    wanted: dict[str, Document] = {}
    for virtual_user_id in virtual_user_ids:
        if virtual_user_id not in known:
            raise Invalid(
                f"There is no virtual user {virtual_user_id!r} in the project.",
                details={"allowed": sorted(known)},
            )
        _require_runnable(known[virtual_user_id])
        _follow(virtual_user_id, known, wanted)
    servers = await documents.list("http_server", user_id=user_id, project_id=project_id)
    variables = await documents.list("variable", user_id=user_id, project_id=project_id)
    text = json.dumps([each.body for each in (*wanted.values(), *variables)], ensure_ascii=False)
    all_files = await files.of_project(project_id)
    mentioned = [file for file in all_files if json.dumps(file.name)[1:-1] in text]
    used = actions.used_by([each.body for each in wanted.values()])
    return ProjectMaterials(project, wanted, servers, variables, mentioned, used)


def _require_runnable(virtual_user: Document) -> None:
    kind = str(virtual_user.body.get("type") or "JMETER")
    if kind not in _RUNNABLE:
        reason = _REFUSED.get(kind, f"has the unknown type {kind}")
        raise Invalid(f"Virtual user {virtual_user.body.get('name')!r} {reason}.")


def _follow(start: str, known: Mapping[str, Document], wanted: dict[str, Document]) -> None:
    """Take a virtual user and all that it links to; a link to nothing is the engine's to tell."""
    waiting = [start]
    while waiting:
        each = waiting.pop()
        if each in wanted or each not in known:
            continue
        wanted[each] = known[each]
        waiting += [
            str(node.get("virtualUserId"))
            for node in nodes_of(known[each].body)
            if node.get("@type") in _LINKS
        ]


def nodes_of(tree: Mapping[str, Any]) -> Iterator[Json]:
    """Every action of a tree, top to bottom."""
    waiting = list(reversed(tree.get("children") or []))
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting += reversed(node.get("children") or [])


def slim(tree: Json, *, keep_status: bool) -> Json:
    """A tree without what was recorded, but for the status that a validation compares with."""
    made = {key: value for key, value in tree.items() if key not in {"children", "recordedRequest"}}
    recorded = made.pop("recordedResponse", None)
    if keep_status and recorded:
        made["recordedResponse"] = {"status": recorded.get("status")}
    if "children" in tree:
        children = [child for child in tree["children"] or [] if isinstance(child, dict)]
        made["children"] = [slim(child, keep_status=keep_status) for child in children]
    return made


def revealed(documents: Documents, found: Iterable[Document]) -> list[Json]:
    """Bodies with their secret values in the clear, for the engine only."""
    secrets = documents.secrets
    if secrets is None:
        return [each.body for each in found]
    return [secrets.revealed(each.body, each.workspace_id) for each in found]


async def place_files(files: ProjectFiles, materials: ProjectMaterials, directory: Path) -> None:
    """Write the mentioned project files where the generators read them."""
    for file in materials.files:
        with (directory / Path(file.name).name).open("wb") as target:
            async for part in files.parts(file):
                target.write(part)


async def require_location(
    documents: Documents, *, provider_id: str, location: str, workspace_id: str, user_id: str
) -> Document:
    """Check that a profile names a provider and one of its locations.

    Raises:
        Invalid: it does not; the message lists what there is.
    """
    try:
        provider = await documents.get("docker_provider", provider_id, user_id=user_id)
    except NotFound as error:
        usable = await documents.list("docker_provider", user_id=user_id)
        raise Invalid(
            f"There is no provider {provider_id!r} in this workspace.",
            details={
                "allowed": [each.id for each in usable if each.workspace_id in {"", workspace_id}]
            },
        ) from error
    regions = sorted(provider.body.get("regions") or {})
    if location not in regions:
        raise Invalid(
            f"Provider {provider.body.get('name') or provider_id!r} has no location {location!r}; "
            f"it has {', '.join(regions) or 'none'}.",
            details={"allowed": regions},
        )
    return provider
