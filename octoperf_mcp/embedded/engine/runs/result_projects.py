"""The frozen copy of a project that belongs to a run (type RESULT)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.engine.runs.materials import ProjectMaterials
from octoperf_mcp.embedded.store import rows
from octoperf_mcp.embedded.store.documents import Document
from octoperf_mcp.embedded.store.project_files import ProjectFiles

_REFERENCES = ("serverId", "virtualUserId")


async def freeze(
    writer: AsyncConnection,
    files: ProjectFiles,
    materials: ProjectMaterials,
    scenario: Document,
    user_id: str,
) -> Document:
    """Copy the project with what the run plays; references point at the copies."""
    source = materials.project
    copy = await rows.insert(
        writer,
        "project",
        {**source.body, "type": "RESULT", "designProjectId": source.id},
        user_id=user_id,
        workspace_id=source.workspace_id,
        project_id=source.id,
    )
    ids: dict[str, str] = {}
    for each in (*materials.servers, *materials.variables):
        ids[each.id] = (await _insert(writer, each, each.body, copy, user_id)).id
    trees = list(materials.virtual_users.values())
    for each in trees:
        ids[each.id] = (await _insert(writer, each, each.body, copy, user_id)).id
    for each in trees:
        made = await rows.current(writer, "virtual_user", ids[each.id])
        if made is not None:
            await rows.update(writer, made, _pointed(made.body, ids))
    await _insert(writer, scenario, _pointed(scenario.body, ids), copy, user_id)
    await files.copy(source.id, copy.id, connection=writer)
    return copy


async def _insert(
    writer: AsyncConnection, source: Document, body: dict[str, Any], copy: Document, user_id: str
) -> Document:
    return await rows.insert(
        writer,
        source.kind,
        {**body, "designId": source.id},
        user_id=user_id,
        workspace_id=copy.workspace_id,
        project_id=copy.id,
    )


def _pointed(value: Any, ids: Mapping[str, str]) -> Any:
    """The same document with references to the copies."""
    if isinstance(value, list):
        return [_pointed(item, ids) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: ids.get(inner, inner)
        if key in _REFERENCES and isinstance(inner, str)
        else _pointed(inner, ids)
        for key, inner in value.items()
    }
