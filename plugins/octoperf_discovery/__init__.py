"""Discovery: workspaces, projects, scenarios, virtual users, providers."""

from collections.abc import Iterable

from octoperf_discovery import completions, links, rest, tools
from octoperf_mcp import Completion, DeepLink, RestCall, Tool, hookimpl

octoperf_mcp_api = ">=1.0,<2"


@hookimpl
def register_rest_calls() -> Iterable[RestCall]:
    """Calls of this area."""
    return (
        rest.LIST_WORKSPACES,
        rest.LIST_PROJECTS,
        rest.LIST_VIRTUAL_USERS,
        rest.DESCRIBE_VIRTUAL_USER,
        rest.GET_VIRTUAL_USER,
        rest.LIST_SCENARIOS,
        rest.LIST_REPORTS,
        rest.LIST_PROVIDERS,
        rest.LIST_PUBLIC_PROVIDERS,
    )


@hookimpl
def register_deep_links() -> Iterable[DeepLink]:
    """Pages of this area."""
    return (
        links.WORKSPACES,
        links.WORKSPACE,
        links.PROJECTS,
        links.PROJECT,
        links.VIRTUAL_USER,
        links.SCENARIOS,
        links.SCENARIO,
        links.PROVIDERS,
        links.PROVIDER,
    )


@hookimpl
def register_tools() -> Iterable[Tool]:
    """Tools of this area."""
    return (
        tools.list_workspaces,
        tools.list_projects_by_workspace,
        tools.list_virtual_users,
        tools.describe_virtual_user,
        tools.list_scenarios_by_project,
        tools.list_docker_providers_by_workspace,
        tools.list_public_docker_providers,
    )


@hookimpl
def register_completions() -> Iterable[Completion]:
    """Ids of this area, and of reports, for the prompts of all areas."""
    return completions.COMPLETIONS
