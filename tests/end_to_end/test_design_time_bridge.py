"""Every seed tool of the design time, through `serve --upstream`, before the original's shapes."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from octoperf_mcp.registry.manager import load_registry
from tests.end_to_end.conftest import Server
from tests.end_to_end.original import NEWER, REQUEST, SERVER, VIRTUAL_USER, Original
from tests.end_to_end.test_credentials import called

Json = dict[str, Any]
IN_PROJECT = {"projectId": "p1"}
USER = {"virtualUserId": "v1"}
FILE = {**IN_PROJECT, "filename": "users.csv"}

CASES: dict[str, tuple[Json, str]] = {
    "list_workspaces": ({}, "GET /workspaces/member-of"),
    "list_projects_by_workspace": (
        {"workspaceId": "w1"},
        "GET /design/projects/by-workspace/w1/DESIGN",
    ),
    "list_scenarios_by_project": (IN_PROJECT, "GET /runtime/scenarios/by-project/p1"),
    "list_virtual_users": (IN_PROJECT, "GET /design/virtual-users/description/by-project/p1"),
    "list_docker_providers_by_workspace": (
        {"workspaceId": "w1"},
        "GET /workspaces/docker-providers/by-workspace/w1",
    ),
    "list_public_docker_providers": ({}, "GET /workspaces/docker-providers/public"),
    "describe_virtual_user": (USER, "GET /design/virtual-users/description/v1"),
    "import_har_virtual_user": (IN_PROJECT, "POST /presigned-urls"),
    "import_postman_virtual_user": (
        {**IN_PROJECT, "fileContent": "{}"},
        "POST /imports/postman/p1",
    ),
    "import_playwright_virtual_user": (IN_PROJECT, "POST /presigned-urls"),
    "upload_jmx_virtual_user": ({**IN_PROJECT, "fileContent": "<x/>"}, "POST /imports/jmx/p1"),
    "import_archive_virtual_user": (IN_PROJECT, "POST /presigned-urls"),
    "import_urls_virtual_user": (
        {**IN_PROJECT, "urls": ["https://a.example/"]},
        "POST /imports/urls/p1",
    ),
    "import_webdriver_virtual_user": (
        {**IN_PROJECT, "urls": ["https://a.example/"]},
        "POST /imports/web-driver/p1",
    ),
    "create_project": ({"workspaceId": "w1", "name": "New"}, "POST /design/projects"),
    "update_project": ({**IN_PROJECT, "name": "Other"}, "PUT /design/projects/p1"),
    "get_virtual_user": (USER, "GET /design/virtual-users/v1"),
    "update_virtual_user": ({**USER, "name": "Renamed"}, "PUT /design/virtual-users/v1"),
    "patch_virtual_user": (
        {**USER, "patch": [{"op": "replace", "path": "/children/0/name", "value": "Start"}]},
        "PUT /design/virtual-users/v1",
    ),
    "backup_virtual_user": (USER, "POST /design/virtual-users/duplicate/v1"),
    "list_variables": (IN_PROJECT, "GET /design/variables/by-project/p1"),
    "create_constant_variable": (
        {**IN_PROJECT, "name": "host", "value": "a.example"},
        "POST /design/variables",
    ),
    "create_csv_variable": (
        {**FILE, "name": "accounts", "names": ["login"]},
        "POST /design/variables",
    ),
    "create_counter_variable": ({**IN_PROJECT, "name": "n"}, "POST /design/variables"),
    "create_random_variable": (
        {**IN_PROJECT, "name": "die", "min": 1, "max": 6},
        "POST /design/variables",
    ),
    "create_secret_variable": (
        {**IN_PROJECT, "name": "key", "value": "of no worth"},
        "POST /design/variables",
    ),
    "delete_variable": ({"variableId": "x1"}, "DELETE /design/variables/x1"),
    "list_http_servers_by_project": (IN_PROJECT, "GET /design/http-servers/by-project/p1"),
    "list_http_server_usages": ({"httpServerId": "s1"}, "GET /design/http-servers/usages/s1"),
    "update_http_server": (
        {"httpServerId": "s1", "baseUrl": "http://new.example:8080"},
        "PUT /design/http-servers/s1",
    ),
    "delete_http_server": ({"httpServerId": "s1"}, "DELETE /design/http-servers/s1"),
    "delete_unused_http_servers": (IN_PROJECT, "POST /design/http-servers/by-project/p1"),
    "list_project_files": (IN_PROJECT, "GET /design/project-files/list/p1"),
    "read_project_file_lines": (FILE, "GET /design/project-files/p1/"),
    "upload_project_file": (FILE, "POST /presigned-urls"),
    "download_project_file": (FILE, "POST /presigned-urls"),
    "delete_project_file": (FILE, "DELETE /design/project-files/p1"),
    "list_correlation_frameworks": (IN_PROJECT, "GET /design/correlation-frameworks"),
    "add_correlation_framework_to_project": (
        {**IN_PROJECT, "frameworkId": "dotnet"},
        "POST /design/correlation-rules/add-framework/p1/dotnet",
    ),
    "list_correlation_rules": (IN_PROJECT, "GET /design/correlation-rules/by-project/p1"),
    "create_correlation_rule": (
        {**IN_PROJECT, "name": "t", "regex": "t=(.+)", "injectionTargets": ["POST_PARAM"]},
        "POST /design/correlation-rules",
    ),
    "delete_correlation_rule": (
        {"correlationRuleId": "r1"},
        "DELETE /design/correlation-rules/r1",
    ),
    "apply_correlations_to_virtual_user": ({**IN_PROJECT, **USER}, "POST /tasks"),
    "delete_virtual_user": (USER, "DELETE /design/virtual-users/v1"),
}

OPTIONAL = {"GET /design/variables/x1", "GET /design/project-files/entries/p1"}
"""What the tools ask for in vain: no public client shows that the original answers it."""


def test_the_table_has_every_seed_tool() -> None:
    assert len(CASES) == 44
    assert set(CASES) <= set(load_registry().tools)


@pytest.fixture
def original(unused_tcp_port: int) -> Original:
    return Original(unused_tcp_port)


async def test_every_seed_tool_works_before_the_originals_shapes(
    tmp_path: Path, original: Original
) -> None:
    server = Server(tmp_path, ("--upstream", original.origin))
    async with original.up():
        await asyncio.to_thread(server.start)
        try:
            await call_all(server, original)
        finally:
            await asyncio.to_thread(server.stop)


async def call_all(server: Server, original: Original) -> None:
    token = original.token(f"{server.origin}/mcp")
    failed = {}
    answers: dict[str, Json] = {}
    for tool, (arguments, line) in CASES.items():
        before = len(original.lines)
        status, answer = await called(server, token, tool, **arguments)
        result = answer.get("result") or {}
        made = original.lines[before:]
        answers[tool] = result.get("structuredContent") or {}
        right = status == 200 and not result.get("isError") and answers[tool].get("url")
        if not right or not any(each.startswith(line) for each in made):
            failed[tool] = (status, answer, made)
    assert failed == {}
    assert set(original.refused) == OPTIONAL
    await tickets_lead_to_the_platform(answers["import_har_virtual_user"])
    what_a_newer_platform_wrote_survives(original)
    assert answers["upload_jmx_virtual_user"]["virtualUsers"][0]["id"] == "v2"
    assert original.bodies["POST /imports/jmx/p1"] == {"file": "<x/>"}
    assert original.bodies["POST /tasks"]["@type"] == "ApplyCorrelationsTask"
    deleted = original.bodies["POST /design/http-servers/by-project/p1"]
    assert [one["id"] for one in deleted] == ["s2"]


async def tickets_lead_to_the_platform(ticket: Json) -> None:
    form = aiohttp.FormData()
    form.add_field("file", b"{}", filename="a.har", content_type="application/json")
    async with (
        aiohttp.ClientSession() as session,
        session.post(ticket["url"], data=form) as answer,
    ):
        assert (await answer.json())["id"] == "v2"


def what_a_newer_platform_wrote_survives(original: Original) -> None:
    """PUT sends the whole entity as it was read, but for what was asked."""
    patched = original.bodies["PUT /design/virtual-users/v1"]
    assert patched["children"] == [{**REQUEST, "name": "Start"}, NEWER]
    assert {**patched, "children": VIRTUAL_USER["children"]} == VIRTUAL_USER
    changed = original.bodies["PUT /design/http-servers/s1"]
    assert (changed["hostname"], changed["port"], changed["protocol"]) == (
        "new.example",
        8080,
        "HTTP",
    )
    assert set(SERVER) <= set(changed)
