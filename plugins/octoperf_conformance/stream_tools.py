"""Streams that break off, and changes that clients watch for."""

import asyncio

from octoperf_mcp import Change, Content, ToolContext, text_block, tool

_AWAY_S = 0.2


@tool(title="Break off and go on", read_only=True)
async def test_reconnection(ctx: ToolContext) -> Content:
    """Close the connection in the middle of the call."""
    await ctx.log("info", "Before disconnect")
    ctx.release_stream()
    await asyncio.sleep(_AWAY_S)
    await ctx.log("info", "After reconnect")
    return Content((text_block("Reconnection test completed"),))


@tool(title="Change the tools", read_only=True)
async def test_trigger_tool_change(ctx: ToolContext) -> Content:
    """Say that the list of tools has changed."""
    await ctx.announce(Change("tools"))
    return Content((text_block("tool list changed"),))


@tool(title="Change the prompts", read_only=True)
async def test_trigger_prompt_change(ctx: ToolContext) -> Content:
    """Say that the list of prompts has changed."""
    await ctx.announce(Change("prompts"))
    return Content((text_block("prompt list changed"),))


@tool(title="Change the watched resource", read_only=True)
async def test_trigger_resource_update(ctx: ToolContext) -> Content:
    """Say that test://watched-resource has changed."""
    await ctx.announce(Change("resource", "test://watched-resource"))
    return Content((text_block("resource changed"),))
