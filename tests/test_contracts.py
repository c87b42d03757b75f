"""Promises across plugins, kept on the registry as installed."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from octoperf_mcp import PRESIGN, PRESIGN_DOWNLOAD
from octoperf_mcp.auth.scopes import READ
from octoperf_mcp.cli.tools import token_counts
from octoperf_mcp.embedded.rest.middleware import required_scope
from octoperf_mcp.registry.collecting import RESERVED
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.registry.tools import Tool
from tests.end_to_end.every_tool import CALLS

REGISTRY: Registry = load_registry()
TOOLS = list(REGISTRY.tools.values())
TICKETS = {"url", "pageUrl"}
MAX_TOKENS = 700

# What an agent needs for the main job, by name.
MAIN_JOB = [
    "list_workspaces",
    "list_projects_by_workspace",
    "list_virtual_users",
    "list_scenarios_by_project",
    "list_docker_providers_by_workspace",
    "list_public_docker_providers",
    "describe_virtual_user",
    "create_project",
    "import_har_virtual_user",
    "get_virtual_user",
    "update_virtual_user",
    "patch_virtual_user",
    "list_http_servers_by_project",
    "update_http_server",
    "list_correlation_rules",
    "create_correlation_rule",
    "apply_correlations_to_virtual_user",
    "sanity_check_virtual_user",
    "validate_virtual_user",
    "get_virtual_user_validation",
    "get_virtual_user_validation_index",
    "get_validation_failure_detail",
    "create_scenario_ramp_up",
    "get_scenario",
    "run_scenario",
    "get_bench_status",
    "get_bench_result",
    "stop_bench_result",
    "list_bench_reports_by_project",
    "get_bench_report",
    "get_report_summary_values",
    "get_report_table_values",
    "get_report_line_chart_values",
    "get_report_errors",
    "list_bench_result_files",
    "read_bench_result_file_lines",
    "get_task_result",
]


@pytest.mark.parametrize("name", MAIN_JOB)
def test_the_main_job_has_its_tool(name: str) -> None:
    assert name in REGISTRY.tools


def test_every_tool_has_a_call_that_clients_try() -> None:
    """`CALLS` says with which arguments; tests/end_to_end/test_every_tool.py sends them."""
    assert set(CALLS) == set(REGISTRY.tools)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_tool_is_fit_for_every_host(tool: Tool) -> None:
    """Names, hints and schemas as the pickiest hosts want them."""
    definition = tool.definition
    assert re.fullmatch(r"[a-z][a-z0-9_]{2,47}", tool.name)
    assert tool.title == definition["annotations"]["title"]
    assert {
        key: type(value) for key, value in definition["annotations"].items() if key != "title"
    } == dict.fromkeys(("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"), bool)
    assert 20 < len(tool.description) <= 600
    for key in ("inputSchema", "outputSchema"):
        schema = definition[key]
        Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object"
        assert not {"anyOf", "oneOf", "allOf", "not", "if", "enum"} & set(schema)
        assert not {"$defs", "$ref"} & set(_keywords(schema))
    assert definition["inputSchema"]["additionalProperties"] is False
    for name, member in definition["inputSchema"]["properties"].items():
        assert re.fullmatch(r"[a-z][A-Za-z0-9]*", name)
        assert member["description"]


def _keywords(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield key
            yield from _keywords(value)
    elif isinstance(node, list):
        for value in node:
            yield from _keywords(value)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_tool_answers_a_link(tool: Tool) -> None:
    """Every result has `url`; tickets have the page as `pageUrl`."""
    schema: dict[str, Any] = tool.definition["outputSchema"]
    assert "url" in schema["properties"]
    if "expiresAt" in schema["properties"]:
        assert set(schema["properties"]) >= TICKETS


@pytest.mark.parametrize("path", [path for path in REGISTRY.public_assets if path.endswith(".md")])
def test_guides_speak_of_real_tools_only(path: str) -> None:
    text = REGISTRY.public_assets[path].content.decode()
    words = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", text))
    assert words <= {*REGISTRY.tools, *RESERVED}


@pytest.mark.parametrize("name", [name for name in REGISTRY.tools if name.startswith("list_")])
def test_every_listing_takes_and_answers_pages_alike(name: str) -> None:
    """`fields`, `limit` and `cursor` mean the same wherever there are rows."""
    definition = REGISTRY.tools[name].definition
    taken, answered = (
        definition[schema]["properties"] for schema in ("inputSchema", "outputSchema")
    )
    assert taken["limit"]["description"] == "Largest number of rows."
    assert taken["cursor"]["description"] == "nextCursor of the page before."
    assert taken["fields"]["items"] == {"type": "string"}
    assert {"total", "nextCursor"} <= set(answered)


@pytest.mark.parametrize(
    "kind", ["summary", "table", "tree", "line_chart", "stacked_chart", "top", "pie"]
)
def test_every_metric_tool_answers_text_too(kind: str) -> None:
    taken = REGISTRY.tools[f"get_report_{kind}_values"].definition["inputSchema"]["properties"]
    assert {"json", "csv", "markdown"} <= set(taken["format"]["enum"])


def test_the_listing_of_all_tools_stays_small() -> None:
    """The list must not eat the context window: whole definitions, counted in tokens."""
    counts = token_counts(tool.definition for tool in TOOLS)
    assert sum(counts) / len(counts) <= 350
    large = {
        tool.name: count for tool, count in zip(TOOLS, counts, strict=True) if count > MAX_TOKENS
    }
    assert large == {}


def test_a_call_that_reads_says_so_as_the_platform_does() -> None:
    """A read-only connection makes safe calls only; the platform asks the same of a read token."""
    for call in REGISTRY.rest_calls:
        if call not in {PRESIGN, PRESIGN_DOWNLOAD}:
            path = re.sub(r"\{\w+\}", "x", call.path)
            assert call.safe == (required_scope(call.method, path) == READ), call.endpoint
