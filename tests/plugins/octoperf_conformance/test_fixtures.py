"""The fixtures of the conformance suite, without the suite."""

from typing import Any

import pytest

from octoperf_mcp import Content, ToolContext, text_block, tool
from octoperf_mcp.errors import InvalidArgumentError, PluginError
from octoperf_mcp.registry.guide import published
from octoperf_mcp.registry.manager import load_registry

TOOLS = load_registry(enable=["conformance"]).tools


async def called(name: str, **arguments: Any) -> Content:
    answer = await TOOLS[name].call(None, arguments)  # type: ignore[arg-type]
    assert isinstance(answer, Content)
    return answer


async def test_a_tool_may_answer_blocks_of_any_kind() -> None:
    content = await called("test_multiple_content_types")
    assert [block["type"] for block in content.blocks] == ["text", "image", "resource"]
    assert content.members().keys() == {"content"}


async def test_a_schema_given_verbatim_is_listed_and_enforced() -> None:
    schema = TOOLS["json_schema_2020_12_tool"].definition["inputSchema"]
    assert schema["$defs"]["address"]["$anchor"] == "addressDef"
    content = await called("json_schema_2020_12_tool", contactMethod="email", email="a@b.c")
    assert content.blocks[0]["text"] == "Given: contactMethod, email"
    with pytest.raises(InvalidArgumentError, match="phone"):
        await called("json_schema_2020_12_tool", contactMethod="phone", email="a@b.c")


def test_a_tool_that_answers_blocks_has_no_output_schema() -> None:
    assert "outputSchema" not in TOOLS["test_simple_text"].definition


def test_a_verbatim_schema_that_is_none_is_refused() -> None:
    async def broken(ctx: ToolContext, arguments: dict[str, Any]) -> Content:
        """Do it."""
        return Content((text_block(""),))

    with pytest.raises(PluginError, match="no JSON Schema"):
        tool(title="Broken", input_schema={"type": "nothing"})(broken)


def test_a_tool_without_output_schema_is_no_trouble_to_the_guide() -> None:
    registry = load_registry(enable=["conformance"])
    assert published(registry, "http://a.test", "http://a.test").public_assets
