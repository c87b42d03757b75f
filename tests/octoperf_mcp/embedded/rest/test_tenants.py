"""One tenant never sees another's anything: every route of the router, with foreign ids.

A new route that no row below covers fails here, so that nobody forgets it.
"""

import io
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from octoperf_mcp.embedded.platform import Platform
from octoperf_mcp.embedded.rest.routes import rest_routes

MARK = "ada-owns-this"
OF_NOBODY = {
    "GET /capabilities",
    "GET /design/correlation-frameworks",
    "GET /subscriptions/active",
    "GET /users/current",
    "GET /users/current/activity",
    "GET /workspaces/docker-providers/public",
    "GET /workspaces/member-of",
    "POST /presigned-urls",
    "POST /tasks",
    "POST /users/api-key",
    "POST /workspaces",
}
"""Calls that name nothing of another's; what they answer is looked at below."""

OWN = "/users/current/"
"""Whose calls mean the caller's own things, so that another's are reached by no name."""

JOB = {"name": MARK, "trigger": {"@type": "UnixCronTrigger", "expression": "0 3 1 1 *"}}
ITEMS = ("SummaryReportItem", "StatisticTableReportItem", "ErrorsReportItem")
NEVER_HAPPENED = ("/revisions/", "/bench-errors/http/", "/validations/", "/statistics/")
REFUSED = {400, 403, 404, 410}

ROUTES = sorted(
    (route.method, route.path) for route in rest_routes() if not route.path.startswith("/public/")
)
IDS = {
    "/analysis/logs": "result",
    "/analysis/bench-report-templates": "template",
    "/analysis/bench-reports": "report",
    "/design/correlation-rules": "rule",
    "/design/http-servers": "server",
    "/design/project-files": "project",
    "/design/projects": "project",
    "/design/variables": "variable",
    "/design/virtual-users": "virtual_user",
    "/runtime/bench-results": "result",
    "/runtime/scenarios": "scenario",
    "/runtime/scheduled-jobs": "job",
    "/tasks": "task",
    "/workspaces": "workspace",
    "/workspaces/docker-providers": "provider",
    "/workspaces/members": "member",
}
"""What `{id}` means, by the longest beginning of the path."""


@pytest.fixture
async def owned(ada: Any, home: Any, example: Any, platform: Platform) -> Mapping[str, str]:
    """Ids of everything that Ada has."""

    async def made(path: str, kind: str) -> str:
        document = {**example(kind), "name": MARK}
        return str((await ada.post(path, document))["id"])

    async def kept(kind: str, **body: Any) -> str:
        document = await platform.documents.create(
            kind,
            {"name": MARK, **body},
            user_id="ada",
            workspace_id=home.workspace_id,
            project_id=""
            if kind in {"docker_provider", "bench_report_template"}
            else home.project_id,
        )
        return document.id

    async def echo(body: dict[str, Any], user_id: str) -> dict[str, Any]:
        return {"@type": "EchoTaskResult", "text": MARK}

    platform.tasks.handle("EchoTask", echo)
    submitted = await ada.call("POST", "/tasks", json={"@type": "EchoTask"})
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(MARK.encode()), filename=f"{MARK}.csv")
    await ada.json("POST", f"/design/project-files/{home.project_id}", status=201, data=form)
    value = {"value": MARK, "lifeSec": 600}
    await ada.json("PUT", "/users/current/kept-values/kept", status=204, json=value)
    task_id = await submitted.text()
    await platform.tasks.settled(task_id)
    result = await kept("bench_result", state="FINISHED")
    files = platform.data_dir / "runs" / result / "files"
    files.mkdir(parents=True)
    (files / f"{MARK}.csv").write_text(MARK, "utf-8")
    scenario = await made("/runtime/scenarios", "scenario")
    job = await ada.post("/runtime/scheduled-jobs", {**JOB, "scenarioId": scenario})
    (member,) = await ada.get("/workspaces/members/by-user/ada")
    return {
        "member": member["id"],
        "workspace": home.workspace_id,
        "project": home.project_id,
        "user": "ada",
        "task": task_id,
        "virtual_user": await made("/design/virtual-users", "virtual_user"),
        "server": await made("/design/http-servers", "http_server"),
        "variable": await made("/design/variables", "variable"),
        "rule": await made("/design/correlation-rules", "correlation_rule"),
        "scenario": scenario,
        "job": job["id"],
        "provider": await kept("docker_provider", regions={}),
        "result": result,
        "template": await kept("bench_report_template", items=[], configs=[]),
        "report": await kept("bench_report", benchResultIds=[], items=[], configs=[]),
    }


