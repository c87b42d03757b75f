"""Validation: functional checks and their failing exchanges."""

from collections.abc import Iterable

from octoperf_mcp import DeepLink, Prompt, RestCall, Tool, hookimpl
from octoperf_validation import exchange_tools, links, prompts, rest, tools

octoperf_mcp_api = ">=1.0,<2"


@hookimpl
def register_rest_calls() -> Iterable[RestCall]:
    """Calls of checks, validation runs and their captures."""
    return rest.CALLS


@hookimpl
def register_deep_links() -> Iterable[DeepLink]:
    """Pages of a virtual user and of its validation."""
    return links.PAGES


@hookimpl
def register_tools() -> Iterable[Tool]:
    """Check, validate, and look at what failed."""
    return (
        tools.sanity_check_virtual_user,
        tools.validate_virtual_user,
        tools.get_virtual_user_validation,
        tools.get_virtual_user_validation_index,
        exchange_tools.get_validation_failure_detail,
        exchange_tools.fetch_validation_http_body,
    )


@hookimpl
def register_prompts() -> Iterable[Prompt]:
    """Workflows of this area."""
    return (prompts.TRIAGE_VALIDATION,)
