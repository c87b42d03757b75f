"""Pages: who may see them, the templates, and the headers every page carries."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import jinja2
from aiohttp import web

from octoperf_mcp.embedded.failures import Failure
from octoperf_mcp.embedded.platform import PLATFORM, Platform, Principal
from octoperf_mcp.embedded.ui.svg import clock, short

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_SCRIPTED = {
    **HEADERS,
    "Content-Security-Policy": (
        HEADERS["Content-Security-Policy"] + "; script-src 'self'; connect-src 'self'"
    ),
}
THEME_COOKIE = "octoperf_theme"
THEMES = ("light", "dark")
"""What a person may choose; otherwise the page is as the system wants it."""

_AREAS = (
    ("Virtual users", "design/virtual-user"),
    ("Servers", "design/http-server"),
    ("Variables", "design/variable"),
    ("Files", "design/project-file"),
    ("Correlation rules", "design/correlation-rule"),
    ("Scenarios", "runtime/scenario"),
    ("Scheduled jobs", "runtime/scheduled-job"),
    ("Reports", "analysis/report"),
)

_templates = jinja2.Environment(
    loader=jinja2.PackageLoader("octoperf_mcp.embedded.ui"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["moment"] = clock


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a listing: text, perhaps a link, perhaps a state."""

    text: str
    href: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a listing page."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    empty: str


@dataclass(frozen=True, slots=True)
class Page:
    """What a view works with: the request, the platform, the signed-in user."""

    request: web.Request
    platform: Platform
    user: Principal

    def part(self, name: str) -> str:
        """A part of the path, such as `projectId`."""
        return self.request.match_info[name]

    async def get(self, kind: str, document_id: str) -> dict[str, Any]:
        """Body of a document that the user may see."""
        found = await self.platform.documents.get(kind, document_id, user_id=self.user.user_id)
        return found.body

    async def of_project(self, kind: str) -> list[dict[str, Any]]:
        """Bodies of all documents of a kind in the project of this page."""
        found = await self.platform.documents.list(
            kind, user_id=self.user.user_id, project_id=self.part("projectId")
        )
        return [document.body for document in found]

    async def project(self) -> dict[str, Any]:
        """The project of this page.

        Raises:
            web.HTTPNotFound: it is not in the workspace that the address names.
        """
        project = await self.get("project", self.part("projectId"))
        if project["workspaceId"] != self.part("workspaceId"):
            raise web.HTTPNotFound
        return project

    @property
    def project_path(self) -> str:
        """Start of the addresses of this project's pages."""
        return f"/ui/workspace/{self.part('workspaceId')}/project/{self.part('projectId')}"

    async def show_in_project(self, template: str, area: str, **values: Any) -> web.Response:
        """A page of a project, with its path and its areas on top."""
        project = await self.project()
        workspace = await self.get("workspace", project["workspaceId"])
        crumbs = [
            (workspace["name"], f"/ui/workspace/{workspace['id']}"),
            (project["name"], f"{self.project_path}/design/virtual-user"),
        ]
        areas = [(name, f"{self.project_path}/{path}", path == area) for name, path in _AREAS]
        return self.show(template, crumbs=crumbs, areas=areas, **values)

    def show(
        self,
        template: str,
        *,
        status: int = 200,
        scripts: Sequence[str] = (),
        styles: Sequence[str] = (),
        **values: Any,
    ) -> web.Response:
        """A page; `scripts` and further `styles` are names of static files."""
        request = self.request
        chosen = request.cookies.get(THEME_COOKIE, "")
        text = rendered(
            template,
            **{
                "user": self.user,
                "crumbs": [],
                "areas": [],
                "areas_label": "Project",
                "form_text": self.platform.identity.anti_forgery(request),
                "theme": chosen if chosen in THEMES else "",
                "here": request.path_qs if request.method == "GET" else "/ui/",
                "scripts": scripts,
                "styles": styles,
                **values,
            },
        )
        headers = _SCRIPTED if scripts else HEADERS
        return web.Response(text=text, content_type="text/html", status=status, headers=headers)


View = Callable[[Page], Awaitable[web.StreamResponse]]


def page(view: View) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A handler that shows `view` to a signed-in user, and says kindly when there is nothing."""

    @wraps(view)
    async def handler(request: web.Request) -> web.StreamResponse:
        platform = request.app[PLATFORM]
        user = await platform.identity.browser_user(request)
        if user is None:
            raise platform.identity.sign_in_redirect(request)
        shown = Page(request, platform, user)
        try:
            return await view(shown)
        except (Failure, web.HTTPNotFound):
            return shown.show(
                "message.html",
                status=404,
                heading="Not here",
                sub="Nothing of that address exists that you may see. It may have been deleted.",
            )

    return handler


def rendered(template: str, **values: Any) -> str:
    """A template's text, with every value escaped."""
    return _templates.get_template(template).render(values)


def when(epoch_ms: Any) -> str:
    """A date for people; empty when there is none."""
    return clock(epoch_ms) if isinstance(epoch_ms, int | float) and epoch_ms else ""


def count(number: int, noun: str) -> str:
    """`3 users`, `1 user`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def figure(value: float, unit: str) -> str:
    """A value with its unit, as people read it."""
    return f"{short(value)} {unit}".rstrip()
