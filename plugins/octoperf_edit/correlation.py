"""Tools on correlation rules: values that the server makes are extracted and put back."""

import re
import warnings
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from octoperf_edit import links, rest
from octoperf_edit.arguments import Description, VariableName, check_variable
from octoperf_edit.payloads import CorrelationRuleList, CorrelationRuleRow, StartedTask
from octoperf_mcp import (
    Limit,
    ToolContext,
    follow,
    known_id,
    message_of,
    page_of,
    status_of,
    tool,
    watch_task,
)
from octoperf_mcp.errors import InvalidArgumentError

Target = Literal["HEADER", "QUERY_PARAM", "POST_PARAM", "PATH", "BODY"]

_INJECTIONS: dict[Target, str] = {
    "HEADER": "HeaderValueInjectionRule",
    "QUERY_PARAM": "QueryParamValueInjectionRule",
    "POST_PARAM": "PostParamValueInjectionRule",
    "PATH": "RequestPathInjectionRule",
    "BODY": "PostBodyInjectionRule",
}
_NAMELESS = frozenset({"PATH", "BODY"})
_POLL = "Call get_task_result with taskId and waitSec; it usually takes 5 to 60 s."


@tool(title="List correlation rules", read_only=True)
async def list_correlation_rules(
    ctx: ToolContext, project_id: str, limit: Limit = 100, cursor: str = ""
) -> CorrelationRuleList:
    """List the correlation rules of a project: what each extracts and where it puts the value back.

    Next: apply_correlations_to_virtual_user.

    Args:
        project_id: Id from list_projects_by_workspace.
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    with known_id("projectId", project_id, listed_by="list_projects_by_workspace"):
        workspace_id = await ctx.workspace_of(project_id)
        found = await ctx.rest(rest.LIST_CORRELATION_RULES, project_id=project_id)
    rows = [row_of(ctx, workspace_id, project_id, rule) for rule in found]
    page = page_of(rows, key=lambda row: (row.name.casefold(), row.id), limit=limit, cursor=cursor)
    return CorrelationRuleList(
        correlation_rules=page.rows,
        total=page.total,
        next_cursor=page.next_cursor,
        url=ctx.link(links.CORRELATION_RULES, workspace_id=workspace_id, project_id=project_id),
    )


@tool(title="Create a correlation rule")
async def create_correlation_rule(
    ctx: ToolContext,
    project_id: str,
    name: VariableName,
    regex: Annotated[str, Field(min_length=1, max_length=2000)],
    injection_targets: Annotated[list[Target], Field(min_length=1)],
    *,
    extract_from: Literal["BODY", "HEADERS", "BODY_UNESCAPED", "URL", "CODE", "MESSAGE"] = "BODY",
    match_number: int = 1,
    target_name: str | None = None,
    description: Description = "",
) -> CorrelationRuleRow:
    """Add one regular-expression correlation rule to a project.

    For values that the target generates (tokens, session ids), never for credentials. Next:
    apply_correlations_to_virtual_user plants it.

    Args:
        project_id: Id from list_projects_by_workspace.
        name: Name of the rule and of the variable that receives the value; not beginning with __.
        regex: Expression with exactly one capture group, anchored on stable text of the recorded
            response.
        injection_targets: Where the recorded value is replaced by the variable.
        extract_from: Part of the response that the expression searches.
        match_number: Which occurrence: 1 is the first, 0 any, -1 all.
        target_name: Replace only in headers or parameters of this name; needed for values shorter
            than 6 characters.
        description: Free text, at most 2000 characters.
    """
    check_variable(name)
    check_regex(regex)
    _check_target_name(target_name, injection_targets)
    rule = {
        "id": "",
        "userId": "",
        "projectId": project_id,
        "name": name,
        "description": description,
        "enabled": True,
        "extractor": {
            "@type": "RegexpVariableExtractor",
            "id": "",
            "name": name,
            "enabled": True,
            "variable": name,
            "regexp": regex,
            "template": "$1$",
            "matchNumber": match_number,
            "extractFrom": extract_from,
            "defaultValue": "",
        },
        "injectionRules": [
            _injection(target, name, target_name) for target in dict.fromkeys(injection_targets)
        ],
    }
    with known_id("projectId", project_id, listed_by="list_projects_by_workspace"):
        workspace_id = await ctx.workspace_of(project_id)
        created = await ctx.rest(rest.CREATE_CORRELATION_RULE, body=rule)
    return row_of(ctx, workspace_id, project_id, created)


@tool(title="Apply correlation rules", destructive=True)
async def apply_correlations_to_virtual_user(
    ctx: ToolContext, project_id: str, virtual_user_id: str
) -> StartedTask:
    """Plant all correlation rules of the project in one virtual user, which rewrites its tree.

    Needs recorded responses. Call backup_virtual_user first; then call get_task_result with the
    taskId until it is over.

    Args:
        project_id: Id from list_projects_by_workspace.
        virtual_user_id: Id from list_virtual_users.
    """
    with known_id("projectId", project_id, listed_by="list_projects_by_workspace"):
        workspace_id = await ctx.workspace_of(project_id)
    task = {
        "@type": "ApplyCorrelationsTask",
        "virtualUserId": virtual_user_id,
        "projectId": project_id,
    }
    with known_id("virtualUserId", virtual_user_id, listed_by="list_virtual_users"):
        answer = await ctx.rest(rest.SUBMIT_TASK, body=task)
    task_id = str(answer).strip().strip('"')
    ended = None
    if ctx.become_task("The correlation rules are being applied."):
        ended = await follow(ctx, watch_task(ctx, task_id))
    return StartedTask(
        task_id=task_id,
        status=status_of(ended),
        message=message_of(ended) if ended else None,
        next="validate_virtual_user shows what the rules have mended." if ended else _POLL,
        url=ctx.link(
            links.VIRTUAL_USER,
            workspace_id=workspace_id,
            project_id=project_id,
            virtual_user_id=virtual_user_id,
        ),
    )


def check_regex(regex: str, field: str = "regex") -> None:
    """Refuse what a rule could not extract one value with.

    Raises:
        InvalidArgumentError: says what is wrong and how it is written.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            pattern = re.compile(regex)
    except re.error as error:
        place = "" if error.pos is None else f" at character {error.pos}"
        raise _wrong_regex(f"is no expression: {error.msg}{place}", regex, field) from error
    if pattern.groups != 1:
        raise _wrong_regex(f"has {pattern.groups} capture groups instead of one", regex, field)
    if pattern.search(""):
        raise _wrong_regex("matches even an empty text, so it would match everywhere", regex, field)


