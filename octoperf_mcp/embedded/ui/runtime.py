"""Runtime pages: scenarios with their load shapes, and their runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from markupsafe import Markup

from octoperf_mcp.embedded.engine.load.arrivals import Curve
from octoperf_mcp.embedded.engine.load.ramp import duration_ms, peak_users, users_at
from octoperf_mcp.embedded.schedules.jobs import KIND
from octoperf_mcp.embedded.schedules.triggers import in_words
from octoperf_mcp.embedded.ui import schedules
from octoperf_mcp.embedded.ui.rendering import Cell, Page, Table, when
from octoperf_mcp.embedded.ui.svg import Point, load_shape
from octoperf_mcp.entities.engines import ARRIVALS

_SHAPES = {
    "UserProfileLoadRampUp": "ramp up, hold",
    "UserProfileLoadRampUpThenRampDown": "ramp up, hold, ramp down",
    "UserProfileLoadAscendingStairs": "stairs",
    "UserProfileLoadCustom": "custom",
    ARRIVALS: "arrivals",
}
_SAMPLES = 200


@dataclass(frozen=True, slots=True)
class Profile:
    """One user profile, as the page draws it."""

    name: str
    virtual_user: str
    href: str
    provider: str
    location: str
    shape: str
    users: int
    chart: Markup


async def scenarios(page: Page) -> web.StreamResponse:
    """Scenarios of a project."""
    rows = [
        (
            Cell(body["name"], f"{page.project_path}/runtime/scenario/{body['id']}"),
            Cell(str(len(body.get("userProfiles") or ()))),
            Cell(when(body.get("lastModified"))),
        )
        for body in await page.of_project("scenario")
        if body.get("mode", "STANDARD") == "STANDARD"
    ]
    table = Table("Scenarios", ("Name", "Profiles", "Changed"), rows, "No scenario yet.")
    return await page.show_in_project(
        "listing.html", "runtime/scenario", heading="Scenarios", sub="", tables=[table]
    )


async def scenario(page: Page) -> web.StreamResponse:
    """One scenario: each profile's shape, and the runs so far."""
    body = await page.get("scenario", page.part("scenarioId"))
    if body["projectId"] != page.part("projectId"):
        raise web.HTTPNotFound
    names = {user["id"]: user["name"] for user in await page.of_project("virtual_user")}
    providers = await page.platform.documents.list("docker_provider", user_id=page.user.user_id)
    names |= {provider.id: provider.body["name"] for provider in providers}
    profiles = [_profile(page, item, names) for item in body.get("userProfiles") or ()]
    return await page.show_in_project(
        "scenario.html",
        "runtime/scenario",
        scenario=body,
        profiles=profiles,
        jobs=await _jobs(page, body["id"]),
        jobs_href=f"{page.project_path}/{schedules.AREA}",
        runs=await _runs(page, body["id"]),
    )


def _profile(page: Page, body: Mapping[str, Any], names: Mapping[str, str]) -> Profile:
    load = body.get("load") or {}
    virtual_user_id = str(body.get("virtualUserId", ""))
    name = names.get(virtual_user_id, "deleted virtual user")
    return Profile(
        name=str(body.get("name") or name),
        virtual_user=name,
        href=f"{page.project_path}/design/virtual-user/{virtual_user_id}",
        provider=names.get(str(body.get("providerId", "")), "a provider that is gone"),
        location=str(body.get("location", "")),
        shape=_SHAPES.get(str(load.get("@type")), str(load.get("@type", ""))),
        users=peak_users(load),
        chart=_chart(load, name),
    )


def _chart(load: dict[str, Any], name: str) -> Markup:
    curve = Curve.of(load)
    if curve is None:
        return load_shape(shape_points(load), title=f"Users over time of {name}")
    rates = [(time / 1000, curve.per_minute(time)) for time in _times(curve.end_ms)]
    title = f"{curve.total} arrivals over time of {name}"
    return load_shape(rates, title=title, unit="arrivals a minute")


def shape_points(load: dict[str, Any]) -> list[Point]:
    """Users (y) at seconds (x), from the function that the engine uses."""
    return [(time / 1000, float(users_at(load, time))) for time in _times(duration_ms(load))]


def _times(end: int) -> list[int]:
    """Moments in ms at which a shape that lasts so long is looked at."""
    return [*range(0, end, max(end // _SAMPLES, 1)), max(end - 1, 0)]


async def _jobs(page: Page, scenario_id: str) -> list[dict[str, str]]:
    """The jobs that start a scenario, the next one first."""
    found = [body for body in await page.of_project(KIND) if body["scenarioId"] == scenario_id]
    return [
        {
            "name": str(body["name"]),
            "trigger": in_words(body["trigger"]),
            "next_run": when(body["nextRun"]) if body["enabled"] else "disabled",
        }
        for body in sorted(found, key=lambda body: body["nextRun"] or 1 << 62)
    ]


async def _runs(page: Page, scenario_id: str) -> list[dict[str, Any]]:
    results = {
        body["id"]: body
        for body in await page.of_project("bench_result")
        if body.get("scenarioId") == scenario_id
    }
    found = []
    for report in await page.of_project("bench_report"):
        result = results.get((report.get("benchResultIds") or [""])[0])
        if result is not None:
            href = f"{page.project_path}/analysis/report/{report['id']}"
            found.append(
                {
                    "name": report["name"],
                    "href": href,
                    "state": result["state"],
                    "started": when(result["created"]),
                }
            )
    return list(reversed(found))
