"""Fixtures of the protocol's conformance suite; off unless an operator enables them."""

from collections.abc import Iterable

from octoperf_conformance import (
    asking_tools,
    content_tools,
    reading,
    sample_skill,
    stream_tools,
    talking_tools,
    task_tools,
)
from octoperf_mcp import Prompt, PublicAsset, Resource, Tool, hookimpl

octoperf_mcp_api = ">=1.0,<2"


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
        asking_tools.test_sampling,
        asking_tools.test_elicitation,
        asking_tools.test_elicitation_sep1034_defaults,
        asking_tools.test_elicitation_sep1330_enums,
        asking_tools.test_missing_capability,
        asking_tools.test_streaming_elicitation,
        asking_tools.test_input_required_result_elicitation,
        asking_tools.test_input_required_result_sampling,
        asking_tools.test_input_required_result_list_roots,
        asking_tools.test_input_required_result_request_state,
        asking_tools.test_input_required_result_multiple_inputs,
        asking_tools.test_input_required_result_multi_round,
        asking_tools.test_input_required_result_tampered_state,
        asking_tools.test_input_required_result_capabilities,
        stream_tools.test_reconnection,
        stream_tools.test_trigger_tool_change,
        stream_tools.test_trigger_prompt_change,
        stream_tools.test_trigger_resource_update,
        task_tools.greet,
        task_tools.slow_compute,
        task_tools.failing_job,
        task_tools.protocol_error_job,
        task_tools.confirm_delete,
        task_tools.multi_input,
        task_tools.test_tool_with_task,
    )


@hookimpl
def register_resources() -> Iterable[Resource]:
    """Resources of the suite."""
    return reading.RESOURCES


@hookimpl
def register_prompts() -> Iterable[Prompt]:
    """Prompts of the suite."""
    return reading.PROMPTS


@hookimpl
def register_public_assets() -> Iterable[PublicAsset]:
    """The skill of the suite."""
    return sample_skill.FILES
