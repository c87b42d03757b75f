"""Imports: one multipart upload becomes a virtual user and its servers."""

from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.importers.har_options import HarOptions
from octoperf_mcp.embedded.importers.imported import Imported
from octoperf_mcp.embedded.importers.sandbox import import_har_file
from octoperf_mcp.embedded.platform import PLATFORM, Platform
from octoperf_mcp.embedded.rest import crud
from octoperf_mcp.embedded.rest.answers import document_answer
from octoperf_mcp.embedded.rest.uploads import received
from octoperf_mcp.embedded.store.documents import Body, Document, Documents

_PORTS = {"HTTP": 80, "HTTPS": 443}
_TREES = ("JMETER", "FRAGMENTS")


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    return [web.post("/imports/har/{projectId}", import_har)]


async def import_har(request: web.Request) -> web.Response:
    """A HAR recording as a new virtual user, or added to the one that `virtualUserId` names."""
    project = await crud.found(request, "project", "projectId")
    merged_id = request.query.get("virtualUserId", "")
    if merged_id:
        target = await crud.documents_of(request).get(
            "virtual_user", merged_id, user_id=crud.user_of(request)
        )
        _require_mergeable(target, project.id)
    async with received(request) as upload:
        file = upload.file()
        timeline = upload.text("containerTimeline")
        options = HarOptions.from_wire(
            request.query,
            timeline=None if timeline is None else timeline.encode(),
            name=request.query.get("name") or _stem(file.filename),
        )
        imported = await import_har_file(file.file, options)
    kept = await keep(
        request.app[PLATFORM], imported, project, user_id=crud.user_of(request), merged_id=merged_id
    )
    return document_answer(kept)


async def keep(
    platform: Platform, imported: Imported, project: Document, *, user_id: str, merged_id: str = ""
) -> Document:
    """Keep bodies, servers and the virtual user in one transaction; answers the virtual user.

    A server of the project with the same protocol, host and port is used again.

    Args:
        platform: The services.
        imported: What an importer made; its one virtual user is kept.
        project: Where to keep it.
        user_id: Who imports.
        merged_id: Virtual user that the recording is added to; empty: a new one.

    Raises:
        NotFound: the virtual user to add to does not exist for this user.
        Forbidden: his role does not allow it.
        Invalid: the virtual user to add to is of another project or kind.
    """
    (virtual_user,) = imported.virtual_users

    async def work(writer: AsyncConnection) -> Document:
        for data in imported.blobs.values():
            await platform.blobs.put(data, connection=writer)
        keeping = _Keeping(platform.documents, project, user_id, writer)
        ids = await keeping.servers(imported.servers)
        children = [_with_servers(child, ids) for child in virtual_user["children"]]
        if merged_id:
            return await keeping.added(merged_id, children)
        return await keeping.created("virtual_user", {**virtual_user, "children": children})

    return await platform.database.write(work)


@dataclass(frozen=True, slots=True)
class _Keeping:
    """Documents of one import, within its transaction."""

    documents: Documents
    project: Document
    user_id: str
    writer: AsyncConnection

    async def created(self, kind: str, body: Body) -> Document:
        """A new document of the project."""
        return await self.documents.create(
            kind,
            {**body, "id": "", "projectId": self.project.id},
            user_id=self.user_id,
            workspace_id=self.project.workspace_id,
            project_id=self.project.id,
            connection=self.writer,
        )

    async def servers(self, imported: list[Body]) -> dict[str, str]:
        """Ids of stored servers by the ids of this import; the oldest alike is used again."""
        listed = await self.documents.list(
            "http_server", user_id=self.user_id, project_id=self.project.id, connection=self.writer
        )
        known = {_place(one.body): one.id for one in reversed(listed)}
        ids = {}
        for server in imported:
            place = _place(server)
            if place not in known:
                known[place] = (await self.created("http_server", server)).id
            ids[server["id"]] = known[place]
        return ids

    async def added(self, virtual_user_id: str, children: list[Body]) -> Document:
        """An existing virtual user with more behind what it has."""
        target = await self.documents.get(
            "virtual_user", virtual_user_id, user_id=self.user_id, connection=self.writer
        )
        _require_mergeable(target, self.project.id)
        body = {**target.body, "children": [*target.body.get("children", []), *children]}
        return await self.documents.replace(
            "virtual_user", target.id, body, user_id=self.user_id, connection=self.writer
        )


def _stem(filename: str) -> str:
    """The name of an uploaded file without folders and suffix."""
    return PurePosixPath(PureWindowsPath(filename).name).stem


def _require_mergeable(target: Document, project_id: str) -> None:
    if target.project_id != project_id:
        raise Invalid("The virtual user to add to is not of this project.")
    if target.body.get("type", "JMETER") not in _TREES:
        raise Invalid(
            f"A recording cannot be added to a virtual user of type {target.body['type']}."
        )


def _place(server: Body) -> tuple[str, str, Any]:
    protocol = str(server.get("protocol") or "HTTPS").upper()
    hostname = str(server.get("hostname") or "").lower()
    return protocol, hostname, server.get("port") or _PORTS.get(protocol)


def _with_servers(action: Body, ids: dict[str, str]) -> Body:
    """The action with the ids of stored servers; importers nest two levels."""
    changed = dict(action)
    if "serverId" in changed:
        changed["serverId"] = ids[changed["serverId"]]
    changed["children"] = [_with_servers(child, ids) for child in action.get("children", [])]
    return changed
