"""Imports: tickets for uploads that the client makes by itself."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from octoperf_import import archive_tools, tools, url_tools
from octoperf_mcp.errors import NotFoundError

if TYPE_CHECKING:
    from tests.plugins.conftest import FakeContext

Maker = Callable[..., "FakeContext"]
PLUGIN = "octoperf_import"
SIGN = "POST /presigned-urls"
SIGNED = {"url": "https://x.test/public/presigned/t", "method": "POST", "expiresAt": 1767225600000}


def test_import_keeps_the_promises_of_a_plugin(check_contract: Callable[[str], None]) -> None:
    check_contract(PLUGIN)


async def test_a_har_import_is_a_ticket_with_the_command_and_the_page_for_people(
    context: Maker,
) -> None:
    ctx = context(PLUGIN, {SIGN: SIGNED})
    ticket = await ctx.run(tools.import_har_virtual_user, {"projectId": "p1"})
    page = "https://octoperf.test/ui/workspace/w1/project/p1/design/virtual-user"
    assert (ticket["url"], ticket["method"], ticket["expiresAt"], ticket["pageUrl"]) == (
        SIGNED["url"],
        "POST",
        "2026-01-01T00:00:00Z",
        page,
    )
    curl = f"curl -sS -X POST -F 'file=@PATH.har;type=application/json' {SIGNED['url']}"
    assert curl in ticket["instructions"].splitlines()
    assert "describe_virtual_user" in ticket["instructions"]
    assert ctx.body_of(SIGN) == {
        "method": "POST",
        "path": "/imports/har/p1",
        "query": {"adBlocking": "ENABLED", "children": "false"},
    }


async def test_the_options_of_a_har_import_travel_in_the_signed_request(context: Maker) -> None:
    options: dict[str, Any] = {
        "name": "Checkout",
        "virtualUserId": "v1",
        "adBlocking": "DISABLED",
        "resources": "REMOVE",
        "thinktime": "DELAYS",
        "maxThinktimeMs": 5000,
    }
    ctx = context(PLUGIN, {SIGN: SIGNED})
    await ctx.run(tools.import_har_virtual_user, {"projectId": "p1", **options})
    assert ctx.body_of(SIGN)["query"] == {
        **options,
        "maxThinktimeMs": "5000",
        "children": "false",
    }


async def test_a_wrong_option_is_refused_with_the_right_ones(context: Maker) -> None:
    ctx = context(PLUGIN)
    arguments = {"projectId": "p1", "resources": "KEEP"}
    error = await ctx.refuse(tools.import_har_virtual_user, arguments)
    assert error.code == "invalid_argument"
    assert error.details["field"].startswith("resources")
    assert error.details["allowed"] == ["REMOVE", "KEEP_ALL"]
    assert ctx.made == []


async def test_a_ticket_for_a_wrong_project_is_refused_at_once(context: Maker) -> None:
    ctx = context(PLUGIN)
    error = await ctx.refuse(tools.import_har_virtual_user, {"projectId": "p9"})
    assert error.next_step == "Take projectId from list_projects_by_workspace."
    assert ctx.made == []


async def test_a_list_of_urls_is_imported_at_once_and_says_what_comes_next(context: Maker) -> None:
    line = "POST /imports/urls/p1"
    ctx = context(PLUGIN, {line: {"id": "v1", "name": "Pages", "type": "JMETER"}})
    arguments = {"projectId": "p1", "urls": ["https://a.example/"], "name": "Pages"}
    made = await ctx.run(url_tools.import_urls_virtual_user, arguments)
    assert (made["id"], made["type"]) == ("v1", "JMETER")
    assert made["url"].endswith("/design/virtual-user/v1")
    assert "validate_virtual_user" in made["next"]
    assert ctx.body_of(line) == {
        "name": "Pages",
        "urls": ["https://a.example/"],
        "crawl": "DO_NOT_CRAWL",
    }


async def test_urls_for_a_browser_go_to_their_own_import(context: Maker) -> None:
    line = "POST /imports/web-driver/p1"
    ctx = context(PLUGIN, {line: {"id": "v1", "name": "a.example", "type": "WEB_DRIVER"}})
    arguments = {"projectId": "p1", "urls": ["https://a.example/"]}
    made = await ctx.run(url_tools.import_webdriver_virtual_user, arguments)
    assert made["type"] == "WEB_DRIVER"
    assert ctx.body_of(line) == {"urls": ["https://a.example/"]}


async def test_a_test_plan_is_uploaded_by_a_ticket(context: Maker) -> None:
    ctx = context(PLUGIN, {SIGN: SIGNED})
    ticket = await ctx.run(tools.upload_jmx_virtual_user, {"projectId": "p1"})
    curl = f"curl -sS -X POST -F 'file=@PATH.jmx;type=application/xml' {SIGNED['url']}"
    assert curl in ticket["instructions"].splitlines()
    assert "importReport" in ticket["instructions"]
    assert ctx.body_of(SIGN)["path"] == "/imports/jmx/p1"


async def test_a_collection_is_uploaded_by_a_ticket(context: Maker) -> None:
    ctx = context(PLUGIN, {SIGN: SIGNED})
    arguments = {"projectId": "p1", "name": "Calls"}
    ticket = await ctx.run(tools.import_postman_virtual_user, arguments)
    assert "scripts kept switched off" in ticket["instructions"]
    assert ctx.body_of(SIGN) == {
        "method": "POST",
        "path": "/imports/postman/p1",
        "query": {"name": "Calls", "children": "false"},
    }


async def test_a_spec_is_uploaded_as_text_by_a_ticket(context: Maker) -> None:
    ctx = context(PLUGIN, {SIGN: SIGNED})
    ticket = await ctx.run(tools.import_playwright_virtual_user, {"projectId": "p1"})
    assert "'file=@PATH.spec.ts;type=text/plain; charset=utf-8'" in ticket["instructions"]
    assert "PlaywrightSpecAction" in ticket["instructions"]
    assert ctx.body_of(SIGN) == {
        "method": "POST",
        "path": "/imports/playwright/p1",
        "query": {"children": "false"},
    }


async def test_an_archive_is_uploaded_by_a_ticket(context: Maker) -> None:
    ctx = context(PLUGIN, {SIGN: SIGNED})
    ticket = await ctx.run(archive_tools.import_archive_virtual_user, {"projectId": "p1"})
    assert "'file=@PATH.zip;type=application/zip'" in ticket["instructions"]
    assert "secrets to enter again" in ticket["instructions"]
    assert ctx.body_of(SIGN)["path"] == "/imports/archive/p1"


async def test_an_export_is_a_download_with_the_page_of_the_virtual_user(context: Maker) -> None:
    described = {"id": "v1", "name": "Shop", "projectId": "p1"}
    signed = {**SIGNED, "method": "GET"}
    ctx = context(PLUGIN, {SIGN: signed, "GET /design/virtual-users/description/v1": described})
    ticket = await ctx.run(archive_tools.export_virtual_user_archive, {"virtualUserId": "v1"})
    assert (ticket["method"], ticket["url"]) == ("GET", SIGNED["url"])
    assert ticket["pageUrl"].endswith("/project/p1/design/virtual-user/v1")
    assert ctx.body_of(SIGN)["path"] == "/design/virtual-users/export/v1"


async def test_a_ticket_names_the_host_that_a_sandbox_must_allow(context: Maker) -> None:
    ctx = context(PLUGIN, {SIGN: SIGNED})
    ticket = await ctx.run(tools.upload_jmx_virtual_user, {"projectId": "p1"})
    assert "does not reach x.test, an administrator must allow that host" in ticket["instructions"]
    assert "upload the file on pageUrl" in ticket["instructions"]


REPORT = {
    "carried": 3,
    "dropped": [{"path": f"/{n}", "reason": "x"} for n in range(100)],
    "droppedTotal": 100,
}


async def test_a_small_file_may_be_sent_in_the_call(context: Maker) -> None:
    line = "POST /imports/har/p1?adBlocking=ENABLED&children=false"
    made = {"id": "v1", "name": "shop", "type": "JMETER", "importReport": REPORT}
    ctx = context(PLUGIN, {line: made})
    arguments = {"projectId": "p1", "fileContent": '{"log": {}}'}
    answer = await ctx.run(tools.import_har_virtual_user, arguments)
    page = "https://octoperf.test/ui/workspace/w1/project/p1/design/virtual-user/v1"
    assert answer["virtualUsers"] == [{"id": "v1", "name": "shop", "type": "JMETER", "url": page}]
    assert (answer["url"], "expiresAt" in answer) == (page, False)
    assert len(answer["importReport"]["dropped"]) == 20
    assert answer["importReport"]["droppedTotal"] == 100
    assert ctx.body_of(line) == [
        {
            "name": "file",
            "content": '{"log": {}}',
            "filename": "imported.har",
            "media_type": "application/json",
        }
    ]


@pytest.mark.parametrize("answer", [{"virtualUsers": [{"id": "a"}, {"id": "b"}]},
                                    [{"id": "a"}, {"id": "b"}]])  # fmt: skip
async def test_a_plan_in_the_call_makes_several(context: Maker, answer: Any) -> None:
    ctx = context(PLUGIN, {"POST /imports/jmx/p1?children=false": answer})
    arguments = {"projectId": "p1", "fileContent": "<jmeterTestPlan/>"}
    made = await ctx.run(tools.upload_jmx_virtual_user, arguments)
    assert [one["id"] for one in made["virtualUsers"]] == ["a", "b"]


@pytest.mark.parametrize("content", ["", "é" * 32_769])
async def test_content_of_a_wrong_size_is_refused_with_the_other_way(
    context: Maker, content: str
) -> None:
    ctx = context(PLUGIN)
    arguments = {"projectId": "p1", "fileContent": content}
    error = await ctx.refuse(tools.import_postman_virtual_user, arguments)
    assert error.details["field"] == "fileContent"
    assert "upload the file" in error.next_step
    assert ctx.made == []


async def test_a_file_may_be_fetched_where_the_platform_does_that(context: Maker) -> None:
    line = "POST /imports/fetched/archive/p1?children=false&name=Shop"
    ctx = context(PLUGIN, {line: {"id": "v1", "name": "Shop", "type": "JMETER"}})
    arguments = {"projectId": "p1", "name": "Shop", "fileUrl": "https://a.example/shop.zip"}
    made = await ctx.run(archive_tools.import_archive_virtual_user, arguments)
    assert made["virtualUsers"][0]["id"] == "v1"
    assert ctx.body_of(line) == {"url": "https://a.example/shop.zip"}


async def test_a_platform_that_fetches_nothing_is_told_from_a_wrong_project(
    context: Maker,
) -> None:
    line = "POST /imports/fetched/jmx/p1?children=false"
    ctx = context(PLUGIN, {line: NotFoundError("no such route", status=404)})
    arguments = {"projectId": "p1", "fileUrl": "https://a.example/a.jmx"}
    error = await ctx.refuse(tools.upload_jmx_virtual_user, arguments)
    assert error.details["field"] == "fileUrl"
    both = {**arguments, "fileContent": "<x/>"}
    assert "two ways" in (await ctx.refuse(tools.upload_jmx_virtual_user, both)).message
