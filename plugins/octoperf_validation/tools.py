"""Tools of validations: check the design, replay it once, look at what failed."""

import contextlib
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from octoperf_mcp import (
    Limit,
    ToolContext,
    WaitSec,
    Watch,
    follow,
    page_in_order,
    plain_text,
    tool,
    wait_for_change,
)
from octoperf_mcp.entities.runs import is_over
from octoperf_mcp.entities.trees import action_labels, label_of
from octoperf_mcp.errors import ConflictError, InvalidDocumentError, NotFoundError
from octoperf_validation import links, rest
from octoperf_validation.payloads import (
    SanityCheck,
    SanityMessage,
    ValidatedAction,
    ValidationIndex,
    ValidationState,
)
from octoperf_validation.subjects import (
    MESSAGE_MAX_CHARS,
    STALE,
    STALE_CATEGORIES,
    page_of,
    short_text,
    virtual_user_of,
)

POLL_SEC = 5
"""A validation takes about 30 s, 60 s with a real browser (skill async-polling)."""

_LEVELS = ("ERROR", "WARNING", "INFO")


@tool(title="Check a virtual user's design", read_only=True)
async def sanity_check_virtual_user(ctx: ToolContext, virtual_user_id: str) -> SanityCheck:
    """Check a virtual user's design without sending anything.

    Finds missing files and servers, empty scripts, cyclic fragments, conflicting variables. Costs
    nothing. Run it before the first validation: an ERROR blocks a validation, WARNING and
    INFO do not.

    Args:
        virtual_user_id: Virtual user to check, from list_virtual_users or an import.
    """
    virtual_user = await virtual_user_of(ctx, virtual_user_id)
    found = await ctx.rest(rest.SANITY_CHECK, id=virtual_user_id) or []
    labels = action_labels(virtual_user)
    messages = []
    for item in sorted(found, key=lambda item: _rank(item["level"])):
        label = label_of(labels, item.get("actionId") or "")
        messages.append(
            SanityMessage(
                level=item["level"],
                message=plain_text(item["message"], MESSAGE_MAX_CHARS),
                action_id=item.get("actionId") or None,
                action_name=label.name if label else None,
                action_type=label.kind if label else None,
                variable_id=item.get("variableId") or None,
            )
        )
    counts = {level: sum(item.level == level for item in messages) for level in _LEVELS}
    fix = "Mend every ERROR, then check again."
    return SanityCheck(
        virtual_user_id=virtual_user_id,
        virtual_user_name=virtual_user["name"],
        messages=messages,
        total=len(messages),
        errors=counts["ERROR"],
        warnings=counts["WARNING"],
        infos=counts["INFO"],
        can_validate=counts["ERROR"] == 0,
        next=fix if counts["ERROR"] else "validate_virtual_user replays it once.",
        url=await page_of(ctx, links.VIRTUAL_USER, virtual_user["projectId"], virtual_user_id),
    )


@tool(title="Validate a virtual user", open_world=True)
async def validate_virtual_user(
    ctx: ToolContext,
    *,
    project_id: str,
    virtual_user_id: str,
    provider_id: str,
    location: str,
    iterations: Annotated[int, Field(ge=1, le=100)] = 1,
) -> ValidationState:
    """Replay a virtual user functionally: one user, no think times, every exchange captured.

    Sends real requests to the target from a load generator; costs no credit. Takes about 30 s;
    poll get_virtual_user_validation until finished, or follow the task that a client which knows
    tasks is answered. Run sanity_check_virtual_user first.

    Args:
        project_id: Project of the virtual user.
        virtual_user_id: Virtual user to replay.
        provider_id: Provider whose load generator replays it, from
            list_docker_providers_by_workspace or list_public_docker_providers.
        location: One of the provider's locations.
        iterations: How often to replay; 2 or 3 prove that nothing recorded is reused.
    """
    body = {
        "projectId": project_id,
        "providerId": provider_id,
        "location": location,
        "iterations": iterations,
    }
    try:
        run = await ctx.rest(rest.RUN_VALIDATION, virtual_user_id=virtual_user_id, body=body)
    except (InvalidDocumentError, ConflictError) as error:
        error.next_step = error.next_step or (
            "Nothing was started. sanity_check_virtual_user shows what blocks it; "
            "list_docker_providers_by_workspace shows the providers and their locations."
        )
        raise
    run_id = run.get("id") or run["benchResultId"]
    if ctx.become_task("The validation has started.", on_cancel=lambda: _stop(ctx, run_id)):
        run = await follow(ctx, _latest(ctx, project_id, virtual_user_id))
    return await _state(ctx, run, project_id, virtual_user_id)


