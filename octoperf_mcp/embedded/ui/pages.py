"""Every page of the web UI by its address: what deep links point at, and the lists above them."""

from importlib.resources import files

from aiohttp import web

from octoperf_mcp.embedded.ui import (
    account,
    administration,
    analysis,
    ci_tokens,
    design,
    imports,
    launches,
    live,
    load,
    notices,
    parts,
    project_files,
    providers,
    revisions,
    runtime,
    schedules,
    theme,
    tools,
    validations,
    workspaces,
)
from octoperf_mcp.embedded.ui.forms import (
    Submitted,
    administered,
    administering,
    submitted,
    submitted_file,
)
from octoperf_mcp.embedded.ui.rendering import HEADERS, Page, View, page

_PROJECT = "/ui/workspace/{workspaceId}/project/{projectId}"
_STATIC = {
    "ui.css": "text/css",
    "icon.svg": "image/svg+xml",
    "heat.js": "text/javascript",
    "live.js": "text/javascript",
}
_CHARTS = {
    "charts.css": "text/css",
    "charts.js": "text/javascript",
    "uPlot.iife.min.js": "text/javascript",
    "uPlot.min.css": "text/css",
    "uPlot-LICENSE.txt": "text/plain",
}
"""Files of octoperf_mcp.charts, which the bridge needs, too."""
_FILES = {
    **{
        name: (files("octoperf_mcp.embedded.ui").joinpath("static", name).read_bytes(), kind)
        for name, kind in _STATIC.items()
    },
    **{
        name: (files("octoperf_mcp.charts").joinpath(name).read_bytes(), kind)
        for name, kind in _CHARTS.items()
    },
}


def add_pages(app: web.Application) -> None:
    """Serve all pages; what is watched live ends when the application stops."""
    app[live.WATCHERS] = watchers = live.Watchers()
    app.on_shutdown.append(watchers.close)
    app.add_routes([*routes(), web.get("/ui/{missing:.+}", page(_missing))])


def routes() -> list[web.RouteDef]:
    """All pages; sign-in and sign-out belong to the identity provider."""
    return [
        web.get("/ui/static/{name}", _static),
        web.get("/", _to_home),
        web.get("/ui", _to_home),
        web.get("/ui/", page(workspaces.home)),
        web.get("/ui/workspace", page(workspaces.home)),
        web.post(theme.THEME, submitted(theme.choose)),
        *_people(),
        web.get("/ui/workspace/{workspaceId}/load-target", page(launches.targets)),
        web.post("/ui/workspace/{workspaceId}/load-target", submitted(launches.change_targets)),
        web.get("/ui/workspace/{workspaceId}/member", page(workspaces.members)),
        web.get("/ui/workspace/{workspaceId}", page(workspaces.workspace)),
        web.get("/ui/workspace/{workspaceId}/project", page(workspaces.workspace)),
        web.get("/ui/workspace/{workspaceId}/docker-provider", page(workspaces.workspace)),
        web.post("/ui/workspace/{workspaceId}/docker-provider", submitted(providers.create)),
        web.get(
            "/ui/workspace/{workspaceId}/docker-provider/{providerId}", page(providers.provider)
        ),
        web.post(
            "/ui/workspace/{workspaceId}/docker-provider/{providerId}", submitted(providers.change)
        ),
        web.get(_PROJECT, _project),
        web.get(f"{_PROJECT}/design/virtual-user", page(design.virtual_users)),
        web.post(f"{_PROJECT}/design/virtual-user", submitted_file(imports.run)),
        web.get(f"{_PROJECT}/design/virtual-user/{{virtualUserId}}", page(design.virtual_user)),
        web.get(
            f"{_PROJECT}/design/virtual-user/{{virtualUserId}}/revision/{{version}}",
            page(revisions.virtual_user_revision),
        ),
        web.get(
            f"{_PROJECT}/design/virtual-user/{{virtualUserId}}/validation",
            page(validations.validation),
        ),
        web.get(f"{_PROJECT}/design/http-server", page(parts.servers)),
        web.get(f"{_PROJECT}/design/http-server/{{httpServerId}}", page(parts.server)),
        web.get(f"{_PROJECT}/design/variable", page(parts.variables)),
        web.get(f"{_PROJECT}/design/variable/{{variableId}}", page(parts.variable)),
        web.get(f"{_PROJECT}/design/project-file", page(project_files.listing)),
        web.post(f"{_PROJECT}/design/project-file", submitted_file(project_files.put)),
        web.get(f"{_PROJECT}/design/project-file/download", page(project_files.download)),
        web.get(f"{_PROJECT}/design/correlation-rule", page(parts.correlation_rules)),
        web.get(f"{_PROJECT}/design/correlation-rule/{{ruleId}}", page(parts.correlation_rule)),
        web.get(f"{_PROJECT}/runtime/scenario", page(runtime.scenarios)),
        web.get(f"{_PROJECT}/runtime/scenario/{{scenarioId}}", page(runtime.scenario)),
        web.get(f"{_PROJECT}/runtime/scheduled-job", page(schedules.jobs)),
        web.post(f"{_PROJECT}/runtime/scheduled-job/{{jobId}}", submitted(schedules.change)),
        web.get(f"{_PROJECT}/analysis/report", page(analysis.reports)),
        web.get(f"{_PROJECT}/analysis/report/{{reportId}}", page(analysis.report)),
        web.get(f"{_PROJECT}/analysis/report/{{reportId}}/live", page(live.watch)),
        web.get(f"{_PROJECT}/analysis/bench-result/{{benchResultId}}", page(analysis.bench_result)),
        web.post(
            f"{_PROJECT}/analysis/bench-result/{{benchResultId}}/stop", submitted(load.stop_run)
        ),
        web.get(
            f"{_PROJECT}/analysis/bench-result/{{benchResultId}}/file/{{filename}}",
            page(load.run_file),
        ),
    ]


