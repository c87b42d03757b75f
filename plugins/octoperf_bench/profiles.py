"""User profiles of a new scenario: each virtual user at one location under one load shape."""

import asyncio
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from octoperf_bench import rest
from octoperf_mcp import ToolContext
from octoperf_mcp.entities.engines import BROWSERS, engine_for
from octoperf_mcp.errors import InvalidArgumentError

Documents = list[Mapping[str, Any]]
_LISTED_MAX = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a tool was asked for; `users` is the peak of each profile."""

    project_id: str
    virtual_user_ids: Sequence[str]
    provider_id: str
    locations: Sequence[str]
    users: int


@dataclass(frozen=True, slots=True)
class Player:
    """A virtual user that takes part, with the number of users that its type allows."""

    id: str
    name: str
    type: str
    users: int


async def players_of(ctx: ToolContext, workspace_id: str, wanted: Wanted) -> list[Player]:
    """Check providers, locations and virtual users; who plays.

    Raises:
        InvalidArgumentError: names what can be used instead.
    """
    own, public, virtual_users = await asyncio.gather(
        ctx.rest(rest.LIST_PROVIDERS, workspace_id=workspace_id),
        ctx.rest(rest.LIST_PUBLIC_PROVIDERS, workspace_id=workspace_id),
        ctx.rest(rest.LIST_VIRTUAL_USERS, project_id=wanted.project_id),
    )
    _check_place(wanted, [*(own or []), *(public or [])])
    return [await _player(ctx, wanted, id_, virtual_users) for id_ in wanted.virtual_user_ids]


def profiles_of(
    players: Sequence[Player], wanted: Wanted, loads: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The profiles as the platform stores them; locations are dealt in turn."""
    return [
        {
            "name": player.name,
            "virtualUserId": player.id,
            "providerId": wanted.provider_id,
            "location": wanted.locations[position % len(wanted.locations)],
            "load": dict(load),
            "memory": {"vuMb": None},
            "engine": engine_for(player.type),
        }
        for position, (player, load) in enumerate(zip(players, loads, strict=True))
    ]


def notes_on(players: Sequence[Player], wanted: Wanted) -> list[str]:
    """Where the profiles differ from what was asked for."""
    return [
        f"{player.name} drives a real browser: its profile has 1 user instead of {wanted.users}. "
        "More browsers need more profiles."
        for player in players
        if player.users < wanted.users
    ]


def _check_place(wanted: Wanted, providers: Documents) -> None:
    usable = {provider["id"]: provider for provider in providers if provider.get("regions")}
    provider = usable.get(wanted.provider_id)
    if provider is None:
        listed = [
            f"{item.get('name') or '?'} (id {item['id']}; locations: {', '.join(_locations(item))})"
            for item in list(usable.values())[:_LISTED_MAX]
        ]
        raise InvalidArgumentError(
            f"No usable provider has the id {wanted.provider_id!r}. "
            f"Usable are: {'; '.join(listed) or 'none'}.",
            field="providerId",
            got=wanted.provider_id,
            allowed=list(usable)[:_LISTED_MAX],
            did_you_mean=_nearest(wanted.provider_id, list(usable)),
            next_step="Send one of these ids as providerId, with one of its locations.",
        )
    known = _locations(provider)
    for position, location in enumerate(wanted.locations):
        if location not in known:
            raise InvalidArgumentError(
                f"Provider {provider.get('name') or wanted.provider_id} has no location "
                f"{location!r}. Usable are: {', '.join(known)}.",
                field=f"locations/{position}",
                got=location,
                allowed=known,
                did_you_mean=_nearest(location, known),
                next_step="Send locations of this provider, or another providerId.",
            )


async def _player(
    ctx: ToolContext, wanted: Wanted, virtual_user_id: str, found: Documents
) -> Player:
    known = {item["id"]: item for item in found}
    virtual_user = known.get(virtual_user_id)
    field = f"virtualUserIds/{wanted.virtual_user_ids.index(virtual_user_id)}"
    if virtual_user is None:
        raise InvalidArgumentError(
            f"Project {wanted.project_id} has no virtual user {virtual_user_id!r}.",
            field=field,
            got=virtual_user_id,
            allowed=list(known)[:_LISTED_MAX],
            did_you_mean=_nearest(virtual_user_id, list(known)),
            next_step="Take the ids from list_virtual_users of the same project.",
        )
    kind = virtual_user.get("type")
    if kind is None:  # older platforms describe a virtual user without its type
        kind = (await ctx.rest(rest.GET_VIRTUAL_USER, id=virtual_user_id)).get("type") or "JMETER"
    if engine_for(kind) is None:
        raise InvalidArgumentError(
            f"{virtual_user['name']!r} is of type {kind}, which cannot be loaded by itself.",
            field=field,
            got=virtual_user_id,
            next_step="Use a virtual user that links it.",
        )
    users = 1 if kind in BROWSERS else wanted.users
    return Player(virtual_user_id, virtual_user["name"], kind, users)


def _locations(provider: Mapping[str, Any]) -> list[str]:
    return sorted(provider.get("regions") or [])


def _nearest(value: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(value, known, n=1)
    return near[0] if near else ""
