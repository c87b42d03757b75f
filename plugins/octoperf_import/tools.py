"""Tools that turn a file into a virtual user: each answers a ticket, none carries bytes."""

from typing import Annotated, Any, Literal

from pydantic import Field

from octoperf_import import links, rest
from octoperf_mcp import RestCall, Ticket, ToolContext, known_id, tool, upload_ticket

_HAR_ANSWER = (
    "The answer is the new virtual user as JSON, without a link: call describe_virtual_user with "
    "its id, then sanity_check_virtual_user. To name the steps, add a second part "
    "'containerTimeline' with the JSON text "
    '{"entries":[{"type":"ENABLED","name":"Home","startTimestamp":<epoch ms>}]}: each request '
    "goes into the entry during which it started, so let the first entry start before the "
    "recording."
)


_JMX_ANSWER = (
    "The answer is JSON: virtualUsers, one for each thread group of the plan, without links, and "
    "importReport, which names what was dropped, kept as a generic JMeter action, or changed. Call "
    "describe_virtual_user with each id, list_variables for what the plan declared, "
    "upload the files that the report names, then sanity_check_virtual_user. The thread groups' "
    "load is not imported: create_scenario_ramp_up."
)


_POSTMAN_ANSWER = (
    "The answer is the new virtual user as JSON, without a link, and importReport, which names "
    "scripts kept switched off, variables without a value, and what was dropped. Call "
    "describe_virtual_user with its id, create the variables that the report names, check the "
    "host in list_http_servers_by_project, then sanity_check_virtual_user."
)


_PLAYWRIGHT_ANSWER = (
    "The answer is the new virtual user as JSON, without a link, and importReport, which names "
    "what the spec needs beside itself: helper files, a baseURL, packages. Call "
    "describe_virtual_user with its id and add helper files with patch_virtual_user, each a "
    "PlaywrightSpecAction; no playwright.config.ts, which would fail as a spec without tests."
)


@tool(title="Import a HAR recording")
async def import_har_virtual_user(
    ctx: ToolContext,
    project_id: str,
    *,
    name: Annotated[str, Field(max_length=80)] | None = None,
    virtual_user_id: str | None = None,
    ad_blocking: Literal["ENABLED", "DISABLED"] = "ENABLED",
    resources: Literal["REMOVE", "KEEP_ALL"] | None = None,
    thinktime: Literal["THINKTIMES", "DELAYS"] | None = None,
    max_thinktime_ms: Annotated[int, Field(ge=0)] | None = None,
) -> Ticket:
    """Turn a HAR recording of browser or proxy traffic into a virtual user, by an upload of yours.

    Answers a single-use address and the exact curl command; nothing is overwritten. Record with
    response bodies, since correlation needs them.

    Args:
        project_id: Id from list_projects_by_workspace.
        name: Name of the new virtual user; absent takes it from the file.
        virtual_user_id: Add the recording to this virtual user instead of creating one.
        ad_blocking: ENABLED drops requests to known advertisers and trackers.
        resources: REMOVE drops images, styles and scripts, which the run then downloads by itself;
            KEEP_ALL keeps each as its own request.
        thinktime: THINKTIMES keeps recorded pauses on the requests; DELAYS puts them between
            containers.
        max_thinktime_ms: Upper bound of one recorded pause, in milliseconds.
    """
    return await ticket(
        ctx,
        rest.IMPORT_HAR,
        project_id,
        media_type="application/json",
        suffix=".har",
        then=_HAR_ANSWER,
        name=name,
        virtual_user_id=virtual_user_id,
        ad_blocking=ad_blocking,
        resources=resources,
        thinktime=thinktime,
        max_thinktime_ms=max_thinktime_ms,
    )


@tool(title="Import a JMeter test plan")
async def upload_jmx_virtual_user(ctx: ToolContext, project_id: str) -> Ticket:
    """Turn a JMeter test plan (.jmx, 2.x to 5.6) into virtual users, by an upload of yours.

    One for each thread group; its CSV data sets and user variables become variables of the
    project. Answers a single-use address and the exact curl command; nothing is overwritten.

    Args:
        project_id: Id from list_projects_by_workspace.
    """
    return await ticket(
        ctx,
        rest.IMPORT_JMX,
        project_id,
        media_type="application/xml",
        suffix=".jmx",
        then=_JMX_ANSWER,
    )


@tool(title="Import a Postman collection")
async def import_postman_virtual_user(
    ctx: ToolContext,
    project_id: str,
    name: Annotated[str, Field(max_length=80)] | None = None,
) -> Ticket:
    """Turn a Postman collection (JSON, v2.0 or v2.1) into a virtual user, by an upload of yours.

    Folders become containers, its variables those of the project. Answers a single-use address
    and the exact curl command; nothing is overwritten.

    Args:
        project_id: Id from list_projects_by_workspace.
        name: Name of the new virtual user; absent takes that of the collection.
    """
    return await ticket(
        ctx,
        rest.IMPORT_POSTMAN,
        project_id,
        media_type="application/json",
        suffix=".json",
        then=_POSTMAN_ANSWER,
        name=name,
    )


@tool(title="Import a Playwright spec")
async def import_playwright_virtual_user(
    ctx: ToolContext,
    project_id: str,
    name: Annotated[str, Field(max_length=80)] | None = None,
) -> Ticket:
    """Turn one Playwright .spec.ts file into a virtual user, type PLAYWRIGHT, by your upload.

    The real runner plays it in a browser: absolute addresses or a baseURL, settings in
    test.use({}), no configuration file. Answers a single-use address and the exact curl command;
    nothing is overwritten.

    Args:
        project_id: Id from list_projects_by_workspace.
        name: Name of the new virtual user; absent takes it from the file.
    """
    return await ticket(
        ctx,
        rest.IMPORT_PLAYWRIGHT,
        project_id,
        media_type="text/plain; charset=utf-8",
        suffix=".spec.ts",
        then=_PLAYWRIGHT_ANSWER,
        name=name,
    )


async def ticket(
    ctx: ToolContext, call: RestCall, project_id: str, /, *, then: str, **values: Any
) -> Ticket:
    """The ticket for an upload into a project that exists."""
    with known_id("projectId", project_id, listed_by="list_projects_by_workspace"):
        workspace_id = await ctx.workspace_of(project_id)
    page_url = ctx.link(links.PROJECT, workspace_id=workspace_id, project_id=project_id)
    return await upload_ticket(
        ctx, call, then=then, page_url=page_url, project_id=project_id, **values
    )