def _check_target_name(target_name: str | None, targets: list[Target]) -> None:
    if target_name is not None and _NAMELESS.issuperset(targets):
        raise InvalidArgumentError(
            "A path and a raw body have no names to choose by.",
            field="targetName",
            got=target_name,
            next_step="Leave targetName out, or add HEADER, QUERY_PARAM or POST_PARAM.",
        )


def _wrong_regex(what: str, regex: str, field: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"The regular expression {what}.",
        field=field,
        got=regex,
        next_step=(
            "Capture the changing value in one group between stable texts, for example "
            'name="csrf" value="([^"]+)"; group without capturing by (?:…).'
        ),
    )


def _injection(target: Target, variable: str, target_name: str | None) -> dict[str, Any]:
    named = {} if target in _NAMELESS else {"name": target_name}
    return {
        "@type": _INJECTIONS[target],
        "enabled": True,
        **named,
        "replacement": f"${{{variable}}}",
        "partial": True,
    }


def row_of(
    ctx: ToolContext, workspace_id: str, project_id: str, rule: Mapping[str, Any]
) -> CorrelationRuleRow:
    """A rule as an answer."""
    return CorrelationRuleRow(**facts_of(ctx, workspace_id, project_id, rule))


def facts_of(
    ctx: ToolContext, workspace_id: str, project_id: str, rule: Mapping[str, Any]
) -> dict[str, Any]:
    """What every answer tells of a rule."""
    return {
        "id": rule["id"],
        "name": rule.get("name") or "",
        "description": rule.get("description") or "",
        "enabled": bool(rule.get("enabled")),
        "extractor": rule.get("extractor") or {},
        "injection_rules": rule.get("injectionRules") or [],
        "url": ctx.link(
            links.CORRELATION_RULE,
            workspace_id=workspace_id,
            project_id=project_id,
            rule_id=rule["id"],
        ),
    }
