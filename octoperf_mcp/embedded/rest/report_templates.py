"""Report templates: `/analysis/bench-report-templates/**`.

The Maven plugin looks a template up by its name in the workspace and runs a scenario with its id.
"""

from aiohttp import web

from octoperf_mcp.embedded.platform import PLATFORM
from octoperf_mcp.embedded.report_templates import KIND, applied, extracted, template_of
from octoperf_mcp.embedded.rest import crud
from octoperf_mcp.embedded.rest.answers import document_answer, expected_version, json_answer
from octoperf_mcp.embedded.rest.bodies import read_object
from octoperf_mcp.entities.check import check

_TEMPLATES = "/analysis/bench-report-templates"
_REPORT = "bench_report"


def routes() -> list[web.RouteDef]:
    """List, make from a report, read, replace, delete; and give a report the items of one."""
    return [
        web.get(f"{_TEMPLATES}/by-workspace/{{workspaceId}}", by_workspace),
        web.post(f"{_TEMPLATES}/extract/{{benchReportId}}", extract),
        web.get(f"{_TEMPLATES}/{{id}}", crud.read(KIND)),
        web.put(f"{_TEMPLATES}/{{id}}", crud.replace(KIND)),
        web.delete(f"{_TEMPLATES}/{{id}}", crud.delete(KIND)),
        web.post("/analysis/bench-reports/apply-template/{id}/{templateId}", apply),
    ]


async def by_workspace(request: web.Request) -> web.Response:
    """GET …/by-workspace/{workspaceId}."""
    found = await crud.documents_of(request).list(
        KIND, user_id=crud.user_of(request), workspace_id=request.match_info["workspaceId"]
    )
    return json_answer(crud.bodies(found))


async def extract(request: web.Request) -> web.Response:
    """POST …/extract/{benchReportId}: `{name?, description?}`."""
    report = await crud.found(request, _REPORT, "benchReportId")
    wish = await read_object(request, empty={})
    name, description = str(wish.get("name") or ""), str(wish.get("description") or "")
    body = extracted(report.body, name, description)
    check(KIND, body, request.app[PLATFORM].extensions.types)
    made = await crud.documents_of(request).create(
        KIND, body, user_id=crud.user_of(request), workspace_id=report.workspace_id
    )
    return document_answer(made, status=201)


async def apply(request: web.Request) -> web.Response:
    """POST …/apply-template/{id}/{templateId}: the report keeps name, run and tags."""
    documents, user_id = request.app[PLATFORM].documents, crud.user_of(request)
    report = await crud.found(request, _REPORT)
    template = await template_of(
        documents,
        request.match_info["templateId"],
        workspace_id=report.workspace_id,
        user_id=user_id,
    )
    changed = await documents.replace(
        _REPORT,
        report.id,
        applied(report.body, template.body),
        user_id=user_id,
        if_version=expected_version(request),
    )
    return document_answer(changed)
