"""Correlation rules of projects."""

from aiohttp import web

from octoperf_mcp.embedded.rest import crud

KIND = "correlation_rule"


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    base = "/design/correlation-rules"
    return [
        web.get(f"{base}/by-project/{{projectId}}", crud.by_project(KIND)),
        web.post(base, crud.create(KIND)),
        web.get(f"{base}/{{id}}", crud.read(KIND)),
        web.put(f"{base}/{{id}}", crud.replace(KIND)),
        web.delete(f"{base}/{{id}}", crud.delete(KIND)),
    ]
