"""OctoPerf over the Model Context Protocol.

The names below are the API of plugin authors. They are looked up when first used, so that a
process that needs only a part of the package (a load worker) stays small.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from octoperf_mcp.hookspecs import Lifespan, hookimpl
    from octoperf_mcp.registry.assets import (
        ConfigSection,
        Prompt,
        PromptArgument,
        PublicAsset,
        Resource,
    )
    from octoperf_mcp.registry.context import Caller, ToolContext
    from octoperf_mcp.registry.deep_links import DeepLink
    from octoperf_mcp.registry.payloads import payload
    from octoperf_mcp.registry.rest_calls import RestCall
    from octoperf_mcp.registry.tools import Tool, tool

__version__ = "0.1.0"

_HOMES = {
    "Caller": "registry.context",
    "ConfigSection": "registry.assets",
    "DeepLink": "registry.deep_links",
    "Lifespan": "hookspecs",
    "Prompt": "registry.assets",
    "PromptArgument": "registry.assets",
    "PublicAsset": "registry.assets",
    "Resource": "registry.assets",
    "RestCall": "registry.rest_calls",
    "Tool": "registry.tools",
    "ToolContext": "registry.context",
    "hookimpl": "hookspecs",
    "payload": "registry.payloads",
    "tool": "registry.tools",
}

__all__ = [
    "Caller",
    "ConfigSection",
    "DeepLink",
    "Lifespan",
    "Prompt",
    "PromptArgument",
    "PublicAsset",
    "Resource",
    "RestCall",
    "Tool",
    "ToolContext",
    "__version__",
    "hookimpl",
    "payload",
    "tool",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
