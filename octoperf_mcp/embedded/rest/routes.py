"""All routes of the REST API."""

from aiohttp import web

from octoperf_mcp.embedded.rest import (
    capabilities,
    correlation_rules,
    docker_agents,
    docker_providers,
    exports,
    http_servers,
    imports,
    kept_values,
    launches,
    maven_scenarios,
    metrics,
    presigned,
    project_files,
    projects,
    report_templates,
    reports,
    runs,
    scenarios,
    scheduled_jobs,
    statistics,
    tasks,
    users,
    variables,
    virtual_users,
    workspaces,
)

_MODULES = (
    capabilities,
    correlation_rules,
    docker_agents,
    docker_providers,
    exports,
    http_servers,
    imports,
    kept_values,
    launches,
    maven_scenarios,
    metrics,
    presigned,
    project_files,
    projects,
    report_templates,
    reports,
    runs,
    scenarios,
    scheduled_jobs,
    statistics,
    tasks,
    users,
    variables,
    virtual_users,
    workspaces,
)


def rest_routes() -> list[web.RouteDef]:
    """Routes of every module."""
    return [route for module in _MODULES for route in module.routes()]
