"""Import: recordings and scripts become virtual users."""

from collections.abc import Iterable

from octoperf_import import links, prompts, rest, tools
from octoperf_mcp import DeepLink, Prompt, RestCall, Tool, hookimpl


@hookimpl
def register_rest_calls() -> Iterable[RestCall]:
    """Calls of this area; those of the uploads are made through their tickets."""
    return (rest.SIGN_UPLOAD, rest.IMPORT_HAR)


@hookimpl
def register_deep_links() -> Iterable[DeepLink]:
    """Pages of this area."""
    return (links.PROJECT,)


@hookimpl
def register_tools() -> Iterable[Tool]:
    """Tools of this area."""
    return (tools.import_har_virtual_user,)


@hookimpl
def register_prompts() -> Iterable[Prompt]:
    """Workflows of this area."""
    return (prompts.LOAD_TEST_RECORDING,)
