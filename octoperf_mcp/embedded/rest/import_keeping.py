"""Keeps what an import made: all of it or nothing, beside what the project has already."""

import tempfile
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.correlation.frameworks import rule_shape
from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.importers.archive.layout import renamed
from octoperf_mcp.embedded.importers.archive.links import LINK
from octoperf_mcp.embedded.platform import Platform
from octoperf_mcp.embedded.store.blobs import Blobs
from octoperf_mcp.embedded.store.documents import Body, Document, Documents
from octoperf_mcp.embedded.store.project_files import ProjectFile, ProjectFiles
from octoperf_mcp.embedded.store.schema import now_ms
from octoperf_mcp.embedded.usages import own_names
from octoperf_mcp.entities.imported import Imported, Note

_PORTS = {"HTTP": 80, "HTTPS": 443}
_TREES = ("JMETER", "FRAGMENTS")
_TIMEOUTS = ("connectTimeoutMs", "responseTimeoutMs")
_SETTINGS = (*_TIMEOUTS, "keepAlive")
_IN_MEMORY_BYTES = 1024 * 1024


async def keep(
    platform: Platform, imported: Imported, project: Document, *, user_id: str, merged_id: str = ""
) -> list[Document]:
    """Keep bodies, files, servers, variables, rules and virtual users in one transaction.

    A server of the project with the same protocol, host, port and settings is used again. A
    variable or file whose name is taken is not written: the project's own stays, and where it
    differs `imported.changed` says so. A rule that the project has already is not added again.

    Args:
        platform: The services.
        imported: What an importer made.
        project: Where to keep it.
        user_id: Who imports.
        merged_id: Virtual user that the only imported one is added to; empty: new ones.

    Returns:
        The virtual users, in the order of the source.

    Raises:
        NotFound: the virtual user to add to does not exist for this user.
        Forbidden: his role does not allow it.
        Invalid: the virtual user to add to is of another project or kind.
    """
    changed_before = list(imported.changed)

    async def work(writer: AsyncConnection) -> list[Document]:
        imported.changed[:] = changed_before
        await _keep_bytes(platform.blobs, imported, writer)
        keeping = _Keeping(platform.documents, project, user_id, writer)
        await keeping.files(imported, ProjectFiles(platform.database, platform.blobs))
        await keeping.variables(imported)
        await keeping.rules(imported.rules)
        servers = await keeping.servers(imported.servers)
        users: dict[str, str] = {}
        kept = []
        for virtual_user in imported.virtual_users:
            changes = {"serverId": servers, LINK: users}
            children = renamed(virtual_user.get("children") or [], changes)
            if merged_id:
                kept.append(await keeping.added(merged_id, children))
            else:
                body = {**virtual_user, "children": children}
                kept.append(await keeping.created("virtual_user", body))
                users[virtual_user["id"]] = kept[-1].id
        return kept

    return await platform.database.write(work)


async def _keep_bytes(blobs: Blobs, imported: Imported, writer: AsyncConnection) -> None:
    for key in imported.blobs:
        if imported.blobs.size_of(key) <= _IN_MEMORY_BYTES:
            await blobs.put(imported.blobs[key], connection=writer)
            continue
        with tempfile.TemporaryFile() as large:
            opened = cast("BinaryIO", large)
            imported.blobs.copy(key, opened)
            await blobs.put_file(opened, connection=writer)


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
        listed = await self._listed("http_server")
        known = [(one.body, one.id) for one in reversed(listed)]
        ids = {}
        for server in imported:
            found = next((one_id for body, one_id in known if _serves(body, server)), "")
            if not found:
                made = await self.created("http_server", server)
                found = made.id
                known.append((server, found))
            ids[server["id"]] = found
        return ids

    async def files(self, imported: Imported, files: ProjectFiles) -> None:
        """Files whose names are not yet taken; their bytes are kept already."""
        listed = await files.of_project(self.project.id, connection=self.writer)
        present = {file.name: file.blob_key for file in listed}
        for name, key in imported.files.items():
            if name not in present:
                size = imported.blobs.size_of(key)
                made = ProjectFile(self.project.id, name, key, size, "", now_ms())
                await files.adopt(made, user_id=self.user_id, connection=self.writer)
            elif present[name] != key:
                reason = "another file of this name is in the project and was left as it is"
                imported.changed.append(Note(f"file {name}", reason))

    async def variables(self, imported: Imported) -> None:
        """Variables whose names are not yet taken."""
        taken: dict[str, Body] = {}
        for one in await self._listed("variable"):
            taken |= dict.fromkeys(_names(one.body), one.body)
        for variable in imported.variables:
            mine = _names(variable)
            present = next((taken[name] for name in mine if name in taken), None)
            if present is None:
                await self.created("variable", variable)
                taken |= dict.fromkeys(mine, variable)
            elif _content(present) != _content(variable):
                reason = "a variable of this name exists in the project and was left as it is"
                imported.changed.append(Note(f"variable {variable['name']}", reason))

    async def rules(self, imported: list[Body]) -> None:
        """Correlation rules that the project does not have yet, by what they do."""
        shapes = [rule_shape(one.body) for one in await self._listed("correlation_rule")]
        for rule in imported:
            if rule_shape(rule) not in shapes:
                shapes.append(rule_shape(rule))
                await self.created("correlation_rule", rule)

    async def _listed(self, kind: str) -> list[Document]:
        return await self.documents.list(
            kind, user_id=self.user_id, project_id=self.project.id, connection=self.writer
        )

    async def added(self, virtual_user_id: str, children: list[Body]) -> Document:
        """An existing virtual user with more behind what it has."""
        target = await self.documents.get(
            "virtual_user", virtual_user_id, user_id=self.user_id, connection=self.writer
        )
        require_mergeable(target, self.project.id)
        body = {**target.body, "children": [*target.body.get("children", []), *children]}
        return await self.documents.replace(
            "virtual_user", target.id, body, user_id=self.user_id, connection=self.writer
        )


def require_mergeable(target: Document, project_id: str) -> None:
    """Refuse a virtual user that a recording cannot be added to.

    Raises:
        Invalid: it is of another project, or a browser script.
    """
    if target.project_id != project_id:
        raise Invalid("The virtual user to add to is not of this project.")
    if target.body.get("type", "JMETER") not in _TREES:
        raise Invalid(
            f"A recording cannot be added to a virtual user of type {target.body['type']}."
        )


def _serves(present: Body, wanted: Body) -> bool:
    """Whether a stored server goes where an imported one goes, under its settings."""
    if _place(present) != _place(wanted):
        return False
    if wanted.get("authorizations"):
        return False
    special = any(wanted.get(name) for name in _TIMEOUTS) or wanted.get("keepAlive") is False
    return not special or all(present.get(name) == wanted.get(name) for name in _SETTINGS)


def _place(server: Body) -> tuple[str, str, Any]:
    protocol = str(server.get("protocol") or "HTTPS").upper()
    hostname = str(server.get("hostname") or "").lower()
    return protocol, hostname, server.get("port") or _PORTS.get(protocol)


def _names(variable: Body) -> list[str]:
    """The names that a variable takes; one whose file names its columns takes that file."""
    return own_names(variable) or [f"/{variable['variable'].get('filename')}"]


def _content(variable: Body) -> Body:
    """What a variable does; two secrets are never told apart, nor are their values shown."""
    inner = {key: value for key, value in variable["variable"].items() if value not in (None, "")}
    return inner | {"value": "a secret"} if inner["@type"] == "SecretVariable" else inner
