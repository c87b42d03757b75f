"""What an empty database gets: a user, a workspace of his, and this machine as provider."""

import secrets
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.config import EmbeddedSettings
from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.idp.provider import IdentityProvider
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Documents
from octoperf_mcp.embedded.store.schema import document
from octoperf_mcp.errors import ConfigError

USERNAME = "demo"
WORKSPACE = "Default"
THIS_MACHINE = {
    "name": "This machine",
    "description": "Load is made by the machine that the platform runs on.",
    "type": "PRIVATE",
    "driver": "ON_PREMISE",
    "regions": {"local": {}},
}
_PASSWORD_BYTES = 12


@dataclass(frozen=True, slots=True)
class FirstStart:
    """Who may sign in now. The password is nowhere else: it is kept as a hash only."""

    username: str
    password: str = field(repr=False)


async def first_start(
    database: Database,
    documents: Documents,
    identity: IdentityProvider,
    settings: EmbeddedSettings,
) -> FirstStart | None:
    """Fill an empty database; None when it is not empty.

    The workspace comes last: a start that was killed before it begins again, with a new password.

    Raises:
        ConfigError: the password of the settings cannot be accepted.
    """
    async with database.alone():
        if await _is_in_use(database):
            return None
        password = settings.demo_password.reveal() or secrets.token_urlsafe(_PASSWORD_BYTES)
        user_id = await _user(identity, password)

        async def work(writer: AsyncConnection) -> None:
            await documents.plant("docker_provider", THIS_MACHINE, connection=writer)
            await documents.create(
                "workspace",
                {"name": WORKSPACE, "description": ""},
                user_id=user_id,
                workspace_id="",
                connection=writer,
            )

        await database.write(work)
        return FirstStart(USERNAME, password)


async def _is_in_use(database: Database) -> bool:
    query = sa.select(document.c.id).where(document.c.kind == "workspace").limit(1)
    async with database.reading() as reader:
        return await reader.scalar(query) is not None


async def _user(identity: IdentityProvider, password: str) -> str:
    try:
        known = await identity.users.find(USERNAME)
        if known is None:
            return await identity.create_user(USERNAME, password)
        await identity.set_password(known["id"], password)
        return str(known["id"])
    except Invalid as error:
        raise ConfigError(f"[embedded] demo_password: {error.message}") from error
