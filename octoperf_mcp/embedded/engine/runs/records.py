"""Bench results as documents, and which of them are under way."""

from collections.abc import Awaitable, Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.engine.runs.directory import RunDirectory
from octoperf_mcp.embedded.engine.runs.states import advanced
from octoperf_mcp.embedded.engine.runs.tables import active_run, stop_request
from octoperf_mcp.embedded.failures import NotFound
from octoperf_mcp.embedded.store import rows
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Document, Documents
from octoperf_mcp.entities.runs import is_over

OnEnd = Callable[[AsyncConnection, Document], Awaitable[None]]


class RunRecords:
    """What the database knows of runs; `instance` names this process's share of them.

    `on_end` write what belongs to each bench result that got into a final state here, validations
    included, in the same transaction.
    """

    def __init__(self, database: Database, documents: Documents, instance: str) -> None:
        self.database = database
        self._documents = documents
        self._instance = instance
        self.on_end: list[OnEnd] = []

    async def create(
        self,
        writer: AsyncConnection,
        body: dict[str, Any],
        *,
        user_id: str,
        project: Document,
        is_validation: bool,
    ) -> Document:
        """A bench result in state CREATED, known to be under way.

        Raises:
            Forbidden: the user's role does not allow runs.
        """
        await rows.require_place(writer, "bench_result", user_id, project.workspace_id, project.id)
        made = await rows.insert(
            writer,
            "bench_result",
            {**body, "state": "CREATED", "designProjectId": project.id},
            user_id=user_id,
            workspace_id=project.workspace_id,
            project_id=project.id,
        )
        await writer.execute(
            active_run.insert().values(
                run_id=made.id, instance=self._instance, is_validation=is_validation
            )
        )
        return made

    async def advance(self, directory: RunDirectory, state: str, **facts: Any) -> None:
        """Bring a run into its next state; a final one takes it off the list of active runs."""
        before = ""

        def change(body: dict[str, Any]) -> dict[str, Any]:
            nonlocal before
            before = body["state"]
            return advanced(body, state, **facts)

        async def work(writer: AsyncConnection) -> Document:
            changed = await self._documents.change(
                "bench_result", directory.run_id, change, connection=writer
            )
            if is_over(changed.body["state"]):
                await _off_the_lists(writer, directory.run_id)
            if is_over(changed.body["state"]) and not is_over(before):
                for note in self.on_end:
                    await note(writer, changed)
            return changed

        try:
            changed = await self.database.write(work)
        except NotFound:  # the run was deleted while it was under way
            await self.forget(directory.run_id)
            return
        after = changed.body["state"]
        if after != before and directory.files.is_dir():
            directory.log.write(f"Test status changed: {before} => {after}")

    async def forget(self, run_id: str) -> None:
        """Take a run whose document is gone off the list."""
        await self.database.write(lambda writer: _off_the_lists(writer, run_id))

    async def left_over(self) -> list[tuple[str, bool]]:
        """Runs that an earlier process of this instance did not end: id, whether a validation."""
        query = sa.select(active_run.c.run_id, active_run.c.is_validation).where(
            active_run.c.instance == self._instance
        )
        async with self.database.reading() as reader:
            return [(row.run_id, row.is_validation) for row in await reader.execute(query)]


async def _off_the_lists(writer: AsyncConnection, run_id: str) -> None:
    for table in (active_run, stop_request):
        await writer.execute(table.delete().where(table.c.run_id == run_id))
