"""Validations: one user, some iterations, every exchange kept."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.config import EmbeddedSettings
from octoperf_mcp.embedded.engine.browsers.tools import browser_faults, browser_order
from octoperf_mcp.embedded.engine.runs import materials as collecting
from octoperf_mcp.embedded.engine.runs.background import Background
from octoperf_mcp.embedded.engine.runs.directory import RunDirectory
from octoperf_mcp.embedded.engine.runs.materials import ProjectMaterials
from octoperf_mcp.embedded.engine.runs.records import RunRecords
from octoperf_mcp.embedded.engine.runs.states import ABORTED
from octoperf_mcp.embedded.engine.runs.tables import (
    validation_body,
    validation_run,
    validation_sample,
)
from octoperf_mcp.embedded.engine.validation.capture_feed import CaptureFeed
from octoperf_mcp.embedded.engine.validation.results import ValidationResults
from octoperf_mcp.embedded.engine.validation.run import ValidationRequest, ValidationRun
from octoperf_mcp.embedded.failures import Conflict, Invalid, NotFound
from octoperf_mcp.embedded.sanity.check import sanity_check
from octoperf_mcp.embedded.store import rows
from octoperf_mcp.embedded.store.blobs import Blobs
from octoperf_mcp.embedded.store.documents import Document, Documents
from octoperf_mcp.embedded.store.project_files import ProjectFiles
from octoperf_mcp.embedded.store.schema import now_ms
from octoperf_mcp.entities.action_types import AddedActions

log = structlog.get_logger()

Json = dict[str, Any]

KEPT = 5
"""Latest validations of a virtual user that are kept."""
_MOST_AT_A_TIME = 8
_LARGEST_CSV_BYTES = 16 * 1024 * 1024


class Validations:
    """Starts and follows validations, and reads what they found."""

    def __init__(
        self,
        *,
        records: RunRecords,
        data_dir: Path,
        documents: Documents,
        files: ProjectFiles,
        blobs: Blobs,
        settings: EmbeddedSettings,
        actions: Callable[[], AddedActions] = AddedActions,
    ) -> None:
        self._actions = actions
        self._records = records
        self._data_dir = data_dir
        self._documents = documents
        self._files = files
        self._blobs = blobs
        self._settings = settings
        self.results = ValidationResults(records.database, blobs)
        self._background = Background()
        self._active: dict[str, ValidationRun] = {}

    async def start(
        self, virtual_user_id: str, user_id: str, request: ValidationRequest
    ) -> Document:
        """Start a validation; answers its bench result.

        Raises:
            NotFound: the virtual user does not exist for the user.
            Invalid: it is not in the project, the location is unknown, or the sanity check found
                errors, which the message names.
            Conflict: too many validations are under way.
        """
        if len(self._active) >= _MOST_AT_A_TIME:
            raise Conflict(f"{len(self._active)} validations are under way: wait for one to end.")
        virtual_user = await self._documents.get("virtual_user", virtual_user_id, user_id=user_id)
        if virtual_user.project_id != request.project_id:
            raise Invalid(f"The virtual user is not in project {request.project_id!r}.")
        provider = await collecting.require_location(
            self._documents,
            provider_id=request.provider_id,
            location=request.location,
            workspace_id=virtual_user.workspace_id,
            user_id=user_id,
        )
        if provider.workspace_id:
            raise Invalid(
                "Validations are played by the platform's own machine: name its provider, which "
                "list_public_docker_providers shows."
            )
        found = await collecting.collect(
            self._documents,
            self._files,
            project_id=virtual_user.project_id,
            virtual_user_ids=[virtual_user_id],
            user_id=user_id,
            actions=self._actions(),
        )
        await self._require_sane(virtual_user, found, user_id)
        return await self._background.uninterrupted(
            self._launch(virtual_user, found, user_id, request)
        )

    async def _launch(
        self,
        virtual_user: Document,
        found: ProjectMaterials,
        user_id: str,
        request: ValidationRequest,
    ) -> Document:
        result = await self._create(virtual_user, found, user_id)
        directory = RunDirectory(self._data_dir, result.id)
        directory.create()
        validation = ValidationRun(
            directory,
            request,
            virtual_user,
            found,
            records=self._records,
            documents=self._documents,
            files=self._files,
            browser=browser_order(self._settings),
        )
        self._active[result.id] = validation
        validation.task = self._background.start(self._play(validation))
        validation.task.add_done_callback(lambda _: self._active.pop(result.id, None))
        return result

    async def _play(self, validation: ValidationRun) -> None:
        await validation.play()
        await self._prune(validation.virtual_user.id)

    async def _require_sane(
        self, virtual_user: Document, found: ProjectMaterials, user_id: str
    ) -> None:
        others = await self._documents.list(
            "virtual_user", user_id=user_id, project_id=virtual_user.project_id
        )
        variables = [each.body for each in found.variables]
        messages = await asyncio.to_thread(
            sanity_check,
            virtual_user.body,
            [each.body for each in found.servers],
            variables,
            await self._file_contents(virtual_user.project_id, variables),
            {each.id: each.body for each in others if each.id != virtual_user.id},
            browser_faults=browser_faults(self._settings),
            added=found.actions,
        )
        errors = [message for message in messages if message["level"] == "ERROR"]
        if errors:
            named = "; ".join(dict.fromkeys(str(error["message"]) for error in errors))
            raise Invalid(
                f"The sanity check found {len(errors)} errors: {named}",
                details={"messages": errors},
            )

    async def _file_contents(
        self, project_id: str, variables: list[Json]
    ) -> dict[str, bytes | None]:
        """Project files by name; the bytes only of those that CSV variables read."""
        inner = [variable.get("variable") or {} for variable in variables]
        csv = {str(each.get("filename")) for each in inner if each.get("@type") == "CSVVariable"}
        return {
            file.name: await self._blobs.get(file.blob_key)
            if file.name in csv and file.size <= _LARGEST_CSV_BYTES
            else None
            for file in await self._files.of_project(project_id)
        }

    async def _create(
        self, virtual_user: Document, found: ProjectMaterials, user_id: str
    ) -> Document:
        body = {
            "batchId": "",
            "scenarioId": "",
            "resultProjectId": "",
            "name": f"Validation of {virtual_user.body.get('name')}",
            "description": "",
            "tags": [],
            "userLoad": 1,
            "durationMs": None,
            "startedAt": None,
            "endedAt": None,
            "validation": True,
            "virtualUserId": virtual_user.id,
        }

        async def work(writer: AsyncConnection) -> Document:
            made = await self._records.create(
                writer, body, user_id=user_id, project=found.project, is_validation=True
            )
            await writer.execute(
                validation_run.insert().values(
                    run_id=made.id,
                    virtual_user_id=virtual_user.id,
                    project_id=found.project.id,
                    started=now_ms(),
                )
            )
            return made

        return await self._records.database.write(work)

    async def _prune(self, virtual_user_id: str) -> None:
        """Forget the older validations of a virtual user: each holds all its bodies."""

        async def work(writer: AsyncConnection) -> list[str]:
            query = (
                sa.select(validation_run.c.run_id)
                .where(validation_run.c.virtual_user_id == virtual_user_id)
                .order_by(validation_run.c.started.desc())
                .offset(KEPT)
            )
            old = [run_id for run_id in await writer.scalars(query) if run_id not in self._active]
            for run_id in old:
                found = await rows.current(writer, "bench_result", run_id)
                if found is not None:
                    await self.on_delete(writer, found)
                    await rows.remove(writer, found)
            return old

        for run_id in await self._records.database.write(work):
            await asyncio.to_thread(RunDirectory(self._data_dir, run_id).remove)

    def stop(self, run_id: str, by: str) -> bool:
        """Ask a validation to end; False when it is not under way here."""
        validation = self._active.get(run_id)
        if validation is None:
            return False
        validation.stop(by)
        return True

    @property
    def under_way(self) -> list[str]:
        """Ids of the validations that this process plays."""
        return list(self._active)

    def stop_all(self, by: str) -> None:
        """Ask all to end."""
        for validation in self._active.values():
            validation.stop(by)

    async def settled(self, run_id: str | None = None) -> None:
        """Wait until a validation, or all of them, are over."""
        tasks = [
            each.task
            for each in self._active.values()
            if each.task is not None and run_id in {None, each.directory.run_id}
        ]
        if tasks:
            await asyncio.wait(tasks)

    async def recover(self, run_id: str) -> None:
        """A validation whose platform was killed: keep what was captured, and end it."""
        directory = RunDirectory(self._data_dir, run_id)
        directory.create()
        try:
            await CaptureFeed(self._records.database, run_id, directory.path).finish()
        except Exception:  # the state must become final whatever happens
            log.exception("validation_not_recovered", run_id=run_id)
        text = "Aborting the test: the platform ended unexpectedly while it ran."
        directory.log.write(text, level="WARN")
        await self._records.advance(directory, ABORTED)

    async def latest(self, virtual_user_id: str, user_id: str) -> Document:
        """Bench result of the latest validation of a virtual user.

        Raises:
            NotFound: the virtual user does not exist for the user, or was never validated.
        """
        await self._documents.get("virtual_user", virtual_user_id, user_id=user_id)
        run_id = await self.results.latest_run(virtual_user_id)
        if run_id is None:
            raise NotFound("This virtual user has not been validated.")
        return await self._documents.get("bench_result", run_id, user_id=user_id)

    async def index(self, virtual_user_id: str, user_id: str) -> list[Json]:
        """ValidationIndexEntry of each action that the latest validation played.

        Raises:
            NotFound: as in `latest`.
        """
        return await self.results.index((await self.latest(virtual_user_id, user_id)).id)

    async def detail(
        self, virtual_user_id: str, action_id: str, user_id: str, timestamp: int | None
    ) -> Json:
        """ValidationFailureDetail of one exchange of the latest validation.

        Raises:
            NotFound: as in `latest`, or the action was not played then.
        """
        run = await self.latest(virtual_user_id, user_id)
        tree = await self._documents.get("virtual_user", virtual_user_id, user_id=user_id)
        return await self.results.detail(run.id, tree.body, action_id, timestamp)

    async def body(
        self,
        virtual_user_id: str,
        action_id: str,
        user_id: str,
        *,
        kind: str,
        timestamp: int | None,
    ) -> bytes:
        """One body of the latest validation.

        Raises:
            Invalid: the kind is unknown.
            NotFound: as in `detail`.
        """
        run = await self.latest(virtual_user_id, user_id)
        tree = await self._documents.get("virtual_user", virtual_user_id, user_id=user_id)
        return await self.results.body(run.id, tree.body, action_id, kind, timestamp)

    async def on_delete(self, connection: AsyncConnection, document: Document) -> None:
        """Forget the validations of a deleted virtual user, or a deleted validation."""
        if document.kind == "virtual_user":
            mine = validation_run.c.virtual_user_id == document.id
        elif document.kind == "bench_result":
            mine = validation_run.c.run_id == document.id
        else:
            return
        runs = sa.select(validation_run.c.run_id).where(mine)
        for table in (validation_sample, validation_body):
            await connection.execute(table.delete().where(table.c.run_id.in_(runs)))
        await connection.execute(validation_run.delete().where(mine))
