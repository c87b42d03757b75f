"""What a run leaves in the store when it starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.engine.runs.records import RunRecords
from octoperf_mcp.embedded.engine.runs.result_projects import freeze
from octoperf_mcp.embedded.engine.runs.scenario_plans import ScenarioPlan
from octoperf_mcp.embedded.launch.tokens import Launches
from octoperf_mcp.embedded.metrics.default_report import default_report
from octoperf_mcp.embedded.report_templates import applied
from octoperf_mcp.embedded.store import rows
from octoperf_mcp.embedded.store.documents import Document
from octoperf_mcp.embedded.store.project_files import ProjectFiles
from octoperf_mcp.embedded.store.schema import new_id

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RunCreation:
    """Makes the documents of runs."""

    records: RunRecords
    files: ProjectFiles
    launches: Launches

    async def create(
        self, plan: ScenarioPlan, user_id: str, own: Mapping[str, Any], token: str
    ) -> tuple[Document, Document]:
        """Bench result and bench report of a run, with a frozen project, in one transaction.

        Args:
            plan: What is run.
            user_id: Who runs it.
            own: Properties of the bench result over those of the plan: name, origin.
            token: Launch token that starts it, or empty.

        Raises:
            SpentError: the token has started a run already.
        """
        scenario = plan.scenario

        async def work(writer: AsyncConnection) -> tuple[Document, Document]:
            result = await self.records.create(
                writer,
                {**_bench_result(plan), **own},
                user_id=user_id,
                project=plan.materials.project,
                is_validation=False,
            )
            frozen = await freeze(writer, self.files, plan.materials, scenario, user_id)
            body = default_report(result.body, scenario.body)
            report = await rows.insert(
                writer,
                "bench_report",
                body if plan.template is None else applied(body, plan.template),
                user_id=user_id,
                workspace_id=scenario.workspace_id,
                project_id=scenario.project_id,
            )
            if token:
                await self.launches.spend(writer, token, report.id)
            facts = {"resultProjectId": frozen.id, "benchReportId": report.id}
            return await rows.update(writer, result, {**result.body, **facts}), report

        return await self.records.database.write(work)


def _bench_result(plan: ScenarioPlan) -> Json:
    scenario = plan.scenario
    return {
        "batchId": new_id(),
        "scenarioId": scenario.id,
        "resultProjectId": "",
        "description": scenario.body.get("description") or "",
        "tags": list(scenario.body.get("tags") or []),
        "userLoad": plan.user_load,
        "durationMs": plan.duration_ms,
        "startedAt": None,
        "endedAt": None,
        "validation": False,
        "virtualUserId": None,
    }
