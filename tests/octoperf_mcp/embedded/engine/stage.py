"""A platform with a project on the test site, ready to run scenarios and validations."""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any

from octoperf_mcp.config import EmbeddedSettings
from octoperf_mcp.embedded.engine.load.fleet import Fleet
from octoperf_mcp.embedded.engine.runs.runs import Runs
from octoperf_mcp.embedded.engine.validation.run import ValidationRequest
from octoperf_mcp.embedded.metrics.store import MetricStore
from octoperf_mcp.embedded.store.blobs import Blobs
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Document, Documents
from octoperf_mcp.embedded.store.project_files import ProjectFiles
from octoperf_mcp.embedded.store.secrets import Secrets
from octoperf_mcp.entities.action_types import NO_ADDED_ACTIONS, AddedActions
from tests.octoperf_mcp.embedded.engine.players import Json
from tests.octoperf_mcp.embedded.engine.target import Target

ADA = "ada"


@dataclass
class Stage:
    """The services of a platform in `data_dir`."""

    data_dir: Path
    database: Database
    documents: Documents
    blobs: Blobs
    metrics: MetricStore
    runs: Runs
    workspace_id: str = ""
    project_id: str = ""
    provider_id: str = ""
    server_id: str = ""
    made: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def open(
        cls,
        data_dir: Path,
        *,
        workers: int = 1,
        fleet_of: Callable[[Database], Fleet] | None = None,
        actions: AddedActions = NO_ADDED_ACTIONS,
    ) -> "Stage":
        """Open the platform of a folder; `set_up` fills a fresh one."""
        database = await Database.open(f"sqlite:///{data_dir}/octoperf.db")
        documents = Documents(database, Secrets.open(data_dir))
        blobs, metrics = Blobs(database), MetricStore(database)
        runs = Runs(
            settings=EmbeddedSettings(workers=workers),
            data_dir=data_dir,
            database=database,
            documents=documents,
            blobs=blobs,
            metrics=metrics,
            fleet=fleet_of(database) if fleet_of else None,
            actions=lambda: actions,
        )
        await runs.open()
        return cls(data_dir, database, documents, blobs, metrics, runs)

    async def close(self) -> None:
        """Stop everything."""
        await self.runs.close()
        await self.database.close()

    async def set_up(self, target: Target) -> None:
        """Workspace, project, provider and the test site as HTTP server."""
        workspace = await self.documents.create(
            "workspace", {"name": "W"}, user_id=ADA, workspace_id=""
        )
        self.workspace_id = workspace.id
        self.project_id = (await self.create("project", {"name": "P", "type": "DESIGN"})).id
        provider = {"name": "This machine", "regions": {"local": {}, "away": {}}}
        self.provider_id = (await self.documents.plant("docker_provider", provider)).id
        server = target.server()
        del server["id"]
        self.server_id = (await self.create("http_server", server)).id

    async def create(self, kind: str, body: Json) -> Document:
        """A document of Ada's project."""
        return await self.documents.create(
            kind,
            body,
            user_id=ADA,
            workspace_id=self.workspace_id,
            project_id=self.project_id if kind != "project" else "",
        )

    async def virtual_user(self, *children: Json, **more: Any) -> Document:
        """A virtual user; requests for server `srv` go to the test site."""
        body = {
            "@type": "VirtualUser",
            "name": "VU",
            "type": "JMETER",
            "children": _placed(list(children), self.server_id),
            **more,
        }
        return await self.create("virtual_user", body)

    async def change(self, virtual_user: Document, *children: Json) -> Document:
        """Another tree for a virtual user."""
        body = {**virtual_user.body, "children": _placed(list(children), self.server_id)}
        return await self.documents.replace("virtual_user", virtual_user.id, body, user_id=ADA)

    async def scenario(self, *profiles: Json, name: str = "Load") -> Document:
        """A scenario of these profiles."""
        body = {"name": name, "mode": "STANDARD", "tags": ["t"], "userProfiles": list(profiles)}
        return await self.create("scenario", body)

    def profile(self, virtual_user: Document, load: Json, **more: Any) -> Json:
        """A user profile on this machine."""
        return {
            "name": "buyers",
            "virtualUserId": virtual_user.id,
            "providerId": self.provider_id,
            "location": "local",
            "load": load,
            **more,
        }

    async def started(self, scenario: Document, **options: Any) -> str:
        """Start a run; its id."""
        report = await self.runs.start(scenario.id, ADA, **options)
        run_id: str = report.body["benchResultIds"][0]
        return run_id

    async def result(self, run_id: str) -> Json:
        """The bench result."""
        return (await self.documents.get("bench_result", run_id, user_id=ADA)).body

    async def played(self, scenario: Document, **options: Any) -> Json:
        """Run to the end; the bench result."""
        run_id = await self.started(scenario, **options)
        await self.runs.settled(run_id)
        return await self.result(run_id)

    async def validated(self, virtual_user: Document, iterations: int = 1) -> Json:
        """Validate to the end; the bench result."""
        request = ValidationRequest(self.project_id, self.provider_id, "local", iterations)
        run = await self.runs.validations.start(virtual_user.id, ADA, request)
        await self.runs.settled(run.id)
        return await self.result(run.id)

    async def index(self, virtual_user: Document) -> dict[str, Json]:
        """Index entries of the latest validation by action."""
        entries = await self.runs.validations.index(virtual_user.id, ADA)
        return {entry["actionId"]: entry for entry in entries}

    def log(self, run_id: str) -> str:
        """`jmeter.log` of a run."""
        return (self.data_dir / "runs" / run_id / "files" / "jmeter.log").read_text("utf-8")

    async def file(self, name: str, data: bytes) -> None:
        """A project file."""
        await ProjectFiles(self.database, self.blobs).put(
            self.project_id, name, io.BytesIO(data), content_type="text/csv", user_id=ADA
        )

    async def other_runs(self) -> Runs:
        """The runs of a platform that starts anew on the same data."""
        made = Runs(
            settings=EmbeddedSettings(workers=1),
            data_dir=self.data_dir,
            database=self.database,
            documents=self.documents,
            blobs=self.blobs,
            metrics=self.metrics,
        )
        await made.open()
        return made

    def pids(self, run_id: str) -> dict[str, int]:
        """Processes of a run by name."""
        text = (self.data_dir / "runs" / run_id / "start-up.jsonl").read_text("utf-8")
        lines = [json.loads(line) for line in text.splitlines()]
        return {
            line["container"]: int(line["message"].split()[1])
            for line in lines
            if line["message"].startswith("Process ")
        }

    async def errors(self, run_id: str) -> list[Json]:
        """Failed samples that the spool of a run kept."""
        folder = self.data_dir / "runs" / run_id / "spool"
        lines = [line for path in folder.glob("*.jsonl") for line in path.read_bytes().splitlines()]
        return [error for line in lines for error in json.loads(line)["errors"]]

    async def worst_lag_ms(self, run_id: str) -> float:
        """The greatest lateness that a generator told of."""
        folder = self.data_dir / "runs" / run_id / "spool"
        lines = [line for path in folder.glob("*.jsonl") for line in path.read_bytes().splitlines()]
        return max(float(json.loads(line).get("lag_ms", 0.0)) for line in lines)

    async def counted(self, run_id: str) -> dict[str, int]:
        """Samples that the metrics hold, by kind."""
        return await self._counted_by(run_id, "kind")

    async def rows(self, run_id: str) -> dict[str, int]:
        """Samples of a run by the id of their action."""
        return await self._counted_by(run_id, "action_id")

    async def _counted_by(self, run_id: str, name: str) -> dict[str, int]:
        async with MetricStore(self.database).views([run_id]) as views:
            view = views[run_id]
            groups = await view.stats(view.series, view.bounds, ("n",), key=attrgetter(name))
        return {str(value): int(stats["n"]) for (_, value), stats in groups.items()}


def _placed(children: Sequence[Json], server_id: str) -> list[Json]:
    return [
        {
            **child,
            **({"serverId": server_id} if child.get("serverId") == "srv" else {}),
            **({"children": _placed(child["children"], server_id)} if "children" in child else {}),
        }
        for child in children
    ]


def ramp(users: int, ramp_ms: int, hold_ms: int, *, delay_ms: int = 0) -> Json:
    """A UserProfileLoadRampUp."""
    return {
        "@type": "UserProfileLoadRampUp",
        "delayMs": delay_ms,
        "rampUpMs": ramp_ms,
        "plateauMs": hold_ms,
        "plateauVus": users,
    }


def arrivals(*points: tuple[int, float], users: int = 10) -> Json:
    """A UserProfileLoadArrivals of (ms, arrivals per minute)."""
    return {
        "@type": "UserProfileLoadArrivals",
        "points": [{"timeInMs": at, "arrivalsPerMinute": rate} for at, rate in points],
        "maxVus": users,
    }


def think(ms: int) -> Json:
    """A constant think time."""
    return {"@type": "ThinktimeConstant", "value": ms}
