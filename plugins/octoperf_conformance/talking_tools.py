"""Log messages and progress while a call is under way."""

import asyncio

from octoperf_mcp import Content, ToolContext, text_block, tool

_PAUSE_S = 0.05


@tool(title="Three log messages", read_only=True)
async def test_tool_with_logging(ctx: ToolContext) -> Content:
    """Log at the start, in the middle and at the end."""
    await ctx.log("info", "Tool execution started")
    await asyncio.sleep(_PAUSE_S)
    await ctx.log("info", "Tool processing data")
    await asyncio.sleep(_PAUSE_S)
    await ctx.log("info", "Tool execution completed")
    return Content((text_block("Tool with logging executed successfully"),))


@tool(title="One log message", read_only=True)
async def test_logging_tool(ctx: ToolContext) -> Content:
    """Log once, which a client sees that asked for messages."""
    await ctx.log("info", "Tool execution started")
    return Content((text_block("Logged."),))


@tool(title="Progress", read_only=True)
async def test_tool_with_progress(ctx: ToolContext) -> Content:
    """Report the start, the half and the end."""
    for done in (0, 50, 100):
        await ctx.progress(done, 100, f"Completed step {done} of 100")
        await asyncio.sleep(_PAUSE_S)
    return Content((text_block("Progress reported."),))
