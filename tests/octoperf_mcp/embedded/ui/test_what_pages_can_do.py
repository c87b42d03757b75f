"""What a person can do on a page, an agent can do with a tool: every form, in every state.

The forms are read from the templates, which hold all states, and from the pages as they are served.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest

import octoperf_mcp.embedded
from octoperf_mcp.embedded.ui import imports, pages
from octoperf_mcp.registry.manager import load_registry
from tests.octoperf_mcp.embedded.ui.test_people import World, world

__all__ = ["world"]

EMBEDDED = Path(octoperf_mcp.embedded.__file__).parent
SCRIPTS = EMBEDDED / "ui" / "static"
REGISTRY = load_registry()

WITHHELD = frozenset(
    ("sign-in", "consent", "passwords", "tokens", "grants", "administration", "looks")
)
"""What is a person's alone. `looks` is how this browser shows the pages."""

PROJECT = "/ui/workspace/{workspaceId}/project/{projectId}"
PROVIDER = "/ui/workspace/{workspaceId}/docker-provider"
TARGETS = "/ui/workspace/{workspaceId}/load-target"
JOB = f"{PROJECT}/runtime/scheduled-job/{{jobId}}"
USERS = "/ui/administration/users"


@dataclass(frozen=True)
class Doing:
    """One button: its template, what it sends or says, the route that takes it.

    `withheld` is why no tool does it; else `tools` do, by the REST call `call`.
    """

    template: str
    submit: str
    route: str
    withheld: str = ""
    call: str = ""
    tools: tuple[str, ...] = ()


TABLE = (
    Doing("base", "theme", "/ui/theme", "looks"),
    Doing("sign_in", "Sign in", "/ui/access/login", "sign-in"),
    Doing("sign_out", "Sign out", "/ui/access/logout", "sign-in"),
    Doing("consent", "Use another account", "/ui/access/logout", "sign-in"),
    Doing("consent", "allow", "/auth/oauth2/authorize", "consent"),
    Doing("consent", "deny", "/auth/oauth2/authorize", "consent"),
    Doing("ci_tokens", "Make the token, and show it once", "/ui/account/profile/ci-tokens", "tokens"),
    Doing("connected_app", "Revoke access", "/ui/account/profile/connected-apps/{grantId}", "grants"),
    Doing("password", "Change the password", "/ui/account/password", "passwords"),
    Doing("clients", "Delete unused clients", "/ui/administration/oauth-clients/unused",
        "administration"),
    Doing("client", "Delete the client", "/ui/administration/oauth-clients/{clientId}",
        "administration"),
    Doing("users", "Add, and show a password", USERS, "administration"),
    Doing("user", "Make a new password", f"{USERS}/{{userId}}/{{action}}", "passwords"),
    Doing("user", "Let in again", f"{USERS}/{{userId}}/{{action}}", "administration"),
    Doing("user", "Lock out", f"{USERS}/{{userId}}/{{action}}", "administration"),
    Doing("user", "X", f"{USERS}/{{userId}}/{{action}}", "administration"),
    Doing("notices", "Send again what was given up", "/ui/administration/notices",
        "administration"),
    Doing("load", "Stop all load", "/ui/administration/load", "administration"),
    Doing("tools", "X", "/ui/administration/tools/{kind}/{name}/{state}", "administration"),
    # whoever confirms a target answers for it with their name
    Doing("load_targets", "I may put this host under load", TARGETS, "consent"),
    Doing("load_targets", "withdraw", TARGETS, "consent"),
    # who may run what on which machine is settled by those who administer the workspace
    Doing("workspace", "Add it", PROVIDER, "administration"),
    Doing("provider", "add-location", f"{PROVIDER}/{{providerId}}", "administration"),
    Doing("provider", "remove-location", f"{PROVIDER}/{{providerId}}", "administration"),
    Doing("provider", "forget", f"{PROVIDER}/{{providerId}}", "administration"),
    Doing("provider", "token", f"{PROVIDER}/{{providerId}}", "tokens"),
    Doing("provider", "revoke", f"{PROVIDER}/{{providerId}}", "tokens"),
    Doing("project_files", "Upload", f"{PROJECT}/design/project-file",
        call="POST /design/project-files/{projectId}", tools=("upload_project_file",)),
    Doing("report_runs", "Stop the run",
        f"{PROJECT}/analysis/bench-result/{{benchResultId}}/stop",
        call="POST /runtime/bench-results/stop/{id}", tools=("stop_bench_result",)),
    Doing("scheduled_jobs", "disable", JOB,
        call="POST /runtime/scheduled-jobs/disable/{id}", tools=("disable_scheduled_job",)),
    Doing("scheduled_jobs", "enable", JOB,
        call="POST /runtime/scheduled-jobs/enable/{id}", tools=("enable_scheduled_job",)),
    Doing("scheduled_jobs", "delete", JOB,
        call="DELETE /runtime/scheduled-jobs/{id}", tools=("delete_scheduled_job",)),
    Doing("virtual_users", "Import the file", f"{PROJECT}/design/virtual-user",
        call="POST /imports/har/{projectId}", tools=(
            "import_har_virtual_user", "upload_jmx_virtual_user", "import_postman_virtual_user",
            "import_playwright_virtual_user", "import_archive_virtual_user",
        )),
    Doing("virtual_users", "Import the addresses", f"{PROJECT}/design/virtual-user",
        call="POST /imports/urls/{projectId}", tools=(
            "import_urls_virtual_user", "import_webdriver_virtual_user",
        )),
)  # fmt: skip


