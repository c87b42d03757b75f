"""Tools on the presets of correlation rules."""

from octoperf_edit import links, rest
from octoperf_edit.payloads import AddedFramework, CreatedRule, FrameworkList, FrameworkRow
from octoperf_mcp import Limit, ToolContext, known_id, page_of, tool


@tool(title="List correlation frameworks", read_only=True)
async def list_correlation_frameworks(
    ctx: ToolContext, project_id: str | None = None, limit: Limit = 100, cursor: str = ""
) -> FrameworkList:
    """List the presets of correlation rules, each with the names of its rules.

    For applications that sign in with SAML, OAuth 1.0a or Azure AD, and for ASP.NET, Java and
    common token names. Next: add_correlation_framework_to_project.

    Args:
        project_id: Makes url the page of this project's rules.
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    found = await ctx.rest(rest.LIST_FRAMEWORKS)
    url = ctx.link(links.WORKSPACES) if project_id is None else await _rules_url(ctx, project_id)
    rows = [
        FrameworkRow(
            id=framework["id"],
            name=str(framework.get("name") or ""),
            description=str(framework.get("description") or ""),
            rules=[str(rule.get("name") or "") for rule in framework.get("rules") or []],
        )
        for framework in found
    ]
    page = page_of(rows, key=lambda row: (row.name.casefold(), row.id), limit=limit, cursor=cursor)
    return FrameworkList(
        correlation_frameworks=page.rows,
        total=page.total,
        next_cursor=page.next_cursor,
        url=url,
    )


@tool(title="Add a correlation framework", idempotent=True)
async def add_correlation_framework_to_project(
    ctx: ToolContext, project_id: str, framework_id: str
) -> AddedFramework:
    """Copy the rules of a preset into a project; rules that it has already are left out.

    Changes no virtual user: apply_correlations_to_virtual_user plants the rules. Presets may be
    stacked.

    Args:
        project_id: Id from list_projects_by_workspace.
        framework_id: Id from list_correlation_frameworks.
    """
    url = await _rules_url(ctx, project_id)
    workspace_id = await ctx.workspace_of(project_id)
    with known_id("frameworkId", framework_id, listed_by="list_correlation_frameworks"):
        created = await ctx.rest(
            rest.ADD_FRAMEWORK, project_id=project_id, framework_id=framework_id
        )
    rules = [
        CreatedRule(
            id=rule["id"],
            name=str(rule.get("name") or ""),
            url=ctx.link(
                links.CORRELATION_RULE,
                workspace_id=workspace_id,
                project_id=project_id,
                rule_id=rule["id"],
            ),
        )
        for rule in created or []
    ]
    return AddedFramework(
        correlation_rules=rules,
        total=len(rules),
        next="backup_virtual_user, then apply_correlations_to_virtual_user."
        if rules
        else "The project has all rules of this preset already.",
        url=url,
    )


async def _rules_url(ctx: ToolContext, project_id: str) -> str:
    with known_id("projectId", project_id, listed_by="list_projects_by_workspace"):
        workspace_id = await ctx.workspace_of(project_id)
    return ctx.link(links.CORRELATION_RULES, workspace_id=workspace_id, project_id=project_id)
