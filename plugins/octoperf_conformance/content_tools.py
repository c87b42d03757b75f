"""Each kind of content block, alone and together."""

from typing import Annotated, Any

from pydantic import Field

from octoperf_conformance.samples import PNG, WAV
from octoperf_mcp import (
    Content,
    ToolContext,
    audio_block,
    image_block,
    resource_block,
    text_block,
    tool,
)
from octoperf_mcp.errors import ToolError

_SCHEMA_2020_12: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


@tool(title="Simple text", read_only=True)
async def test_simple_text(ctx: ToolContext) -> Content:
    """Answer one text block."""
    return Content((text_block("This is a simple text response for testing."),))


@tool(title="Image", read_only=True)
async def test_image_content(ctx: ToolContext) -> Content:
    """Answer a picture."""
    return Content((image_block(PNG, "image/png"),))


@tool(title="Audio", read_only=True)
async def test_audio_content(ctx: ToolContext) -> Content:
    """Answer a sound."""
    return Content((audio_block(WAV, "audio/wav"),))


@tool(title="Embedded resource", read_only=True)
async def test_embedded_resource(ctx: ToolContext) -> Content:
    """Answer a resource with its text."""
    text = "This is an embedded resource content."
    return Content((resource_block("test://embedded-resource", "text/plain", text),))


@tool(title="Several kinds", read_only=True)
async def test_multiple_content_types(ctx: ToolContext) -> Content:
    """Answer text, a picture and a resource."""
    text = '{"test": "data", "value": 123}'
    return Content(
        (
            text_block("Multiple content types test:"),
            image_block(PNG, "image/png"),
            resource_block("test://mixed-content-resource", "application/json", text),
        )
    )


@tool(title="Failure", read_only=True)
async def test_error_handling(ctx: ToolContext) -> Content:
    """Fail in a way that the agent is told of."""
    raise ToolError("This tool intentionally returns an error for testing")


@tool(title="Schema kept word for word", read_only=True, input_schema=_SCHEMA_2020_12)
async def json_schema_2020_12_tool(ctx: ToolContext, arguments: dict[str, Any]) -> Content:
    """Tool with JSON Schema 2020-12 features."""
    return Content((text_block(f"Given: {', '.join(sorted(arguments))}"),))


@tool(title="Routed by a header", read_only=True)
async def test_x_mcp_header(
    ctx: ToolContext,
    region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})] = "<none>",
) -> Content:
    """Say which region was asked for.

    Args:
        region: Repeated by clients in the field Mcp-Param-Region.
    """
    return Content((text_block(f"region={region}"),))
