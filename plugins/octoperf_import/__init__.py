"""Import: recordings and scripts become virtual users."""

from collections.abc import Iterable

from octoperf_import import archive_tools, links, prompts, rest, tools, url_tools
from octoperf_mcp import DeepLink, Prompt, RestCall, Tool, hookimpl

octoperf_mcp_api = ">=1.0,<2"


@hookimpl
def register_rest_calls() -> Iterable[RestCall]:
    """Calls of this area; those of the uploads are made through their tickets."""
    return (
        rest.SIGN_UPLOAD,
        rest.SIGN_DOWNLOAD,
        rest.DESCRIBE_VIRTUAL_USER,
        rest.EXPORT_ARCHIVE,
        rest.IMPORT_ARCHIVE,
        rest.IMPORT_FETCHED,
        rest.IMPORT_HAR,
        rest.IMPORT_JMX,
        rest.IMPORT_URLS,
        rest.IMPORT_PLAYWRIGHT,
        rest.IMPORT_POSTMAN,
        rest.IMPORT_WEBDRIVER,
    )


@hookimpl
def register_deep_links() -> Iterable[DeepLink]:
    """Pages of this area."""
    return (links.PROJECT, links.VIRTUAL_USER)


@hookimpl
def register_tools() -> Iterable[Tool]:
    """Tools of this area."""
    return (
        tools.import_har_virtual_user,
        tools.upload_jmx_virtual_user,
        tools.import_postman_virtual_user,
        tools.import_playwright_virtual_user,
        url_tools.import_urls_virtual_user,
        url_tools.import_webdriver_virtual_user,
        archive_tools.import_archive_virtual_user,
        archive_tools.export_virtual_user_archive,
    )


@hookimpl
def register_prompts() -> Iterable[Prompt]:
    """Workflows of this area."""
    return (prompts.LOAD_TEST_RECORDING,)
