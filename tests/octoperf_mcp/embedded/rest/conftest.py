"""The REST API on a fresh database, for two users who know nothing of each other."""

import copy
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from octoperf_mcp.config import EmbeddedSettings
from octoperf_mcp.embedded.audit.rest_calls import READS, Reads
from octoperf_mcp.embedded.audit.trail import Trail
from octoperf_mcp.embedded.engine.runs.ended_runs import EndedRuns
from octoperf_mcp.embedded.engine.runs.notices import Notices
from octoperf_mcp.embedded.engine.runs.outbox import Outbox
from octoperf_mcp.embedded.engine.runs.runs import Runs
from octoperf_mcp.embedded.failures import NotFound
from octoperf_mcp.embedded.generators.hub import Hub
from octoperf_mcp.embedded.metrics.store import MetricStore
from octoperf_mcp.embedded.platform import PLATFORM, Platform, Principal
from octoperf_mcp.embedded.rest.middleware import rest_middleware
from octoperf_mcp.embedded.rest.routes import rest_routes
from octoperf_mcp.embedded.schedules.schedules import schedules_of
from octoperf_mcp.embedded.store.blobs import Blobs
from octoperf_mcp.embedded.store.collection import Collection
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Documents
from octoperf_mcp.embedded.store.project_files import ProjectFiles
from octoperf_mcp.embedded.store.secrets import Secrets
from octoperf_mcp.embedded.store.switches import SwitchTable
from octoperf_mcp.embedded.tasks import Tasks
from octoperf_mcp.entities.extensions import Extensions

EXAMPLES: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "entities" / "examples.json").read_text("utf-8")
)
FULL = frozenset({"octoperf:read", "octoperf:write"})

Client = TestClient[web.Request, web.Application]


class FakeIdentity:
    """Tokens that are known beforehand, one user a name, passwords equal to the names."""

    def __init__(self) -> None:
        self.tokens = {
            "ada-token": Principal("ada", "ada@example.com", FULL),
            "eve-token": Principal("eve", "eve@example.com", FULL),
            "ada-reads": Principal("ada", "ada@example.com", frozenset({"octoperf:read"})),
            "ada-nothing": Principal("ada", "ada@example.com"),
        }

    async def principal(self, token: str) -> Principal | None:
        return self.tokens.get(token)

    async def is_live(self, grant_id: str) -> bool:
        return True

    def mark(self, text: str) -> str:
        return f"mark of {text}"

    def anti_forgery(self, _: web.Request) -> str:
        return "form text"

    async def check_password(
        self, username: str, password: str, *, address: str = ""
    ) -> str | None:
        return username if username == password and username in {"ada", "eve"} else None

    async def find_user(self, username: str) -> dict[str, Any] | None:
        name = username.removesuffix("@example.com")
        return await self.user(name) if name in {"ada", "eve"} else None

    async def session_token(self, user_id: str) -> str:
        return f"{user_id}-token"

    async def renew_api_key(self, user_id: str) -> str:
        return f"key of {user_id}"

    async def user(self, user_id: str) -> dict[str, Any]:
        if user_id not in {"ada", "eve"}:
            raise NotFound("Nobody has this id.")
        return {
            "id": user_id,
            "username": f"{user_id}@example.com",
            "created": 1,
            "disabled": False,
        }


@dataclass
class Rest:
    """Calls as one user."""

    client: Client
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    async def call(self, method: str, path: str, **options: Any) -> ClientResponse:
        headers = {**self.headers, **options.pop("headers", {})}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return await self.client.request(method, path, headers=headers, **options)

    async def json(self, method: str, path: str, *, status: int = 200, **options: Any) -> Any:
        """The decoded answer of a call that must have this status."""
        answer = await self.call(method, path, **options)
        assert answer.status == status, await answer.text()
        return await answer.json() if answer.status != 204 else None

    async def get(self, path: str, **options: Any) -> Any:
        return await self.json("GET", path, **options)

    async def post(self, path: str, body: Any, *, status: int = 201, **options: Any) -> Any:
        return await self.json("POST", path, status=status, json=body, **options)

    async def put(self, path: str, body: Any, **options: Any) -> Any:
        return await self.json("PUT", path, json=body, **options)

    async def delete(self, path: str, **options: Any) -> None:
        await self.json("DELETE", path, status=204, **options)


@dataclass
class Home:
    """Where Ada's documents are."""

    workspace_id: str
    project_id: str


@pytest.fixture
async def platform(tmp_path: Path, database_url: str) -> AsyncIterator[Platform]:
    settings = EmbeddedSettings(max_upload_bytes=300_000)
    database = await Database.open(database_url)
    documents, blobs = Documents(database, Secrets.open(tmp_path)), Blobs(database)
    metrics, trail = MetricStore(database), Trail(database, keep_days=90)
    generators = Hub(database, trail, data_dir=tmp_path, instance="here")
    made = Platform(
        settings=settings,
        data_dir=tmp_path,
        origin="http://platform.test",
        database=database,
        documents=documents,
        blobs=blobs,
        tasks=Tasks(database),
        identity=cast("Any", FakeIdentity()),
        metrics=metrics,
        runs=Runs(
            settings=settings,
            data_dir=tmp_path,
            database=database,
            documents=documents,
            blobs=blobs,
            metrics=metrics,
            fleet=generators,
        ),
        audit=trail,
        collection=Collection(database, documents.retention),
        generators=generators,
        switches=SwitchTable(database),
        extensions=Extensions(),
    )
    ended = EndedRuns(database, metrics, ProjectFiles(database, blobs), origin=made.origin)
    made.notices = Notices(Outbox(database, "here"), tuple, documents, ended, allowed=())
    made.schedules = schedules_of(made)
    yield made
    await made.schedules.close()
    await made.audit.close()
    await made.runs.close()
    await made.tasks.close()
    await database.close()


@pytest.fixture
async def client(platform: Platform) -> AsyncIterator[Client]:
    app = web.Application(middlewares=[rest_middleware])
    app[PLATFORM] = platform
    app[READS] = Reads()
    app.add_routes(rest_routes())
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
def anybody(client: Client) -> Rest:
    return Rest(client)


@pytest.fixture
def ada(client: Client) -> Rest:
    return Rest(client, "ada-token")


@pytest.fixture
def eve(client: Client) -> Rest:
    return Rest(client, "eve-token")


@pytest.fixture
async def home(ada: Rest) -> Home:
    workspace = await ada.post("/workspaces", {"name": "Default"})
    project = {"name": "Shop", "workspaceId": workspace["id"]}
    return Home(workspace["id"], (await ada.post("/design/projects", project))["id"])


@pytest.fixture
def example(home: Home) -> Callable[[str], dict[str, Any]]:
    """An example document for Ada's project, as a client sends it."""

    def make(kind: str) -> dict[str, Any]:
        return {**copy.deepcopy(EXAMPLES[kind]), "id": "", "projectId": home.project_id}

    return make
