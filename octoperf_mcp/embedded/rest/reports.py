"""Bench reports: `/analysis/bench-reports/**`.

The platform makes them itself when a run starts.
"""

from aiohttp import web

from octoperf_mcp.embedded.rest import crud

_KIND = "bench_report"
_REPORTS = "/analysis/bench-reports"


def routes() -> list[web.RouteDef]:
    """Read, list, replace, delete."""
    return [
        web.get(f"{_REPORTS}/by-project/{{projectId}}", crud.by_project(_KIND)),
        web.get(f"{_REPORTS}/revisions/{{id}}", crud.revisions(_KIND)),
        web.get(f"{_REPORTS}/revisions/{{id}}/{{version}}", crud.revision(_KIND)),
        web.get(f"{_REPORTS}/{{id}}", crud.read(_KIND)),
        web.put(f"{_REPORTS}/{{id}}", crud.replace(_KIND)),
        web.delete(f"{_REPORTS}/{{id}}", crud.delete(_KIND)),
    ]
