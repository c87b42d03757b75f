"""Providers of every workspace, for those who run the platform."""

import sqlalchemy as sa

from octoperf_mcp.embedded.store import rows
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Document
from octoperf_mcp.embedded.store.schema import document


async def all_providers(database: Database) -> list[Document]:
    """All that there are, oldest first."""
    query = (
        sa.select(document)
        .where(document.c.kind == "docker_provider")
        .order_by(document.c.created, document.c.id)
    )
    async with database.reading() as reader:
        return [rows.from_row(row) for row in await reader.execute(query)]
