"""Documents: plain JSON dictionaries with a kind, a version and an owner workspace.

Every method with a `user_id` answers only what that user may see and do; the others are for the
platform itself. A workspace that the user is no member of does not exist for him.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.failures import NotFound
from octoperf_mcp.embedded.store import revisions, rows
from octoperf_mcp.embedded.store.access import require_writer, visible_to
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.revisions import Retention, Revision
from octoperf_mcp.embedded.store.rows import Body, Document
from octoperf_mcp.embedded.store.schema import document, now_ms
from octoperf_mcp.embedded.store.secrets import SECRET_KINDS, Secrets

__all__ = ["Body", "Document", "Documents", "OnDelete", "Revision"]

OnDelete = Callable[[AsyncConnection, Document], Awaitable[None]]


class Documents:
    """Reads and writes documents, each call in a transaction of its own unless given one.

    With `secrets`, no secret value is ever kept in plain text.
    """

    def __init__(
        self,
        database: Database,
        secrets: Secrets | None = None,
        retention: Retention | None = None,
    ) -> None:
        self._database = database
        self.secrets = secrets
        self.retention = retention or Retention()
        self.on_delete: list[OnDelete] = []
        """Called within the transaction for each document that goes, children included."""

    async def get(
        self,
        kind: str,
        document_id: str,
        *,
        user_id: str,
        connection: AsyncConnection | None = None,
    ) -> Document:
        """One document.

        Raises:
            NotFound: it does not exist, or not for this user.
        """

        async def work(reader: AsyncConnection) -> Document:
            return (await rows.seen(reader, kind, document_id, user_id))[0]

        return await self._database.read(work, connection=connection)

    async def list(
        self,
        kind: str,
        *,
        user_id: str,
        project_id: str | None = None,
        workspace_id: str | None = None,
        connection: AsyncConnection | None = None,
    ) -> "list[Document]":
        """Documents of a project, of a workspace, or all that the user sees; oldest first.

        Raises:
            NotFound: the project or workspace named does not exist for this user.
        """

        async def work(reader: AsyncConnection) -> list[Document]:
            query = visible_to(user_id).where(document.c.kind == kind)
            if project_id is not None:
                await rows.seen(reader, "project", project_id, user_id)
                query = query.where(document.c.project_id == project_id)
            if workspace_id is not None:
                await rows.seen(reader, "workspace", workspace_id, user_id)
                query = query.where(document.c.workspace_id == workspace_id)
            found = await reader.execute(query.order_by(document.c.created, document.c.id))
            return [rows.from_row(row) for row in found]

        return await self._database.read(work, connection=connection)

    async def create(
        self,
        kind: str,
        body: Mapping[str, Any],
        *,
        user_id: str,
        workspace_id: str,
        project_id: str = "",
        connection: AsyncConnection | None = None,
    ) -> Document:
        """Keep a new document, with id, userId, created and lastModified filled in.

        A new workspace makes the user its admin; `workspace_id` is ignored then.

        Raises:
            NotFound: the workspace or project does not exist for this user.
            Forbidden: his role there does not allow it.
            Invalid: the project belongs to another workspace.
        """

        async def work(writer: AsyncConnection) -> Document:
            if kind == "workspace":
                return await rows.found_workspace(writer, body, user_id)
            await rows.require_place(writer, kind, user_id, workspace_id, project_id)
            return await rows.insert(
                writer,
                kind,
                self._sealed(kind, body, workspace_id),
                user_id=user_id,
                workspace_id=workspace_id,
                project_id=project_id,
            )

        return await self._database.write(work, connection=connection)

    async def replace(
        self,
        kind: str,
        document_id: str,
        body: Mapping[str, Any],
        *,
        user_id: str,
        if_version: int | None = None,
        connection: AsyncConnection | None = None,
    ) -> Document:
        """Put a new body in place of the current one, which is kept as a revision.

        Id, owner, place and creation date stay what they were.

        Args:
            kind: Kind of the document.
            document_id: Its id.
            body: The whole new body.
            user_id: Who asks.
            if_version: The version that the body was made from; None: last write wins.
            connection: A transaction to take part in.

        Raises:
            NotFound: it does not exist for this user.
            Forbidden: his role does not allow it.
            Conflict: the document has another version by now.
        """

        async def work(writer: AsyncConnection) -> Document:
            current, role = await rows.seen(writer, kind, document_id, user_id, lock=True)
            require_writer(kind, role)
            rows.require_version(current, if_version)
            sealed = self._sealed(kind, body, current.workspace_id)
            new = rows.successor(current, sealed)
            await revisions.keep(writer, current, new, user_id=user_id, retention=self.retention)
            return await rows.update(writer, current, new)

        return await self._database.write(work, connection=connection)

    async def delete(
        self,
        kind: str,
        document_id: str,
        *,
        user_id: str,
        if_version: int | None = None,
        connection: AsyncConnection | None = None,
    ) -> None:
        """Delete a document; a project or workspace with all that is in it.

        Raises:
            NotFound: it does not exist for this user.
            Forbidden: his role does not allow it.
            Conflict: the document has another version than `if_version` by now.
        """

        async def work(writer: AsyncConnection) -> None:
            current, role = await rows.seen(writer, kind, document_id, user_id, lock=True)
            require_writer(kind, role)
            rows.require_version(current, if_version)
            for gone in await rows.with_children(writer, current):
                for listener in self.on_delete:
                    await listener(writer, gone)
                await rows.remove(writer, gone)

        await self._database.write(work, connection=connection)

    async def undo(
        self,
        kind: str,
        document_id: str,
        *,
        user_id: str,
        if_version: int | None = None,
        to_version: int | None = None,
        connection: AsyncConnection | None = None,
    ) -> Document:
        """Put an earlier version back, as a new version of its own.

        One undo after the other goes back edit by edit, until the document is as it was created
        or no earlier version is kept.

        Args:
            kind: Kind of the document.
            document_id: Its id.
            user_id: Who asks.
            if_version: The version that is to be undone; None: whatever is there.
            to_version: The version to put back; None: the one before the last edit.
            connection: A transaction to take part in.

        Raises:
            NotFound: the document does not exist for this user, or `to_version` is not kept.
            Forbidden: his role does not allow it.
            Conflict: it has another version by now, or there is nothing to undo.
        """

        async def work(writer: AsyncConnection) -> Document:
            current, role = await rows.seen(writer, kind, document_id, user_id, lock=True)
            require_writer(kind, role)
            rows.require_version(current, if_version)
            if to_version is None:
                earlier = await revisions.undone(writer, current)
                undo_to = revisions.undo_target(earlier)
            else:
                earlier, undo_to = await revisions.at(writer, current, to_version), None
            new = rows.successor(current, earlier.body)
            prefix = f"put back revision {earlier.version}: "
            await revisions.keep(
                writer, current, new, user_id=user_id, retention=self.retention, prefix=prefix
            )
            return await rows.update(writer, current, new, undo_to=undo_to)

        return await self._database.write(work, connection=connection)

    async def revisions(
        self,
        kind: str,
        document_id: str,
        *,
        user_id: str,
        connection: AsyncConnection | None = None,
    ) -> "Sequence[Revision]":
        """The versions of a document that are there, newest first, the current one included.

        Raises:
            NotFound: the document does not exist for this user.
        """

        async def work(reader: AsyncConnection) -> Sequence[Revision]:
            current, _ = await rows.seen(reader, kind, document_id, user_id)
            return await revisions.listed(reader, current)

        return await self._database.read(work, connection=connection)

    async def at_version(
        self,
        kind: str,
        document_id: str,
        version: int,
        *,
        user_id: str,
        connection: AsyncConnection | None = None,
    ) -> Body:
        """The body of a version.

        Raises:
            NotFound: the document does not exist for this user, or that version is not kept.
        """

        async def work(reader: AsyncConnection) -> Body:
            current, _ = await rows.seen(reader, kind, document_id, user_id)
            return (await revisions.at(reader, current, version)).body

        return await self._database.read(work, connection=connection)

    async def peek(
        self, kind: str, document_id: str, *, connection: AsyncConnection | None = None
    ) -> Document | None:
        """One document whoever asks: for the platform itself."""

        async def work(reader: AsyncConnection) -> Document | None:
            return await rows.current(reader, kind, document_id)

        return await self._database.read(work, connection=connection)

    async def change(
        self,
        kind: str,
        document_id: str,
        function: Callable[[Body], Body],
        *,
        connection: AsyncConnection | None = None,
    ) -> Document:
        """Read, change and write in one transaction: for the platform itself, such as run states.

        Args:
            kind: Kind of the document.
            document_id: Its id.
            function: Given a copy of the body that it may alter; answers the new one. It keeps
                `lastModified` up to date itself, or leaves it alone and the present is taken.
            connection: A transaction to take part in.

        Raises:
            NotFound: it does not exist.
        """

        async def work(writer: AsyncConnection) -> Document:
            current = await rows.current(writer, kind, document_id, lock=True)
            if current is None:
                raise NotFound(rows.missing(kind, document_id))
            stamp = current.body.get("lastModified")
            new = function(current.body)
            if kind not in rows.UNSTAMPED and new.get("lastModified") == stamp:
                new["lastModified"] = now_ms()
            sealed = self._sealed(kind, new, current.workspace_id)
            undo_to = revisions.undo_target(current)
            return await rows.update(writer, current, sealed, undo_to=undo_to)

        return await self._database.write(work, connection=connection)

    async def plant(
        self, kind: str, body: Mapping[str, Any], *, connection: AsyncConnection | None = None
    ) -> Document:
        """Create a document that belongs to the platform itself: everybody reads it."""

        async def work(writer: AsyncConnection) -> Document:
            return await rows.insert(writer, kind, body)

        return await self._database.write(work, connection=connection)

    def _sealed(self, kind: str, body: Mapping[str, Any], workspace_id: str) -> Body:
        if self.secrets is None or kind not in SECRET_KINDS:
            return dict(body)
        sealed: Body = self.secrets.sealed(dict(body), workspace_id)
        return sealed