def _people() -> list[web.RouteDef]:
    """Account and administration; the forms there are sent to the pages' own addresses."""
    users, clients = administration.USERS, administration.CLIENTS
    people: list[tuple[str, View]] = [
        (users, administration.users),
        (f"{users}/{{userId}}", administration.user),
        (clients, administration.clients),
        (f"{clients}/{{clientId}}", administration.client),
        (administration.ACTIVITY, administration.activity),
        (tools.HERE, tools.tools),
        (load.LOAD, load.load),
        (notices.HERE, notices.notices),
    ]
    changes: list[tuple[str, Submitted]] = [
        (users, administration.add_user),
        (f"{users}/{{userId}}/{{action}}", administration.change_user),
        (load.LOAD, load.stop_all),
        (notices.HERE, notices.again),
        (f"{clients}/unused", administration.prune_clients),
        (f"{tools.HERE}/{{kind}}/{{name}}/{{state}}", tools.turn),
        (f"{clients}/{{clientId}}", administration.delete_client),
    ]
    return [
        web.get(account.PROFILE, page(account.profile)),
        web.get(account.CONNECTED, page(account.connected)),
        web.get(f"{account.CONNECTED}/{{grantId}}", page(account.connection)),
        web.post(f"{account.CONNECTED}/{{grantId}}", submitted(account.revoke)),
        web.get(account.TOKENS, page(ci_tokens.tokens)),
        web.post(account.TOKENS, submitted(ci_tokens.create)),
        web.get(launches.SUBSCRIPTION, page(launches.subscription)),
        web.get(account.PASSWORD, page(account.password)),
        web.post(account.PASSWORD, submitted(account.change_password)),
        web.get(account.ACTIVITY, page(account.activity)),
        *(web.get(path, page(administered(view))) for path, view in people),
        *(web.post(path, submitted(administering(change))) for path, change in changes),
    ]


async def _missing(_page: Page) -> web.StreamResponse:
    """What `page` says kindly."""
    raise web.HTTPNotFound


async def _static(request: web.Request) -> web.Response:
    found = _FILES.get(request.match_info["name"])
    if found is None:
        raise web.HTTPNotFound
    headers = {**HEADERS, "Cache-Control": "public, max-age=300"}
    return web.Response(body=found[0], content_type=found[1], headers=headers)


async def _to_home(_request: web.Request) -> web.Response:
    raise web.HTTPFound("/ui/")


async def _project(request: web.Request) -> web.Response:
    """An address cut short leads to the first page of the project."""
    raise web.HTTPFound(f"{request.path.rstrip('/')}/design/virtual-user")
