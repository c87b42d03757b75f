"""Tools that turn addresses given as an argument into a virtual user, without an upload."""

from typing import Annotated, Any, Literal

from pydantic import Field

from octoperf_import import links, rest
from octoperf_import.payloads import ImportedVirtualUser
from octoperf_mcp import RestCall, ToolContext, known_id, listing, tool

Name = Annotated[str, Field(min_length=1, max_length=80)]
Urls = Annotated[
    list[Annotated[str, Field(max_length=32_768)]], Field(min_length=1, max_length=1000)
]

_HTTP_NEXT = "sanity_check_virtual_user, then validate_virtual_user."
_BROWSER_NEXT = (
    "A profile with a real browser plays it, 1 user at most; import_urls_virtual_user makes the "
    "same as plain HTTP, for many users."
)


@tool(title="Import a list of URLs")
async def import_urls_virtual_user(
    ctx: ToolContext,
    project_id: str,
    urls: Urls,
    name: Name | None = None,
    crawl: Literal["DO_NOT_CRAWL"] | None = None,
) -> ImportedVirtualUser:
    """Create a virtual user that sends one GET to each of these addresses, in order.

    Exactly the given addresses: pages are not searched for links.

    Args:
        project_id: Id from list_projects_by_workspace.
        urls: Absolute http(s) addresses in play order; may hold ${variables}.
        name: Name of the virtual user; absent takes the first host.
        crawl: DO_NOT_CRAWL, the only mode.
    """
    body = {"name": name, "urls": urls, "crawl": crawl or "DO_NOT_CRAWL"}
    return await _imported(ctx, rest.IMPORT_URLS, project_id, body, _HTTP_NEXT)


@tool(title="Import URLs for a browser")
async def import_webdriver_virtual_user(
    ctx: ToolContext, project_id: str, urls: Urls, name: Name | None = None
) -> ImportedVirtualUser:
    """Create a browser virtual user, type WEB_DRIVER, that opens these addresses in order.

    At most one concurrent user per profile; prefer Playwright for journeys.

    Args:
        project_id: Id from list_projects_by_workspace.
        urls: Absolute http(s) addresses in play order.
        name: Name of the virtual user; absent takes the first host.
    """
    body = {"name": name, "urls": urls}
    return await _imported(ctx, rest.IMPORT_WEBDRIVER, project_id, body, _BROWSER_NEXT)


async def _imported(
    ctx: ToolContext, call: RestCall, project_id: str, body: dict[str, Any], then: str
) -> ImportedVirtualUser:
    with known_id("projectId", project_id, listed_by="list_projects_by_workspace"):
        workspace_id = await ctx.workspace_of(project_id)
        sent = {key: value for key, value in body.items() if value is not None}
        made = await ctx.rest(call, project_id=project_id, body=sent)
    url = ctx.link(
        links.VIRTUAL_USER,
        workspace_id=workspace_id,
        project_id=project_id,
        virtual_user_id=made["id"],
    )
    return listing(ImportedVirtualUser, made, url=url, type=made.get("type"), next=then)
