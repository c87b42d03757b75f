"""Providers with their locations: who may change them, and what they hold."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.failures import Forbidden, Invalid
from octoperf_mcp.embedded.generators.machines import Joined, Machines
from octoperf_mcp.embedded.generators.tables import join_token, load_generator
from octoperf_mcp.embedded.launch.caps import USERS_PER_MB
from octoperf_mcp.embedded.store import rows
from octoperf_mcp.embedded.store.access import Role
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Document
from octoperf_mcp.embedded.store.schema import document

Body = dict[str, Any]

_OURS = ("loadGenerators", "maxUsers", "here")
"""What `shown` adds to a region."""


@dataclass(frozen=True, slots=True)
class Location:
    """A location now; `here`: the platform's own machine plays there, too."""

    name: str
    machines: Sequence[Joined]
    users: int
    """The most virtual users that it holds."""
    here: bool


async def all_providers(database: Database) -> list[Document]:
    """All that there are, oldest first; for those who run the platform."""
    query = (
        sa.select(document)
        .where(document.c.kind == "docker_provider")
        .order_by(document.c.created, document.c.id)
    )
    async with database.reading() as reader:
        return [rows.from_row(row) for row in await reader.execute(query)]


async def require_administrator(
    database: Database, provider_id: str, user_id: str, *, operates: bool
) -> Document:
    """A provider whose machines the user may choose.

    Args:
        database: Where providers are.
        provider_id: Which one.
        user_id: Who asks.
        operates: Whether he administers the platform, whose own provider serves everybody.

    Raises:
        NotFound: the provider does not exist for the user.
        Forbidden: he may not.
    """
    async with database.reading() as reader:
        found, role = await rows.seen(reader, "docker_provider", provider_id, user_id)
    if found.workspace_id and role != Role.ADMIN:
        raise Forbidden("Only an administrator of the workspace chooses its load generators.")
    if not found.workspace_id and not operates:
        raise Forbidden(
            "This provider serves every workspace: an administrator of the platform chooses its "
            "load generators, on its page or with `octoperf-mcp join-tokens`."
        )
    return found


async def locations_of(
    known: Machines, providers: Iterable[Document], users_here: int
) -> dict[str, list[Location]]:
    """The locations of providers by the provider's id, each by name."""
    providers = list(providers)
    joined: dict[tuple[str, str], list[Joined]] = defaultdict(list)
    for machine in await known.of_providers(each.id for each in providers):
        for name in machine.locations:
            joined[machine.provider_id, name].append(machine)
    return {
        each.id: [
            _location(name, joined[each.id, name], 0 if each.workspace_id else users_here)
            for name in sorted(each.body.get("regions") or {})
        ]
        for each in providers
    }


def _location(name: str, machines: list[Joined], users_here: int) -> Location:
    users = sum(int(each.facts["memoryMb"]) for each in machines if each.is_up) * USERS_PER_MB
    return Location(name, machines, users + users_here, bool(users_here))


async def shown(known: Machines, providers: Sequence[Document], users_here: int) -> list[Body]:
    """Bodies of providers whose regions say how many machines and users they hold now."""
    found = await locations_of(known, providers, users_here)
    return [
        {
            **each.body,
            "regions": {
                place.name: {
                    **each.body["regions"][place.name],
                    "loadGenerators": sum(machine.is_up for machine in place.machines),
                    "maxUsers": place.users,
                    "here": place.here,
                }
                for place in found[each.id]
            },
        }
        for each in providers
    ]


def accepted(body: Body) -> Body:
    """A provider as a client sends it, without what `shown` added.

    Raises:
        Invalid: it has no location.
    """
    regions = body.get("regions")
    if not isinstance(regions, dict) or not regions:
        raise Invalid("A provider has one location at least, as a key of `regions`.")
    kept = {
        name: {key: value for key, value in (region or {}).items() if key not in _OURS}
        for name, region in regions.items()
    }
    return {**body, "regions": kept, "type": "PRIVATE", "driver": "ON_PREMISE"}


async def on_delete(connection: AsyncConnection, gone: Document) -> None:
    """What lets machines join a deleted provider goes with it."""
    if gone.kind != "docker_provider":
        return
    for table in (join_token, load_generator):
        await connection.execute(table.delete().where(table.c.provider_id == gone.id))
