"""Keeps what an import made: all of it or nothing, beside what the project has already."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.importers.imported import Imported, Note
from octoperf_mcp.embedded.platform import Platform
from octoperf_mcp.embedded.store.documents import Body, Document, Documents
from octoperf_mcp.embedded.usages import own_names

_PORTS = {"HTTP": 80, "HTTPS": 443}
_TREES = ("JMETER", "FRAGMENTS")
_TIMEOUTS = ("connectTimeoutMs", "responseTimeoutMs")
_SETTINGS = (*_TIMEOUTS, "keepAlive")


async def keep(
    platform: Platform, imported: Imported, project: Document, *, user_id: str, merged_id: str = ""
) -> list[Document]:
    """Keep bodies, servers, variables and virtual users in one transaction.

    A server of the project with the same protocol, host, port and settings is used again. A
    variable whose name is taken is not written: the project's own stays, and where it differs
    `imported.changed` says so.

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
        for data in imported.blobs.values():
            await platform.blobs.put(data, connection=writer)
        keeping = _Keeping(platform.documents, project, user_id, writer)
        await keeping.variables(imported)
        ids = await keeping.servers(imported.servers)
        kept = []
        for virtual_user in imported.virtual_users:
            children = [with_servers(child, ids) for child in virtual_user["children"]]
            if merged_id:
                kept.append(await keeping.added(merged_id, children))
            else:
                body = {**virtual_user, "children": children}
                kept.append(await keeping.created("virtual_user", body))
        return kept

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

    async def variables(self, imported: Imported) -> None:
        """Variables whose names are not yet taken."""
        taken: dict[str, Body] = {}
        for one in await self._listed("variable"):
            taken |= dict.fromkeys(own_names(one.body), one.body)
        for variable in imported.variables:
            mine = own_names(variable)
            present = next((taken[name] for name in mine if name in taken), None)
            if present is None:
                await self.created("variable", variable)
                taken |= dict.fromkeys(mine, variable)
            elif _content(present) != _content(variable):
                reason = "a variable of this name exists in the project and was left as it is"
                imported.changed.append(Note(f"variable {variable['name']}", reason))

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


def _content(variable: Body) -> Body:
    """What a variable does; two secrets are never told apart, nor are their values shown."""
    inner = {key: value for key, value in variable["variable"].items() if value not in (None, "")}
    return inner | {"value": "a secret"} if inner["@type"] == "SecretVariable" else inner


def with_servers(action: Body, ids: dict[str, str]) -> Body:
    """The action with the ids of stored servers."""
    changed = dict(action)
    if "serverId" in changed:
        changed["serverId"] = ids[changed["serverId"]]
    if "children" in changed:
        changed["children"] = [with_servers(child, ids) for child in action["children"]]
    return changed
