"""Every hook, in call order: the table of contents of what can be extended.

All hooks are synchronous, touch nothing and return frozen objects; work that needs the event
loop goes into the context manager given to `register_lifespan`.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pluggy

from octoperf_mcp.registry.assets import Completion, ConfigSection, Prompt, PublicAsset, Resource
from octoperf_mcp.registry.deep_links import DeepLink
from octoperf_mcp.registry.rest_calls import RestCall
from octoperf_mcp.registry.tools import Tool

PROJECT = "octoperf_mcp"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

Lifespan = Callable[[Any], AbstractAsyncContextManager[None]] | Callable[[Any], AsyncIterator[None]]
"""Given the aiohttp application; entered before the first request, left in reverse order."""


@hookspec
def register_config() -> Iterable[ConfigSection]:
    """Sections of the configuration: `ConfigSection("bench", BenchSettings)` is `[bench]`."""
    return ()


@hookspec
def register_rest_calls() -> Iterable[RestCall]:
    """Every OctoPerf call the area can make; others are refused at run time."""
    return ()


@hookspec
def register_deep_links() -> Iterable[DeepLink]:
    """Pages of the web UI that the area's tools point at."""
    return ()


@hookspec
def register_tools() -> Iterable[Tool]:
    """Tools of the area, built with `@tool`; names are unique across all plugins."""
    return ()


@hookspec
def register_resources() -> Iterable[Resource]:
    """MCP resources and resource templates, with their completions."""
    return ()


@hookspec
def register_prompts() -> Iterable[Prompt]:
    """MCP prompts beyond those that every tool has by itself."""
    return ()


@hookspec
def register_completions() -> Iterable[Completion]:
    """Live values for prompt arguments by name: `projectId` for every prompt that has it."""
    return ()


@hookspec
def register_public_assets() -> Iterable[PublicAsset]:
    """Files under `/mcp/public/`; `resource_uri` serves the same bytes as an MCP resource."""
    return ()


@hookspec
def register_lifespan() -> Iterable[Lifespan]:
    """Async context managers over the application."""
    return ()
