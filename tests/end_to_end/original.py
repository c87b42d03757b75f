"""A stub that speaks the wire shapes of the original's design time, and an issuer beside it.

Written after what public clients of the original send and read: bare lists, whole entities on PUT,
201 on create, 204 without a body on DELETE, dates in epoch milliseconds, tasks whose id is plain
text and whose result is empty while they run, no capabilities, no revisions. Its virtual user has
an action and properties that only a newer platform knows.
"""

from __future__ import annotations

import copy
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.end_to_end.test_remote_issuer import Elsewhere

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

Json = dict[str, Any]
NOW = 1_764_000_000_000
OWNED = {"id": "", "userId": "u1", "projectId": "p1"}
DATED = {"created": NOW, "lastModified": NOW}

PROJECT: Json = {
    "id": "p1", "userId": "u1", "workspaceId": "w1", "name": "Shop", "description": "",
    "type": "DESIGN", "tags": [], **DATED,
}  # fmt: skip
REQUEST: Json = {
    "@type": "HttpRequestAction", "id": "a1", "name": "Home", "enabled": True, "serverId": "s1",
    "method": "GET", "path": "/${word}", "parameters": [], "headers": [], "children": [],
    "newerSetting": {"kept": True},
}  # fmt: skip
NEWER: Json = {"@type": "QuantumAction", "id": "a2", "name": "Newer", "enabled": True, "spin": 0.5}
VIRTUAL_USER: Json = {
    **OWNED, "@type": "VirtualUser", "id": "v1", "name": "Visitor", "description": "",
    "type": "JMETER", "tags": [], "children": [REQUEST, NEWER], "newerFlag": True, **DATED,
}  # fmt: skip
SERVER: Json = {
    **OWNED, "id": "s1", "name": "shop", "protocol": "HTTPS", "hostname": "shop.example",
    "port": 443, "connectTimeoutMs": 0, "responseTimeoutMs": 0, "authorizations": [], **DATED,
}  # fmt: skip
UNUSED_SERVER: Json = {**SERVER, "id": "s2", "hostname": "old.example", "name": "old"}
VARIABLE: Json = {
    **OWNED, "id": "x1", "name": "word", "description": "",
    "variable": {"@type": "ConstantVariable", "value": "lamp"},
}  # fmt: skip
RULE: Json = {
    **OWNED, "id": "r1", "name": "csrf", "description": "", "enabled": True,
    "extractor": {
        "@type": "RegexpVariableExtractor", "id": "", "name": "csrf", "enabled": True,
        "variable": "csrf", "regexp": "csrf=(.+?)", "template": "$1$", "matchNumber": 1,
        "extractFrom": "BODY", "defaultValue": "", "applyTo": "REQUEST_ONLY",
    },
    "injectionRules": [{"@type": "PostParamValueInjectionRule", "enabled": True, "name": "csrf"}],
    **DATED,
}  # fmt: skip
PROVIDER: Json = {
    "id": "d1", "name": "Cloud", "description": "", "type": "AMAZON_EC2", "userId": "u1",
    "workspaceId": "w1", "regions": {"eu-west-1": {"name": "Ireland"}},
    "locations": [{"name": "eu-west-1", "description": "Ireland"}], **DATED,
}  # fmt: skip
SCENARIO: Json = {
    **OWNED, "id": "c1", "name": "Load", "description": "", "mode": "STANDARD", "tags": [],
    "userProfiles": [], **DATED,
}  # fmt: skip
FRAMEWORK: Json = {"id": "dotnet", "name": ".NET", "description": "", "rules": [RULE]}


def described(virtual_user: Json) -> Json:
    return {name: value for name, value in virtual_user.items() if name != "children"}


