"""Runs, validations and run files."""

import asyncio
from collections.abc import Mapping
from functools import partial

from aiohttp import web

from octoperf_mcp.embedded.engine.runs.files import MAX_LINES, read_lines
from octoperf_mcp.embedded.engine.runs.runs import Runs
from octoperf_mcp.embedded.engine.validation.run import ValidationRequest
from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.launch.tokens import Ticket, check_token
from octoperf_mcp.embedded.platform import PLATFORM, PRINCIPAL
from octoperf_mcp.embedded.rest import crud
from octoperf_mcp.embedded.rest.answers import document_answer, json_answer, no_content, text_answer
from octoperf_mcp.embedded.rest.bodies import (
    read_object,
    required_query,
    whole_number,
)
from octoperf_mcp.embedded.rest.uploads import attachment_headers
from octoperf_mcp.embedded.store.documents import Document
from octoperf_mcp.entities.runs import is_over

KIND = "bench_result"
_PIECE_BYTES = 256 * 1024


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    results, validations = "/runtime/bench-results", "/runtime/validations"
    found, logs = "/analysis/validations", "/analysis/logs"
    return [
        web.post("/runtime/scenarios/run/{id}", run_scenario),
        web.get(f"{results}/by-project/{{projectId}}", results_by_project),
        web.get(f"{results}/progress/{{id}}", progress),
        web.post(f"{results}/stop/{{id}}", stop),
        web.get(f"{results}/docker-logs/{{id}}", docker_logs),
        web.get(f"{results}/{{id}}", crud.read(KIND)),
        web.post(f"{validations}/run/{{virtualUserId}}", run_validation),
        web.get(f"{validations}/by-virtual-user/{{virtualUserId}}", latest_validation),
        web.get(f"{found}/index/{{virtualUserId}}", validation_index),
        web.get(f"{found}/http/{{virtualUserId}}/{{actionId}}", validation_http),
        web.get(f"{found}/body/{{virtualUserId}}/{{actionId}}", validation_body),
        web.get(f"{logs}/list/{{id}}", file_names),
        web.get(f"{logs}/zip/{{id}}", zipped_files),
        web.get(f"{logs}/{{id}}", file_bytes),
        web.delete(f"{logs}/{{id}}", delete_file),
        web.get(f"{logs}/{{id}}/{{lines}}", file_lines),
    ]


def _runs(request: web.Request) -> Runs:
    return request.app[PLATFORM].runs


async def run_scenario(request: web.Request) -> web.Response:
    """Start a scenario; the answer is the report, which names the run."""
    body = await read_object(request, empty={})
    token = request.query.get("launchToken", "")
    ticket = None
    if token:
        if (earlier := await _launched(request, token)) is not None:
            return document_answer(earlier)
        ticket = await _ticket(request, token)
    report = await _runs(request).start(
        request.match_info["id"],
        crud.user_of(request),
        ticket=ticket,
        name=request.query.get("name", ""),
        properties=_properties(body),
        template_id=request.query.get("templateId", ""),
        admit=partial(_admit, request),
    )
    return document_answer(report)


async def _launched(request: web.Request, token: str) -> Document | None:
    """The report of the run that a launch token has started, if it has."""
    report_id = await _runs(request).launches.report_of(token)
    if report_id is None:
        return None
    documents, user_id = crud.documents_of(request), crud.user_of(request)
    return await documents.get("bench_report", report_id, user_id=user_id)


async def _ticket(request: web.Request, token: str) -> Ticket:
    """The ticket of a launch token.

    Raises:
        Failure: it may not start this scenario.
    """
    documents, user_id = crud.documents_of(request), crud.user_of(request)
    scenario = await documents.get("scenario", request.match_info["id"], user_id=user_id)
    mark = request.app[PLATFORM].identity.mark
    return check_token(mark, token, user_id=user_id, scenario_id=scenario.id)


async def _admit(request: web.Request, users: int, duration_ms: int) -> None:
    """Hold a run against the load budget of a CI token.

    Raises:
        Forbidden: it asks for more.
    """
    principal = request[PRINCIPAL]
    if principal.limits is None:
        return
    principal.limits.check_load(users, duration_ms)
    tokens = request.app[PLATFORM].identity.ci_tokens
    await tokens.spend_run(principal.grant_id, principal.limits)


def _properties(body: Mapping[str, object]) -> dict[str, str]:
    """`PropertiesSettings`: {map: {name: text}}."""
    given = body.get("map") or {}
    if not isinstance(given, dict):
        raise Invalid("'map' must be an object of texts.")
    return {str(name): str(value) for name, value in given.items()}


async def results_by_project(request: web.Request) -> web.Response:
    """Runs of a project, newest first; validations are not among them."""
    found = await crud.documents_of(request).list(
        KIND, user_id=crud.user_of(request), project_id=request.match_info["projectId"]
    )
    runs = [each.body for each in reversed(found) if not each.body.get("validation")]
    return json_answer(runs)