@tool(title="Get a validation's state", read_only=True)
async def get_virtual_user_validation(
    ctx: ToolContext, project_id: str, virtual_user_id: str, wait_sec: WaitSec = 0
) -> ValidationState:
    """Tell the state of the latest validation of a virtual user.

    Call it until finished is true, with waitSec to wait here. The state says how the run ended,
    not whether its requests passed: that is in get_virtual_user_validation_index.

    Args:
        project_id: Project of the virtual user.
        virtual_user_id: Virtual user that was validated.
        wait_sec: Seconds to wait here until the state changes.
    """
    try:
        run = await wait_for_change(ctx, _latest(ctx, project_id, virtual_user_id), wait_sec)
    except NotFoundError as error:
        error.next_step = (
            "validate_virtual_user starts a validation; list_virtual_users lists the ids."
        )
        raise
    return await _state(ctx, run, project_id, virtual_user_id)


@tool(title="Get a validation's outcome by action", read_only=True)
async def get_virtual_user_validation_index(
    ctx: ToolContext, virtual_user_id: str, limit: Limit = 500, cursor: str = ""
) -> ValidationIndex:
    """Summarise the latest validation by action: how many iterations passed, and when.

    Timestamps are the handles of get_validation_failure_detail and fetch_validation_http_body.
    An action without failedTimestamps passed; success below total is a partial failure, often
    data. No action at all means that nothing was sent, not that all passed.

    Args:
        virtual_user_id: Virtual user that was validated.
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    virtual_user = await virtual_user_of(ctx, virtual_user_id)
    entries = await ctx.rest(rest.VALIDATION_INDEX, virtual_user_id=virtual_user_id) or []
    labels = action_labels(virtual_user)
    order = {action_id: position for position, action_id in enumerate(labels)}
    rows = []
    for entry in sorted(
        entries, key=lambda entry: (order.get(entry["actionId"], len(order)), entry["actionId"])
    ):
        label = label_of(labels, entry["actionId"])
        rows.append(
            ValidatedAction(
                action_id=entry["actionId"],
                action_name=label.name if label else entry.get("name") or None,
                action_type=label.kind if label else None,
                success=entry["success"],
                total=entry["total"],
                success_timestamps=sorted(entry.get("successTimestamps") or []),
                failed_timestamps=sorted(entry.get("failedTimestamps") or []),
                last_code=short_text(entry.get("lastCode")),
                last_message=short_text(entry.get("lastMessage")),
                error_category=short_text(entry.get("errorCategory")),
            )
        )
    failed = [row for row in rows if row.success < row.total]
    page = page_in_order(rows, limit=limit, cursor=cursor)
    return ValidationIndex(
        virtual_user_id=virtual_user_id,
        virtual_user_name=virtual_user["name"],
        actions=page.rows,
        total=page.total,
        next_cursor=page.next_cursor,
        passed=len(rows) - len(failed),
        failed=len(failed),
        next=_after_index(rows, failed),
        url=await page_of(ctx, links.VALIDATION, virtual_user["projectId"], virtual_user_id),
    )


async def _stop(ctx: ToolContext, run_id: str) -> None:
    with contextlib.suppress(ConflictError):  # it was over already
        await ctx.rest(rest.STOP, id=run_id)


def _latest(ctx: ToolContext, project_id: str, virtual_user_id: str) -> Watch[dict[str, Any]]:
    async def read() -> dict[str, Any]:
        found = await ctx.rest(
            rest.LATEST_VALIDATION, virtual_user_id=virtual_user_id, project_id=project_id
        )
        if not found:
            raise NotFoundError("This virtual user has not been validated.")
        return dict(found)

    return Watch(
        read,
        state=lambda run: str(run["state"]),
        over=lambda run: is_over(run["state"]),
        describe=lambda run: f"validation {run['state']}",
    )


async def _state(
    ctx: ToolContext, run: Mapping[str, Any], project_id: str, virtual_user_id: str
) -> ValidationState:
    state = run["state"]
    over = is_over(state)
    return ValidationState(
        virtual_user_id=virtual_user_id,
        bench_result_id=run.get("id") or run["benchResultId"],
        state=state,
        finished=over,
        next_poll_sec=None if over else POLL_SEC,
        next=_after(state),
        url=await page_of(ctx, links.VALIDATION, project_id, virtual_user_id),
    )


def _after(state: str) -> str:
    if not is_over(state):
        return "Call get_virtual_user_validation with waitSec until finished is true."
    if state == "ERROR":
        return (
            "The load generator failed before the first request: list_bench_docker_logs with the "
            "benchResultId tells why."
        )
    return "get_virtual_user_validation_index tells which actions passed."


def _after_index(rows: list[ValidatedAction], failed: list[ValidatedAction]) -> str:
    if not rows:
        return (
            "Nothing was sent. get_virtual_user_validation tells whether a validation is still "
            "running; after an ERROR read jmeter.log with read_bench_result_file_lines."
        )
    if not failed:
        return "All actions passed. create_scenario_ramp_up makes a load test of it."
    first = failed[0]
    at = f", timestamp {first.failed_timestamps[0]}" if first.failed_timestamps else ""
    hint = f" {STALE}" if first.error_category in STALE_CATEGORIES else ""
    return (
        f"Start with the first failure, later ones often follow from it: "
        f"get_validation_failure_detail with actionId {first.action_id}{at}.{hint}"
    )


def _rank(level: str) -> int:
    return _LEVELS.index(level) if level in _LEVELS else len(_LEVELS)
