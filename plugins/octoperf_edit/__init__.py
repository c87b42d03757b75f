"""Edit: virtual users, servers, variables, correlation rules, files."""

from collections.abc import Iterable

from octoperf_edit import (
    correlation,
    correlation_frameworks,
    correlation_proposals,
    correlation_rules,
    http_server_deletion,
    http_servers,
    links,
    project_files,
    projects,
    prompts,
    rest,
    revisions,
    variable_creation,
    variable_patches,
    variables,
    virtual_user_patches,
    virtual_users,
)
from octoperf_mcp import DeepLink, Prompt, RestCall, Tool, hookimpl

octoperf_mcp_api = ">=1.0,<2"


@hookimpl
def register_rest_calls() -> Iterable[RestCall]:
    """Calls of this area."""
    return (
        rest.CREATE_PROJECT,
        rest.GET_PROJECT,
        rest.PUT_PROJECT,
        rest.GET_VIRTUAL_USER,
        rest.PUT_VIRTUAL_USER,
        rest.DUPLICATE_VIRTUAL_USER,
        rest.DELETE_VIRTUAL_USER,
        rest.LIST_SCENARIOS,
        rest.LIST_VARIABLES,
        rest.LIST_VARIABLE_USAGES,
        rest.GET_VARIABLE,
        rest.CREATE_VARIABLE,
        rest.PUT_VARIABLE,
        rest.DELETE_VARIABLE,
        rest.LIST_PROJECT_FILES,
        rest.LIST_FILE_ENTRIES,
        rest.READ_FILE_LINES,
        rest.GET_FILE,
        rest.UPLOAD_FILE,
        rest.DELETE_FILE,
        rest.SIGN_FILE,
        rest.SIGN_FILE_DOWNLOAD,
        rest.LIST_HTTP_SERVERS,
        rest.GET_HTTP_SERVER,
        rest.PUT_HTTP_SERVER,
        rest.LIST_HTTP_SERVER_USAGES,
        rest.DELETE_HTTP_SERVER,
        rest.DELETE_HTTP_SERVERS,
        rest.LIST_CORRELATION_RULES,
        rest.CREATE_CORRELATION_RULE,
        rest.GET_CORRELATION_RULE,
        rest.PUT_CORRELATION_RULE,
        rest.DELETE_CORRELATION_RULE,
        rest.LIST_FRAMEWORKS,
        rest.ADD_FRAMEWORK,
        rest.PROPOSE_CORRELATIONS,
        rest.SUBMIT_TASK,
        rest.FOLLOW_TASK,
        rest.GET_SCENARIO,
        rest.PUT_SCENARIO,
        rest.GET_BENCH_REPORT,
        rest.PUT_BENCH_REPORT,
        rest.LIST_VIRTUAL_USER_REVISIONS,
        rest.GET_VIRTUAL_USER_REVISION,
        rest.UNDO_VIRTUAL_USER,
        rest.LIST_VARIABLE_REVISIONS,
        rest.GET_VARIABLE_REVISION,
        rest.UNDO_VARIABLE,
        rest.LIST_HTTP_SERVER_REVISIONS,
        rest.GET_HTTP_SERVER_REVISION,
        rest.UNDO_HTTP_SERVER,
        rest.LIST_CORRELATION_RULE_REVISIONS,
        rest.GET_CORRELATION_RULE_REVISION,
        rest.UNDO_CORRELATION_RULE,
        rest.LIST_SCENARIO_REVISIONS,
        rest.GET_SCENARIO_REVISION,
        rest.UNDO_SCENARIO,
        rest.LIST_BENCH_REPORT_REVISIONS,
        rest.GET_BENCH_REPORT_REVISION,
        rest.UNDO_BENCH_REPORT,
    )


@hookimpl
def register_deep_links() -> Iterable[DeepLink]:
    """Pages of this area."""
    return (
        links.WORKSPACES,
        links.PROJECT,
        links.VIRTUAL_USER,
        links.SCENARIO,
        links.VARIABLES,
        links.VARIABLE,
        links.PROJECT_FILES,
        links.HTTP_SERVERS,
        links.HTTP_SERVER,
        links.CORRELATION_RULES,
        links.CORRELATION_RULE,
        links.REPORT,
    )


@hookimpl
def register_tools() -> Iterable[Tool]:
    """Tools of this area."""
    return (
        projects.create_project,
        projects.update_project,
        virtual_users.get_virtual_user,
        virtual_users.update_virtual_user,
        virtual_user_patches.patch_virtual_user,
        virtual_users.backup_virtual_user,
        virtual_users.delete_virtual_user,
        revisions.list_revisions,
        revisions.undo_last_edit,
        variables.list_variables,
        variable_creation.create_constant_variable,
        variable_creation.create_csv_variable,
        variable_creation.create_counter_variable,
        variable_creation.create_random_variable,
        variable_creation.create_list_variable,
        variable_creation.create_secret_variable,
        variable_patches.patch_variable,
        variables.delete_variable,
        http_servers.list_http_servers_by_project,
        http_servers.update_http_server,
        http_server_deletion.list_http_server_usages,
        http_server_deletion.delete_http_server,
        http_server_deletion.delete_unused_http_servers,
        project_files.list_project_files,
        project_files.read_project_file_lines,
        project_files.upload_project_file,
        project_files.download_project_file,
        project_files.delete_project_file,
        correlation.list_correlation_rules,
        correlation.create_correlation_rule,
        correlation_proposals.propose_correlations,
        correlation_proposals.plant_correlations,
        correlation_rules.patch_correlation_rule,
        correlation_rules.delete_correlation_rule,
        correlation_frameworks.list_correlation_frameworks,
        correlation_frameworks.add_correlation_framework_to_project,
        correlation.apply_correlations_to_virtual_user,
    )


@hookimpl
def register_prompts() -> Iterable[Prompt]:
    """Workflows of this area."""
    return (prompts.AUTO_CORRELATE, prompts.DATA_FROM_CSV)
