"""Pages of what stands before a run: the plan, and the confirmed targets of a workspace."""

from collections.abc import Mapping

from aiohttp import web

from octoperf_mcp.embedded.launch.targets import WELL_KNOWN
from octoperf_mcp.embedded.ui import forms
from octoperf_mcp.embedded.ui.account import show
from octoperf_mcp.embedded.ui.rendering import Cell, Page, Table, when

SUBSCRIPTION = "/ui/account/subscription"


async def subscription(page: Page) -> web.StreamResponse:
    """The one plan: what this machine may be asked for."""
    caps = page.platform.runs.gate.caps
    rows = [
        (Cell("Concurrent users of a run on this machine"), Cell(f"{caps.users:,}")),
        (Cell("Users at other locations"), Cell("as many as the machines there hold")),
        (Cell("Real-browser users"), Cell(f"{caps.browsers:,}")),
        (Cell("Profiles of a scenario"), Cell(f"{caps.profiles:,}")),
        (Cell("Planned duration of a run"), Cell(f"{caps.duration_sec // 60:,} minutes")),
        (Cell("Runs at a time"), Cell(f"{caps.runs:,}")),
        (Cell("Runs left"), Cell("any number")),
    ]
    table = Table("Plan", ("", ""), rows, "")
    return show(
        page,
        "account_listing.html",
        SUBSCRIPTION,
        heading="Plan: this machine",
        sub="",
        tables=[table],
    )


async def targets(page: Page) -> web.StreamResponse:
    """Hosts that the workspace confirmed, and how to confirm one."""
    body = await page.get("workspace", page.part("workspaceId"))
    known = await page.platform.runs.gate.targets.of_workspace(body["id"])
    return page.show(
        "load_targets.html",
        workspace=body,
        targets=[(host, when(created)) for host, created in known],
        action=_path(page),
        well_known=WELL_KNOWN,
        most=page.platform.settings.unconfirmed_users,
        form_text=page.platform.identity.anti_forgery(page.request),
        done=forms.DONE.get(page.request.query.get("done", ""), ""),
        crumbs=[(body["name"], f"/ui/workspace/{body['id']}")],
    )


async def change_targets(page: Page, form: Mapping[str, str]) -> web.StreamResponse:
    """Confirm a host, or take that back."""
    known, workspace_id = page.platform.runs.gate.targets, page.part("workspaceId")
    host, user_id = form.get("host", ""), page.user.user_id
    if form.get("action") == "withdraw":
        await known.withdraw(workspace_id, host, user_id=user_id)
        done = "target-withdrawn"
    else:
        await known.confirm(workspace_id, host, user_id=user_id)
        done = "target-confirmed"
    await forms.note(page, f"load-target.{form.get('action') or 'confirm'}", workspace_id)
    return forms.onward(_path(page), done)


def _path(page: Page) -> str:
    return f"/ui/workspace/{page.part('workspaceId')}/load-target"
