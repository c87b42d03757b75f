"""Fixtures of the protocol's conformance suite; off unless an operator enables them."""

from collections.abc import Iterable

from octoperf_conformance import content_tools, reading, talking_tools
from octoperf_mcp import Prompt, Resource, Tool, hookimpl


@hookimpl
def register_tools() -> Iterable[Tool]:
    """Tools of the suite."""
    return (
        content_tools.test_simple_text,
        content_tools.test_image_content,
        content_tools.test_audio_content,
        content_tools.test_embedded_resource,
        content_tools.test_multiple_content_types,
        content_tools.test_error_handling,
        content_tools.json_schema_2020_12_tool,
        content_tools.test_x_mcp_header,
        talking_tools.test_tool_with_logging,
        talking_tools.test_logging_tool,
        talking_tools.test_tool_with_progress,
    )


@hookimpl
def register_resources() -> Iterable[Resource]:
    """Resources of the suite."""
    return reading.RESOURCES


@hookimpl
def register_prompts() -> Iterable[Prompt]:
    """Prompts of the suite."""
    return reading.PROMPTS
