"""Providers: locations, the machines at each, and what lets more of them join."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from octoperf_mcp.embedded.failures import Failure, Forbidden, NotFound
from octoperf_mcp.embedded.generators import providers
from octoperf_mcp.embedded.generators.machines import Joined
from octoperf_mcp.embedded.rest.docker_agents import join_command
from octoperf_mcp.embedded.store.documents import Document
from octoperf_mcp.embedded.ui import forms
from octoperf_mcp.embedded.ui.rendering import Page, when
from octoperf_mcp.entities.check import Mismatch, check

_STATES = {"UP": "connected", "DRAINING": "leaving", "DOWN": "gone"}
_REFRESH_S = 10


async def provider(page: Page) -> web.StreamResponse:
    """One provider."""
    return await _show(page, refresh_s=_REFRESH_S if not page.request.query else 0)


async def change(page: Page, form: Mapping[str, str]) -> web.StreamResponse:
    """Make or revoke a join token, forget a machine, add or remove a location."""
    found = await _administered(page)
    actions = {
        "token": _make_token,
        "revoke": _revoke,
        "forget": _forget,
        "add-location": _add_location,
        "remove-location": _remove_location,
    }
    action = actions.get(form.get("action", ""))
    if action is None:
        raise web.HTTPNotFound
    try:
        return await action(page, found, form)
    except Failure as failure:
        return await _show(page, error=failure.message, status=failure.http_status)


async def create(page: Page, form: Mapping[str, str]) -> web.StreamResponse:
    """A provider of the workspace, with its first location."""
    workspace_id = page.part("workspaceId")
    names = form.get("location", "").strip() or "main"
    body = providers.accepted(
        {
            "name": form.get("name", "").strip(),
            "workspaceId": workspace_id,
            "regions": {name: {} for name in names.replace(",", " ").split()},
        }
    )
    _require_sound(body)
    made = await page.platform.documents.create(
        "docker_provider", body, user_id=page.user.user_id, workspace_id=workspace_id
    )
    await forms.note(page, "docker-provider.create", workspace_id, made.id)
    return forms.onward(f"/ui/workspace/{workspace_id}/docker-provider/{made.id}")


def _require_sound(body: dict[str, Any]) -> None:
    try:
        check("docker_provider", body)
    except Mismatch as mismatch:
        raise Forbidden(
            "A provider has a name; names of locations are made of a to z, 0 to 9, _ and -."
        ) from mismatch


async def _make_token(page: Page, found: Document, form: Mapping[str, str]) -> web.StreamResponse:
    token, made = await page.platform.generators.tokens.create(
        found.id, form.get("name", ""), page.user.user_id
    )
    await forms.note(page, "join-token.create", found.id, made.id)
    line = join_command(page.platform.origin, form.get("location", ""), token)
    return await _show(page, made=line)


async def _revoke(page: Page, found: Document, form: Mapping[str, str]) -> web.StreamResponse:
    generators, token_id = page.platform.generators, form.get("token", "")
    if not await generators.tokens.revoke(found.id, token_id):
        raise NotFound("The token was revoked already.")
    await generators.shut_out()
    await forms.note(page, "join-token.revoke", found.id, token_id)
    return forms.onward(_path(page), "join-token-revoked")


async def _forget(page: Page, found: Document, form: Mapping[str, str]) -> web.StreamResponse:
    await page.platform.generators.known.forget(form.get("machine", ""), found.id)
    await forms.note(page, "load-generator.forget", found.id)
    return forms.onward(_path(page), "machine-forgotten")


async def _add_location(page: Page, found: Document, form: Mapping[str, str]) -> web.StreamResponse:
    regions = {**found.body["regions"], form.get("location", "").strip(): {}}
    return await _with_regions(page, found, regions)


async def _remove_location(
    page: Page, found: Document, form: Mapping[str, str]
) -> web.StreamResponse:
    name = form.get("location", "")
    regions = {each: region for each, region in found.body["regions"].items() if each != name}
    return await _with_regions(page, found, regions)


async def _with_regions(page: Page, found: Document, regions: dict[str, Any]) -> web.StreamResponse:
    body = providers.accepted({**found.body, "regions": regions})
    _require_sound(body)
    await page.platform.documents.replace(
        "docker_provider", found.id, body, user_id=page.user.user_id
    )
    await forms.note(page, "docker-provider.locations", found.id)
    return forms.onward(_path(page), "locations-changed")


async def _administered(page: Page) -> Document:
    return await providers.require_administrator(
        page.platform.database,
        page.part("providerId"),
        page.user.user_id,
        operates=page.user.administers,
    )


async def _show(
    page: Page, *, made: str = "", error: str = "", status: int = 200, refresh_s: int = 0
) -> web.Response:
    workspace = await page.get("workspace", page.part("workspaceId"))
    found = await page.platform.documents.get(
        "docker_provider", page.part("providerId"), user_id=page.user.user_id
    )
    if found.workspace_id not in {"", workspace["id"]}:
        raise web.HTTPNotFound
    generators = page.platform.generators
    places = await providers.locations_of(
        generators.known, [found], page.platform.runs.gate.caps.users
    )
    machines = {each.id: each for place in places[found.id] for each in place.machines}
    may_change = await _may_change(page)
    listed = await generators.tokens.of_provider(found.id) if may_change else []
    return page.show(
        "provider.html",
        status=status,
        refresh_s=refresh_s,
        provider=found.body,
        shared=not found.workspace_id,
        locations=[
            {
                "name": place.name,
                "machines": sum(each.is_up for each in place.machines),
                "users": place.users,
                "here": place.here,
            }
            for place in places[found.id]
        ],
        machines=[_machine(each) for each in machines.values()],
        tokens=[
            {"id": each.id, "name": each.name, "made": when(each.created),
             "used": when(each.last_used) if each.last_used else "never"}
            for each in listed
        ],
        may_change=may_change,
        command=join_command(page.platform.origin, ""),
        made=made,
        error=error,
        action=_path(page),
        form_text=page.platform.identity.anti_forgery(page.request),
        done=forms.DONE.get(page.request.query.get("done", ""), ""),
        crumbs=[(workspace["name"], f"/ui/workspace/{workspace['id']}")],
    )  # fmt: skip


async def _may_change(page: Page) -> bool:
    try:
        await _administered(page)
    except Forbidden:
        return False
    return True


def _machine(joined: Joined) -> dict[str, Any]:
    facts, state = joined.facts, joined.document()["state"]
    alive = state != "DOWN"
    seen = datetime.fromtimestamp(joined.last_seen / 1000, UTC)
    return {
        "id": joined.id,
        "name": facts.get("name") or facts.get("host"),
        "host": facts.get("host"),
        "state": _STATES[state],
        "alive": alive,
        "locations": ", ".join(joined.locations),
        "size": f"{facts.get('cpus')} cores, {int(facts.get('memoryMb') or 0):,} MB",
        "cpu": _percent(facts.get("cpuPct")) if alive else "",
        "memory": _percent(facts.get("memoryPct")) if alive else "",
        "version": facts.get("version"),
        "seen": seen.strftime("%Y-%m-%d %H:%M:%S UTC"),
    }


def _percent(value: Any) -> str:
    return "" if value is None else f"{float(value):.0f} %"


def _path(page: Page) -> str:
    return f"/ui/workspace/{page.part('workspaceId')}/docker-provider/{page.part('providerId')}"
