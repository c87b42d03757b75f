"""Files of a project: flat names, each naming the bytes that it stands for."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.failures import Invalid, NotFound
from octoperf_mcp.embedded.store import rows
from octoperf_mcp.embedded.store.access import require_writer
from octoperf_mcp.embedded.store.blobs import Blobs
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import now_ms, project_file

LONGEST_NAME = 200
_FORBIDDEN = re.compile(r"[/\\\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """One file: `size` in bytes, `modified` in epoch ms, `blob_key` for `Blobs`."""

    project_id: str
    name: str
    blob_key: str
    size: int
    content_type: str
    modified: int


Files = list[ProjectFile]


class ProjectFiles:
    """Names to bytes, access-checked by the project."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self._blobs = blobs

    async def list(self, project_id: str, *, user_id: str) -> Files:
        """Files of a project by name.

        Raises:
            NotFound: the project does not exist for this user.
        """

        async def work(reader: AsyncConnection) -> Files:
            await rows.seen(reader, "project", project_id, user_id)
            return await _files(reader, project_id)

        return await self._database.read(work)

    async def get(self, project_id: str, name: str, *, user_id: str) -> ProjectFile:
        """One file.

        Raises:
            NotFound: the project does not exist for this user, or has no such file.
        """

        async def work(reader: AsyncConnection) -> ProjectFile:
            await rows.seen(reader, "project", project_id, user_id)
            query = sa.select(project_file).where(_named(project_id, name))
            row = (await reader.execute(query)).one_or_none()
            if row is None:
                raise NotFound(f"The project has no file {name!r}.")
            return ProjectFile(*row)

        return await self._database.read(work)

    async def put(
        self,
        project_id: str,
        name: str,
        file: BinaryIO,
        *,
        content_type: str,
        user_id: str,
    ) -> ProjectFile:
        """Add a file, or put it in place of the one of the same name.

        Raises:
            Invalid: the name has a directory part, or is empty or too long.
            NotFound: the project does not exist for this user.
            Forbidden: his role does not allow it.
        """
        check_name(name)

        async def work(writer: AsyncConnection) -> ProjectFile:
            _, role = await rows.seen(writer, "project", project_id, user_id)
            require_writer("project_file", role)
            key = await self._blobs.put_file(file, connection=writer)
            size = file.seek(0, 2)
            made = ProjectFile(project_id, name, key, size, content_type[:255], now_ms())
            await self._upsert(writer, made)
            return made

        return await self._database.write(work)

    async def adopt(self, file: ProjectFile, *, user_id: str, connection: AsyncConnection) -> None:
        """Add a file whose bytes are kept already; errors are those of `put`."""
        check_name(file.name)
        _, role = await rows.seen(connection, "project", file.project_id, user_id)
        require_writer("project_file", role)
        await self._upsert(connection, file)

    async def delete(self, project_id: str, name: str, *, user_id: str) -> None:
        """Remove a file.

        Raises:
            NotFound: the project does not exist for this user, or has no such file.
            Forbidden: his role does not allow it.
        """

        async def work(writer: AsyncConnection) -> None:
            _, role = await rows.seen(writer, "project", project_id, user_id)
            require_writer("project_file", role)
            gone = await writer.execute(project_file.delete().where(_named(project_id, name)))
            if gone.rowcount == 0:
                raise NotFound(f"The project has no file {name!r}.")

        await self._database.write(work)

    async def of_project(
        self, project_id: str, *, connection: AsyncConnection | None = None
    ) -> Files:
        """Files of a project whoever asks: for the platform itself."""
        return await self._database.read(
            lambda reader: _files(reader, project_id), connection=connection
        )

    async def copy(
        self, from_project: str, to_project: str, *, connection: AsyncConnection | None = None
    ) -> None:
        """Give a project, such as the frozen copy of a run, the files of another one."""

        async def work(writer: AsyncConnection) -> None:
            for found in await _files(writer, from_project):
                await self._upsert(
                    writer,
                    ProjectFile(
                        to_project,
                        found.name,
                        found.blob_key,
                        found.size,
                        found.content_type,
                        found.modified,
                    ),
                )

        await self._database.write(work, connection=connection)

    def parts(self, file: ProjectFile) -> AsyncIterator[bytes]:
        """The bytes, part by part."""
        return self._blobs.parts(file.blob_key)

    async def _upsert(self, writer: AsyncConnection, file: ProjectFile) -> None:
        content: dict[str, Any] = {
            "blob_key": file.blob_key,
            "size": file.size,
            "content_type": file.content_type,
            "modified": file.modified,
        }
        statement = self._database.insert(project_file).values(
            project_id=file.project_id, name=file.name, **content
        )
        await writer.execute(
            statement.on_conflict_do_update(index_elements=["project_id", "name"], set_=content)
        )


def check_name(name: str) -> None:
    """Refuse names that a file system or an archive could read as a path.

    Raises:
        Invalid: with what is wrong.
    """
    if not name.strip() or name in {".", ".."}:
        raise Invalid("A project file needs a name.")
    if len(name) > LONGEST_NAME:
        raise Invalid(f"The name of a project file has at most {LONGEST_NAME} characters.")
    if _FORBIDDEN.search(name):
        raise Invalid(f"The file name {name!r} must have no directory part or control character.")


def _named(project_id: str, name: str) -> "sa.ColumnElement[bool]":
    return sa.and_(project_file.c.project_id == project_id, project_file.c.name == name)


async def _files(connection: AsyncConnection, project_id: str) -> Files:
    query = sa.select(project_file).where(project_file.c.project_id == project_id)
    return [ProjectFile(*row) for row in await connection.execute(query.order_by("name"))]