async def progress(request: web.Request) -> web.Response:
    """How much of the planned duration is over, 0 to 100."""
    value = await _runs(request).progress(request.match_info["id"], crud.user_of(request))
    return json_answer({"value": value})


async def stop(request: web.Request) -> web.Response:
    """Ask a run to end; it is ABORTED a little later."""
    principal = request[PRINCIPAL]
    result = await _runs(request).stop(
        request.match_info["id"], principal.user_id, by=principal.username
    )
    return document_answer(result)


async def docker_logs(request: web.Request) -> web.Response:
    """Lines of the generators' start: {timestamp, container, level, message}."""
    directory = await _runs(request).directory(request.match_info["id"], crud.user_of(request))
    return json_answer(await asyncio.to_thread(directory.start_up_lines))


async def run_validation(request: web.Request) -> web.Response:
    """Validate a virtual user; refused when the sanity check finds an ERROR."""
    asked = ValidationRequest.of(await read_object(request))
    result = await _runs(request).validations.start(
        request.match_info["virtualUserId"], crud.user_of(request), asked
    )
    return document_answer(result)


async def latest_validation(request: web.Request) -> web.Response:
    """Bench result of the latest validation."""
    result = await _runs(request).validations.latest(
        request.match_info["virtualUserId"], crud.user_of(request)
    )
    return document_answer(result)


async def validation_index(request: web.Request) -> web.Response:
    """How often each action passed, and when."""
    entries = await _runs(request).validations.index(
        request.match_info["virtualUserId"], crud.user_of(request)
    )
    return json_answer(entries)


async def validation_http(request: web.Request) -> web.Response:
    """One exchange, as recorded and as played."""
    detail = await _runs(request).validations.detail(
        request.match_info["virtualUserId"],
        request.match_info["actionId"],
        crud.user_of(request),
        _timestamp(request),
    )
    return json_answer(detail)


async def validation_body(request: web.Request) -> web.Response:
    """One body; never shown by a browser, since it is the target's."""
    body = await _runs(request).validations.body(
        request.match_info["virtualUserId"],
        request.match_info["actionId"],
        crud.user_of(request),
        kind=required_query(request, "kind"),
        timestamp=_timestamp(request),
    )
    return web.Response(
        body=body, headers=attachment_headers("body"), content_type="application/octet-stream"
    )


def _timestamp(request: web.Request) -> int | None:
    text = request.query.get("timestamp", "")
    return whole_number("timestamp", text) if text else None


async def file_names(request: web.Request) -> web.Response:
    """Names of the run files, once the run is over."""
    run_id, user_id = request.match_info["id"], crud.user_of(request)
    result = await crud.documents_of(request).get(KIND, run_id, user_id=user_id)
    if not is_over(result.body["state"]):
        return json_answer([])
    directory = await _runs(request).directory(run_id, user_id)
    return json_answer(await asyncio.to_thread(directory.names))


async def file_bytes(request: web.Request) -> web.StreamResponse:
    """A run file as it is stored; gzip stays gzip, without a Content-Encoding."""
    name = required_query(request, "filename")
    directory = await _runs(request).directory(request.match_info["id"], crud.user_of(request))
    path = directory.file(name)
    answer = web.StreamResponse(headers=attachment_headers(name))
    answer.content_type = "application/octet-stream"
    with await asyncio.to_thread(path.open, "rb") as file:
        await answer.prepare(request)
        while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
            await answer.write(piece)
    await answer.write_eof()
    return answer


async def file_lines(request: web.Request) -> web.Response:
    """So many lines of a run file, unpacked; `offset` counts from 0, or from the end below 0."""
    wanted = min(whole_number("lines", request.match_info["lines"]), MAX_LINES)
    directory = await _runs(request).directory(request.match_info["id"], crud.user_of(request))
    path = directory.file(required_query(request, "filename"))
    text = request.query.get("offset", "0")
    offset = -whole_number("offset", text[1:]) if text[:1] == "-" else whole_number("offset", text)
    return text_answer(await asyncio.to_thread(read_lines, path, offset, wanted))


async def zipped_files(request: web.Request) -> web.StreamResponse:
    """All run files in one archive."""
    run_id = request.match_info["id"]
    directory = await _runs(request).directory(run_id, crud.user_of(request))
    answer = web.StreamResponse(headers=attachment_headers(f"{run_id}.zip"))
    answer.content_type = "application/zip"
    with await asyncio.to_thread(directory.zipped) as archive:
        await answer.prepare(request)
        while piece := await asyncio.to_thread(archive.read, _PIECE_BYTES):
            await answer.write(piece)
    await answer.write_eof()
    return answer


async def delete_file(request: web.Request) -> web.Response:
    """Delete a run file.

    Raises:
        Forbidden: the user's role may not change runs.
    """
    name = required_query(request, "filename")
    await _runs(request).delete_file(request.match_info["id"], crud.user_of(request), name)
    return no_content()