class Original(Elsewhere):
    """`lines` are the requests as they came; `refused` those that the original does not have."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.lines: list[str] = []
        self.bodies: dict[str, Any] = {}
        self.refused: list[str] = []
        self.polls = 0
        self.routes = dict(self._routes())

    def _routes(self) -> list[tuple[str, Callable[[Any], tuple[int, Any]]]]:
        def gives(value: Any) -> Callable[[Any], tuple[int, Any]]:
            return lambda _: (200, value)

        def made(known_as: str) -> Callable[[Any], tuple[int, Any]]:
            return lambda body: (201, {**body, "id": known_as, "userId": "u1"})

        def put(body: Any) -> tuple[int, Any]:
            return 200, body

        def gone(_: Any) -> tuple[int, Any]:
            return 204, None

        imported = {**VIRTUAL_USER, "id": "v2"}
        copied = {**VIRTUAL_USER, "id": "v3", "name": "Visitor (copy)"}
        signed = {"url": f"{self.origin}/public/presigned/t", "expiresAt": NOW}
        design = "/design"
        return [
            ("GET /workspaces/member-of", gives([{"id": "w1", "name": "Default",
                "description": "", "userId": "u1", **DATED}])),
            ("GET /workspaces/docker-providers/by-workspace/w1", gives([PROVIDER])),
            ("GET /workspaces/docker-providers/public", gives([PROVIDER])),
            ("GET /design/projects/by-workspace/w1/DESIGN", gives([PROJECT])),
            (f"GET {design}/projects/p1", gives(PROJECT)),
            (f"PUT {design}/projects/p1", put),
            (f"POST {design}/projects", made("p2")),
            (f"GET {design}/projects/p2", gives({**PROJECT, "id": "p2"})),
            ("GET /runtime/scenarios/by-project/p1", gives([SCENARIO])),
            (f"GET {design}/virtual-users/description/by-project/p1",
                gives([described(VIRTUAL_USER)])),
            (f"GET {design}/virtual-users/description/v1", gives(described(VIRTUAL_USER))),
            (f"GET {design}/virtual-users/v1", gives(VIRTUAL_USER)),
            (f"GET {design}/virtual-users/v3", gives(copied)),
            (f"GET {design}/virtual-users/by-project/p1", gives([VIRTUAL_USER])),
            (f"PUT {design}/virtual-users/v1", put),
            (f"PUT {design}/virtual-users/v3", put),
            (f"DELETE {design}/virtual-users/v1", gone),
            (f"POST {design}/virtual-users/duplicate/v1", lambda _: (201, copied)),
            (f"GET {design}/variables/by-project/p1", gives([VARIABLE])),
            (f"GET {design}/variables/usages/by-project/p1", gives(
                [{"variableId": "x1", "virtualUsers": [{"id": "v1", "name": "Visitor"}]}])),
            (f"POST {design}/variables", made("x2")),
            (f"DELETE {design}/variables/x1", gone),
            (f"GET {design}/http-servers/by-project/p1", gives([SERVER, UNUSED_SERVER])),
            (f"GET {design}/http-servers/s1", gives(SERVER)),
            (f"PUT {design}/http-servers/s1", put),
            (f"GET {design}/http-servers/usages/s1", gives(
                [{"virtualUserId": "v1", "virtualUserName": "Visitor", "actionIds": ["a1"]}])),
            (f"GET {design}/http-servers/usages/s2", gives([])),
            (f"DELETE {design}/http-servers/s1", gone),
            (f"POST {design}/http-servers/by-project/p1", gone),
            (f"GET {design}/project-files/list/p1", gives(["users.csv"])),
            (f"GET {design}/project-files/p1/\\d+", gives("login,word\nada,lamplight\n")),
            (f"DELETE {design}/project-files/p1", gone),
            (f"GET {design}/correlation-rules/by-project/p1", gives([RULE])),
            (f"GET {design}/correlation-rules/r1", gives(RULE)),
            (f"POST {design}/correlation-rules", made("r2")),
            (f"DELETE {design}/correlation-rules/r1", gone),
            (f"GET {design}/correlation-frameworks", gives([FRAMEWORK])),
            (f"POST {design}/correlation-rules/add-framework/p1/dotnet", gives([RULE])),
            ("POST /tasks", lambda _: (200, "task-1")),
            ("GET /tasks/task-1/result", lambda _: self._task()),
            ("POST /presigned-urls", lambda body: (200, {**signed, "method": body["method"]})),
            ("POST /public/presigned/t", gives(imported)),
            ("POST /imports/urls/p1", lambda _: (201, imported)),
            ("POST /imports/web-driver/p1", lambda _: (201, {**imported, "type": "WEB_DRIVER"})),
            ("POST /imports/(?:har|postman|playwright|archive)/p1", gives(imported)),
            ("POST /imports/jmx/p1", gives({"virtualUsers": [imported]})),
        ]  # fmt: skip

    def _task(self) -> tuple[int, Any]:
        self.polls += 1
        return 200, None if self.polls == 1 else {"virtualUserId": "v1"}

    async def rest(self, request: web.Request) -> web.StreamResponse:
        line = f"{request.method} {request.path}"
        if request.path == "/capabilities":
            return self._missing(request)
        self.lines.append(line)
        answer = next((one for key, one in self.routes.items() if re.fullmatch(key, line)), None)
        if answer is None:
            self.refused.append(line)
            return self._missing(request)
        public = request.path.startswith("/public/")
        assert public != request.headers.get("Authorization", "").startswith("Bearer ")
        body = await self._body(request)
        self.bodies[line] = body
        status, value = answer(copy.deepcopy(body))
        if value is None:
            return web.Response(status=status)
        if isinstance(value, str):
            return web.Response(text=value, status=status)
        return web.json_response(value, status=status)

    async def _body(self, request: web.Request) -> Any:
        if request.content_type == "application/json":
            return await request.json()
        if request.content_type == "multipart/form-data":
            return {name: await _text(value) for name, value in (await request.post()).items()}
        assert not request.can_read_body
        return None

    def _missing(self, request: web.Request) -> web.Response:
        body = {"timestamp": NOW, "status": 404, "error": "Not Found", "message": "",
                "path": request.path}  # fmt: skip
        return web.json_response(body, status=404)

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_get("/.well-known/oauth-authorization-server", self.metadata)
        app.router.add_get("/jwks", self.jwks)
        app.router.add_route("*", "/{rest:.*}", self.rest)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port, reuse_address=True).start()
        try:
            yield
        finally:
            await runner.cleanup()


async def _text(value: Any) -> str:
    return value if isinstance(value, str) else value.file.read().decode()
