"""A fresh SQLite database, and a workspace of Ada with one project."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Documents


@dataclass
class Home:
    workspace_id: str
    project_id: str


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(f"sqlite:///{tmp_path}/octoperf.db")
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
