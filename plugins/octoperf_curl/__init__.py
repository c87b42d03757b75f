"""curl: command lines, as browsers copy them, become a virtual user. Off by default."""

from collections.abc import Iterable

from octoperf_curl.tools import IMPORT, PAGE, import_curl_virtual_user
from octoperf_mcp import DeepLink, Importer, RestCall, Tool, hookimpl

octoperf_mcp_api = ">=1.0,<2"


@hookimpl
def register_importers() -> Iterable[Importer]:
    """The reader of command lines."""
    return (Importer("curl", "octoperf_curl.reading:read", name="curl commands"),)


@hookimpl
def register_rest_calls() -> Iterable[RestCall]:
    """The import."""
    return (IMPORT,)


@hookimpl
def register_deep_links() -> Iterable[DeepLink]:
    """The page of what was made."""
    return (PAGE,)


@hookimpl
def register_tools() -> Iterable[Tool]:
    """The import."""
    return (import_curl_virtual_user,)
