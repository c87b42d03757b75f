"""Pages of servers, variables, files and correlation rules, as a signed-in user sees them."""

import copy
import html
import io
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from octoperf_mcp.embedded.platform import PLATFORM, Platform, Principal
from octoperf_mcp.embedded.store.project_files import ProjectFiles
from octoperf_mcp.embedded.ui import pages
from tests.octoperf_mcp.embedded.rest.conftest import EXAMPLES, platform

__all__ = ["platform"]

Json = dict[str, Any]


class Site:
    """Ada's project, and its pages as text."""

    def __init__(self, platform: Platform, client: "TestClient[Any, Any]") -> None:
        self.platform = platform
        self.client = client
        self.path = ""

    async def made(self, kind: str, body: Json, *, workspace_id: str, project_id: str) -> str:
        document = await self.platform.documents.create(
            kind, body, user_id="ada", workspace_id=workspace_id, project_id=project_id
        )
        return document.id

    async def page(self, path: str, *, status: int = 200) -> str:
        answer = await self.client.get(self.path + path)
        assert answer.status == status
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", await answer.text())).split())


@pytest.fixture
async def site(platform: Platform) -> AsyncIterator[Site]:
    async def browser_user(_request: web.Request) -> Principal:
        return Principal("ada", "ada@example.com")

    identity: Any = platform.identity
    identity.browser_user = browser_user
    app = web.Application()
    app[PLATFORM] = platform
    pages.add_pages(app)
    async with TestClient(TestServer(app)) as client:
        yield Site(platform, client)


@pytest.fixture
async def where(site: Site) -> dict[str, str]:
    """Ada's project, which has a virtual user with references and a request."""
    documents = site.platform.documents
    workspace = await documents.create(
        "workspace", {"name": "Home"}, user_id="ada", workspace_id=""
    )
    project = await documents.create(
        "project",
        {"name": "Shop", "type": "DESIGN"},
        user_id="ada",
        workspace_id=workspace.id,
    )
    site.path = f"/ui/workspace/{workspace.id}/project/{project.id}/design"
    return {"workspace_id": workspace.id, "project_id": project.id}


async def user(site: Site, where: dict[str, str], **request: str) -> None:
    action = {"@type": "HttpRequestAction", "id": "a", "enabled": True, "path": "/", **request}
    body = {"name": "Shopper", "type": "JMETER", "children": [action]}
    await site.made("virtual_user", body, **where)


async def test_a_variable_shows_its_settings_its_references_and_its_users(
    site: Site, where: dict[str, str]
) -> None:
    await user(site, where, path="/${login}")
    csv = {"@type": "CSVVariable", "filename": "a.csv", "names": [], "delimiter": ";"}
    body = {"name": "accounts", "description": "", "variable": {**csv, "scope": "SHARED"}}
    variable_id = await site.made("variable", body, **where)
    files = ProjectFiles(site.platform.database, site.platform.blobs)
    await files.put(
        where["project_id"],
        "a.csv",
        io.BytesIO(b"login;word\nann;1\n"),
        content_type="text/csv",
        user_id="ada",
    )
    shown = await site.page(f"/variable/{variable_id}")
    assert "Read as ${login}, ${word}" in shown
    assert "scope SHARED" in shown
    assert "Used by Virtual user Shopper" in shown
    assert "accounts CSV a.csv: the first line names the columns" in await site.page("/variable")
    assert "a.csv 17 bytes" in await site.page("/project-file")
    assert " UTC accounts " in await site.page("/project-file")


async def test_a_secret_is_shown_on_no_page(site: Site, where: dict[str, str]) -> None:
    secret = {"@type": "SecretVariable", "value": {"type": "PLAIN", "value": "open-sesame"}}
    body = {"name": "word", "description": "", "variable": secret}
    variable_id = await site.made("variable", body, **where)
    for path in ("/variable", f"/variable/{variable_id}"):
        shown = await site.page(path)
        assert "••••••" in shown
        assert "open-sesame" not in shown
        assert "ENCRYPTED" not in shown


async def test_a_server_shows_where_it_is_and_who_goes_there(
    site: Site, where: dict[str, str]
) -> None:
    body = {"name": "shop", "protocol": "HTTPS", "hostname": "shop.test", "port": 8443}
    server_id = await site.made("http_server", {**body, "connectTimeoutMs": 5000}, **where)
    await user(site, where, serverId=server_id)
    shown = await site.page(f"/http-server/{server_id}")
    assert "https://shop.test:8443" in shown
    assert "Connection time-out (ms, 0 = none) 5000" in shown
    assert "Shopper 1 request" in shown


async def test_a_rule_shows_what_it_takes_and_where_it_puts_it(
    site: Site, where: dict[str, str]
) -> None:
    rule = copy.deepcopy(EXAMPLES["correlation_rule"])
    rule_id = await site.made("correlation_rule", rule, **where)
    shown = await site.page(f"/correlation-rule/{rule_id}")
    assert rule["extractor"]["regexp"] in shown
    assert "Kind Regexp" in shown
    for injection in rule["injectionRules"]:
        assert injection["@type"].removesuffix("InjectionRule") in shown


async def test_a_part_of_another_project_is_not_on_this_ones_page(
    site: Site, where: dict[str, str]
) -> None:
    variable = {"@type": "ConstantVariable", "value": "1"}
    body = {"name": "n", "description": "", "variable": variable}
    variable_id = await site.made("variable", body, **where)
    other = await site.platform.documents.create(
        "project",
        {"name": "Other", "type": "DESIGN"},
        user_id="ada",
        workspace_id=where["workspace_id"],
    )
    site.path = f"/ui/workspace/{where['workspace_id']}/project/{other.id}/design"
    assert "Not here" in await site.page(f"/variable/{variable_id}", status=404)
