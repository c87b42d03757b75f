"""Calls that become tasks."""

import asyncio

from octoperf_conformance.asking_tools import ask_name, field_of
from octoperf_mcp import Content, ToolContext, form, text_block, tool
from octoperf_mcp.errors import ProtocolError

_YES = {"confirm": {"type": "boolean"}}


@tool(title="Greet", read_only=True)
async def greet(ctx: ToolContext, name: str) -> Content:
    """Greet at once; never a task.

    Args:
        name: Whom.
    """
    return Content((text_block(f"Hello, {name}!"),))


@tool(title="Compute slowly", read_only=True)
async def slow_compute(ctx: ToolContext, seconds: float, label: str = "") -> Content:
    """Take a while; a task where the client knows tasks.

    Args:
        seconds: How long.
        label: Told in the result.
    """
    if seconds > 0:
        ctx.become_task(f"Computing {label}")
    await asyncio.sleep(seconds)
    return Content((text_block(f"Computed {label} in {seconds:g} s."),))


@tool(title="Fail as a task", read_only=True)
async def failing_job(ctx: ToolContext) -> Content:
    """Fail after a second in a way that the agent can mend; always a task."""
    ctx.become_task(required=True)
    await asyncio.sleep(1)
    return Content((text_block("The job failed."),), is_error=True)


@tool(title="Break as a task", read_only=True)
async def protocol_error_job(ctx: ToolContext) -> Content:
    """End with an error of the protocol; always a task."""
    ctx.become_task(required=True)
    await asyncio.sleep(0)
    raise ProtocolError("The job broke.")


@tool(title="Ask before deleting", destructive=True)
async def confirm_delete(ctx: ToolContext, filename: str) -> Content:
    """Ask from within a task; nothing is deleted.

    Args:
        filename: What it would be.
    """
    ctx.become_task(required=True)
    question = form(f"Delete {filename}?", _YES, ("confirm",))
    answer = (await ctx.ask({"confirm": question}))["confirm"]
    yes = field_of(answer, "confirm") == "True"
    return Content((text_block(f"{'Deleted' if yes else 'Kept'} {filename}."),))


@tool(title="Ask two things at once", read_only=True)
async def multi_input(ctx: ToolContext) -> Content:
    """Ask two questions from within a task."""
    ctx.become_task(required=True)
    questions = {"first": ask_name("First name?"), "second": ask_name("Second name?")}
    answers = await ctx.ask(questions)
    names = [field_of(answers[key], "name") for key in questions]
    return Content((text_block(" and ".join(names)),))


@tool(title="Ask, then become a task", read_only=True)
async def test_tool_with_task(ctx: ToolContext) -> Content:
    """Ask as a call, answer as a task."""
    answer = (await ctx.ask({"user_name": ask_name()}))["user_name"]
    ctx.become_task(required=True)
    await asyncio.sleep(0)
    return Content((text_block(f"Hello, {field_of(answer, 'name')}!"),))