def filled(path: str, owned: Mapping[str, str]) -> str:
    """The path with Ada's ids in it."""
    beginning = max((begin for begin in IDS if path.startswith(begin)), key=len, default="")
    values = {
        "id": owned.get(IDS.get(beginning, ""), "none"),
        "workspaceId": owned["workspace"],
        "projectId": owned["project"],
        "userId": owned["user"],
        "virtualUserId": owned["virtual_user"],
        "benchResultId": owned["result"],
        "benchReportId": owned["report"],
        "templateId": owned["template"],
        "providerId": owned["provider"],
        "tokenId": "none",
        "baselineId": owned["result"],
        "candidateId": owned["result"],
        "actionId": "a-get",
        "type": "DESIGN",
        "version": "1",
        "lines": "10",
        "name": "kept",
        "kind": "har",
        "frameworkId": "java",
        "timestamp": "1",
    }
    return path.format_map(values)


async def test_a_get_with_a_foreign_id_answers_no_data(eve: Any, owned: Mapping[str, str]) -> None:
    params = {
        "filename": f"{MARK}.csv",
        "kind": "VALIDATION_REQUEST",
        "projectId": owned["project"],
    }
    seen = []
    for method, path in ROUTES:
        if method != "GET":
            continue
        answer = await eve.call(method, filled(path, owned), params=params)
        expected = {200} if f"{method} {path}" in OF_NOBODY else {403, 404}
        expected |= {200, 404} if path.startswith(OWN) else set()
        if MARK in await answer.text() or answer.status not in expected:
            seen.append((path, answer.status))
    assert seen == []


async def test_a_change_with_a_foreign_id_changes_nothing(
    ada: Any, eve: Any, owned: Mapping[str, str], example: Any
) -> None:
    before = await snapshot(ada, owned)
    accepted = []
    for method, path in ROUTES:
        if method == "GET" or f"{method} {path}" in OF_NOBODY or path.startswith(OWN):
            continue
        form = aiohttp.FormData(default_to_multipart=True)
        form.add_field("file", io.BytesIO(b"overwritten"), filename=f"{MARK}.csv")
        options = [{"json": body} for body in bodies_for(path, example, owned)]
        for each in ({}, {"data": form}, *options):
            answer = await eve.call(
                method, filled(path, owned), params={"filename": f"{MARK}.csv"}, **each
            )
            if MARK in await answer.text() or answer.status not in REFUSED:
                accepted.append((method, path, answer.status, list(each)))
        assert await snapshot(ada, owned) == before, f"{method} {path}"
    assert accepted == []


def bodies_for(path: str, example: Any, owned: Mapping[str, str]) -> list[Any]:
    """A well-formed body of each kind, and the lists that the bulk calls take."""
    kinds = {
        "/design/correlation-rules": "correlation_rule",
        "/design/http-servers": "http_server",
        "/design/projects": "project",
        "/design/variables": "variable",
        "/design/virtual-users": "virtual_user",
        "/runtime/scenarios": "scenario",
        "/workspaces": "workspace",
    }
    kind = next((kind for begin, kind in kinds.items() if path.startswith(begin)), None)
    metric = {"id": "HITS_TOTAL", "type": "BASIC", "benchResultId": owned["result"]}
    item = {"id": "i", "name": "x", "benchResultId": owned["result"], "metrics": [metric]}
    found: list[Any] = [{}, [owned["project"]], [{"id": owned["server"]}], item]
    found += [{**item, "@type": name} for name in ITEMS]
    member = {"workspaceId": owned["workspace"], "username": "eve@example.com", "role": "ADMIN"}
    found.append(member)
    if kind is not None:
        found.append({**example(kind), "workspaceId": owned["workspace"]})
    return found


async def snapshot(ada: Any, owned: Mapping[str, str]) -> list[Any]:
    project = owned["project"]
    file = {"filename": f"{MARK}.csv"}
    content = await ada.call("GET", f"/design/project-files/{project}", params=file)
    return [
        await content.read(),
        await ada.get("/workspaces/member-of"),
        await ada.get(f"/design/projects/by-workspace/{owned['workspace']}/DESIGN"),
        await ada.get(f"/design/virtual-users/by-project/{project}"),
        await ada.get(f"/design/http-servers/by-project/{project}"),
        await ada.get(f"/design/variables/by-project/{project}"),
        await ada.get(f"/design/correlation-rules/by-project/{project}"),
        await ada.get(f"/runtime/scenarios/by-project/{project}"),
        await ada.get(f"/design/project-files/list/{project}"),
    ]


async def test_the_rows_above_find_what_is_there(ada: Any, owned: Mapping[str, str]) -> None:
    """The paths are right: for their owner, all but those of what never happened answer."""
    params = {"filename": f"{MARK}.csv"}
    for method, path in ROUTES:
        if method == "GET" and not any(part in path for part in NEVER_HAPPENED):
            answer = await ada.call(method, filled(path, owned), params=params)
            assert answer.status == 200, f"{path} answered {answer.status}"
