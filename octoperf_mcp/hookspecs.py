"""Every hook, in call order: the table of contents of what can be extended.

All hooks are synchronous, take nothing, touch nothing and return frozen objects; what runs later
is a function inside such an object. A plugin's module says which API it was written for:

    octoperf_mcp_api = ">=1.0,<2"
"""

from collections.abc import Iterable

import pluggy

from octoperf_mcp.registry.assets import Completion, ConfigSection, Prompt, PublicAsset, Resource
from octoperf_mcp.registry.deep_links import DeepLink
from octoperf_mcp.registry.extending import (
    AfterToolCall,
    BeforeToolCall,
    Command,
    Drain,
    HealthCheck,
    Lifespan,
)
from octoperf_mcp.registry.rest_calls import RestCall
from octoperf_mcp.registry.tools import Tool

__all__ = ["PROJECT", "Lifespan", "hookimpl", "hookspec"]

PROJECT = "octoperf_mcp"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_config() -> Iterable[ConfigSection]:
    """Sections of the configuration: `ConfigSection("bench", BenchSettings)` is `[bench]`.

    The settings are a frozen dataclass whose fields all have defaults and are made with
    `described`, which gives each its sentence in `config` and in errors. They are read from the
    file and from `OCTOPERF_MCP_BENCH_…` once, before the server starts. Functions of the plugin
    that run later find them in `host.settings`.
    """
    return ()


@hookspec
def register_commands() -> Iterable[Command]:
    """Commands of `octoperf-mcp`, which an operator types.

    The module of a command is imported only when it runs. A name that another command has is
    refused.
    """
    return ()


@hookspec
def register_rest_calls() -> Iterable[RestCall]:
    """Every REST call that the plugin's tools can make; others are refused at run time.

    A call of the platform names its route as the platform has it; where an upstream may lack the
    route it is `optional`, and a tool that has it among its `needs` is listed only where it
    works.
    """
    return ()


@hookspec
def register_deep_links() -> Iterable[DeepLink]:
    """Pages of the web UI that the plugin's tools point at, for `ctx.link`."""
    return ()


@hookspec
def register_tools() -> Iterable[Tool]:
    """Tools, built with `@tool`; names and older names are unique across all plugins.

    A third party gives its tools a prefix of its own (`acme_…`). It can take the place of a
    built-in tool only where the operator lists its name in `[plugins] override`.
    """
    return ()


@hookspec
def register_resources() -> Iterable[Resource]:
    """MCP resources and resource templates, with their completions; addresses are unique."""
    return ()


@hookspec
def register_prompts() -> Iterable[Prompt]:
    """MCP prompts beyond those that every tool has by itself; names are unique."""
    return ()


@hookspec
def register_completions() -> Iterable[Completion]:
    """Live values for prompt arguments by name: `projectId` for every prompt that has it."""
    return ()


@hookspec
def register_public_assets() -> Iterable[PublicAsset]:
    """Files under `/mcp/public/`; `resource_uri` serves the same bytes as an MCP resource.

    They are read without signing in. A skill (`skills/<name>.md`) that calls tools is left out
    where one of them is missing.
    """
    return ()


@hookspec
def register_before_tool_call() -> Iterable[BeforeToolCall]:
    """Looks at calls of all tools before they are made, and may refuse one with a ToolError.

    Checks run one after the other, in the order of the plugins' names, each with a time limit.
    Without any such plugin a call pays nothing.
    """
    return ()


@hookspec
def register_after_tool_call() -> Iterable[AfterToolCall]:
    """Is told of calls of all tools after they ended, and cannot change their results."""
    return ()


@hookspec
def register_health_checks() -> Iterable[HealthCheck]:
    """Lines of `/readyz`; one that gives a reason makes the server not ready."""
    return ()


@hookspec
def register_lifespan() -> Iterable[Lifespan]:
    """Async context managers over the life of the server: start-up before, shutdown behind `yield`.

    Entered before the first request, left in reverse order after the last one.
    """
    return ()


@hookspec
def register_drain() -> Iterable[Drain]:
    """Functions that are called when the server begins to drain: no new work from here on.

    They run while calls under way still end; shutdown follows.
    """
    return ()