class Buttons(HTMLParser):
    """Each submit button of a page, with the address of its form; inputs that submit, too."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.links: list[str] = []
        self._action = ""
        self._button: dict[str, str | None] | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fields = dict(attrs)
        if tag == "a":
            self.links.append(fields.get("href") or "")
        elif tag == "form":
            self._action = fields.get("action") or ""
        elif tag == "button":
            self._button, self._text = fields, ""
        elif tag == "input" and fields.get("type") in {"submit", "image"}:
            self.found.append((self._action, str(fields.get("value"))))

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "button" and self._button is not None:
            name = self._button.get("name")
            sent = {"theme": "theme"}.get(name or "", self._button.get("value") if name else "")
            self.found.append((self._action, sent or " ".join(self._text.split())))
            self._button = None
        elif tag == "form":
            self._action = ""


def read(text: str) -> Buttons:
    parser = Buttons()
    parser.feed(text)
    return parser


def templates() -> Iterator[tuple[str, str]]:
    """Name and text of each template, all of whose branches are taken."""
    for folder in ("ui", "idp"):
        for path in sorted((EMBEDDED / folder / "templates").glob("*.html")):
            text = re.sub(r"\{%.*?%\}|\{#.*?#\}", "", path.read_text("utf-8"), flags=re.DOTALL)
            yield path.stem, re.sub(r"\{\{.*?\}\}", "X", text, flags=re.DOTALL)


def test_every_button_of_every_template_is_accounted_for() -> None:
    """A new one needs a line in TABLE: the tool that does the same, or why it is a person's."""
    seen = {(name, submit) for name, text in templates() for _, submit in read(text).found}
    assert seen == {(doing.template, doing.submit) for doing in TABLE}


def test_every_form_that_a_page_takes_is_accounted_for() -> None:
    taken = {route.path for route in pages.routes() if route.method == "POST"}
    routes = {doing.route for doing in TABLE}
    assert taken == {route for route in routes if not route.startswith(("/ui/access/", "/auth/"))}


@pytest.mark.parametrize("doing", TABLE, ids=lambda doing: f"{doing.template}: {doing.submit}")
def test_each_button_is_a_persons_alone_or_some_tools(doing: Doing) -> None:
    if doing.withheld:
        assert doing.withheld in WITHHELD
        assert not doing.tools
        return
    assert doing.tools
    for tool in doing.tools:
        assert tool in REGISTRY.tools
        calls = REGISTRY.routes[REGISTRY.owners[tool]].values()
        assert doing.call in {call.endpoint for call in calls}


def test_each_kind_of_import_has_its_tool() -> None:
    kinds = {kind for kind, _ in imports.FILES} | set(imports.LISTS)
    paths = {call.path for call in REGISTRY.routes["import"].values()}
    assert {f"/imports/{kind}/{{projectId}}" for kind in kinds} <= paths


def test_scripts_of_the_pages_only_read() -> None:
    for path in SCRIPTS.glob("*.js"):
        text = path.read_text("utf-8")
        for writing in ("XMLHttpRequest", "sendBeacon", "method:", ".submit(", "requestSubmit"):
            assert writing not in text, path.name


def matched(address: str) -> str:
    path = urlsplit(address).path
    routes = sorted({doing.route for doing in TABLE}, key=lambda route: route.count("{"))
    for route in routes:
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route)), path):
            return route
    return path


async def test_every_button_of_the_pages_as_they_are_served_is_in_the_table(world: World) -> None:
    """What an administrator reaches from the first page by links."""
    user_id = world.ids["demo"]
    (space,) = await world.platform.documents.list("workspace", user_id=user_id)
    await world.platform.documents.create(
        "project", {"name": "p"}, user_id=user_id, workspace_id=space.id
    )
    person = await world.person("demo")
    known: dict[str, set[str]] = {}
    for doing in TABLE:
        known.setdefault(doing.route, set()).add(doing.submit)
    waiting, seen, buttons = ["/ui/"], {"/ui/"}, 0
    while waiting:
        here = waiting.pop()
        found = read(await person.get(here))
        for action, submit in found.found:
            buttons += 1
            route = matched(urljoin(here, action))
            assert route in known, (here, action)
            assert submit in known[route] or "X" in known[route], (here, submit)
        for link in found.links:
            target = urldefrag(urljoin(here, link)).url
            is_page = target.startswith("/ui/") and "/static/" not in target
            if is_page and target not in seen and "/download" not in target:
                seen.add(target)
                waiting.append(target)
    assert len(seen) > 10
    assert buttons > 20
