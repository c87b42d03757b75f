"""A fresh database of either kind, and a workspace of Ada with one project."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Documents
from tests.octoperf_mcp.embedded.conftest import KINDS


@dataclass
class Home:
    workspace_id: str
    project_id: str


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.open(database_url)
    yield database
    await database.close()


@pytest.fixture
def documents(database: Database) -> Documents:
    return Documents(database)


@pytest.fixture
async def home(documents: Documents) -> Home:
    workspace = await documents.create(
        "workspace", {"name": "Default"}, user_id="ada", workspace_id=""
    )
    project = await documents.create(
        "project", {"name": "Shop"}, user_id="ada", workspace_id=workspace.id
    )
    return Home(workspace.id, project.id)
