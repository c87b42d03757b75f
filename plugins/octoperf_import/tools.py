"""Tools that turn a file into virtual users: by an upload of the client, or from the call."""

from typing import Annotated, Literal

from pydantic import Field

from octoperf_import import rest
from octoperf_import.payloads import FileImport
from octoperf_import.ways import FileKind, imported
from octoperf_mcp import ToolContext, tool

Name = Annotated[str, Field(max_length=80)]

_CHECK = "describe_virtual_user, sanity_check_virtual_user, propose_correlations."
_HAR = FileKind(
    rest.IMPORT_HAR,
    "har",
    "application/json",
    ".har",
    "The answer is the new virtual user as JSON, without a link: call describe_virtual_user with "
    "its id, then sanity_check_virtual_user and propose_correlations. To name the steps, add a "
    "second part 'containerTimeline' with the JSON text "
    '{"entries":[{"type":"ENABLED","name":"Home","startTimestamp":<epoch ms>}]}: each request '
    "goes into the entry during which it started, so let the first entry start before the "
    "recording.",
    _CHECK,
)
_JMX = FileKind(
    rest.IMPORT_JMX,
    "jmx",
    "application/xml",
    ".jmx",
    "The answer is JSON: virtualUsers, one for each thread group of the plan, without links, and "
    "importReport, which names what was dropped, kept as a generic JMeter action, or changed. Call "
    "describe_virtual_user with each id, list_variables for what the plan declared, "
    "upload the files that the report names, then sanity_check_virtual_user. The thread groups' "
    "load is not imported: create_scenario_ramp_up.",
    "list_variables for what the plan declared; upload_project_file for the files that the report "
    "names; sanity_check_virtual_user.",
)
_POSTMAN = FileKind(
    rest.IMPORT_POSTMAN,
    "postman",
    "application/json",
    ".json",
    "The answer is the new virtual user as JSON, without a link, and importReport, which names "
    "scripts kept switched off, variables without a value, and what was dropped. Call "
    "describe_virtual_user with its id, create the variables that the report names, check the "
    "host in list_http_servers_by_project, then sanity_check_virtual_user.",
    "Create the variables that the report names; check the host in list_http_servers_by_project; "
    "sanity_check_virtual_user.",
)
_PLAYWRIGHT = FileKind(
    rest.IMPORT_PLAYWRIGHT,
    "playwright",
    "text/plain; charset=utf-8",
    ".spec.ts",
    "The answer is the new virtual user as JSON, without a link, and importReport, which names "
    "what the spec needs beside itself: helper files, a baseURL, packages. Call "
    "describe_virtual_user with its id and add helper files with patch_virtual_user, each a "
    "PlaywrightSpecAction; no playwright.config.ts, which would fail as a spec without tests.",
    "Add what the report names with patch_virtual_user, each file a PlaywrightSpecAction; then "
    "sanity_check_virtual_user.",
)


@tool(title="Import a HAR recording")
async def import_har_virtual_user(
    ctx: ToolContext,
    project_id: str,
    *,
    name: Name | None = None,
    virtual_user_id: str | None = None,
    ad_blocking: Literal["ENABLED", "DISABLED"] = "ENABLED",
    resources: Literal["REMOVE", "KEEP_ALL"] | None = None,
    thinktime: Literal["THINKTIMES", "DELAYS"] | None = None,
    max_thinktime_ms: Annotated[int, Field(ge=0)] | None = None,
    file_content: str | None = None,
    file_url: str | None = None,
) -> FileImport:
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
        file_content: Instead of an upload: the recording, 64 kB at most.
        file_url: Or where the platform fetches it, if it may.
    """
    return await imported(
        ctx,
        _HAR,
        project_id,
        name=name,
        virtual_user_id=virtual_user_id,
        ad_blocking=ad_blocking,
        resources=resources,
        thinktime=thinktime,
        max_thinktime_ms=max_thinktime_ms,
        file_content=file_content,
        file_url=file_url,
    )


@tool(title="Import a JMeter test plan")
async def upload_jmx_virtual_user(
    ctx: ToolContext,
    project_id: str,
    file_content: str | None = None,
    file_url: str | None = None,
) -> FileImport:
    """Turn a JMeter test plan (.jmx, 2.x to 5.6) into virtual users, by an upload of yours.

    One for each thread group; its CSV data sets and user variables become variables of the
    project. Answers a single-use address and the exact curl command; nothing is overwritten.

    Args:
        project_id: Id from list_projects_by_workspace.
        file_content: Instead of an upload: the plan, 64 kB at most.
        file_url: Or where the platform fetches it, if it may.
    """
    return await imported(ctx, _JMX, project_id, file_content=file_content, file_url=file_url)


@tool(title="Import a Postman collection")
async def import_postman_virtual_user(
    ctx: ToolContext,
    project_id: str,
    name: Name | None = None,
    file_content: str | None = None,
    file_url: str | None = None,
) -> FileImport:
    """Turn a Postman collection (JSON, v2.0 or v2.1) into a virtual user, by an upload of yours.

    Folders become containers, its variables those of the project. Answers a single-use address
    and the exact curl command; nothing is overwritten.

    Args:
        project_id: Id from list_projects_by_workspace.
        name: Name of the new virtual user; absent takes that of the collection.
        file_content: Instead of an upload: the collection, 64 kB at most.
        file_url: Or where the platform fetches it, if it may.
    """
    sent = {"file_content": file_content, "file_url": file_url}
    return await imported(ctx, _POSTMAN, project_id, name=name, **sent)


@tool(title="Import a Playwright spec")
async def import_playwright_virtual_user(
    ctx: ToolContext,
    project_id: str,
    name: Name | None = None,
    file_content: str | None = None,
    file_url: str | None = None,
) -> FileImport:
    """Turn one Playwright .spec.ts file into a virtual user, type PLAYWRIGHT, by your upload.

    The real runner plays it in a browser: absolute addresses or a baseURL, settings in
    test.use({}), no configuration file. Answers a single-use address and the exact curl command;
    nothing is overwritten.

    Args:
        project_id: Id from list_projects_by_workspace.
        name: Name of the new virtual user; absent takes it from the file.
        file_content: Instead of an upload: the spec, 64 kB at most.
        file_url: Or where the platform fetches it, if it may.
    """
    sent = {"file_content": file_content, "file_url": file_url}
    return await imported(ctx, _PLAYWRIGHT, project_id, name=name, **sent)
