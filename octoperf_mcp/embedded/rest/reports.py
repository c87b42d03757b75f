"""Bench reports: `/analysis/bench-reports/**`.

The platform makes them itself when a run starts; trends are made on demand.
"""

from collections.abc import Sequence
from dataclasses import replace

from aiohttp import web

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.metrics.trends import spread, trend_report
from octoperf_mcp.embedded.rest import crud
from octoperf_mcp.embedded.rest.answers import document_answer, expected_version, json_answer
from octoperf_mcp.embedded.rest.bodies import read_object
from octoperf_mcp.embedded.store.documents import Body, Document
from octoperf_mcp.entities.check import check
from octoperf_mcp.entities.runs import is_over

_KIND = "bench_report"
_REPORTS = "/analysis/bench-reports"


def routes() -> list[web.RouteDef]:
    """Read, list, replace, delete; make trends."""
    return [
        web.get(f"{_REPORTS}/by-project/{{projectId}}", _by_project),
        web.post(f"{_REPORTS}/create/trend/{{benchResultId}}", _create_trend),
        *crud.revision_routes(_KIND, _REPORTS),
        web.get(f"{_REPORTS}/{{id}}", _read),
        web.put(f"{_REPORTS}/{{id}}", _replace),
        web.delete(f"{_REPORTS}/{{id}}", crud.delete(_KIND)),
    ]


async def _by_project(request: web.Request) -> web.Response:
    documents, user_id = crud.documents_of(request), crud.user_of(request)
    project_id = request.match_info["projectId"]
    found = await documents.list(_KIND, user_id=user_id, project_id=project_id)
    return json_answer(await spread(documents, crud.bodies(found), user_id))


async def _read(request: web.Request) -> web.Response:
    return await _answer(request, await crud.found(request, _KIND))


async def _answer(request: web.Request, document: Document, *, status: int = 200) -> web.Response:
    """A report as it is read: a trend with the runs that it shows now."""
    documents, user_id = crud.documents_of(request), crud.user_of(request)
    (body,) = await spread(documents, [document.body], user_id)
    return document_answer(replace(document, body=dict(body)), status=status)


async def _replace(request: web.Request) -> web.Response:
    """PUT …/{id}; items of a plugin that is off may stay as they are.

    Raises:
        Mismatch: it is no report.
        Invalid: it is limited to a part of a run that is not over.
    """
    body = crud.filled(_KIND, await read_object(request))
    await crud.check_against_stored(request, _KIND, body)
    if body.get("timeRange"):
        await _require_over(request, body["benchResultIds"])
    documents = crud.documents_of(request)
    changed = await documents.replace(
        _KIND,
        request.match_info["id"],
        body,
        user_id=crud.user_of(request),
        if_version=expected_version(request),
    )
    return await _answer(request, changed)


async def _require_over(request: web.Request, run_ids: Sequence[str]) -> None:
    for run_id in run_ids:
        run = await _run(request, run_id)
        if not is_over(run["state"]):
            raise Invalid(
                "timeRange is for runs that are over: leave it null while the run goes on.",
                details={"pointer": "/timeRange"},
            )


async def _create_trend(request: web.Request) -> web.Response:
    """POST …/create/trend/{benchResultId}: the report of a reference run.

    Raises:
        Invalid: the run is a validation, or the body no TrendReportConfig with selectors.
        Mismatch: a selector is wrong.
    """
    run = await _run(request, request.match_info["benchResultId"])
    if run.get("validation"):
        raise Invalid("A validation has no figures: the reference of a trend is a run.")
    config = await read_object(request)
    if not config.get("selectors"):
        raise Invalid("A trend needs selectors.", details={"pointer": "/selectors"})
    body = trend_report(run, config)
    check(_KIND, body)
    return await _answer(request, await crud.created(request, _KIND, body), status=201)


async def _run(request: web.Request, run_id: str) -> Body:
    documents, user_id = crud.documents_of(request), crud.user_of(request)
    return (await documents.get("bench_result", run_id, user_id=user_id)).body
